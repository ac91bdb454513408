/* misuse "is a copy": a struct with a mutex in it is assigned. */
#include <heddle.h>

struct box {
    pthread_mutex_t lock;
    int data;
};

static struct box one;
static struct box two;

void
t0(void)
{
    pthread_mutex_init(&one.lock, NULL);
    two = one;
    pthread_mutex_lock(&two.lock);
    pthread_mutex_unlock(&two.lock);
}
