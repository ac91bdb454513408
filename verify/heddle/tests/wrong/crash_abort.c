/* crash "abort": the program gives up when it comes second. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int count;

static void
first_only(void)
{
    if (atomic_fetch_add(&count, 1) == 1) {
        abort();
    }
}

void
t0(void)
{
    first_only();
}

void
t1(void)
{
    first_only();
}
