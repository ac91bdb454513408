/* race "ordered": both threads go in, had the lock or not. */
#include <heddle.h>

static pthread_spinlock_t lock;
static int count;

static void
add(void)
{
    int error = pthread_spin_trylock(&lock);

    count++;
    if (error == 0) {
        pthread_spin_unlock(&lock);
    }
}

void
pre(void)
{
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
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
