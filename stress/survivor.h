#ifndef DIPC_SURVIVOR_H
#define DIPC_SURVIVOR_H

/*
 * A survivor: a process beside the victim that says whether all is well.
 *
 * Idea.  It attaches the segment, sits down, and is asked, once for each death,
 * to use mailbox 0 as if nothing had happened: read it (which must yield one
 * committed content, the old or the new one, within the bound), write it, read
 * that back, see that no seat is lost, and check the segment.  A survivor that
 * is stuck, or dies of an assertion, is seen by whoever asks.
 *
 * Who may call.  One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "commons.h"

#define SURVIVOR_BYTES_MAX 512U
#define SURVIVOR_OLD_BYTES 96U
#define SURVIVOR_PATIENCE_MS 5000

/* What may be found after a death. */
struct survivor_question {
    uint64_t version;      /* of the old content; the new one has the next */
    bool watches;          /* wait for a version above `version` first */
    bool changes;          /* the victim was to commit the new content */
    bool replaced;         /* the old content may have the next version, too */
    uint32_t seats;        /* that must be free, beside the survivor's own */
    _Atomic uint32_t dead; /* 1 once the victim is; before, seats are its */
    uint64_t bytes;        /* of the new content */
    unsigned char content[SURVIVOR_BYTES_MAX];
};

struct survivor_answer {
    uint64_t done_ns; /* when the lock was first had */
    uint64_t version; /* now; the content is the old one again */
    bool changed;     /* the new content was found */
    char flaw[200];   /* empty: all is well */
};

struct survivor {
    struct commons *commons;
    pid_t pid;
    int to;                             /* a byte here asks */
    int from;                           /* a byte here answers */
    struct survivor_question *question; /* shared with the process */
    struct survivor_answer *answer;     /* shared with the process */
    uint32_t seat;
};

/* The old content, which each answer leaves behind. */
extern const unsigned char survivor_old[SURVIVOR_OLD_BYTES];

void survivor_start(struct survivor *survivor, struct commons *commons);
void survivor_end(struct survivor *survivor);

/* End it in the middle of whatever it does. */
void survivor_give_up(struct survivor *survivor);

/* Ask; it begins at once. */
void survivor_ask(struct survivor *survivor);

/* The answer, or a flaw that says that none came. */
void survivor_await(struct survivor *survivor);

#endif
