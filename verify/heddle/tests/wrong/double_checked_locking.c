/* race "ordered": the first look at the pointer is outside the lock. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int object;
static int *only;

static void
use(void)
{
    if (only == NULL) {
        pthread_mutex_lock(&lock);
        if (only == NULL) {
            object = 42;
            only = &object;
        }
        pthread_mutex_unlock(&lock);
    }
    heddle_assert(*only == 42);
}

void
t0(void)
{
    use();
}

void
t1(void)
{
    use();
}
