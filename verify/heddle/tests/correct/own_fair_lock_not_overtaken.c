/* clean: with tickets, at most who was served already goes before. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned next;
static unsigned serving;
static bool waiting;
static int passed;

static void
take(bool counts)
{
    unsigned mine;

    pthread_mutex_lock(&lock);
    mine = next++;
    waiting = waiting || !counts;
    while (mine != serving) {
        pthread_cond_wait(&changed, &lock);
    }
    if (counts && waiting) {
        passed++;
    }
    if (!counts) {
        heddle_assert(passed <= 1);
        waiting = false;
    }
    pthread_mutex_unlock(&lock);
}

static void
give(void)
{
    pthread_mutex_lock(&lock);
    serving++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    take(false);
    give();
}

void
t1(void)
{
    int i;

    for (i = 0; i < 2; i++) {
        take(true);
        give();
    }
}
