/* memory "use after free": the reader got the pointer under the lock, and
 * uses it after that. */
#include <heddle.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *current;

static int *
get(void)
{
    int *at;

    pthread_mutex_lock(&lock);
    at = current;
    pthread_mutex_unlock(&lock);
    return at;
}

void
pre(void)
{
    current = malloc(sizeof(*current));
    *current = 1;
}

void
t0(void)
{
    int *at = get();

    if (at != NULL) {
        pthread_mutex_lock(&lock);
        heddle_assert(*at == 1);
        pthread_mutex_unlock(&lock);
    }
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    free(current);
    current = NULL;
    pthread_mutex_unlock(&lock);
}
