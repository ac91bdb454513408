#ifndef DIPC_SEGMENT_H
#define DIPC_SEGMENT_H

/*
 * The segment: one contiguous stretch of memory that holds everything shared.
 *
 * Idea.  A header (magic, layout number, geometry, offsets), a table of seats,
 * the mailboxes, their banks.  Everything in it refers to everything else by
 * index or offset, so that it can be mapped at any address, by more than one
 * process.  A process keeps its own copy of the geometry in struct segment and
 * computes every address from that copy, never from the shared header.
 *
 *     | header | seat 0 .. s-1 | mailbox 0 .. k-1 | bank 0.0, 0.1, 1.0 ... |
 *
 * Invariants.
 *   S1 confinement  no byte outside the segment is written, whatever our own
 *                   fields in it say: every index is compared with the
 *                   process's own geometry before it is used
 *   S2              the header says what the process's own copy says
 *
 * Who may call.  Any thread; init and fini while nobody else uses it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "seat.h"

#define SEGMENT_MAGIC UINT64_C(0x3130304350494401) /* "\1DIPC001" */
#define SEGMENT_LAYOUT 1U
#define SEGMENT_MAILBOXES_MAX (UINT32_C(1) << 20)
#define SEGMENT_SEATS_MAX (UINT32_C(1) << 20)
#define SEGMENT_MAILBOX_BYTES_MAX (UINT64_C(1) << 40)

struct mailbox;

/* What the creator decides. */
struct segment_geometry {
    uint32_t mailboxes_count; /* 1 .. SEGMENT_MAILBOXES_MAX */
    uint32_t seats_count;     /* 1 .. SEGMENT_SEATS_MAX */
    uint64_t mailbox_bytes;   /* 1 .. SEGMENT_MAILBOX_BYTES_MAX */
};

/* The beginning of the segment.  const after init. */
struct segment_header {
    _Atomic uint64_t magic; /* stored last */
    uint32_t layout;
    uint32_t mailboxes_count;
    uint32_t seats_count;
    uint32_t padding;
    uint64_t mailbox_bytes;
    uint64_t instance;
    uint64_t seats_offset;
    uint64_t mailboxes_offset;
    uint64_t banks_offset;
    uint64_t total_bytes;
    uint8_t reserved[56];
};

static_assert(sizeof(struct segment_header) == 128, "the layout is fixed");

/* The segment as this process sees it.  const after init. */
struct segment {
    unsigned char *base;
    struct segment_geometry geometry;
    uint64_t mailboxes_offset;
    uint64_t banks_offset;
    uint64_t bank_bytes; /* from one bank to the next */
    uint64_t total_bytes;
    uint64_t instance;
    struct seat_table seats;
};

/*
 * How large is a segment of this geometry?
 * Errors: EINVAL  a count or a size out of its range
 */
int segment_measure(const struct segment_geometry *geometry,
                    uint64_t *total_bytes) __attribute__((warn_unused_result));

/*
 * Make a segment with empty mailboxes and free seats.
 *   memory    segment_measure bytes, on a boundary of 64
 *   instance  a random number, new with every segment
 *   checked   assert every invariant around every critical section (slow)
 * Errors: those of segment_measure, and what pthread_mutex_init and
 *         pthread_cond_init return
 */
int segment_init(struct segment *segment, void *memory,
                 const struct segment_geometry *geometry, uint64_t instance,
                 bool checked) __attribute__((warn_unused_result));

/* Context: every seat is free. */
void segment_fini(struct segment *segment);

/* Take a seat; see seat_take. */
int segment_sit(struct segment *segment, uint32_t hint, uint32_t *seat)
    __attribute__((warn_unused_result));
void segment_stand(struct segment *segment, uint32_t seat);

/*
 * Cancel every wait of a seat, the present one and those to come, until its
 * owner stands up.  A wait that is over at once still succeeds.
 * Context:  any thread that holds no guard.
 */
void segment_cancel(struct segment *segment, uint32_t seat);

/* What seats call the lock and the watch of mailbox m. */
uint32_t segment_lock_place(uint32_t m);
uint32_t segment_watch_place(uint32_t m);

struct mailbox *segment_mailbox(const struct segment *segment, uint32_t m);
unsigned char *
segment_bank(const struct segment *segment, uint32_t m, uint32_t bank);

/* Assert S2 and the invariants of every mailbox, while nobody writes. */
void segment_check(struct segment *segment);

#endif
