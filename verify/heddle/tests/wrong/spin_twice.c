/* expect: deadlock */
/* A spin lock taken twice. */

#include <heddle.h>

static pthread_spinlock_t lock;
void
t0(void)
{
    pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&lock);
    pthread_spin_lock(&lock);
}
