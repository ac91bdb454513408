/* livelock "within 300 steps": both draw back and come again at the same time, for
 * ever. */
/* options: --max-steps 300 */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int wants[2];

static void
visit(int me)
{
    atomic_store(&wants[me], 1);
    while (atomic_load(&wants[1 - me]) == 1) {
        atomic_store(&wants[me], 0);
        atomic_store(&wants[me], 1);
    }
    atomic_store(&wants[me], 0);
}

void
t0(void)
{
    visit(0);
}

void
t1(void)
{
    visit(1);
}
