/* clean: main() may write on its arguments; each execution gets them anew. */
#include <assert.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int count;

static void *
add(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    count++;
    pthread_mutex_unlock(&lock);
    return NULL;
}

int
main(int argc, char **argv)
{
    pthread_t thread[2];
    char first = argv[0][0];

    assert(argc == 1 && argv[1] == NULL && first != '#');
    argv[0][0] = '#';
    pthread_create(&thread[0], NULL, add, NULL);
    pthread_create(&thread[1], NULL, add, NULL);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
    assert(count == 2);
    return 0;
}
