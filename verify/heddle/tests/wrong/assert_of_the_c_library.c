/* assertion "seen == 2": assert() is a property too. */
#include <assert.h>
#include <heddle.h>
#include <stdatomic.h>

static atomic_int count;

void
t0(void)
{
    atomic_fetch_add(&count, 1);
}

void
t1(void)
{
    int seen = atomic_fetch_add(&count, 1) + 1;

    assert(seen == 2);
}
