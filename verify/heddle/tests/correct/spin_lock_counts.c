/* clean, 2 executions: two threads, two orders. */
#include <heddle.h>

static pthread_spinlock_t lock;
static int count;

static void
add(void)
{
    pthread_spin_lock(&lock);
    count++;
    pthread_spin_unlock(&lock);
}

void
pre(void)
{
    heddle_assert(pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE) == 0);
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
    heddle_assert(pthread_spin_destroy(&lock) == 0);
}
