/* race "data race": an array is sorted while another thread adds to it. */
#include <heddle.h>
#include <stdlib.h>

static int number[4] = {4, 2, 3, 1};

static int
compare(const void *one, const void *two)
{
    (void)one;
    (void)two;
    return 0;
}

void
t0(void)
{
    qsort(number, 4, sizeof(number[0]), compare);
}

void
t1(void)
{
    number[3] = 7;
}
