/* expect: clean */
/* A spin lock. */

#include <heddle.h>

static pthread_spinlock_t lock;
static int count;
void pre(void) { pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE); }
static void
add(void)
{
    pthread_spin_lock(&lock);
    count++;
    pthread_spin_unlock(&lock);
}
void t0(void) { add(); }
void
t1(void)
{
    while (pthread_spin_trylock(&lock) != 0) {
        continue;
    }
    count++;
    pthread_spin_unlock(&lock);
}
void
post(void)
{
    heddle_assert(count == 2);
    pthread_spin_destroy(&lock);
}
