/* clean: a count beside the top changes at every exchange, so that an old top
 * is not taken for the same. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_uint top; /* count * 16 + node */
static atomic_uint next[4];
static int taken[4];

static unsigned
pop(void)
{
    unsigned was = atomic_load(&top);

    while (was % 16 != 0) {
        unsigned below = atomic_load(&next[was % 16]);

        if (atomic_compare_exchange_strong(&top, &was,
                                           was - was % 16 + 16 + below)) {
            break;
        }
    }
    return was % 16;
}

static void
push(unsigned node)
{
    unsigned was = atomic_load(&top);

    do {
        atomic_store(&next[node], was % 16);
    } while (!atomic_compare_exchange_strong(&top, &was,
                                             was - was % 16 + 16 + node));
}

void
pre(void)
{
    push(2);
    push(1);
}

void
t0(void)
{
    pop();
}

void
t1(void)
{
    unsigned first = pop();
    unsigned second = pop();

    taken[second] = second != 0;
    if (first != 0) {
        push(first);
    }
}

void
post(void)
{
    while (atomic_load(&top) % 16 != 0) {
        unsigned node = pop();

        if (taken[2] == 1) {
            heddle_assert(node != 2);
        }
    }
}
