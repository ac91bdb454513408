/* clean: readers share, the writer has it alone. */
#include <heddle.h>
#include <stdatomic.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int data[2];

static void
read_both(void)
{
    pthread_rwlock_rdlock(&lock);
    heddle_assert(data[0] == data[1]);
    pthread_rwlock_unlock(&lock);
}

void
t0(void)
{
    read_both();
}

void
t1(void)
{
    read_both();
}

void
t2(void)
{
    pthread_rwlock_wrlock(&lock);
    data[0]++;
    data[1]++;
    pthread_rwlock_unlock(&lock);
}
