/* race "ordered": with relaxed counting the last one frees what another may
 * still be writing. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    atomic_int references;
    int data[2];
};

static struct shared *shared;

static void
drop(int number)
{
    shared->data[number]++;
    if (atomic_fetch_sub_explicit(&shared->references, 1,
                                  memory_order_relaxed) == 1) {
        free(shared);
    }
}

void
pre(void)
{
    shared = calloc(1, sizeof(*shared));
    atomic_store(&shared->references, 2);
}

void
t0(void)
{
    drop(0);
}

void
t1(void)
{
    drop(1);
}
