#include "dialogue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "fake_store.h"

#define PACKET 64
#define MAILBOX 100

/* A dialogue with what a session would give it. */
struct desk {
    struct fake_store fake;
    struct statistics statistics;
    struct session_config config;
    struct buffer input;
    struct reply reply;
    struct dialogue dialogue;
};

static int
set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);

    assert_non_null(desk);
    fake_store_init(&desk->fake, MAILBOX);
    desk->config =
        (struct session_config){.packet_bytes = PACKET,
                                .wait_max_ns = 1000000000,
                                .clock = fake_store_clock(&desk->fake),
                                .statistics = &desk->statistics};
    buffer_init(&desk->input, 16, CODEC_HEADER_MAX + PACKET);
    reply_init(&desk->reply, 4096, &desk->statistics);
    dialogue_init(&desk->dialogue, &desk->config, &desk->fake.store,
                  &desk->input, &desk->reply);
    *state = desk;
    return 0;
}

static int
tear_down(void **state)
{
    struct desk *desk = *state;

    dialogue_check(&desk->dialogue);
    buffer_fini(&desk->input);
    reply_fini(&desk->reply);
    free(desk);
    return 0;
}

static void
put(struct desk *desk, const char *text)
{
    size_t length = strlen(text);

    assert_int_equal(buffer_reserve(&desk->input, length), 0);
    memcpy(buffer_tail(&desk->input), text, length);
    buffer_append(&desk->input, length);
}

static void
assert_step(struct desk *desk, enum conversation_rest rest,
            enum conversation_next next, enum dialogue_state state)
{
    assert_int_equal(dialogue_step(&desk->dialogue, rest), next);
    assert_int_equal(desk->dialogue.state, state);
    dialogue_check(&desk->dialogue);
}

static void
assert_said(struct desk *desk, const char *text)
{
    const void *data;
    size_t length;

    reply_pending(&desk->reply, &data, &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(data, text, length);
    if (length > 0) {
        reply_sent(&desk->reply, length);
    }
}

static void
one_step_takes_one_part_of_a_request(void **state)
{
    struct desk *desk = *state;

    put(desk, "w 3 2\nhir 3\nr");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_DATA);
    assert_said(desk, "");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_said(desk, "ok 0 version=1 size=2\n");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_READING);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_said(desk, "ok 2 version=1 size=2\nhi");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_STARVED,
                DIALOGUE_HEADER);
    assert_int_equal(buffer_length(&desk->input), 1);
    assert_int_equal(desk->dialogue.conversation.finished_count, 2);
}

static void
what_follows_the_input_decides_what_it_means(void **state)
{
    struct desk *desk = *state;

    put(desk, "r 3");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_STARVED,
                DIALOGUE_HEADER);
    assert_true(dialogue_is_ended_by_silence(&desk->dialogue));
    assert_step(desk, CONVERSATION_SILENCE, CONVERSATION_ON, DIALOGUE_READING);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_said(desk, "ok 0 version=0 size=0\n");
    put(desk, "w 3\n");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_UNFRAMED);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_STARVED,
                DIALOGUE_UNFRAMED);
    assert_false(dialogue_is_ended_by_silence(&desk->dialogue));
    put(desk, "hi");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_STARVED,
                DIALOGUE_UNFRAMED);
    assert_true(dialogue_is_ended_by_silence(&desk->dialogue));
    assert_step(desk, CONVERSATION_END, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_said(desk, "ok 0 version=1 size=2\n");
    assert_step(desk, CONVERSATION_END, CONVERSATION_ON, DIALOGUE_CLOSING);
    assert_step(desk, CONVERSATION_END, CONVERSATION_OVER, DIALOGUE_CLOSING);
    assert_said(desk, "");
}

static void
full_answers_stop_a_step_before_it_does_anything(void **state)
{
    struct desk *desk = *state;
    int steps = 0;

    do {
        put(desk, "r 3\nr 3\n");
        while (dialogue_step(&desk->dialogue, CONVERSATION_UNKNOWN) ==
               CONVERSATION_ON) {
            steps++;
        }
    } while (buffer_length(&desk->input) == 0 && steps < 1000);
    assert_true(steps < 1000);
    put(desk, "w 3 2\nhi");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_FULL, DIALOGUE_HEADER);
    assert_int_equal(desk->fake.mailboxes[3].version, 0);
    reply_sent(&desk->reply, buffer_length(&desk->reply.output));
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_READING);
}

/* Leave room for one answer line, of any length, and not a byte more. */
static void
fill(struct desk *desk)
{
    struct buffer *output = &desk->reply.output;
    size_t left = output->bound_bytes - buffer_length(output);

    assert_int_equal(buffer_reserve(output, left), 0);
    memset(buffer_tail(output), 'x', left);
    buffer_append(output, left - CODEC_ANSWER_MAX);
}

/* A step that says one line takes place where there is room for one. */
static void
the_room_of_an_answer_is_enough_for_it(void **state)
{
    static const struct {
        const char *begun; /* in one step */
        enum dialogue_state state;
        const char *rest;
    } requests[] = {
        {"r 3 after=0 wait=0\n", DIALOGUE_READING, ""},
        {"w 3 2\n", DIALOGUE_DATA, "hi"},
        {"w 3\n", DIALOGUE_UNFRAMED, "hi"},
    };
    struct desk *desk = *state;
    struct conversation *conversation = &desk->dialogue.conversation;
    size_t i;

    for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        put(desk, requests[i].begun);
        assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON,
                    requests[i].state);
        put(desk, requests[i].rest);
        fill(desk);
        assert_step(desk, CONVERSATION_SILENCE, CONVERSATION_ON,
                    DIALOGUE_HEADER);
        reply_sent(&desk->reply, buffer_length(&desk->reply.output));
    }
    fill(desk);
    assert_int_equal(conversation->ops->end(conversation, CONVERSATION_IDLE),
                     CONVERSATION_ON);
}

static void
check_it(void *dialogue)
{
    dialogue_check(dialogue);
}

static void
a_check_finds_what_is_broken(void **state)
{
    struct desk *desk = *state;
    struct dialogue broken = desk->dialogue;

    put(desk, "r");
    broken.state = DIALOGUE_CLOSING;
    assert_true(actor_aborts(check_it, &broken));
    broken.state = DIALOGUE_DROPPING;
    broken.dropped_bytes = SESSION_DROPPED_MAX + 1;
    assert_true(actor_aborts(check_it, &broken));
    broken.dropped_bytes = SESSION_DROPPED_MAX;
    assert_false(actor_aborts(check_it, &broken));
    broken.state = DIALOGUE_DATA;
    broken.request.length_bytes = PACKET + 1;
    assert_true(actor_aborts(check_it, &broken));
    broken.request.length_bytes = PACKET;
    assert_false(actor_aborts(check_it, &broken));
    desk->input.bound_bytes++;
    assert_true(actor_aborts(check_it, &broken));
    desk->input.bound_bytes--;
}

static void
a_request_owes_an_answer_until_it_has_one(void **state)
{
    struct desk *desk = *state;
    struct dialogue *dialogue = &desk->dialogue;

    assert_true(dialogue_is_idle(dialogue));
    assert_false(dialogue_owes_an_answer(dialogue));
    put(desk, "  ");
    assert_false(dialogue_is_idle(dialogue));
    assert_false(dialogue_owes_an_answer(dialogue));
    put(desk, "w 99 5\n");
    assert_true(dialogue_owes_an_answer(dialogue));
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_DROPPING);
    assert_false(dialogue_owes_an_answer(dialogue));
    assert_false(dialogue_is_idle(dialogue));
    put(desk, "12345w 3\n");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_UNFRAMED);
    assert_true(dialogue_owes_an_answer(dialogue));
    dialogue_close(dialogue);
    assert_false(dialogue_owes_an_answer(dialogue));
    assert_false(dialogue_is_idle(dialogue));
}

static void
a_read_that_finds_an_older_version_than_was_promised_waits_on(void **state)
{
    struct desk *desk = *state;

    fake_store_put(&desk->fake, 3, "hello");
    desk->fake.version_lead = 1;
    put(desk, "r 3 after=1 wait=5\n");
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_READING);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_WAIT,
                DIALOGUE_READING);
    assert_said(desk, "");
    dialogue_woken(&desk->dialogue, ETIMEDOUT);
    assert_step(desk, CONVERSATION_UNKNOWN, CONVERSATION_ON, DIALOGUE_HEADER);
    assert_said(desk, "err timeout: nothing newer than version 1 in 5 ms\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_step_takes_one_part_of_a_request),
        TEST(what_follows_the_input_decides_what_it_means),
        TEST(full_answers_stop_a_step_before_it_does_anything),
        TEST(the_room_of_an_answer_is_enough_for_it),
        TEST(a_check_finds_what_is_broken),
        TEST(a_request_owes_an_answer_until_it_has_one),
        TEST(a_read_that_finds_an_older_version_than_was_promised_waits_on),
    };

    return cmocka_run_group_tests_name("dialogue", tests, NULL, NULL);
}
