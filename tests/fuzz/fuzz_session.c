/*
 * Arbitrary bytes in arbitrary pieces, with silences, other clients' writes and
 * the server's end between them: net/session answers as the reference does.
 *
 * The input is what a client sends.  0xff and one more byte are an event: its
 * lowest three bits say which, the others how much.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fake_store.h"
#include "clock.h"
#include "codec.h"
#include "reference.h"
#include "session.h"

#define EVENT 0xff

enum event {
    EVENT_PIECE,   /* what came before arrives alone */
    EVENT_SILENCE, /* nothing comes until the deadline */
    EVENT_END,     /* the client sends no more */
    EVENT_WRITE,   /* another client writes */
    EVENT_WAKE,    /* a wait ends, by its deadline or for nothing */
    EVENT_STOP,    /* the server ends */
    EVENT_TIME,    /* some of it passes, and nothing happens */
    EVENT_LITERAL  /* the byte 0xff itself */
};

#define OUTPUT_MAX (SESSION_OUTPUT_MIN + REFERENCE_PACKET_BYTES)

struct run {
    struct fake_store fake;
    struct statistics statistics;
    struct session_config config;
    struct session *session;
    enum session_next next;
    struct reference reference;
    size_t compared; /* of the reference's answers */
    size_t received;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

__attribute__((format(printf, 1, 2), noreturn)) static void
fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fprintf(stderr, "fuzz_session: ");
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

static void
set_now(struct run *run, uint64_t now_ms)
{
    run->reference.now_ms = now_ms;
    run->fake.now_ns = now_ms * CLOCK_NS_PER_MS;
}

static void
begin(struct run *run)
{
    fake_store_init(&run->fake, REFERENCE_MAILBOX_BYTES);
    memset(&run->statistics, 0, sizeof run->statistics);
    run->config = (struct session_config){
        .packet_bytes = REFERENCE_PACKET_BYTES,
        .gap_ns = REFERENCE_GAP_MS * CLOCK_NS_PER_MS,
        .request_timeout_ns = REFERENCE_REQUEST_MS * CLOCK_NS_PER_MS,
        .idle_timeout_ns = REFERENCE_IDLE_MS * CLOCK_NS_PER_MS,
        .wait_max_ns = REFERENCE_WAIT_MAX_MS * CLOCK_NS_PER_MS,
        .clock = fake_store_clock(&run->fake),
        .statistics = &run->statistics,
    };
    run->compared = run->received = 0;
    run->fake.now_ns = CLOCK_NS_PER_MS;
    reference_init(&run->reference, 1);
    if (session_create(&run->config, &run->fake.store, &run->session)) {
        fail("no session");
    }
}

/* The line, without what is for people; how long all of it is. */
static size_t
take_line(const char *output, size_t length, char line[static 256])
{
    const char *newline = length ? memchr(output, '\n', length) : NULL;

    if (!newline || newline - output >= CODEC_ANSWER_MAX) {
        fail("an answer has no end, or a line that is too long");
    }
    size_t bytes = (size_t)(newline - output);
    for (size_t i = 0; i < bytes; i++) {
        if (output[i] < ' ' || output[i] > '~') {
            fail("byte %d in an answer line", output[i]);
        }
    }
    memcpy(line, output, bytes);
    line[bytes] = '\0';
    char *text = strstr(line, ": ");
    if (!strncmp(line, "err ", 4) && text) {
        *text = '\0';
    }
    return bytes + 1;
}

/* Lines of "name value"; how many bytes they are. */
static size_t
check_statistics(const char *line, const char *output, size_t length)
{
    size_t announced = 0;
    int end = 0;

    if (sscanf(line, "ok %zu%n", &announced, &end) != 1 || line[end] != '\0' ||
        announced > length || announced == 0 || output[announced - 1] != '\n') {
        fail("statistics: %s", line);
    }
    return announced;
}

/* One answer of both; how much of the output it was. */
static size_t
compare_one(const struct reference_answer *wanted, const char *output,
            size_t length)
{
    char line[256];

    size_t used = take_line(output, length, line);
    if (!strcmp(wanted->line, "*")) {
        return used + check_statistics(line, output + used, length - used);
    }
    if (strcmp(line, wanted->line) != 0) {
        fail("answered '%s', and right is '%s'", line, wanted->line);
    }
    if (length - used < wanted->length ||
        memcmp(output + used, wanted->data, wanted->length) != 0) {
        fail("other data behind '%s'", line);
    }
    return used + wanted->length;
}

static void
compare_answers(struct run *run, const char *output, size_t length)
{
    const struct reference *reference = &run->reference;

    while (length > 0) {
        if (run->compared == reference->answers_count) {
            fail("an answer too many: %.*s", (int)length, output);
        }
        size_t used =
            compare_one(&reference->answers[run->compared++], output, length);
        output += used;
        length -= used;
    }
}

static void
compare_mailboxes(const struct run *run)
{
    for (size_t m = 0; m < REFERENCE_MAILBOXES; m++) {
        const struct fake_mailbox *is = &run->fake.mailboxes[m];
        const struct reference_mailbox *wanted = &run->reference.mailboxes[m];
        if (is->version != wanted->version || is->size_bytes != wanted->size ||
            memcmp(is->content, wanted->content, wanted->size) != 0) {
            fail("mailbox %zu: version %llu, %zu bytes; right is %llu, %zu", m,
                 (unsigned long long)is->version, is->size_bytes,
                 (unsigned long long)wanted->version, wanted->size);
        }
    }
}

static void
compare_doing(const struct run *run)
{
    static const enum reference_doing same[] = {
        [SESSION_RECEIVE] = REFERENCE_READING,
        [SESSION_WAIT] = REFERENCE_WAITING,
        [SESSION_CLOSE] = REFERENCE_CLOSED};
    const struct reference *reference = &run->reference;

    if (same[run->next] != reference->doing) {
        fail("it is at %d, and right is %d", same[run->next], reference->doing);
    }
    if (run->next == SESSION_RECEIVE &&
        session_deadline_ns(run->session) !=
            reference_deadline_ms(reference) * CLOCK_NS_PER_MS) {
        fail("it receives until %llu ms, and right is %llu",
             (unsigned long long)session_deadline_ns(run->session) /
                 CLOCK_NS_PER_MS,
             (unsigned long long)reference_deadline_ms(reference));
    }
    if (run->next == SESSION_WAIT) {
        struct session_wanted wanted = session_wanted(run->session);
        if (wanted.mailbox != reference->awaited_mailbox ||
            wanted.version != reference->awaited_version ||
            wanted.deadline_ns != reference->wait_until_ms * CLOCK_NS_PER_MS) {
            fail("it waits for another version, or until another time");
        }
    }
}

/* Let the session do all it can, and compare. */
static void
settle(struct run *run)
{
    const void *data;
    size_t length;

    run->next = session_advance(run->session);
    while (run->next == SESSION_SEND) {
        session_output(run->session, &data, &length);
        if (length == 0 || length > OUTPUT_MAX) {
            fail("%zu bytes to send", length);
        }
        compare_answers(run, data, length);
        session_sent(run->session, length);
        run->next = session_advance(run->session);
    }
    session_check(run->session);
    if (run->compared != run->reference.answers_count) {
        fail("no answer, and right is '%s'",
             run->reference.answers[run->compared].line);
    }
    compare_mailboxes(run);
    compare_doing(run);
}

static void
wake(struct run *run, bool in_vain)
{
    if (in_vain) {
        set_now(run, run->reference.wait_until_ms);
    }
    reference_wake(&run->reference, in_vain);
    session_woken(run->session, in_vain ? ETIMEDOUT : 0);
    settle(run);
}

/* What is sent to a session that waits stays with the kernel until then. */
static void
receive(struct run *run, const char *bytes, size_t length)
{
    while (length > 0 && run->next != SESSION_CLOSE) {
        void *room;
        size_t piece;
        if (run->next == SESSION_WAIT) {
            wake(run, true);
            continue;
        }
        if (session_room(run->session, &room, &piece)) {
            fail("no room");
        }
        piece = piece < length ? piece : length;
        memcpy(room, bytes, piece);
        reference_receive(&run->reference, bytes, piece);
        session_received(run->session, piece);
        settle(run);
        bytes += piece;
        length -= piece;
    }
}

static void
end_input(struct run *run)
{
    while (run->next == SESSION_WAIT) {
        wake(run, true);
    }
    if (run->next == SESSION_RECEIVE) {
        reference_end(&run->reference);
        session_ended(run->session);
        settle(run);
    }
    while (run->next == SESSION_WAIT) {
        wake(run, true);
    }
}

static void
be_silent(struct run *run)
{
    if (run->next == SESSION_RECEIVE) {
        set_now(run, reference_deadline_ms(&run->reference));
        reference_expire(&run->reference);
        session_expired(run->session);
        settle(run);
    }
}

static void
write_elsewhere(struct run *run, unsigned how)
{
    const uint64_t m = how % REFERENCE_MAILBOXES;
    const char *text = how & 4 ? "written by another" : "";

    fake_store_put(&run->fake, m, text);
    reference_put(&run->reference, m, text, strlen(text));
    if (run->next == SESSION_WAIT && run->reference.awaited_mailbox == m) {
        wake(run, false);
    }
}

static void
stop(struct run *run)
{
    if (run->next != SESSION_CLOSE) {
        reference_stop(&run->reference);
        session_stop(run->session);
        if (run->next == SESSION_WAIT) {
            session_woken(run->session, ECANCELED);
        }
        settle(run);
    }
}

static void
pass_time(struct run *run, unsigned how)
{
    uint64_t now_ms = run->reference.now_ms + how * how * 7;
    uint64_t end_ms = run->next == SESSION_WAIT
                          ? run->reference.wait_until_ms
                          : reference_deadline_ms(&run->reference);

    if (run->next != SESSION_CLOSE && now_ms < end_ms) {
        set_now(run, now_ms);
        session_rest(run->session);
    }
}

static void
act(struct run *run, unsigned code)
{
    const unsigned how = code >> 3;

    switch ((enum event)(code & 7)) {
    case EVENT_PIECE:
    case EVENT_LITERAL:
        break;
    case EVENT_SILENCE:
        be_silent(run);
        break;
    case EVENT_END:
        end_input(run);
        break;
    case EVENT_WRITE:
        write_elsewhere(run, how);
        break;
    case EVENT_WAKE:
        if (run->next == SESSION_WAIT) {
            wake(run, how & 1);
        }
        break;
    case EVENT_STOP:
        stop(run);
        break;
    case EVENT_TIME:
        pass_time(run, how);
        break;
    }
}

/* How many bytes come before the next event. */
static size_t
piece_length(const uint8_t *data, size_t length)
{
    const uint8_t *event = memchr(data, EVENT, length);

    return event ? (size_t)(event - data) : length;
}

static void
converse(struct run *run, const uint8_t *data, size_t length)
{
    static const char literal[] = {(char)EVENT};

    settle(run);
    while (length > 0 && !run->reference.ended) {
        size_t piece = piece_length(data, length);
        receive(run, (const char *)data, piece);
        data += piece;
        length -= piece;
        if (length < 2) {
            break;
        }
        if ((data[1] & 7) == EVENT_LITERAL) {
            receive(run, literal, 1);
        }
        act(run, data[1]);
        data += 2;
        length -= 2;
    }
    end_input(run);
    if (run->next != SESSION_CLOSE) {
        fail("a client that sends no more is not let go");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static struct run run;

    if (length > REFERENCE_INPUT_MAX) {
        return 0;
    }
    begin(&run);
    converse(&run, data, length);
    session_destroy(run.session);
    return 0;
}
