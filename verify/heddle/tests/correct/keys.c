/* expect: clean */
/* A key's value is its thread's; its destructor runs at the end. */

#include <heddle.h>
#include <stdlib.h>

static pthread_key_t key;
static void
drop(void *value)
{
    free(value);
}
void pre(void) { pthread_key_create(&key, drop); }
static void
use(int number)
{
    int *mine = malloc(sizeof(*mine));
    *mine = number;
    heddle_assert(pthread_getspecific(key) == NULL);
    pthread_setspecific(key, mine);
    heddle_assert(*(int *)pthread_getspecific(key) == number);
}
void t0(void) { use(1); }
void t1(void) { use(2); }
