/* expect: race */
/* A semaphore with two tokens is no lock. */

#include <heddle.h>
#include <semaphore.h>

static sem_t sem;
static int value;
void pre(void) { sem_init(&sem, 0, 2); }
static void
change(void)
{
    sem_wait(&sem);
    value++;
    sem_post(&sem);
}
void t0(void) { change(); }
void t1(void) { change(); }
