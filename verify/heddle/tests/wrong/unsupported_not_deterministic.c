/* unsupported "not deterministic": what the program does depends on the
 * processor's time stamp, which no execution has again. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int one;
static atomic_int two;

static unsigned long long
stamp(void)
{
    return __builtin_ia32_rdtsc() >> 4;
}

static void
touch(void)
{
    int i;

    for (i = 0; i < 4; i++) {
        if (stamp() % 2 == 0) {
            atomic_fetch_add(&one, 1);
        } else {
            atomic_fetch_add(&two, 1);
        }
    }
}

void
t0(void)
{
    touch();
}

void
t1(void)
{
    touch();
}
