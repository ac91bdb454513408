/* livelock "nobody": the waiter raises its flag after it has told its
 * predecessor, who may have lowered it already. */
#include <heddle.h>
#include <stdatomic.h>
#include <stddef.h>

struct node {
    _Atomic(struct node *) next;
    atomic_bool waits;
};

static _Atomic(struct node *) tail;
static struct node node[2];

static void
visit(struct node *mine)
{
    struct node *before = atomic_exchange(&tail, mine);
    struct node *after = mine;

    if (before != NULL) {
        atomic_store(&before->next, mine);
        atomic_store(&mine->waits, true);
        while (atomic_load(&mine->waits)) {
            continue;
        }
    }
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
    visit(&node[0]);
}

void
t1(void)
{
    visit(&node[1]);
}
