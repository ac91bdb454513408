/* deadlock "waits in lock": EOWNERDEAD means that the lock is held; who
 * returns as if it were not keeps it for ever. */
/* options: --deaths 1 */
#include <heddle.h>

static pthread_mutex_t lock;

static bool
enter(void)
{
    return pthread_mutex_lock(&lock) == 0;
}

static void *
client(void *mortal)
{
    heddle_thread_may_die(mortal != NULL);
    if (enter()) {
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int
main(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&lock, &attributes);
    pthread_create(&thread, NULL, client, &lock);
    client(NULL);
    pthread_create(&thread, NULL, client, NULL);
    client(NULL);
    pthread_join(thread, NULL);
    return 0;
}
