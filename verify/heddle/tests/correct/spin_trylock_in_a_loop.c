/* clean: a loop over trylock is waiting, not an endless execution. */
#include <errno.h>
#include <heddle.h>

static pthread_spinlock_t lock;
static int count;

static void
add(void)
{
    while (pthread_spin_trylock(&lock) == EBUSY) {
        continue;
    }
    count++;
    pthread_spin_unlock(&lock);
}

void
pre(void)
{
    pthread_spin_init(&lock, PTHREAD_PROCESS_SHARED);
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
