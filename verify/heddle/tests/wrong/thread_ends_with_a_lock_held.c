/* misuse "ends while it holds a mutex": an early return skips the unlock. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int data = 1;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    if (data == 1) {
        return;
    }
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    heddle_thread_number();
}
