/* clean: a lock of one atomic flag; who finds it set waits for the clear, and
 * makes no endless execution. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_flag busy = ATOMIC_FLAG_INIT;
static int count;

static void
add(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
        continue;
    }
    count++;
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 2);
}
