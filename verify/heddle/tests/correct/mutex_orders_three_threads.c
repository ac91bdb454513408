/* clean, 6 executions: three threads take one lock once each, in any of 3!
 * orders. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;

static void
add(void)
{
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
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
t2(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 3);
}
