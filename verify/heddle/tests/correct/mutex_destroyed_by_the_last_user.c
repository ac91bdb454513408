/* clean, 2 executions: who comes second, by the count under the lock, lets
 * go and destroys it. */
#include <heddle.h>
#include <stdlib.h>

struct box {
    pthread_mutex_t lock;
    int users;
};

static struct box *box;

static void
drop(void)
{
    int left;

    pthread_mutex_lock(&box->lock);
    left = --box->users;
    pthread_mutex_unlock(&box->lock);
    if (left == 0) {
        pthread_mutex_destroy(&box->lock);
        free(box);
    }
}

void
pre(void)
{
    box = malloc(sizeof(*box));
    pthread_mutex_init(&box->lock, NULL);
    box->users = 2;
}

void
t0(void)
{
    drop();
}

void
t1(void)
{
    drop();
}
