/* race "ordered": the version of the content is read after the unlock. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int content;
static unsigned version;

void
t0(void)
{
    pthread_mutex_lock(&lock);
    content = 1;
    version++;
    pthread_mutex_unlock(&lock);
}

void
t1(void)
{
    pthread_mutex_lock(&lock);
    heddle_state((unsigned)content);
    pthread_mutex_unlock(&lock);
    heddle_state(version);
}
