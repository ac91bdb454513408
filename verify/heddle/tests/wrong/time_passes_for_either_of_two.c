/* assertion "first == 1": two that sleep until the same moment wake in either
 * order, with --idle-time too. */
/* options: --idle-time */
#include <heddle.h>
#include <stdatomic.h>
#include <time.h>

static atomic_int first;

static void
sleep_and_sign(int name)
{
    struct timespec nap = {0, 20000000};
    int nobody = 0;

    nanosleep(&nap, NULL);
    atomic_compare_exchange_strong(&first, &nobody, name);
}

void
t0(void)
{
    sleep_and_sign(1);
}

void
t1(void)
{
    sleep_and_sign(2);
}

void
post(void)
{
    heddle_assert(first == 1);
}
