/* clean: the last of three to let go frees; each release of a reference is
 * acquired by the last. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    atomic_int references;
    int data[3];
};

static struct shared *shared;

static void
drop(int number)
{
    shared->data[number]++;
    if (atomic_fetch_sub_explicit(&shared->references, 1,
                                  memory_order_acq_rel) == 1) {
        heddle_assert(shared->data[0] + shared->data[1] + shared->data[2] ==
                      3);
        free(shared);
    }
}

void
pre(void)
{
    shared = calloc(1, sizeof(*shared));
    atomic_store(&shared->references, 3);
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

void
t2(void)
{
    drop(2);
}
