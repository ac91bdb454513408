/* A wake-up reaches whoever sleeps, and leaves errno as it was. */

#include "wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmocka_all.h"

static void
a_raised_wakeup_can_be_read(void **state)
{
    uint64_t raised = 0;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    (void)state;
    assert_true(fd >= 0);
    wakeup_raise(fd);
    wakeup_raise(fd);
    assert_int_equal(read(fd, &raised, sizeof raised), sizeof raised);
    assert_int_equal(raised, 2);
    (void)close(fd);
}

static void
a_full_counter_is_left_full(void **state)
{
    const uint64_t most = UINT64_MAX - 1;
    uint64_t raised = 0;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, &most, sizeof most), sizeof most);
    errno = ENOENT;
    wakeup_raise(fd);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(read(fd, &raised, sizeof raised), sizeof raised);
    assert_true(raised == most);
    (void)close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_raised_wakeup_can_be_read),
        cmocka_unit_test(a_full_counter_is_left_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
