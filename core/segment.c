#include "segment.h"

#include <errno.h>
#include <string.h>

#include "mailbox.h"

#define BOUNDARY 64U

/* No sum of sizes overflows: seats, mailboxes and banks at their most. */
static_assert(sizeof(size_t) == 8, "a segment may exceed 4 GB");
static_assert(SEGMENT_MAILBOX_BYTES_MAX <=
                  UINT64_MAX / 8 / SEGMENT_MAILBOXES_MAX,
              "two banks of each mailbox fit 63 bits");

/* Fill in the offsets and sizes that follow from the geometry. */
static int
lay_out(struct segment *segment, const struct segment_geometry *geometry)
{
    if (geometry->mailboxes_count < 1 ||
        geometry->mailboxes_count > SEGMENT_MAILBOXES_MAX ||
        geometry->seats_count < 1 ||
        geometry->seats_count > SEGMENT_SEATS_MAX ||
        geometry->mailbox_bytes < 1 ||
        geometry->mailbox_bytes > SEGMENT_MAILBOX_BYTES_MAX) {
        return EINVAL;
    }
    segment->geometry = *geometry;
    segment->bank_bytes =
        (geometry->mailbox_bytes + BOUNDARY - 1) / BOUNDARY * BOUNDARY;
    segment->mailboxes_offset = sizeof(struct segment_header) +
                                geometry->seats_count * sizeof(struct seat);
    segment->banks_offset = segment->mailboxes_offset +
                            geometry->mailboxes_count * sizeof(struct mailbox);
    segment->total_bytes =
        segment->banks_offset +
        UINT64_C(2) * geometry->mailboxes_count * segment->bank_bytes;
    return 0;
}

int
segment_measure(const struct segment_geometry *geometry, uint64_t *total_bytes)
{
    struct segment segment = {0};
    int error = lay_out(&segment, geometry);
    *total_bytes = segment.total_bytes;
    return error;
}

static struct segment_header *
header_of(const struct segment *segment)
{
    return (struct segment_header *)(void *)segment->base;
}

static void
write_header(struct segment *segment)
{
    struct segment_header *header = header_of(segment);
    memset(header, 0, sizeof(*header));
    header->layout = SEGMENT_LAYOUT;
    header->mailboxes_count = segment->geometry.mailboxes_count;
    header->seats_count = segment->geometry.seats_count;
    header->mailbox_bytes = segment->geometry.mailbox_bytes;
    header->instance = segment->instance;
    header->seats_offset = sizeof(*header);
    header->mailboxes_offset = segment->mailboxes_offset;
    header->banks_offset = segment->banks_offset;
    header->total_bytes = segment->total_bytes;
    atomic_store(&header->magic, SEGMENT_MAGIC);
}

static void
fini_mailboxes(struct segment *segment, uint32_t count)
{
    for (uint32_t m = 0; m < count; m++) {
        mailbox_fini(segment_mailbox(segment, m));
    }
}

static int
init_mailboxes(struct segment *segment)
{
    for (uint32_t m = 0; m < segment->geometry.mailboxes_count; m++) {
        int error = mailbox_init(segment_mailbox(segment, m), m);
        if (error != 0) {
            fini_mailboxes(segment, m);
            return error;
        }
    }
    return 0;
}

int
segment_init(struct segment *segment, void *memory,
             const struct segment_geometry *geometry, uint64_t instance,
             bool checked)
{
    assert((uintptr_t)memory % BOUNDARY == 0);
    int error = lay_out(segment, geometry);
    if (error != 0) {
        return error;
    }
    segment->base = memory;
    segment->instance = instance;
    struct seat *seats =
        (struct seat *)(void *)(segment->base + sizeof(struct segment_header));
    error =
        seat_table_init(&segment->seats, seats, geometry->seats_count, checked);
    if (error != 0) {
        return error;
    }
    error = init_mailboxes(segment);
    if (error != 0) {
        seat_table_fini(&segment->seats);
        return error;
    }
    write_header(segment);
    return 0;
}

void
segment_fini(struct segment *segment)
{
    atomic_store(&header_of(segment)->magic, 0);
    fini_mailboxes(segment, segment->geometry.mailboxes_count);
    seat_table_fini(&segment->seats);
}

int
segment_sit(struct segment *segment, uint32_t hint, uint32_t *seat)
{
    return seat_take(&segment->seats, hint, seat);
}

void
segment_stand(struct segment *segment, uint32_t seat)
{
    seat_leave(&segment->seats, seat);
}

/* A mailbox's lock and its watch are two places: an even and an odd one. */
uint32_t
segment_lock_place(uint32_t m)
{
    return 2 * m;
}

uint32_t
segment_watch_place(uint32_t m)
{
    return 2 * m + 1;
}

void
segment_cancel(struct segment *segment, uint32_t seat)
{
    uint32_t place = seat_mark_cancelled(&segment->seats, seat);
    if (place == SEAT_NOWHERE) {
        return;
    }
    struct mailbox *mailbox = segment_mailbox(segment, place / 2);
    if (place == segment_lock_place(place / 2)) {
        rwlock_cancel(&segment->seats, &mailbox->lock, seat);
    } else {
        watch_cancel(&segment->seats, &mailbox->watch, seat);
    }
}

struct mailbox *
segment_mailbox(const struct segment *segment, uint32_t m)
{
    assert(m < segment->geometry.mailboxes_count); /* S1 */
    return (struct mailbox *)(void *)(segment->base +
                                      segment->mailboxes_offset +
                                      (uint64_t)m * sizeof(struct mailbox));
}

unsigned char *
segment_bank(const struct segment *segment, uint32_t m, uint32_t bank)
{
    assert(m < segment->geometry.mailboxes_count); /* S1 */
    assert(bank <= 1);                             /* S1 */
    return segment->base + segment->banks_offset +
           (UINT64_C(2) * m + bank) * segment->bank_bytes;
}

void
segment_check(struct segment *segment)
{
    const struct segment_header *header = header_of(segment);
    assert(atomic_load(&header->magic) == SEGMENT_MAGIC); /* S2 */
    assert(header->layout == SEGMENT_LAYOUT);
    assert(header->mailboxes_count == segment->geometry.mailboxes_count);
    assert(header->seats_count == segment->geometry.seats_count);
    assert(header->mailbox_bytes == segment->geometry.mailbox_bytes);
    assert(header->instance == segment->instance);
    assert(header->seats_offset == sizeof(*header));
    assert(header->mailboxes_offset == segment->mailboxes_offset);
    assert(header->banks_offset == segment->banks_offset);
    assert(header->total_bytes == segment->total_bytes);
    for (uint32_t m = 0; m < segment->geometry.mailboxes_count; m++) {
        mailbox_check(segment, m);
    }
}
