#include "resp_box.h"

#include <errno.h>
#include <string.h>

#include "cmocka_all.h"
#include "fake_heap.h"
#include "fake_store.h"

#define BOUND 10
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct change {
    enum store_mode mode;
    uint64_t offset;
    const char *data;
    int error;
    const char *content; /* then */
};

/* To "hello", one after the other. */
/* clang-format off */
static const struct change changes[] = {
    {STORE_APPEND, 0, "!!", 0, "hello!!"},
    {STORE_OVERWRITE, 1, "EA", 0, "hEAlo!!"},
    {STORE_APPEND, 0, "1234", EFBIG, "hEAlo!!"},
    {STORE_APPEND, 0, "123", 0, "hEAlo!!123"},
    {STORE_OVERWRITE, 10, "x", EFBIG, "hEAlo!!123"},
    {STORE_OVERWRITE, UINT64_MAX, "x", EFBIG, "hEAlo!!123"},
    {STORE_OVERWRITE, 10, "", 0, "hEAlo!!123"},
    {STORE_REPLACE, 0, "12345678901", EFBIG, "hEAlo!!123"},
    {STORE_REPLACE, 0, "ab", 0, "ab"},
    {STORE_OVERWRITE, 1, "cdef", 0, "acdef"},
    {STORE_REPLACE, 0, "", 0, ""},
    {STORE_APPEND, 0, "", 0, ""},
    {STORE_APPEND, 0, "z", 0, "z"},
};
/* clang-format on */

static const struct store_content hello = {
    .bytes = "hello", .size_bytes = 5, .version = 7};

static void
a_transaction_changes_a_copy(void **state)
{
    struct store_write write = {.mode = STORE_APPEND};
    struct resp_box box;
    struct buffer work;
    size_t i;

    (void)state;
    buffer_init(&work, 1, BOUND);
    resp_box_init(&box, &hello, BOUND, &write, &work);
    for (i = 0; i < COUNT(changes); i++) {
        const struct change *change = &changes[i];
        size_t size = strlen(change->content);

        assert_int_equal(resp_box_write(&box, change->mode, change->offset,
                                        change->data, strlen(change->data)),
                         change->error);
        assert_int_equal(box.size_bytes, size);
        assert_memory_equal(box.bytes, change->content, size);
        assert_int_equal(box.version, 8);
    }
    resp_box_finish(&box);
    assert_int_equal(write.mode, STORE_REPLACE);
    assert_int_equal(write.length_bytes, 1);
    assert_memory_equal(write.data, "z", 1);
    resp_box_init(&box, &hello, BOUND, &write, &work); /* asked again */
    assert_int_equal(resp_box_write(&box, STORE_OVERWRITE, 7, "x", 1), 0);
    assert_int_equal(box.size_bytes, 8);
    assert_memory_equal(box.bytes, "hello\0\0x", 8);
    buffer_fini(&work);
}

/* Alone it only notes; the store must come to the same. */
static void
a_lone_change_is_what_the_store_makes_of_it(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(changes); i++) {
        const struct change *change = &changes[i];
        struct store_write write = {.mailbox = 1,
                                    .if_version = STORE_ANY_VERSION};
        static struct fake_store fake;
        struct store_view view;
        struct resp_box box;

        fake_store_init(&fake, BOUND);
        fake_store_put(&fake, 1, "hello");
        resp_box_init(&box, &hello, BOUND, &write, NULL);
        if (resp_box_write(&box, change->mode, change->offset, change->data,
                           strlen(change->data)) != 0) {
            assert_false(box.is_changed);
            continue;
        }
        resp_box_finish(&box);
        assert_true(box.is_changed);
        assert_int_equal(box.version, 8);
        assert_int_equal(fake.store.ops->write(&fake.store, &write, &view), 0);
        assert_int_equal(view.size_bytes, box.size_bytes);
    }
}

static void
alone_the_last_replacement_counts(void **state)
{
    struct store_write write = {.mode = STORE_APPEND};
    struct resp_box box;

    (void)state;
    resp_box_init(&box, &hello, BOUND, &write, NULL);
    assert_int_equal(resp_box_write(&box, STORE_REPLACE, 0, "ab", 2), 0);
    assert_int_equal(resp_box_write(&box, STORE_REPLACE, 0, "c", 1), 0);
    assert_int_equal(box.version, 8);
    assert_int_equal(box.size_bytes, 1);
    assert_int_equal(write.length_bytes, 1);
}

static void
without_memory_for_the_copy_nothing_changes(void **state)
{
    struct store_write write = {.mode = STORE_APPEND};
    struct resp_box box;
    struct buffer work;

    (void)state;
    buffer_init(&work, 1, BOUND);
    resp_box_init(&box, &hello, BOUND, &write, &work);
    fake_heap_set(0);
    assert_int_equal(resp_box_write(&box, STORE_APPEND, 0, "x", 1), ENOMEM);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_false(box.is_changed);
    assert_int_equal(box.size_bytes, 5);
    assert_ptr_equal(box.bytes, hello.bytes);
    buffer_fini(&work);
}

/* A few bytes in the queue make so many zeros, and no more. */
static void
what_a_transaction_fills_with_zeros_is_bounded(void **state)
{
    struct store_write write = {.mode = STORE_APPEND};
    struct resp_box box;
    struct buffer work;
    uint64_t filled = 0;
    int error = 0;

    (void)state;
    buffer_init(&work, 1, BOUND);
    resp_box_init(&box, &hello, BOUND, &write, &work);
    for (; error == 0 && filled < 2 * RESP_BOX_FILLED_EXTRA; filled += 8) {
        assert_int_equal(resp_box_write(&box, STORE_REPLACE, 0, "a", 1), 0);
        error = resp_box_write(&box, STORE_OVERWRITE, 9, "z", 1);
    }
    assert_int_equal(error, E2BIG);
    assert_in_range(filled, RESP_BOX_FILLED_EXTRA,
                    resp_box_filled_max(&box) + 8);
    assert_int_equal(box.size_bytes, 1);
    assert_memory_equal(box.bytes, "a", 1);
    assert_int_equal(resp_box_write(&box, STORE_APPEND, 0, "b", 1), 0);
    assert_memory_equal(box.bytes, "ab", 2);
    buffer_fini(&work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_changes_a_copy),
        cmocka_unit_test(a_lone_change_is_what_the_store_makes_of_it),
        cmocka_unit_test(alone_the_last_replacement_counts),
        cmocka_unit_test(what_a_transaction_fills_with_zeros_is_bounded),
        cmocka_unit_test(without_memory_for_the_copy_nothing_changes),
    };

    return cmocka_run_group_tests_name("resp_box", tests, NULL, NULL);
}
