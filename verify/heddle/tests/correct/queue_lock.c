/* clean: the lock of Mellor-Crummey and Scott: each waits on a flag of its
 * own. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

struct node {
    _Atomic(struct node *) next;
    atomic_bool waits;
};

static _Atomic(struct node *) tail;
static struct node node[2];
static int count;

static void
add(struct node *mine)
{
    struct node *before = atomic_exchange(&tail, mine);
    struct node *after = mine;

    if (before != NULL) {
        atomic_store(&mine->waits, true);
        atomic_store(&before->next, mine);
        while (atomic_load(&mine->waits)) {
            continue;
        }
    }
    count++;
    if (atomic_load(&mine->next) == NULL &&
        atomic_compare_exchange_strong(&tail, &after, NULL)) {
        return;
    }
    while ((after = atomic_load(&mine->next)) == NULL) {
        continue;
    }
    atomic_store(&after->waits, false);
}

void
t0(void)
{
    add(&node[0]);
}

void
t1(void)
{
    add(&node[1]);
}

void
post(void)
{
    heddle_assert(count == 2);
}
