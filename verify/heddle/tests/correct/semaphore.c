/* expect: clean */
/* A semaphore hands over. */

#include <heddle.h>
#include <semaphore.h>

static sem_t full;
static int value;
void pre(void) { sem_init(&full, 0, 0); }
void
t0(void)
{
    value = 7;
    sem_post(&full);
}
void
t1(void)
{
    sem_wait(&full);
    heddle_assert(value == 7);
}
void post(void) { sem_destroy(&full); }
