/* clean, 2 executions: who has the first lock runs through, and the second
 * adds no order of its own. */
#include <heddle.h>

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
static int data;

static void
both(void)
{
    pthread_mutex_lock(&a);
    pthread_mutex_lock(&b);
    data++;
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
}

void
t0(void)
{
    both();
}

void
t1(void)
{
    both();
}

void
post(void)
{
    heddle_assert(data == 2);
}
