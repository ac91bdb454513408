#include "segment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "mailbox.h"

#define INSTANCE UINT64_C(0x1234567890abcdef)
#define FAR_MS 3600000

static const struct segment_geometry small = {
    .mailboxes_count = 3, .seats_count = 2, .mailbox_bytes = 100};

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
    assert_int_equal(segment_init(segment, memory, &small, INSTANCE, true), 0);
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
        assert_int_equal(segment_init(&segment, NULL, &bad[i], 0, false),
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
        words[i] = word ^ (UINT64_C(1) << 20);
        assert_true(actor_aborts(check_all, segment));
        words[i] = word;
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_geometry_out_of_its_ranges_is_refused),
        cmocka_unit_test(the_largest_segment_has_a_size),
        TEST(a_new_segment_holds_its_invariants),
        TEST(parts_neither_overlap_nor_leave_the_segment),
        TEST(an_index_outside_is_never_followed),
        TEST(the_check_finds_any_change_of_the_header),
        TEST(cancelling_reaches_a_lock_and_a_watch),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
