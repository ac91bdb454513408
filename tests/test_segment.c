#include "segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "fake_pthread.h"
#include "mailbox.h"

#define INSTANCE UINT64_C(0x1234567890abcdef)
#define FAR_MS 3600000

static const struct segment_geometry small = {
    .mailboxes_count = 3, .seats_count = 2, .mailbox_bytes = 100};

static const struct segment_options options = {
    .instance = INSTANCE, .attachable = true, .checked = true};

static int
set_up(void **state)
{
    uint64_t bytes = 0;
    assert_int_equal(segment_measure(&small, &bytes), 0);
    assert_int_equal(bytes % 64, 0);
    void *memory = aligned_alloc(64, bytes);
    struct segment *segment = malloc(sizeof(*segment));
    assert_non_null(memory);
    assert_non_null(segment);
    memset(memory, 0xa5, bytes);
    assert_int_equal(segment_init(segment, memory, &small, &options), 0);
    *state = segment;
    return 0;
}

static int
tear_down(void **state)
{
    struct segment *segment = *state;
    segment_fini(segment);
    free(segment->base);
    free(segment);
    return 0;
}

static void
a_geometry_out_of_its_ranges_is_refused(void **state)
{
    const struct segment_geometry bad[] = {
        {0, 1, 1},
        {1, 0, 1},
        {1, 1, 0},
        {SEGMENT_MAILBOXES_MAX + 1, 1, 1},
        {1, SEGMENT_SEATS_MAX + 1, 1},
        {1, 1, SEGMENT_MAILBOX_BYTES_MAX + 1},
        {UINT32_MAX, UINT32_MAX, UINT64_MAX},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t bytes = 0;
        assert_int_equal(segment_measure(&bad[i], &bytes), EINVAL);
        struct segment segment;
        assert_int_equal(segment_init(&segment, NULL, &bad[i], &options),
                         EINVAL);
    }
}

static void
the_largest_segment_has_a_size(void **state)
{
    const struct segment_geometry most = {
        SEGMENT_MAILBOXES_MAX, SEGMENT_SEATS_MAX, SEGMENT_MAILBOX_BYTES_MAX};
    uint64_t bytes = 0;
    (void)state;
    assert_int_equal(segment_measure(&most, &bytes), 0);
    assert_true(bytes > UINT64_C(1) << 61);
    assert_true(bytes < UINT64_C(1) << 62);
}

static void
the_smallest_segment_has_a_size_and_banks_end_on_a_boundary(void **state)
{
    const struct {
        uint64_t mailbox_bytes;
        uint64_t bank_bytes;
    } rows[] = {{1, 64}, {63, 64}, {64, 64}, {65, 128}, {128, 128}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct segment_geometry least = {1, 1, rows[i].mailbox_bytes};
        uint64_t bytes = 0;
        assert_int_equal(segment_measure(&least, &bytes), 0);
        assert_int_equal(bytes,
                         sizeof(struct segment_header) + sizeof(struct seat) +
                             sizeof(struct mailbox) + 2 * rows[i].bank_bytes);
    }
}

static void
a_header_says_what_it_must_and_nothing_else(void **state)
{
    struct segment *segment = *state;
    const struct segment_header *header = (const void *)segment->base;
    assert_int_equal(header->instance, INSTANCE);
    assert_int_equal(segment->instance, INSTANCE);
    for (size_t i = 0; i < sizeof(header->reserved); i++) {
        assert_int_equal(header->reserved[i], 0);
    }
}

static void
finish_segment(void *argument)
{
    segment_fini(argument);
}

static void
finishing_a_segment_in_use_is_a_bug(void **state)
{
    struct segment *segment = *state;
    assert_false(actor_aborts(finish_segment, segment));
    for (uint32_t m = 0; m < small.mailboxes_count; m++) {
        struct mailbox *mailbox = segment_mailbox(segment, m);
        mailbox->lock.queue.count = 1;
        assert_true(actor_aborts(finish_segment, segment));
        mailbox->lock.queue.count = 0;
    }
}

static void
a_finished_segment_is_no_segment(void **state)
{
    struct segment *segment = *state;
    struct segment_geometry geometry;
    uint64_t bytes = segment->total_bytes;
    assert_int_equal(segment_examine(segment->base, bytes, &geometry),
                     SEGMENT_SOUND);
    segment_fini(segment);
    assert_int_equal(segment_examine(segment->base, bytes, &geometry),
                     SEGMENT_FOREIGN);
    assert_int_equal(segment_init(segment, segment->base, &small, &options), 0);
}

static void
a_new_segment_holds_its_invariants(void **state)
{
    struct segment *segment = *state;
    segment_check(segment);
    for (uint32_t m = 0; m < 3; m++) {
        uint64_t version = 99;
        assert_int_equal(mailbox_version(segment, m, &version), 0);
        assert_int_equal(version, 0);
    }
}

static void
parts_neither_overlap_nor_leave_the_segment(void **state)
{
    struct segment *segment = *state;
    const unsigned char *previous = segment->base + segment->mailboxes_offset;
    for (uint32_t m = 0; m < 3; m++) {
        const unsigned char *here = (const void *)segment_mailbox(segment, m);
        assert_true(here == previous);
        previous = here + sizeof(struct mailbox);
    }
    for (uint32_t m = 0; m < 3; m++) {
        for (uint32_t bank = 0; bank < 2; bank++) {
            const unsigned char *here = segment_bank(segment, m, bank);
            assert_true(here == previous);
            previous = here + segment->bank_bytes;
        }
    }
    assert_true(segment->bank_bytes >= small.mailbox_bytes);
    assert_true(previous == segment->base + segment->total_bytes);
}

static void
mailbox_outside(void *argument)
{
    (void)segment_mailbox(argument, 3);
}

static void
bank_outside(void *argument)
{
    (void)segment_bank(argument, 0, 2);
}

static void
an_index_outside_is_never_followed(void **state)
{
    assert_true(actor_aborts(mailbox_outside, *state));
    assert_true(actor_aborts(bank_outside, *state));
}

static void
check_all(void *argument)
{
    segment_check(argument);
}

/* Overwrite each word of the header: whatever the shared header says, the
 * process's own geometry is used, and the check tells the difference. */
static void
the_check_finds_any_change_of_the_header(void **state)
{
    struct segment *segment = *state;
    uint64_t *words = (uint64_t *)(void *)segment->base;
    for (size_t i = 0; i < 9; i++) {
        uint64_t word = words[i];
        words[i] = word ^ (UINT64_C(1) << 40);
        assert_true(actor_aborts(check_all, segment));
        words[i] = word;
    }
    segment_check(segment);
}

static void
the_check_looks_at_every_mailbox(void **state)
{
    struct segment *segment = *state;
    for (uint32_t m = 0; m < small.mailboxes_count; m++) {
        struct mailbox *mailbox = segment_mailbox(segment, m);
        mailbox->records[0].bank = 2;
        assert_true(actor_aborts(check_all, segment));
        mailbox->records[0].bank = 0;
    }
    segment_check(segment);
}

struct sitting {
    struct segment *segment;
    uint32_t m;
    struct timespec deadline;
    uint32_t seat;
};

static int
sit(void *argument)
{
    struct sitting *sitting = argument;
    return segment_sit(sitting->segment, 0, &sitting->seat);
}

static int
stand(void *argument)
{
    struct sitting *sitting = argument;
    segment_stand(sitting->segment, sitting->seat);
    return 0;
}

static int
wait_newer(void *argument)
{
    struct sitting *sitting = argument;
    return mailbox_wait(sitting->segment, sitting->seat, sitting->m, 0,
                        &sitting->deadline);
}

static int
lock_for_writing(void *argument)
{
    struct sitting *sitting = argument;
    return rwlock_wrlock(&sitting->segment->seats,
                         &segment_mailbox(sitting->segment, sitting->m)->lock,
                         sitting->seat, &sitting->deadline);
}

static int
unlock(void *argument)
{
    struct sitting *sitting = argument;
    rwlock_unlock(&sitting->segment->seats,
                  &segment_mailbox(sitting->segment, sitting->m)->lock,
                  sitting->seat);
    return 0;
}

static void
cancelling_reaches_a_lock_and_a_watch(void **state)
{
    struct actor actors[2];
    struct sitting sittings[2];
    for (int i = 0; i < 2; i++) {
        sittings[i] = (struct sitting){
            .segment = *state, .m = 2, .deadline = actor_deadline_ms(FAR_MS)};
        actor_init(&actors[i]);
        assert_int_equal(actor_do(&actors[i], sit, &sittings[i]), 0);
    }
    struct segment *segment = *state;
    actor_start(&actors[0], wait_newer, &sittings[0]);
    actor_await_state(&segment->seats, sittings[0].seat, SEAT_WATCHING);
    segment_cancel(segment, sittings[0].seat);
    assert_int_equal(actor_finish(&actors[0]), ECANCELED);
    assert_int_equal(actor_do(&actors[0], stand, &sittings[0]), 0);
    assert_int_equal(actor_do(&actors[0], sit, &sittings[0]), 0);
    assert_int_equal(actor_do(&actors[0], lock_for_writing, &sittings[0]), 0);
    actor_start(&actors[1], lock_for_writing, &sittings[1]);
    actor_await_state(&segment->seats, sittings[1].seat, SEAT_QUEUED_WRITE);
    segment_cancel(segment, sittings[1].seat);
    assert_int_equal(actor_finish(&actors[1]), ECANCELED);
    assert_int_equal(actor_do(&actors[0], unlock, &sittings[0]), 0);
    segment_check(segment);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(actor_do(&actors[i], stand, &sittings[i]), 0);
        actor_fini(&actors[i]);
    }
}

/* Death: what an owner leaves at a lock or a watch is put in order. */

static void
the_seat_of_one_who_died_holding_is_had_again(void **state)
{
    struct segment *segment = *state;
    struct actor actors[2];
    struct sitting sittings[2];
    uint32_t seat = SEAT_NONE;
    for (int i = 0; i < 2; i++) {
        sittings[i] = (struct sitting){
            .segment = segment, .m = 1, .deadline = actor_deadline_ms(FAR_MS)};
        actor_init(&actors[i]);
        assert_int_equal(actor_do(&actors[i], sit, &sittings[i]), 0);
    }
    assert_int_equal(segment_sit(segment, 0, &seat), EAGAIN);
    assert_int_equal(actor_do(&actors[0], lock_for_writing, &sittings[0]), 0);
    assert_int_equal(segment_sit(segment, 0, &seat), EAGAIN);
    actor_fini(&actors[0]);
    assert_int_equal(segment_recoveries(segment), 0);
    assert_int_equal(segment_sit(segment, 0, &seat), 0);
    assert_int_equal(segment_recoveries(segment), 1);
    segment_stand(segment, seat);
    assert_int_equal(actor_do(&actors[1], stand, &sittings[1]), 0);
    actor_fini(&actors[1]);
    segment_check(segment);
}

static void
the_seat_of_one_who_died_watching_is_had_again(void **state)
{
    struct segment *segment = *state;
    struct seat_table *seats = &segment->seats;
    struct watch *watch = &segment_mailbox(segment, 2)->watch;
    uint32_t seat = SEAT_NONE;
    assert_int_equal(segment_sit(segment, 0, &seat), 0);
    uint32_t other = SEAT_NONE;
    struct actor dying;
    struct sitting sitting = {.segment = segment};
    actor_init(&dying);
    assert_int_equal(actor_do(&dying, sit, &sitting), 0);
    other = sitting.seat;
    seat_enter(seats, other, SEAT_WATCHING, segment_watch_place(2), 0);
    seat_list_append(seats, &watch->watchers, other);
    atomic_store(&watch->count, 1);
    actor_fini(&dying);
    uint32_t had = SEAT_NONE;
    assert_int_equal(segment_sit(segment, 0, &had), 0);
    assert_int_equal(had, other);
    assert_int_equal(atomic_load(&watch->count), 0);
    segment_stand(segment, had);
    segment_stand(segment, seat);
}

/*
 * Seat 0 is idle when segment_sit looks at it; then its owner comes to a place
 * and dies, before segment_sit tries the seat's mutex.
 */
struct fate {
    struct segment *segment;
    struct actor *actor;
    struct sitting sitting;
    int (*last_step)(void *argument);
};

static int
begin_to_watch(void *argument)
{
    struct sitting *sitting = argument;
    struct seat_table *seats = &sitting->segment->seats;
    struct watch *watch = &segment_mailbox(sitting->segment, sitting->m)->watch;
    seat_enter(seats, sitting->seat, SEAT_WATCHING,
               segment_watch_place(sitting->m), 0);
    seat_list_append(seats, &watch->watchers, sitting->seat);
    atomic_store(&watch->count, 1);
    return 0;
}

static void
meet_fate(void *argument)
{
    struct fate *fate = argument;
    assert_int_equal(actor_do(fate->actor, fate->last_step, &fate->sitting), 0);
    actor_fini(fate->actor);
}

static void
who_takes_a_seat_as_its_owner_dies_puts_its_place_in_order(void **state)
{
    struct segment *segment = *state;
    int (*const last_steps[])(void *) = {lock_for_writing, begin_to_watch};
    uint64_t recoveries = 0;
    for (uint32_t m = 0; m < small.mailboxes_count; m++) {
        for (int i = 0; i < 2; i++) {
            struct actor actor;
            struct fate fate = {
                .segment = segment,
                .actor = &actor,
                .sitting = {.segment = segment,
                            .m = m,
                            .deadline = actor_deadline_ms(FAR_MS)},
                .last_step = last_steps[i]};
            uint32_t seat = SEAT_NONE;
            actor_init(&actor);
            assert_int_equal(actor_do(&actor, sit, &fate.sitting), 0);
            fake_pthread_before_trylock(meet_fate, &fate);
            assert_int_equal(segment_sit(segment, 0, &seat), 0);
            assert_int_equal(seat, fate.sitting.seat);
            recoveries++;
            assert_int_equal(segment_recoveries(segment), recoveries);
            assert_int_equal(seat_state(&segment->seats, seat), SEAT_IDLE);
            segment_check(segment);
            segment_stand(segment, seat);
        }
    }
}

/* Whatever cannot be made, what was made before is destroyed again. */
static void
what_cannot_be_made_leaves_no_object_behind(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        const struct segment_options kind = {.attachable = shared != 0};
        struct segment segment;
        uint64_t bytes = 0;
        long failures = 0;
        int error = ENOMEM;
        assert_int_equal(segment_measure(&small, &bytes), 0);
        void *memory = aligned_alloc(64, bytes);
        assert_non_null(memory);
        fake_pthread_count();
        while (error != 0) {
            failures++;
            fake_pthread_fail_at(failures);
            error = segment_init(&segment, memory, &small, &kind);
            fake_pthread_fail_at(0);
            assert_true(error == 0 || error == ENOMEM);
            assert_true(error == 0 || fake_pthread_is_balanced());
        }
        assert_false(fake_pthread_is_balanced());
        assert_true(failures > 4 * (2 + 3 + 3));
        segment_fini(&segment);
        assert_true(fake_pthread_is_balanced());
        free(memory);
    }
}

/* A second view of the same memory, as another process would have it. */
static void
another_view_uses_the_same_mailboxes(void **state)
{
    struct segment *segment = *state;
    struct segment other;
    enum segment_flaw flaw = SEGMENT_FOREIGN;
    assert_int_equal(segment_attach(&other, segment->base, segment->total_bytes,
                                    &options, &flaw),
                     0);
    assert_int_equal(flaw, SEGMENT_SOUND);
    assert_int_equal(other.instance, INSTANCE);
    uint32_t seat = SEAT_NONE;
    struct mailbox_view seen;
    char buffer[100];
    const struct mailbox_write hello = {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION,
                                        "hello", 5};
    const struct mailbox_read all = {0, 100, MAILBOX_ANY_VERSION};
    assert_int_equal(segment_sit(&other, 0, &seat), 0);
    assert_int_equal(mailbox_write(&other, seat, 1, &hello, NULL, &seen), 0);
    segment_stand(&other, seat);
    assert_int_equal(segment_sit(segment, 0, &seat), 0);
    assert_int_equal(mailbox_read(segment, seat, 1, &all, NULL, buffer, &seen),
                     0);
    assert_int_equal(seen.version, 1);
    assert_memory_equal(buffer, "hello", 5);
    segment_stand(segment, seat);
    segment_check(&other);
}

/* Its maker died before the header was written, its last act. */
static void
memory_that_is_still_blank_is_an_unfinished_segment(void **state)
{
    struct segment *segment = *state;
    struct segment_header sound = *(struct segment_header *)segment->base;
    struct segment_geometry geometry;
    memset(segment->base, 0, sizeof(sound));
    assert_int_equal(segment_examine(segment->base, sizeof(sound), &geometry),
                     SEGMENT_UNFINISHED);
    for (size_t i = 0; i < sizeof(sound); i++) {
        segment->base[i] = 1;
        assert_int_equal(
            segment_examine(segment->base, sizeof(sound), &geometry),
            SEGMENT_FOREIGN);
        segment->base[i] = 0;
    }
    memcpy(segment->base, &sound, sizeof(sound));
    assert_int_equal(segment_examine(segment->base, sizeof(sound), &geometry),
                     SEGMENT_SHORT);
}

static void
what_is_no_segment_is_not_attached(void **state)
{
    struct segment *segment = *state;
    struct segment_header *header = (void *)segment->base;
    struct segment_header sound = *header;
    struct segment other;
    enum segment_flaw flaw;
    const uint64_t bytes = segment->total_bytes;
#define REFUSED(change, size, expected)                                     \
    do {                                                                    \
        change;                                                             \
        flaw = SEGMENT_SOUND;                                               \
        assert_int_equal(                                                   \
            segment_attach(&other, segment->base, (size), &options, &flaw), \
            EINVAL);                                                        \
        assert_int_equal(flaw, (expected));                                 \
        *header = sound;                                                    \
    } while (0)
    REFUSED((void)0, 0, SEGMENT_SHORT);
    REFUSED((void)0, sizeof(*header) - 1, SEGMENT_SHORT);
    REFUSED(header->layout++, sizeof(*header) - 1, SEGMENT_SHORT);
    REFUSED((void)0, bytes - 1, SEGMENT_SHORT);
    REFUSED(atomic_store(&header->magic, 0), bytes, SEGMENT_FOREIGN);
    REFUSED(header->layout++, bytes, SEGMENT_LAYOUT_OTHER);
    REFUSED(header->mailboxes_count = 0, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->mailboxes_count++, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->seats_count--, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->mailbox_bytes = UINT64_MAX, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->parking = 2, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->seats_offset = 0, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->mailboxes_offset += 64, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->banks_offset = 1, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->total_bytes--, bytes, SEGMENT_GEOMETRY_BAD);
    REFUSED(header->parking = PARKING_CONDITION, bytes, SEGMENT_NOT_ATTACHABLE);
#undef REFUSED
}

struct resets {
    uint32_t count;
    uint32_t last;
};

static void
note_reset(void *context, uint32_t m)
{
    struct resets *resets = context;
    resets->count++;
    resets->last = m;
}

static void
put(struct segment *segment, uint32_t m, enum mailbox_mode mode,
    const char *text)
{
    uint32_t seat = SEAT_NONE;
    struct mailbox_view seen;
    const struct mailbox_write request = {mode, 0, MAILBOX_ANY_VERSION, text,
                                          strlen(text)};
    assert_int_equal(segment_sit(segment, 0, &seat), 0);
    assert_int_equal(mailbox_write(segment, seat, m, &request, NULL, &seen), 0);
    segment_stand(segment, seat);
}

static void
holds(struct segment *segment, uint32_t m, const char *text, uint64_t version)
{
    uint32_t seat = SEAT_NONE;
    struct mailbox_view seen;
    char buffer[100];
    const struct mailbox_read all = {0, 100, MAILBOX_ANY_VERSION};
    assert_int_equal(segment_sit(segment, 0, &seat), 0);
    assert_int_equal(mailbox_read(segment, seat, m, &all, NULL, buffer, &seen),
                     0);
    segment_stand(segment, seat);
    assert_int_equal(seen.version, version);
    assert_int_equal(seen.size_bytes, strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
}

static int
adopt(struct segment *segment, struct segment_adoption *adoption,
      struct resets *resets)
{
    enum segment_flaw flaw = SEGMENT_SOUND;
    return segment_adopt(segment, segment->base, segment->total_bytes, &options,
                         &flaw, adoption, note_reset, resets);
}

/* What a killed server leaves: seats taken, guards held, links anyhow. */
static void
spoil_all_but_contents(struct segment *segment)
{
    memset(segment->seats.seats, 0x77,
           segment->seats.count * sizeof(struct seat));
    for (uint32_t m = 0; m < 3; m++) {
        memset(&segment_mailbox(segment, m)->lock, 0x77, sizeof(struct rwlock));
        memset(&segment_mailbox(segment, m)->watch, 0x77, sizeof(struct watch));
    }
}

static void
adopting_keeps_every_committed_content(void **state)
{
    struct segment *segment = *state;
    struct segment_adoption adoption;
    struct resets resets = {0, 0};
    put(segment, 0, MAILBOX_REPLACE, "zero");
    put(segment, 2, MAILBOX_REPLACE, "two");
    put(segment, 2, MAILBOX_OVERWRITE, "T");
    put(segment, 2, MAILBOX_APPEND, "!");
    spoil_all_but_contents(segment);
    segment_bank(segment, 2, 0)[50] = 0x33;
    assert_int_equal(adopt(segment, &adoption, &resets), 0);
    assert_int_equal(adoption.kept, 2);
    assert_int_equal(adoption.reset, 0);
    assert_int_equal(resets.count, 0);
    assert_int_equal(segment->instance, INSTANCE);
    segment_check(segment);
    holds(segment, 0, "zero", 1);
    holds(segment, 1, "", 0);
    holds(segment, 2, "Two!", 3);
    put(segment, 2, MAILBOX_OVERWRITE, "t");
    holds(segment, 2, "two!", 4);
}

static void
what_cannot_be_adopted_leaves_no_object_behind(void **state)
{
    struct segment *segment = *state;
    struct segment_adoption adoption;
    struct resets resets = {0, 0};
    long failures = 0;
    int error = ENOMEM;
    put(segment, 1, MAILBOX_REPLACE, "one");
    fake_pthread_count();
    while (error != 0) {
        failures++;
        fake_pthread_fail_at(failures);
        error = adopt(segment, &adoption, &resets);
        fake_pthread_fail_at(0);
        assert_true(error == 0 || error == ENOMEM);
        assert_true(error == 0 || fake_pthread_is_balanced());
    }
    assert_true(failures > 4 * (2 + 3 + 3));
    holds(segment, 1, "one", 1);
}

static void
adopting_resets_only_what_fails_its_check(void **state)
{
    struct segment *segment = *state;
    for (int breach = 0; breach < 4; breach++) {
        struct segment_adoption adoption;
        struct resets resets = {0, 99};
        put(segment, 0, MAILBOX_REPLACE, "zero");
        put(segment, 1, MAILBOX_REPLACE, "one");
        struct mailbox *mailbox = segment_mailbox(segment, 1);
        uint64_t version = atomic_load(&mailbox->version);
        struct mailbox_record *record = &mailbox->records[version & 1];
        if (breach == 0) {
            record->bank = 2;
        } else if (breach == 1) {
            record->length_bytes = 101;
        } else if (breach == 2) {
            atomic_store(&mailbox->version, UINT64_MAX);
        } else {
            atomic_store(&mailbox->version, 0);
            mailbox->records[0].length_bytes = 1;
        }
        assert_int_equal(adopt(segment, &adoption, &resets), 0);
        assert_int_equal(adoption.kept, 1);
        assert_int_equal(adoption.reset, 1);
        assert_int_equal(resets.count, 1);
        assert_int_equal(resets.last, 1);
        segment_check(segment);
        uint64_t now = 0;
        assert_int_equal(mailbox_version(segment, 1, &now), 0);
        assert_int_equal(now, breach < 2 ? version + 1 : 1);
        holds(segment, 1, "", now);
    }
}

/* Bytes at random, many of them nearly right: it works or is refused. */
static void
an_adopter_chooses_how_seats_sleep(void **state)
{
    const struct segment_options alone = {.instance = INSTANCE,
                                          .checked = true};
    struct segment *segment = *state;
    struct segment_adoption adoption;
    enum segment_flaw flaw = SEGMENT_SOUND;
    assert_int_equal(segment->seats.parking, PARKING_FUTEX);
    assert_int_equal(segment_adopt(segment, segment->base, segment->total_bytes,
                                   &alone, &flaw, &adoption, NULL, NULL),
                     0);
    assert_int_equal(segment->seats.parking, PARKING_CONDITION);
    segment_check(segment);
    assert_int_equal(segment_attach(segment, segment->base,
                                    segment->total_bytes, &alone, &flaw),
                     EINVAL);
    assert_int_equal(flaw, SEGMENT_NOT_ATTACHABLE);
}

/* Foreign bytes may say that a seat is at a place which is none. */
static void
a_place_beyond_the_mailboxes_is_left_alone(void **state)
{
    struct segment *segment = *state;
    for (uint32_t place = 0; place < 4; place++) {
        seat_enter(&segment->seats, 1, SEAT_READING,
                   2 * small.mailboxes_count + place, 1);
        segment_recover(segment);
        assert_int_equal(seat_state(&segment->seats, 1), SEAT_READING);
        seat_set_state(&segment->seats, 1, SEAT_IDLE);
    }
}

static void
adopting_any_bytes_works_or_is_refused(void **state)
{
    struct segment *segment = *state;
    unsigned int seed = 20261121;
    unsigned char *sound = malloc(segment->total_bytes);
    uint32_t adopted = 0;
    assert_non_null(sound);
    put(segment, 0, MAILBOX_REPLACE, "zero");
    memcpy(sound, segment->base, segment->total_bytes);
    for (int round = 0; round < 3000; round++) {
        struct segment view;
        struct segment_adoption adoption;
        enum segment_flaw flaw = SEGMENT_SOUND;
        memcpy(segment->base, sound, segment->total_bytes);
        for (int change = rand_r(&seed) % 8; change >= 0; change--) {
            uint64_t at = (uint64_t)rand_r(&seed) % segment->total_bytes;
            uint64_t most = round % 3 == 0 ? sizeof(struct segment_header)
                                           : segment->total_bytes;
            segment->base[at % most] = (unsigned char)rand_r(&seed);
        }
        if (segment_adopt(&view, segment->base, segment->total_bytes, &options,
                          &flaw, &adoption, NULL, NULL) != 0) {
            assert_int_not_equal(flaw, SEGMENT_SOUND);
            continue;
        }
        adopted++;
        segment_check(&view);
        put(&view, 1, MAILBOX_APPEND, "after");
        put(&view, 0, MAILBOX_OVERWRITE, "after");
        segment_check(&view);
    }
    assert_in_range(adopted, 100, 2999);
    memcpy(segment->base, sound, segment->total_bytes);
    struct segment_adoption adoption;
    struct resets resets = {0, 0};
    assert_int_equal(adopt(segment, &adoption, &resets), 0);
    free(sound);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_geometry_out_of_its_ranges_is_refused),
        cmocka_unit_test(the_largest_segment_has_a_size),
        cmocka_unit_test(
            the_smallest_segment_has_a_size_and_banks_end_on_a_boundary),
        TEST(a_header_says_what_it_must_and_nothing_else),
        TEST(finishing_a_segment_in_use_is_a_bug),
        TEST(a_finished_segment_is_no_segment),
        TEST(the_check_looks_at_every_mailbox),
        TEST(a_new_segment_holds_its_invariants),
        TEST(parts_neither_overlap_nor_leave_the_segment),
        TEST(an_index_outside_is_never_followed),
        TEST(the_check_finds_any_change_of_the_header),
        TEST(cancelling_reaches_a_lock_and_a_watch),
        TEST(the_seat_of_one_who_died_holding_is_had_again),
        TEST(the_seat_of_one_who_died_watching_is_had_again),
        TEST(who_takes_a_seat_as_its_owner_dies_puts_its_place_in_order),
        cmocka_unit_test(what_cannot_be_made_leaves_no_object_behind),
        TEST(what_cannot_be_adopted_leaves_no_object_behind),
        TEST(memory_that_is_still_blank_is_an_unfinished_segment),
        TEST(another_view_uses_the_same_mailboxes),
        TEST(what_is_no_segment_is_not_attached),
        TEST(adopting_keeps_every_committed_content),
        TEST(adopting_resets_only_what_fails_its_check),
        TEST(an_adopter_chooses_how_seats_sleep),
        TEST(a_place_beyond_the_mailboxes_is_left_alone),
        TEST(adopting_any_bytes_works_or_is_refused),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
