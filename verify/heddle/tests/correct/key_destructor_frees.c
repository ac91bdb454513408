/* clean, 1 execution: each thread has its own value, and the destructor
 * frees it when the thread ends. */
#include <heddle.h>
#include <stdlib.h>

static pthread_key_t key;

static void
use(int value)
{
    int *mine = malloc(sizeof(*mine));

    heddle_assert(pthread_getspecific(key) == NULL);
    *mine = value;
    heddle_assert(pthread_setspecific(key, mine) == 0);
    heddle_assert(*(int *)pthread_getspecific(key) == value);
}

void
pre(void)
{
    heddle_assert(pthread_key_create(&key, free) == 0);
}

void
t0(void)
{
    use(1);
}

void
t1(void)
{
    use(2);
}

void
post(void)
{
    heddle_assert(pthread_key_delete(key) == 0);
}
