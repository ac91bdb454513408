/* assertion "taken": a weak compare-exchange may fail though the value is the
 * expected one. clang's instrumentation does not tell weak from strong. */
/* options: --spurious */
/* compiler: gcc */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int lock;

void
t0(void)
{
    int none = 0;
    bool taken = atomic_compare_exchange_weak(&lock, &none, 1);

    heddle_assert(taken);
}
