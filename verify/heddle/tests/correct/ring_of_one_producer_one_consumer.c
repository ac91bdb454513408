/* clean: the indices are released and acquired, the slots are plain. */
#include <heddle.h>
#include <stdatomic.h>

enum { SIZE = 2, MESSAGES = 3 };

static int slot[SIZE];
static atomic_uint head;
static atomic_uint tail;

void
t0(void)
{
    unsigned i;

    for (i = 0; i < MESSAGES; i++) {
        while (i - atomic_load_explicit(&tail, memory_order_acquire) ==
               SIZE) {
            continue;
        }
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
        atomic_store_explicit(&tail, i + 1, memory_order_release);
    }
}
