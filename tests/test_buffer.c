#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"

#define FIRST 8
#define BOUND 20

static int
set_up(void **state)
{
    struct buffer *buffer = malloc(sizeof *buffer);

    assert_non_null(buffer);
    buffer_init(buffer, FIRST, BOUND);
    *state = buffer;
    return 0;
}

static int
tear_down(void **state)
{
    buffer_check(*state);
    buffer_fini(*state);
    free(*state);
    return 0;
}

static void
put(struct buffer *buffer, const char *text)
{
    assert_int_equal(buffer_reserve(buffer, strlen(text)), 0);
    memcpy(buffer_tail(buffer), text, strlen(text));
    buffer_append(buffer, strlen(text));
    buffer_check(buffer);
}

#define assert_holds(buffer, text)                                    \
    do {                                                              \
        assert_int_equal(buffer_length(buffer), strlen(text));        \
        assert_memory_equal(buffer_head(buffer), text, strlen(text)); \
    } while (0)

static void
bytes_leave_in_the_order_they_came(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "abc");
    put(buffer, "def");
    buffer_consume(buffer, 2);
    put(buffer, "ghijklm");
    assert_holds(buffer, "cdefghijklm");
    buffer_consume(buffer, 11);
    assert_holds(buffer, "");
}

static void
memory_comes_with_the_first_byte_and_doubles_to_the_bound(void **state)
{
    struct buffer *buffer = *state;

    assert_int_equal(buffer->capacity_bytes, 0);
    assert_int_equal(buffer_room(buffer), 0);
    put(buffer, "a");
    assert_int_equal(buffer->capacity_bytes, FIRST);
    put(buffer, "bcdefghi");
    assert_int_equal(buffer->capacity_bytes, 2 * FIRST);
    put(buffer, "jklmnopq");
    assert_int_equal(buffer->capacity_bytes, BOUND);
    assert_holds(buffer, "abcdefghijklmnopq");
}

static void
more_than_the_bound_is_refused_and_nothing_is_lost(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "abcdefghijklmno");
    assert_int_equal(buffer_reserve(buffer, 6), ENOBUFS);
    assert_int_equal(buffer_reserve(buffer, SIZE_MAX), ENOBUFS);
    assert_int_equal(buffer_reserve(buffer, 5), 0);
    buffer_consume(buffer, 1);
    assert_int_equal(buffer_reserve(buffer, 6), 0);
    assert_holds(buffer, "bcdefghijklmno");
}

static void
what_is_held_moves_only_when_it_is_shorter_than_what_was_consumed(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "abcdefgh");
    buffer_consume(buffer, 3);
    put(buffer, "ij");
    assert_int_equal(buffer->capacity_bytes, 2 * FIRST);
    assert_holds(buffer, "defghij");
    put(buffer, "klmnopqrs");
    buffer_consume(buffer, 14);
    put(buffer, "tuvw");
    assert_int_equal(buffer->capacity_bytes, 2 * FIRST);
    assert_int_equal(buffer->start, 0);
    assert_holds(buffer, "rstuvw");
}

static void
at_its_bound_a_buffer_moves_what_it_must(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "abcdefghijklmnopqrst");
    buffer_consume(buffer, 2);
    put(buffer, "uv");
    assert_holds(buffer, "cdefghijklmnopqrstuv");
}

static void
a_rest_gives_the_memory_back_only_when_nothing_is_held(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "ab");
    buffer_rest(buffer);
    assert_holds(buffer, "ab");
    buffer_consume(buffer, 2);
    assert_int_equal(buffer->capacity_bytes, FIRST);
    buffer_rest(buffer);
    assert_int_equal(buffer->capacity_bytes, 0);
    assert_holds(buffer, "");
    put(buffer, "cd");
    assert_holds(buffer, "cd");
}

static void
without_memory_what_is_held_stays(void **state)
{
    struct buffer *buffer = *state;

    fake_heap_set(0);
    assert_int_equal(buffer_reserve(buffer, 1), ENOMEM);
    fake_heap_set(1);
    put(buffer, "abcdefg");
    assert_int_equal(buffer_reserve(buffer, 2), ENOMEM);
    assert_holds(buffer, "abcdefg");
    put(buffer, "h");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    put(buffer, "i");
    assert_holds(buffer, "abcdefghi");
}

static void
without_memory_a_buffer_moves_what_it_would_rather_not(void **state)
{
    struct buffer *buffer = *state;

    put(buffer, "abcdefgh");
    buffer_consume(buffer, 2);
    fake_heap_set(0);
    put(buffer, "ij");
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(buffer->capacity_bytes, FIRST);
    assert_holds(buffer, "cdefghij");
}

/* Many small consumptions must not each move all that is held. */
static void
small_steps_cost_time_in_proportion_to_the_bytes(void **state)
{
    struct buffer big;
    size_t moved = 0;
    size_t total = 0;
    size_t step;

    (void)state;
    buffer_init(&big, 4096, 65536);
    for (step = 0; step < 200000; step++) {
        size_t start = big.start;
        size_t held = buffer_length(&big);

        assert_int_equal(buffer_reserve(&big, 7), 0);
        if (big.start < start) {
            moved += held;
        }
        memset(buffer_tail(&big), 'x', 7);
        buffer_append(&big, 7);
        total += 7;
        if (step > 5000) {
            buffer_consume(&big, 7);
        }
    }
    assert_true(moved > 0);
    assert_true(moved <= 2 * total);
    buffer_fini(&big);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void
what_is_cut_is_forgotten_and_its_room_there_again(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4, 8);
    assert_null(buffer_bytes(&buffer));
    buffer_cut(&buffer, 0);
    assert_int_equal(buffer_reserve(&buffer, 6), 0);
    memcpy(buffer_tail(&buffer), "abcdef", 6);
    buffer_append(&buffer, 6);
    buffer_consume(&buffer, 1);
    buffer_cut(&buffer, 3);
    assert_int_equal(buffer_length(&buffer), 3);
    assert_memory_equal(buffer_head(&buffer), "bcd", 3);
    assert_ptr_equal(buffer_bytes(&buffer), buffer_head(&buffer));
    assert_int_equal(buffer_reserve(&buffer, 5), 0);
    buffer_check(&buffer);
    buffer_fini(&buffer);
}

static void
a_bound_that_is_widened_holds_more_and_never_less(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4, 8);
    assert_int_equal(buffer_reserve(&buffer, 9), ENOBUFS);
    buffer_widen(&buffer, 9);
    assert_int_equal(buffer_reserve(&buffer, 9), 0);
    buffer_widen(&buffer, 1);
    assert_int_equal(buffer.bound_bytes, 9);
    buffer_check(&buffer);
    buffer_fini(&buffer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_leave_in_the_order_they_came),
        TEST(memory_comes_with_the_first_byte_and_doubles_to_the_bound),
        TEST(more_than_the_bound_is_refused_and_nothing_is_lost),
        TEST(what_is_held_moves_only_when_it_is_shorter_than_what_was_consumed),
        TEST(at_its_bound_a_buffer_moves_what_it_must),
        TEST(a_rest_gives_the_memory_back_only_when_nothing_is_held),
        TEST(without_memory_what_is_held_stays),
        TEST(without_memory_a_buffer_moves_what_it_would_rather_not),
        cmocka_unit_test(small_steps_cost_time_in_proportion_to_the_bytes),
        cmocka_unit_test(what_is_cut_is_forgotten_and_its_room_there_again),
        cmocka_unit_test(a_bound_that_is_widened_holds_more_and_never_less),
    };

    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
