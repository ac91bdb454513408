/* assertion "node != 2": between a pop's look at the next node and its
 * exchange the top is taken, its successor too, and the top put back. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int top;
static atomic_int next[4];
static int taken[4];

static int
pop(void)
{
    int was = atomic_load(&top);

    while (was != 0) {
        int below = atomic_load(&next[was]);

        if (atomic_compare_exchange_strong(&top, &was, below)) {
            break;
        }
    }
    return was;
}

static void
push(int node)
{
    int was = atomic_load(&top);

    do {
        atomic_store(&next[node], was);
    } while (!atomic_compare_exchange_strong(&top, &was, node));
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
    int first = pop();
    int second = pop();

    taken[second] = second != 0;
    push(first);
}

void
post(void)
{
    while (atomic_load(&top) != 0) {
        int node = pop();

        if (taken[2] == 1) {
            heddle_assert(node != 2);
        }
    }
}
