#ifndef DIPC_CENSUS_H
#define DIPC_CENSUS_H

/*
 * A census: the connections of a server, for whoever of them asks in Redis's
 * protocol (CLIENT LIST).
 *
 * Idea.  A list under a mutex.  Each session has its entry in its own memory,
 * enters it when it begins and takes it out when it ends; what others may read
 * of it is changed under the mutex, or is an atomic that costs a request no
 * more than its store.
 *
 * Who may call.  Any thread; an entry is changed by its own session.
 *
 * Lock order.  The guard is innermost: nothing is taken while it is held.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "buffer.h"

/* The longest name that a client gives itself or its library. */
#define CENSUS_NAME_MAX 255

/* As the mailbox that a session waits for. */
#define CENSUS_NONE UINT64_MAX

struct census_entry {
    struct census_entry *next;     /* under guard */
    struct census_entry *prev;     /* under guard */
    uint64_t number;               /* of the client; const while entered */
    const char *peer;              /* its address; const while entered */
    uint64_t since_ns;             /* const while entered */
    _Atomic uint64_t active_ns;    /* when bytes last came */
    _Atomic uint64_t requests;     /* answered */
    _Atomic uint64_t watching;     /* the mailbox it waits for, or none */
    _Atomic(const char *) command; /* its last of Redis's; a constant text */
    _Atomic int queued;            /* since MULTI; -1: there was none */
    int version; /* of Redis's protocol; 0: it speaks another; under guard */
    char name[CENSUS_NAME_MAX + 1];            /* under guard */
    char library_name[CENSUS_NAME_MAX + 1];    /* under guard */
    char library_version[CENSUS_NAME_MAX + 1]; /* under guard */
};

struct census {
    pthread_mutex_t guard;
    struct census_entry *first; /* the latest; under guard */
};

/* Errors: what pthread_mutex_init returns. */
int census_init(struct census *census) __attribute__((warn_unused_result));
void census_fini(struct census *census);

void census_enter(struct census *census, struct census_entry *entry);
void census_leave(struct census *census, struct census_entry *entry);

/* Change a text of an entry, or the version of its protocol. */
void census_rename(struct census *census, char name[static CENSUS_NAME_MAX + 1],
                   const char *text);
void census_set_version(struct census *census, struct census_entry *entry,
                        int version);

/* What one line is to tell of whom. */
struct census_question {
    uint64_t number; /* of the one client; 0: of all */
    uint64_t now_ns;
};

/*
 * Append a line for each entry that is asked for, the latest first, as far as
 * the text has room for them.
 */
void
census_describe(struct census *census, const struct census_question *question,
                struct buffer *text);

#endif
