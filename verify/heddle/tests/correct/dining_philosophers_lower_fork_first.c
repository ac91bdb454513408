/* clean: all take the fork with the lower number first. */
#include <heddle.h>

enum { SEATS = 3 };

static pthread_mutex_t fork_at[SEATS] = {PTHREAD_MUTEX_INITIALIZER,
                                         PTHREAD_MUTEX_INITIALIZER,
                                         PTHREAD_MUTEX_INITIALIZER};
static int meals[SEATS];

static void
dine(int one, int two)
{
    pthread_mutex_lock(&fork_at[one]);
    pthread_mutex_lock(&fork_at[two]);
    meals[one]++;
    meals[two]++;
    pthread_mutex_unlock(&fork_at[two]);
    pthread_mutex_unlock(&fork_at[one]);
}

void
t0(void)
{
    dine(0, 1);
}

void
t1(void)
{
    dine(1, 2);
}

void
t2(void)
{
    dine(0, 2);
}

void
post(void)
{
    heddle_assert(meals[0] + meals[1] + meals[2] == 6);
}
