/* memory "leak": the values of ended threads are never freed. */
#include <heddle.h>
#include <stdlib.h>

static pthread_key_t key;

void
pre(void)
{
    pthread_key_create(&key, NULL);
}

void
t0(void)
{
    pthread_setspecific(key, malloc(8));
}
