/* clean: two spin with exchanges that release while the third holds the lock;
 * a try in vain wakes nobody, so that this ends. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int lock;
static int count;

static void
add(void)
{
    while (atomic_exchange(&lock, 1) != 0) {
        continue;
    }
    count++;
    atomic_store(&lock, 0);
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
t2(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 3);
}
