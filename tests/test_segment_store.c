/* The store over a segment: what a session asks reaches the mailboxes. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"
#include "mailbox.h"
#include "segment_store.h"

#define MAILBOX_BYTES 1024
#define SEATS 2

static void *memory;
static struct segment segment;
static struct segment_source source;
static struct store *store;

static int
begin(void **state)
{
    const struct segment_geometry geometry = {
        .mailboxes_count = 2,
        .seats_count = SEATS,
        .mailbox_bytes = MAILBOX_BYTES,
    };
    uint64_t bytes = 0;

    (void)state;
    assert_int_equal(segment_measure(&geometry, &bytes), 0);
    bytes = (bytes + 63) / 64 * 64;
    memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    const struct segment_options options = {.instance = 1, .checked = true};
    assert_int_equal(segment_init(&segment, memory, &geometry, &options), 0);
    segment_store_init(&source, &segment, 50 * CLOCK_NS_PER_MS, NULL);
    return source.source.ops->open(&source.source, 0, &store);
}

static int
end(void **state)
{
    (void)state;
    source.source.ops->close(&source.source, store);
    segment_check(&segment);
    segment_fini(&segment);
    free(memory);
    return 0;
}

static int
write_text(const char *text, enum store_mode mode, uint64_t offset_bytes,
           uint64_t if_version, struct store_view *view)
{
    const struct store_write request = {
        .mailbox = 1,
        .mode = mode,
        .offset_bytes = offset_bytes,
        .if_version = if_version,
        .data = text,
        .length_bytes = strlen(text),
    };

    return store->ops->write(store, &request, view);
}

static void
expect_content(const char *text)
{
    const struct store_read request = {.mailbox = 1,
                                       .max_bytes = MAILBOX_BYTES,
                                       .if_version = STORE_ANY_VERSION};
    char content[MAILBOX_BYTES + 1] = "";
    struct store_view view;

    assert_int_equal(store->ops->read(store, &request, content, &view), 0);
    assert_int_equal(view.length_bytes, strlen(text));
    assert_int_equal(view.size_bytes, strlen(text));
    assert_string_equal(content, text);
}

static void
what_is_written_is_read(void **state)
{
    struct store_view view;

    (void)state;
    assert_int_equal(store->mailboxes_count, 2);
    assert_int_equal(store->mailbox_bytes, MAILBOX_BYTES);
    assert_int_equal(
        write_text("hello", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
    assert_int_equal(view.version, 1);
    expect_content("hello");
    assert_int_equal(
        write_text("p!", STORE_OVERWRITE, 3, STORE_ANY_VERSION, &view), 0);
    expect_content("help!");
    assert_int_equal(
        write_text(" now", STORE_APPEND, 0, STORE_ANY_VERSION, &view), 0);
    assert_int_equal(view.version, 3);
    assert_int_equal(view.size_bytes, 9);
    expect_content("help! now");
}

static void
another_version_is_a_conflict(void **state)
{
    struct store_view view;
    uint64_t version = 0;

    (void)state;
    assert_int_equal(write_text("a", STORE_REPLACE, 0, 1, &view), ESTALE);
    assert_int_equal(view.version, 0);
    assert_int_equal(write_text("a", STORE_REPLACE, 0, 0, &view), 0);
    assert_int_equal(write_text("b", STORE_REPLACE, 0, 0, &view), ESTALE);
    assert_int_equal(view.version, 1);
    assert_int_equal(store->ops->version(store, 1, &version), 0);
    assert_int_equal(version, 1);
    expect_content("a");
}

static void
no_mailbox_beyond_the_last(void **state)
{
    static const uint64_t beyond[] = {2, UINT64_C(1) << 32,
                                      (UINT64_C(1) << 32) + 1, INT64_MAX};
    struct store_view view;
    char text[STORE_TEXT_MAX];
    size_t length;
    uint64_t version;

    (void)state;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        const struct store_read read = {.mailbox = beyond[i]};
        const struct store_write write = {.mailbox = beyond[i]};
        assert_int_equal(store->ops->read(store, &read, text, &view), ENOENT);
        assert_int_equal(store->ops->write(store, &write, &view), ENOENT);
        assert_int_equal(store->ops->version(store, beyond[i], &version),
                         ENOENT);
        assert_int_equal(store->ops->wait(store, beyond[i], 0, 1), ENOENT);
        assert_int_equal(
            store->ops->describe(store, beyond[i], text, sizeof text, &length),
            ENOENT);
    }
}

static void
too_much_is_too_much(void **state)
{
    struct store_view view;

    (void)state;
    assert_int_equal(write_text("x", STORE_OVERWRITE, MAILBOX_BYTES,
                                STORE_ANY_VERSION, &view),
                     EFBIG);
    assert_int_equal(
        write_text("x", STORE_OVERWRITE, INT64_MAX, STORE_ANY_VERSION, &view),
        EFBIG);
    expect_content("");
}

/* Another seat holds the lock for the whole of the operation. */
static void
a_lock_that_is_not_had_in_time_is_busy(void **state)
{
    struct rwlock *lock = &segment_mailbox(&segment, 1)->lock;
    struct store_view view;
    char text[STORE_TEXT_MAX];
    size_t length;
    uint32_t other;
    const struct store_read read = {.mailbox = 1,
                                    .if_version = STORE_ANY_VERSION};

    (void)state;
    assert_int_equal(segment_sit(&segment, 1, &other), 0);
    assert_int_equal(rwlock_wrlock(&segment.seats, lock, other, NULL), 0);
    assert_int_equal(
        write_text("x", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), EBUSY);
    assert_int_equal(store->ops->read(store, &read, text, &view), EBUSY);
    rwlock_unlock(&segment.seats, lock, other);
    segment_stand(&segment, other);
    assert_int_equal(store->ops->describe(store, 1, text, sizeof text, &length),
                     0);
    assert_int_equal(
        write_text("x", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
}

static void
waiting_ends_in_time_or_at_a_newer_version(void **state)
{
    struct store_view view;

    (void)state;
    assert_int_equal(store->ops->wait(store, 1, 0, clock_now_ns(NULL)),
                     ETIMEDOUT);
    assert_int_equal(
        write_text("x", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
    assert_int_equal(store->ops->wait(store, 1, 0, CLOCK_NEVER), 0);
    assert_int_equal(store->ops->wait(store, 1, 1, clock_now_ns(NULL)),
                     ETIMEDOUT);
}

/* A cancellation holds for what comes later too, until the store is closed. */
static void
a_cancelled_store_does_not_wait(void **state)
{
    struct store_view view;

    (void)state;
    source.source.ops->cancel(&source.source, store);
    assert_int_equal(store->ops->wait(store, 1, 0, CLOCK_NEVER), ECANCELED);
    assert_int_equal(
        write_text("x", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
    assert_int_equal(store->ops->wait(store, 1, 0, CLOCK_NEVER), 0);
    source.source.ops->close(&source.source, store);
    assert_int_equal(source.source.ops->open(&source.source, 0, &store), 0);
    assert_int_equal(store->ops->wait(store, 1, 1, clock_now_ns(NULL)),
                     ETIMEDOUT);
}

static void
seats_are_limited_and_given_back(void **state)
{
    struct store *second;
    struct store *third;

    (void)state;
    assert_int_equal(source.source.ops->open(&source.source, 0, &second), 0);
    assert_int_equal(source.source.ops->open(&source.source, 7, &third),
                     EAGAIN);
    source.source.ops->close(&source.source, second);
    assert_int_equal(source.source.ops->open(&source.source, 7, &third), 0);
    source.source.ops->close(&source.source, third);
}

static void
a_mailbox_is_described(void **state)
{
    struct store_view view;
    char text[STORE_TEXT_MAX];
    size_t length = 0;

    (void)state;
    assert_int_equal(
        write_text("abc", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
    expect_content("abc");
    assert_int_equal(store->ops->describe(store, 1, text, sizeof text, &length),
                     0);
    text[length] = '\0';
    assert_string_equal(text, "version 1\nsize 3\nreads 1\nwrites 1\n"
                              "readers 0\nwaiting 0\nwatching 0\n"
                              "lock-recoveries 0\n");
    assert_int_equal(store->ops->describe(store, 1, text, 10, &length),
                     ENOBUFS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

struct seen {
    uint64_t version;
    uint64_t size_bytes;
    char first;
    int error; /* what is returned */
};

static int
look(void *context, const struct store_content *content)
{
    struct seen *seen = context;

    seen->version = content->version;
    seen->size_bytes = content->size_bytes;
    seen->first = content->size_bytes > 0 ? content->bytes[0] : '\0';
    return seen->error;
}

/* Append as many bytes as the version says. */
static int
decide(void *context, const struct store_content *content,
       struct store_write *write)
{
    assert_int_equal(write->mailbox, 1);
    assert_int_equal(write->mode, STORE_REPLACE);
    assert_int_equal(write->if_version, STORE_ANY_VERSION);
    write->mode = STORE_APPEND;
    write->data = "xxxxxxxx";
    write->length_bytes = (size_t)content->version;
    return look(context, content);
}

static void
a_content_is_shown_and_what_is_decided_on_it_written(void **state)
{
    struct store_view view;
    struct seen seen = {0};

    (void)state;
    assert_int_equal(
        write_text("hello", STORE_REPLACE, 0, STORE_ANY_VERSION, &view), 0);
    assert_int_equal(store->ops->inspect(store, 1, look, &seen), 0);
    assert_int_equal(seen.version, 1);
    assert_int_equal(seen.size_bytes, 5);
    assert_int_equal(seen.first, 'h');
    assert_int_equal(store->ops->update(store, 1, decide, &seen, &view), 0);
    assert_int_equal(view.version, 2);
    assert_int_equal(view.size_bytes, 6);
    assert_int_equal(store->ops->update(store, 1, decide, &seen, &view), 0);
    assert_int_equal(seen.version, 2);
    expect_content("helloxxx");
    seen.error = EXDEV;
    assert_int_equal(store->ops->inspect(store, 1, look, &seen), EXDEV);
    assert_int_equal(store->ops->update(store, 1, decide, &seen, &view), EXDEV);
    expect_content("helloxxx");
    assert_int_equal(store->ops->inspect(store, 2, look, &seen), ENOENT);
    assert_int_equal(store->ops->update(store, 2, decide, &seen, &view),
                     ENOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(another_version_is_a_conflict),
        TEST(no_mailbox_beyond_the_last),
        TEST(too_much_is_too_much),
        TEST(a_lock_that_is_not_had_in_time_is_busy),
        TEST(waiting_ends_in_time_or_at_a_newer_version),
        TEST(a_cancelled_store_does_not_wait),
        TEST(seats_are_limited_and_given_back),
        TEST(a_mailbox_is_described),
        cmocka_unit_test_setup_teardown(
            a_content_is_shown_and_what_is_decided_on_it_written, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
