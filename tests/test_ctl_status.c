/* Every reason has its exit status. */

#include "cmocka_all.h"
#include "ctl_status.h"

static void
reasons_are_told_apart(void **state)
{
    static const enum ctl_status expected[] = {
        [DIPC_OK] = CTL_STATUS_DONE,
        [DIPC_CONFLICT] = CTL_STATUS_CONFLICT,
        [DIPC_NOTHING_NEWER] = CTL_STATUS_TIMED_OUT,
        [DIPC_NO_SUCH_MAILBOX] = CTL_STATUS_REFUSED,
        [DIPC_TOO_LARGE] = CTL_STATUS_REFUSED,
        [DIPC_BUSY] = CTL_STATUS_REFUSED,
        [DIPC_BAD_REQUEST] = CTL_STATUS_REFUSED,
        [DIPC_OTHER_ERROR] = CTL_STATUS_REFUSED,
        [DIPC_SHUTTING_DOWN] = CTL_STATUS_REFUSED,
        [DIPC_INTERNAL] = CTL_STATUS_REFUSED,
        [DIPC_NOT_FOUND] = CTL_STATUS_NO_CONNECTION,
        [DIPC_REFUSED] = CTL_STATUS_NO_CONNECTION,
        [DIPC_UNREACHABLE] = CTL_STATUS_NO_CONNECTION,
        [DIPC_TIMED_OUT] = CTL_STATUS_TIMED_OUT,
        [DIPC_BROKEN] = CTL_STATUS_FAILED,
        [DIPC_PROTOCOL] = CTL_STATUS_FAILED,
        [DIPC_INVALID] = CTL_STATUS_FAILED,
        [DIPC_NO_MEMORY] = CTL_STATUS_FAILED,
    };

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct dipc_error error = {.status = (enum dipc_status)i};
        assert_int_equal(ctl_status_of(&error), expected[i]);
        error.is_unknown = true;
        assert_int_equal(ctl_status_of(&error), CTL_STATUS_UNKNOWN);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
