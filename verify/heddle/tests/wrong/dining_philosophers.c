/* deadlock "waits in lock": each of three has its left fork. */
#include <heddle.h>

enum { SEATS = 3 };

static pthread_mutex_t fork_at[SEATS] = {PTHREAD_MUTEX_INITIALIZER,
                                         PTHREAD_MUTEX_INITIALIZER,
                                         PTHREAD_MUTEX_INITIALIZER};

static void
dine(int seat)
{
    pthread_mutex_lock(&fork_at[seat]);
    pthread_mutex_lock(&fork_at[(seat + 1) % SEATS]);
    pthread_mutex_unlock(&fork_at[(seat + 1) % SEATS]);
    pthread_mutex_unlock(&fork_at[seat]);
}

void
t0(void)
{
    dine(0);
}

void
t1(void)
{
    dine(1);
}

void
t2(void)
{
    dine(2);
}
