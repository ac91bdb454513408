/* misuse "destroys a spin lock": another thread may hold it. */
#include <heddle.h>

static pthread_spinlock_t lock;

void
pre(void)
{
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
}

void
t0(void)
{
    pthread_spin_lock(&lock);
    pthread_spin_unlock(&lock);
}

void
t1(void)
{
    pthread_spin_destroy(&lock);
}
