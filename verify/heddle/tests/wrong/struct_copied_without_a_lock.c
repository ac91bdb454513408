/* race "ordered": a struct is copied in pieces while one of its fields is
 * written. */
#include <heddle.h>

struct record {
    int number[16];
};

static struct record from;
static struct record to;

void
t0(void)
{
    to = from;
}

void
t1(void)
{
    from.number[15] = 1;
}

void
post(void)
{
    heddle_state((unsigned)to.number[15]);
}
