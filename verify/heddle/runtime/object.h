/*
 * Idea: the model's side of a pthread object, found by the object's address.
 *
 * An initialised object carries a mark in its first bytes, made of its type
 * and its own address; so an object that was copied, destroyed or never
 * initialised is told from one that may be used. One that has a static
 * initialiser (zero bytes) needs no initialisation.
 *
 * Invariants
 *   1. An entry is valid in the execution that made it only.
 * Who may call: the files that model one type of object each.
 */
#ifndef HEDDLE_OBJECT_H
#define HEDDLE_OBJECT_H

#include "model.h"
#include "race.h"

enum hd_type {
    HD_TYPE_MUTEX = 1,
    HD_TYPE_COND,
    HD_TYPE_RWLOCK,
    HD_TYPE_BARRIER,
    HD_TYPE_SEM,
    HD_TYPE_SPIN,
    HD_TYPE_ONCE,
    HD_TYPE_FUTEX,
    HD_TYPE_ATOMIC,
    HD_TYPES
};

struct hd_object {
    uint64_t at;
    uint32_t stamp;
    uint8_t type;
    bool destroyed;
    bool made;     /* by its init function, not statically */
    int32_t owner; /* thread that holds it, or -1 */
    int32_t taken; /* mutex: the model's events when it got it */
    int32_t count; /* recursion, readers, tokens, arrivals */
    int32_t limit;
    int32_t kind;
    int32_t clock_id;
    bool robust;
    bool inconsistent; /* the last owner died */
    bool ruined;       /* and nobody made it consistent */
    uint64_t bound;    /* condition: the mutex of those that wait */
    int waiters;       /* blocked threads, in the order they came */
    uint8_t waiter[HD_THREADS_MAX];
    uint8_t holds[HD_THREADS_MAX]; /* read locks held by each thread */
    struct hd_clock clock;         /* last release */
    struct hd_clock own;           /* for atomics: the head's own releases */
};

void hd_object_init(void);
/* The live object at this address for a use by the running thread. Records
 * misuse if there is none. */
struct hd_object *hd_object_use(const void *at, enum hd_type type,
                                bool may_be_static, uint32_t pc);
/* Its state, for an initialisation; also writes the mark. */
struct hd_object *hd_object_make(void *at, enum hd_type type, uint32_t pc);
void hd_object_destroy(struct hd_object *object, uint32_t pc);
/* Without any mark or check: atomics, futex words. */
struct hd_object *hd_object_raw(uint64_t at, enum hd_type type);
/* Every object of the execution in turn: index from 0, NULL at the end. */
struct hd_object *hd_object_nth(int index);
/* After a step that waited: the object must not have been destroyed. */
void hd_object_still(const struct hd_object *object, uint32_t pc);
const char *hd_type_name(int type);

/* Where operations on its queue are: elsewhere than the word of a futex. */
uint64_t hd_object_queue_place(const struct hd_object *object);
void hd_object_queue(struct hd_object *object, int thread);
bool hd_object_unqueue(struct hd_object *object, int thread);

#endif
