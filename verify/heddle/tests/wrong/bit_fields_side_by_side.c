/* race "ordered": neighbouring bit-fields are one object. */
#include <heddle.h>

static struct {
    unsigned one : 4;
    unsigned two : 4;
} bits;

void
t0(void)
{
    bits.one = 1;
}

void
t1(void)
{
    bits.two = 1;
}

void
post(void)
{
    heddle_assert(bits.one == 1);
    heddle_assert(bits.two == 1);
}
