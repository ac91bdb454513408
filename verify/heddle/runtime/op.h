/*
 * Idea: one operation of a thread that other threads can see: what kind, on
 * which objects, and how it touches each of them.
 *
 * Two operations conflict when they touch the same bytes and at least one of
 * them changes what the other sees. Everything that reduction does rests on
 * this one relation.
 *
 * Invariants
 *   1. Operations that do not conflict commute: either order gives the same
 *      state, the same results, and leaves the other's readiness alone.
 *   2. access[0] is the object that decides whether a blocking operation is
 *      ready; its `state` is what it held just before the operation.
 * Who may call: every file of the runtime.
 */
#ifndef HEDDLE_OP_H
#define HEDDLE_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hd_kind {
    HD_OP_START,
    HD_OP_EXIT,
    HD_OP_CREATE,
    HD_OP_JOIN,
    HD_OP_DETACH,
    HD_OP_PROCESS_EXIT,
    HD_OP_CHOOSE,
    HD_OP_MARK,
    HD_OP_DEATH,
    HD_OP_LAPSE,
    HD_OP_LOAD,
    HD_OP_STORE,
    HD_OP_RMW,
    HD_OP_CAS,
    HD_OP_FENCE,
    HD_OP_LOCK,
    HD_OP_TRYLOCK,
    HD_OP_TIMEDLOCK,
    HD_OP_UNLOCK,
    HD_OP_MUTEX_INIT,
    HD_OP_MUTEX_DESTROY,
    HD_OP_CONSISTENT,
    HD_OP_WAIT,
    HD_OP_WAKE,
    HD_OP_RELOCK,
    HD_OP_SIGNAL,
    HD_OP_BROADCAST,
    HD_OP_COND_INIT,
    HD_OP_COND_DESTROY,
    HD_OP_RDLOCK,
    HD_OP_WRLOCK,
    HD_OP_TRYRDLOCK,
    HD_OP_TRYWRLOCK,
    HD_OP_TIMEDRDLOCK,
    HD_OP_TIMEDWRLOCK,
    HD_OP_RWUNLOCK,
    HD_OP_ANNOUNCE,
    HD_OP_RWLOCK_INIT,
    HD_OP_RWLOCK_DESTROY,
    HD_OP_SPIN_LOCK,
    HD_OP_SPIN_TRYLOCK,
    HD_OP_SPIN_UNLOCK,
    HD_OP_BARRIER,
    HD_OP_BARRIER_PASS,
    HD_OP_BARRIER_INIT,
    HD_OP_BARRIER_DESTROY,
    HD_OP_SEM_WAIT,
    HD_OP_SEM_TRYWAIT,
    HD_OP_SEM_TIMEDWAIT,
    HD_OP_SEM_POST,
    HD_OP_SEM_VALUE,
    HD_OP_SEM_INIT,
    HD_OP_SEM_DESTROY,
    HD_OP_ONCE,
    HD_OP_ONCE_DONE,
    HD_OP_FUTEX_WAIT,
    HD_OP_FUTEX_PASS,
    HD_OP_FUTEX_WAKE,
    HD_OP_CLOCK,
    HD_OP_SLEEP,
    HD_OP_KINDS
};

/* Additions commute with each other, but not with reads. */
enum hd_mode { HD_READ = 1, HD_WRITE = 2, HD_ADD = 3 };

struct hd_access {
    uint64_t at;
    uint32_t bytes;
    uint32_t mode;    /* enum hd_mode */
    int32_t state;    /* what the object held before, as its file defines */
    int32_t previous; /* event that wrote the object before, or -1 */
};

enum { HD_ACCESSES_MAX = 6 };

struct hd_op {
    uint16_t kind; /* enum hd_kind */
    uint8_t accesses;
    bool global;    /* conflicts with every operation */
    uint32_t pc;    /* return address in the code under test */
    uint64_t value; /* shown to a person: value stored, result, choice */
    struct hd_access access[HD_ACCESSES_MAX];
};

/* Objects that have no address of their own. */
#define HD_OBJECT_CLOCK UINT64_C(0x100)
#define HD_OBJECT_BUDGET UINT64_C(0x200)
#define HD_OBJECT_THREAD(id) (UINT64_C(0x1000) + (uint64_t)(id)*16)

/* An empty operation, then what it touches. More than HD_ACCESSES_MAX
 * objects make it global. */
void hd_op_init(struct hd_op *op, enum hd_kind kind, uint32_t pc);
void
hd_op_touch(struct hd_op *op, uint64_t at, uint32_t bytes, enum hd_mode mode);
bool hd_mode_conflict(uint32_t one, uint32_t two);
bool hd_op_conflict(const struct hd_op *one, const struct hd_op *two);
/* Like op, but as if every access wrote: for an operation whose outcome in
 * another state is not known. */
void hd_op_widen(struct hd_op *op);
const char *hd_op_name(int kind);
/* Equal for operations that are the same step of the program. */
uint64_t hd_op_signature(const struct hd_op *op);

#endif
