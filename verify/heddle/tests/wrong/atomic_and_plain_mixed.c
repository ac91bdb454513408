/* race "atomic write": an atomic variable is also read as a plain one. */
#include <heddle.h>

static int flag;

void
t0(void)
{
    __atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
}

void
t1(void)
{
    heddle_state((unsigned)flag);
}
