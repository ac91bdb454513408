/*
 * Arbitrary bytes after a command of Redis's protocol: the session keeps its
 * invariants, ends when its client does, and answers the same, and leaves the
 * same mailboxes, however the bytes are cut into pieces.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../fake_store.h"
#include "census.h"
#include "clock.h"
#include "resp.h"
#include "session.h"

#define MAILBOX_BYTES 300
#define PACKET_BYTES 200
#define INPUT_MAX 8192
#define OUTPUT_MAX ((size_t)1 << 22)

/* Every wait ends after its time; a session that goes on is in a loop. */
#define STEPS_MAX 1000000

/* The protocol is known from here on. */
static const char opening[] = "PING\r\n";

/* What these answer depends on how the bytes came. */
static const char *const moody[] = {"info",    "client", "time",    "debug",
                                    "latency", "memory", "slowlog", "stat"};

struct run {
    struct fake_store fake;
    struct statistics statistics;
    struct session_config config;
    struct census census;
    struct session *session;
    enum session_next next;
    char *output;
    size_t output_bytes;
    size_t send_max;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void
begin(struct run *run, size_t send_max)
{
    fake_store_init(&run->fake, MAILBOX_BYTES);
    memset(&run->statistics, 0, sizeof run->statistics);
    int error = census_init(&run->census);
    assert(!error);
    run->config = (struct session_config){
        .packet_bytes = PACKET_BYTES,
        .gap_ns = 50 * CLOCK_NS_PER_MS,
        .request_timeout_ns = 30 * CLOCK_NS_PER_S,
        .idle_timeout_ns = SESSION_FOREVER,
        .wait_max_ns = 60 * CLOCK_NS_PER_S,
        .clock = fake_store_clock(&run->fake),
        .statistics = &run->statistics,
        .census = &run->census,
    };
    run->output_bytes = 0;
    run->send_max = send_max;
    error = session_create(&run->config, &run->fake.store, &run->session);
    assert(!error);
    session_introduce(run->session, 1, "fuzzer");
}

static void
end(struct run *run)
{
    session_destroy(run->session);
    census_fini(&run->census);
}

static void
take_output(struct run *run)
{
    const void *data;
    size_t length;

    session_output(run->session, &data, &length);
    assert(length > 0);
    if (length > run->send_max) {
        length = run->send_max;
    }
    assert(run->output_bytes + length <= OUTPUT_MAX);
    memcpy(run->output + run->output_bytes, data, length);
    run->output_bytes += length;
    session_sent(run->session, length);
}

static void
wait_in_vain(struct run *run)
{
    struct session_wanted wanted = session_wanted(run->session);

    if (wanted.deadline_ns != SESSION_FOREVER) {
        run->fake.now_ns = wanted.deadline_ns;
    }
    session_woken(run->session, ETIMEDOUT);
}

/* Until it wants to receive, or is over. */
static void
settle(struct run *run)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        run->next = session_advance(run->session);
        session_check(run->session);
        if (run->next == SESSION_SEND) {
            take_output(run);
        } else if (run->next == SESSION_WAIT) {
            wait_in_vain(run);
        } else {
            return;
        }
    }
    abort();
}

static void
receive(struct run *run, const uint8_t *bytes, size_t length)
{
    while (length > 0 && run->next == SESSION_RECEIVE) {
        void *room;
        size_t piece;
        int error = session_room(run->session, &room, &piece);
        assert(!error);
        assert(piece > 0);
        piece = piece < length ? piece : length;
        memcpy(room, bytes, piece);
        session_received(run->session, piece);
        settle(run);
        bytes += piece;
        length -= piece;
    }
}

/* The lengths of the pieces are the bytes themselves, whatever they are. */
static void
receive_in_pieces(struct run *run, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t piece = 1 + bytes[0] % 19;
        piece = piece < length ? piece : length;
        receive(run, bytes, piece);
        session_rest(run->session);
        bytes += piece;
        length -= piece;
    }
}

static void
finish(struct run *run)
{
    if (run->next == SESSION_RECEIVE) {
        session_ended(run->session);
        settle(run);
    }
    assert(run->next == SESSION_CLOSE);
}

static bool
is_moody(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        for (size_t w = 0; w < sizeof moody / sizeof moody[0]; w++) {
            size_t word = strlen(moody[w]);
            if (length - i >= word &&
                !strncasecmp((const char *)data + i, moody[w], word)) {
                return true;
            }
        }
    }
    return false;
}

static void
compare(const struct run *a, const struct run *b)
{
    assert(a->output_bytes == b->output_bytes);
    assert(!memcmp(a->output, b->output, a->output_bytes));
    for (size_t m = 0; m < FAKE_STORE_MAILBOXES; m++) {
        const struct fake_mailbox *one = &a->fake.mailboxes[m];
        const struct fake_mailbox *other = &b->fake.mailboxes[m];
        assert(one->version == other->version);
        assert(one->size_bytes == other->size_bytes);
        assert(one->size_bytes <= MAILBOX_BYTES);
        assert(!memcmp(one->content, other->content, one->size_bytes));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static char outputs[2][OUTPUT_MAX];
    static struct run whole = {.output = outputs[0]};
    static struct run pieces = {.output = outputs[1]};

    if (length > INPUT_MAX) {
        return 0;
    }
    begin(&whole, OUTPUT_MAX);
    settle(&whole);
    receive(&whole, (const uint8_t *)opening, strlen(opening));
    receive(&whole, data, length);
    finish(&whole);
    end(&whole);

    begin(&pieces, 7);
    settle(&pieces);
    receive_in_pieces(&pieces, (const uint8_t *)opening, strlen(opening));
    receive_in_pieces(&pieces, data, length);
    finish(&pieces);
    end(&pieces);

    if (!is_moody(data, length)) {
        compare(&whole, &pieces);
    }
    return 0;
}
