/* assertion "begun": one thread may die anywhere, and takes another of its
 * process along, which is between its two stores. */
/* options: --deaths 1 */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int unrelated;
static atomic_int begun;
static atomic_int ended;

void
t0(void)
{
    heddle_process(1);
    heddle_thread_may_die(true);
    atomic_store(&unrelated, 1);
}

void
t1(void)
{
    heddle_process(1);
    atomic_store(&begun, 1);
    atomic_store(&ended, 1);
}

void
post(void)
{
    heddle_assert(atomic_load(&begun) == atomic_load(&ended));
}
