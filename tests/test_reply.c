#include "reply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"

#define BOUND 1024

struct desk {
    struct statistics statistics;
    struct reply reply;
};

static int
set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);

    assert_non_null(desk);
    reply_init(&desk->reply, BOUND, &desk->statistics);
    *state = desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    reply_fini(&desk->reply);
    free(desk);
    return 0;
}

static void
assert_pending(const struct reply *reply, const char *text)
{
    const void *data;
    size_t length;

    reply_pending(reply, &data, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(data, text, length);
    assert_int_equal(reply_is_empty(reply), length == 0);
}

static void
read_as_a_store_does(struct reply *reply, uint64_t version, const char *text)
{
    struct store_view view = {.version = version,
                              .size_bytes = strlen(text),
                              .length_bytes = strlen(text)};

    assert_int_equal(reply_make_room(reply, view.length_bytes), 0);
    memcpy(reply_data(reply), text, view.length_bytes);
    reply_read(reply, &view);
}

static void
answers_gather_in_their_order(void **state)
{
    struct desk *desk = *state;
    struct store_view view = {.version = 3, .size_bytes = 4};

    assert_pending(&desk->reply, "");
    assert_int_equal(reply_make_room(&desk->reply, 2), 0);
    reply_ok(&desk->reply, "hi", 2);
    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_view(&desk->reply, &view);
    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_conflict(&desk->reply, 7, 8);
    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_ok(&desk->reply, NULL, 0);
    assert_pending(&desk->reply,
                   "ok 2\nhiok 0 version=3 size=4\n"
                   "err conflict version=7: expected version 8\nok 0\n");
    reply_sent(&desk->reply, 7);
    assert_pending(&desk->reply,
                   "ok 0 version=3 size=4\n"
                   "err conflict version=7: expected version 8\nok 0\n");
}

static void
what_a_store_read_follows_its_line_whatever_was_guessed(void **state)
{
    struct desk *desk = *state;

    read_as_a_store_does(&desk->reply, 1, "hello");
    read_as_a_store_does(&desk->reply, 2, "world");
    read_as_a_store_does(&desk->reply, 123456, "0123456789abcdef");
    assert_ptr_equal(reply_data(&desk->reply),
                     buffer_tail(&desk->reply.output) +
                         strlen("ok 16 version=123456 size=16\n"));
    read_as_a_store_does(&desk->reply, 3, "");
    assert_pending(&desk->reply, "ok 5 version=1 size=5\nhello"
                                 "ok 5 version=2 size=5\nworld"
                                 "ok 16 version=123456 size=16\n"
                                 "0123456789abcdef"
                                 "ok 0 version=3 size=0\n");
}

static void
a_read_that_is_not_answered_says_nothing(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(reply_make_room(&desk->reply, 5), 0);
    memcpy(reply_data(&desk->reply), "hello", 5);
    assert_pending(&desk->reply, "");
    reply_error(&desk->reply, CODEC_BUSY, "why");
    assert_pending(&desk->reply, "err busy: why\n");
}

static void
what_does_not_fit_waits_until_the_rest_is_sent(void **state)
{
    struct desk *desk = *state;
    size_t most = BOUND - CODEC_ANSWER_MAX;

    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_ok(&desk->reply, NULL, 0);
    assert_int_equal(reply_make_room(&desk->reply, most), EAGAIN);
    assert_pending(&desk->reply, "ok 0\n");
    reply_sent(&desk->reply, 4);
    assert_int_equal(reply_make_room(&desk->reply, most), EAGAIN);
    assert_pending(&desk->reply, "\n");
    reply_sent(&desk->reply, 1);
    assert_int_equal(reply_make_room(&desk->reply, most), 0);
}

static void
the_text_of_an_error_is_cut_to_what_a_line_shows(void **state)
{
    struct desk *desk = *state;
    char text[2 * CODEC_TEXT_MAX];
    char answer[CODEC_ANSWER_MAX + 1];

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_error(&desk->reply, CODEC_BUSY, "%s", text);
    (void)snprintf(answer, sizeof answer, "err busy: %.*s\n",
                   CODEC_TEXT_MAX - 1, text);
    assert_pending(&desk->reply, answer);
}

static void
what_was_held_is_given_back(void **state)
{
    const long before = fake_heap_blocks();
    struct statistics statistics = {0};
    struct reply reply;

    (void)state;
    reply_init(&reply, BOUND, &statistics);
    assert_int_equal(reply_make_room(&reply, 1), 0);
    reply_ok(&reply, "x", 1);
    assert_pending(&reply, "ok 1\nx");
    assert_int_equal(fake_heap_blocks(), before + 1);
    reply_fini(&reply);
    assert_int_equal(fake_heap_blocks(), before);
}

static void
last_words_follow_what_has_gathered(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_ok(&desk->reply, NULL, 0);
    reply_last_words(&desk->reply, "farewell\n");
    assert_pending(&desk->reply, "ok 0\n");
    reply_sent(&desk->reply, 5);
    assert_pending(&desk->reply, "farewell\n");
    reply_sent(&desk->reply, 4);
    assert_pending(&desk->reply, "well\n");
    reply_sent(&desk->reply, 5);
    assert_pending(&desk->reply, "");
}

static void
errors_are_counted_by_their_names(void **state)
{
    struct desk *desk = *state;
    int error;

    for (error = CODEC_BAD_REQUEST; error <= CODEC_INTERNAL; error++) {
        assert_int_equal(reply_make_room(&desk->reply, 0), 0);
        reply_error(&desk->reply, (enum codec_error)error, "why");
    }
    assert_int_equal(desk->statistics.conflicts, 0);
    assert_int_equal(reply_make_room(&desk->reply, 0), 0);
    reply_conflict(&desk->reply, 7, 8);
    assert_int_equal(desk->statistics.conflicts, 1);
    assert_int_equal(desk->statistics.bad_requests, 1);
    assert_int_equal(desk->statistics.lock_timeouts, 1);
    assert_int_equal(desk->statistics.timeouts, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_gather_in_their_order),
        TEST(what_a_store_read_follows_its_line_whatever_was_guessed),
        TEST(a_read_that_is_not_answered_says_nothing),
        TEST(what_does_not_fit_waits_until_the_rest_is_sent),
        TEST(the_text_of_an_error_is_cut_to_what_a_line_shows),
        cmocka_unit_test(what_was_held_is_given_back),
        TEST(last_words_follow_what_has_gathered),
        TEST(errors_are_counted_by_their_names),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
