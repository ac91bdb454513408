/*
 * Idea: rand and its relatives. Each thread has a sequence of its own, the
 * same in every execution, so that what one thread draws does not depend on
 * how far others are. srand begins the calling thread's sequence anew. It is
 * one of many sequences: a test that wants every number uses heddle_choose.
 * Who may call: the code under test.
 */
#include <stdlib.h>

#include "access.h"

static uint64_t
draw(void)
{
    struct hd_thread *self = hd.self;

    hd_progress();
    self->chance = self->chance * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407);
    return self->chance >> 33;
}

static void
seed(unsigned long from)
{
    hd_progress();
    hd.self->chance = from;
}

HD_LIBC(int, rand, void)
{
    return (int)draw();
}

HD_LIBC(long, random, void)
{
    return (long)draw();
}

HD_LIBC(double, drand48, void)
{
    return (double)draw() / 2147483648.0;
}

HD_LIBC(long, lrand48, void)
{
    return (long)draw();
}

HD_LIBC(void, srand, unsigned from)
{
    seed(from);
}

HD_LIBC(void, srandom, unsigned from)
{
    seed(from);
}

HD_LIBC(void, srand48, long from)
{
    seed((unsigned long)from);
}

HD_LIBC(int, rand_r, unsigned *state)
{
    hd_access_plain(state, sizeof(*state), true, HD_CALLER);
    return rand_r(state);
}
