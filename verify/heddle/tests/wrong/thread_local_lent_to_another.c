/* race "ordered": a thread gives away the address of its __thread variable
 * and goes on to write it. */
#include <heddle.h>
#include <stdatomic.h>

static __thread int mine;
static _Atomic(int *) lent;

void
t0(void)
{
    atomic_store(&lent, &mine);
    mine = 1;
}

void
t1(void)
{
    int *at = atomic_load(&lent);

    if (at != NULL) {
        *at = 2;
    }
}
