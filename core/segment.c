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
    header->layout = SEGMENT_LAYOUT;
    header->mailboxes_count = segment->geometry.mailboxes_count;
    header->seats_count = segment->geometry.seats_count;
    header->parking = segment->seats.parking;
    header->mailbox_bytes = segment->geometry.mailbox_bytes;
    header->instance = segment->instance;
    header->seats_offset = sizeof(*header);
    header->mailboxes_offset = segment->mailboxes_offset;
    header->banks_offset = segment->banks_offset;
    header->total_bytes = segment->total_bytes;
    memset(header->reserved, 0, sizeof(header->reserved));
    atomic_store(&header->magic, SEGMENT_MAGIC);
}

/* This process's own view of the memory, whoever makes its content. */
static int
view(struct segment *segment, void *memory,
     const struct segment_geometry *geometry,
     const struct segment_options *options, enum parking_kind parking)
{
    assert((uintptr_t)memory % BOUNDARY == 0);
    int error = lay_out(segment, geometry);
    if (error != 0) {
        return error;
    }
    segment->base = memory;
    struct segment_header *header = header_of(segment);
    segment->seats = (struct seat_table){
        .seats = (struct seat *)(void *)(segment->base + sizeof(*header)),
        .totals = &header->totals,
        .count = geometry->seats_count,
        .parking = parking,
        .checked = options->checked,
        .now = options->now,
    };
    return 0;
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
             const struct segment_geometry *geometry,
             const struct segment_options *options)
{
    int error = view(segment, memory, geometry, options,
                     options->attachable ? PARKING_FUTEX : PARKING_CONDITION);
    if (error != 0) {
        return error;
    }
    segment->instance = options->instance;
    error = seat_table_init(&segment->seats);
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

/* Do the header's offsets and total follow from its geometry? */
static bool
is_consistent(const struct segment_header *header,
              const struct segment_geometry *geometry)
{
    struct segment expected = {0};
    return lay_out(&expected, geometry) == 0 &&
           header->parking <= PARKING_FUTEX &&
           header->seats_offset == sizeof(*header) &&
           header->mailboxes_offset == expected.mailboxes_offset &&
           header->banks_offset == expected.banks_offset &&
           header->total_bytes == expected.total_bytes;
}

/* The header is written last of all: until then it is as the memory came. */
static bool
is_blank(const struct segment_header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    for (size_t i = 0; i < sizeof(*header); i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

enum segment_flaw
segment_examine(const void *memory, uint64_t bytes,
                struct segment_geometry *geometry)
{
    const struct segment_header *header = memory;
    if (bytes < sizeof(*header)) {
        return SEGMENT_SHORT;
    }
    if (is_blank(header)) {
        return SEGMENT_UNFINISHED;
    }
    if (atomic_load(&header->magic) != SEGMENT_MAGIC) {
        return SEGMENT_FOREIGN;
    }
    if (header->layout != SEGMENT_LAYOUT) {
        return SEGMENT_LAYOUT_OTHER;
    }
    *geometry = (struct segment_geometry){
        .mailboxes_count = header->mailboxes_count,
        .seats_count = header->seats_count,
        .mailbox_bytes = header->mailbox_bytes,
    };
    if (!is_consistent(header, geometry)) {
        return SEGMENT_GEOMETRY_BAD;
    }
    return header->total_bytes > bytes ? SEGMENT_SHORT : SEGMENT_SOUND;
}

/* The view of a segment that was found, with what its header says of it. */
static int
view_found(struct segment *segment, void *memory, uint64_t bytes,
           const struct segment_options *options, enum segment_flaw *flaw)
{
    struct segment_geometry geometry;
    *flaw = segment_examine(memory, bytes, &geometry);
    if (*flaw != SEGMENT_SOUND) {
        return EINVAL;
    }
    const struct segment_header *header = memory;
    segment->instance = header->instance;
    return view(segment, memory, &geometry, options,
                header->parking == PARKING_FUTEX ? PARKING_FUTEX
                                                 : PARKING_CONDITION);
}

int
segment_attach(struct segment *segment, void *memory, uint64_t bytes,
               const struct segment_options *options, enum segment_flaw *flaw)
{
    int error = view_found(segment, memory, bytes, options, flaw);
    if (error == 0 && segment->seats.parking != PARKING_FUTEX) {
        *flaw = SEGMENT_NOT_ATTACHABLE;
        return EINVAL;
    }
    return error;
}

static int
adopt_mailboxes(struct segment *segment, struct segment_adoption *adoption,
                void (*on_reset)(void *context, uint32_t m), void *context)
{
    for (uint32_t m = 0; m < segment->geometry.mailboxes_count; m++) {
        struct mailbox *mailbox = segment_mailbox(segment, m);
        bool sound = mailbox_is_sound(mailbox, segment->geometry.mailbox_bytes);
        int error = mailbox_adopt(mailbox, m, sound);
        if (error != 0) {
            fini_mailboxes(segment, m);
            return error;
        }
        adoption->kept += sound && atomic_load(&mailbox->version) > 0 ? 1 : 0;
        adoption->reset += sound ? 0 : 1;
        if (!sound && on_reset != NULL) {
            on_reset(context, m);
        }
    }
    return 0;
}

/* The kind of parking is the adopter's to choose: all sleepers are dead. */
int
segment_adopt(struct segment *segment, void *memory, uint64_t bytes,
              const struct segment_options *options, enum segment_flaw *flaw,
              struct segment_adoption *adoption,
              void (*on_reset)(void *context, uint32_t m), void *context)
{
    int error = view_found(segment, memory, bytes, options, flaw);
    if (error != 0) {
        return error;
    }
    segment->seats.parking =
        options->attachable ? PARKING_FUTEX : PARKING_CONDITION;
    *adoption = (struct segment_adoption){0};
    error = seat_table_init(&segment->seats);
    if (error != 0) {
        return error;
    }
    error = adopt_mailboxes(segment, adoption, on_reset, context);
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

static void
bury(struct segment *segment, uint32_t seat)
{
    uint32_t place = atomic_load(&seat_at(&segment->seats, seat)->place);
    struct mailbox *mailbox = segment_mailbox(segment, place / 2);
    if (place == segment_lock_place(place / 2)) {
        rwlock_bury(&segment->seats, &mailbox->lock, seat);
    } else {
        watch_bury(&segment->seats, &mailbox->watch, seat);
    }
}

int
segment_sit(struct segment *segment, uint32_t hint, uint32_t *seat)
{
    int error = seat_take(&segment->seats, hint, seat);
    if (error == EAGAIN) {
        segment_recover(segment);
        error = seat_take(&segment->seats, hint, seat);
    }
    if (error == EOWNERDEAD) {
        bury(segment, *seat);
        return 0;
    }
    return error;
}

/* A place beyond the mailboxes is nobody's; only foreign bytes can say it. */
void
segment_recover(struct segment *segment)
{
    for (uint32_t i = 0; i < segment->seats.count; i++) {
        enum seat_state state = seat_state(&segment->seats, i);
        uint32_t place = atomic_load(&seat_at(&segment->seats, i)->place);
        if (state == SEAT_IDLE ||
            place / 2 >= segment->geometry.mailboxes_count) {
            continue;
        }
        struct mailbox *mailbox = segment_mailbox(segment, place / 2);
        rwlock_recover(&segment->seats, &mailbox->lock);
        watch_recover(&segment->seats, &mailbox->watch);
    }
}

uint64_t
segment_recoveries(const struct segment *segment)
{
    return atomic_load(&segment->seats.totals->recoveries);
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
    assert(header->parking == segment->seats.parking);
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
