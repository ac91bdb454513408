/* livelock "within 500 steps": each round changes something, so that it is no
 * waiting; the bound on steps ends it. */
/* options: --max-steps 500 */
#include <heddle.h>
#include <stdatomic.h>

static atomic_uint count;

void
t0(void)
{
    for (;;) {
        atomic_fetch_add(&count, 1);
    }
}
