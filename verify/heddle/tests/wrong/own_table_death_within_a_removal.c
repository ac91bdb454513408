/* assertion "is_sound()": an entry is removed by moving the rest up, and a
 * death in the middle leaves one of them twice. */
/* options: --deaths 1 */
#include <errno.h>
#include <heddle.h>
#include <string.h>

static pthread_mutex_t lock;
static int entry[3] = {1, 2, 3};
static int entries = 3;

static bool
is_sound(void)
{
    int i;

    for (i = 1; i < entries; i++) {
        if (entry[i] == entry[i - 1]) {
            return false;
        }
    }
    return true;
}

void
pre(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
}

void
t0(void)
{
    heddle_thread_may_die(true);
    pthread_mutex_lock(&lock);
    memmove(&entry[0], &entry[1], 2 * sizeof(entry[0]));
    entries--;
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    if (pthread_mutex_lock(&lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&lock);
    }
    heddle_assert(is_sound());
    pthread_mutex_unlock(&lock);
}
