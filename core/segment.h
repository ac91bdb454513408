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

/* The beginning of the segment.  const after init, but for the totals. */
struct segment_header {
    _Atomic uint64_t magic; /* stored last */
    uint32_t layout;
    uint32_t mailboxes_count;
    uint32_t seats_count;
    uint32_t parking; /* enum parking_kind */
    uint64_t mailbox_bytes;
    uint64_t instance;
    uint64_t seats_offset;
    uint64_t mailboxes_offset;
    uint64_t banks_offset;
    uint64_t total_bytes;
    struct seat_totals totals; /* any thread */
    uint8_t reserved[48];
};

static_assert(sizeof(struct segment_header) == 128, "the layout is fixed");

/* What a process decides for itself, and a creator for all. */
struct segment_options {
    uint64_t instance; /* init: a random number, new with every segment */
    bool attachable;   /* init: other processes will use it too */
    bool checked;      /* assert every invariant at every step (slow) */
    void (*now)(struct timespec *now); /* as in struct seat_table */
};

/* What is wrong with memory that should hold a segment. */
enum segment_flaw {
    SEGMENT_SOUND,
    SEGMENT_UNFINISHED,    /* nothing yet: its maker died making it */
    SEGMENT_SHORT,         /* it ends before the segment does */
    SEGMENT_FOREIGN,       /* no segment */
    SEGMENT_LAYOUT_OTHER,  /* of another version of this program */
    SEGMENT_GEOMETRY_BAD,  /* counts, sizes or offsets that cannot be */
    SEGMENT_NOT_ATTACHABLE /* for the threads of one process only */
};

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
 *   memory   segment_measure bytes, on a boundary of 64
 * Errors: those of segment_measure, and what pthread_mutex_init and
 *         pthread_cond_init return
 */
int segment_init(struct segment *segment, void *memory,
                 const struct segment_geometry *geometry,
                 const struct segment_options *options)
    __attribute__((warn_unused_result));

/*
 * What is wrong with this memory, of so many bytes and whatever content?  Its
 * geometry is told when it is sound.
 */
enum segment_flaw segment_examine(const void *memory, uint64_t bytes,
                                  struct segment_geometry *geometry);

/*
 * Use a segment that another process made and may be using, beside it.  It is
 * examined; beyond that, processes of one user trust each other: the pthread
 * objects inside hold addresses of glibc's.
 *   flaw   why not, on EINVAL
 * Errors: EINVAL  not sound, or not attachable
 */
int segment_attach(struct segment *segment, void *memory, uint64_t bytes,
                   const struct segment_options *options,
                   enum segment_flaw *flaw) __attribute__((warn_unused_result));

/* What segment_adopt found. */
struct segment_adoption {
    uint32_t kept;  /* mailboxes with a version above 0 that are as they were */
    uint32_t reset; /* mailboxes that failed their check and are empty now */
};

/*
 * Take over a segment whose users are all dead: examine it, make all its
 * pthread objects anew, free every seat, keep every mailbox that passes its
 * check and reset the others.
 *   flaw      why not, on EINVAL
 *   on_reset  called for each mailbox that is reset; NULL: not told
 * Context:  nobody else uses the memory, nor can come to (mapping_adopt).
 * Errors:   EINVAL  not sound
 *           and those of segment_init
 * Effect:   touches no byte outside memory[0..bytes), whatever is in it (S1).
 */
int segment_adopt(struct segment *segment, void *memory, uint64_t bytes,
                  const struct segment_options *options,
                  enum segment_flaw *flaw, struct segment_adoption *adoption,
                  void (*on_reset)(void *context, uint32_t m), void *context)
    __attribute__((warn_unused_result));

/* Context: every seat is free. */
void segment_fini(struct segment *segment);

/*
 * Take a seat, looking from `hint` on.  Seats that dead owners left are put in
 * order when they are met or when there is no other.
 * Errors: EAGAIN  every seat is taken
 */
int segment_sit(struct segment *segment, uint32_t hint, uint32_t *seat)
    __attribute__((warn_unused_result));
void segment_stand(struct segment *segment, uint32_t seat);

/* Put every place in order that a dead owner of a seat is at. */
void segment_recover(struct segment *segment);

/* Dead owners removed and guards rebuilt since the segment was made. */
uint64_t segment_recoveries(const struct segment *segment);

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
