/* misuse "destroyed": the last owner destroys the mutex while another thread
 * waits for it. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    pthread_mutex_destroy(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}
