/* deadlock "condition wait": the leaving writer sends one signal, and there
 * are two readers. */
#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool writing = true;

static void
read_once(void)
{
    pthread_mutex_lock(&lock);
    while (writing) {
        pthread_cond_wait(&changed, &lock);
    }
    pthread_mutex_unlock(&lock);
}

void
t0(void)
{
    read_once();
}

void
t1(void)
{
    read_once();
}

void
t2(void)
{
    pthread_mutex_lock(&lock);
    writing = false;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}
