/* memory "double free": each of two threads believes to be the last. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int users;
static void *block;

static void
drop(void)
{
    atomic_fetch_sub(&users, 1);
    if (atomic_load(&users) == 0) {
        free(block);
    }
}

void
pre(void)
{
    block = malloc(8);
    atomic_store(&users, 2);
}

void
t0(void)
{
    drop();
}

void
t1(void)
{
    drop();
}
