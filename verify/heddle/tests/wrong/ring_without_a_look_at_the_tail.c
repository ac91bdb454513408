/* assertion "slot[i % SIZE]": the producer overwrites a slot that has not been
 * read. */
#include <heddle.h>
#include <stdatomic.h>

enum { SIZE = 2, MESSAGES = 3 };

static int slot[SIZE];
static atomic_uint head;

void
t0(void)
{
    unsigned i;

    for (i = 0; i < MESSAGES; i++) {
        slot[i % SIZE] = (int)i + 1;
        atomic_store_explicit(&head, i + 1, memory_order_release);
    }
}

void
t1(void)
{
    unsigned i;

    for (i = 0; i < MESSAGES; i++) {
        while (atomic_load_explicit(&head, memory_order_acquire) == i) {
            continue;
        }
        heddle_assert(slot[i % SIZE] == (int)i + 1);
    }
}
