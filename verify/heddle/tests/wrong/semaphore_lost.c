/* expect: deadlock */
/* More waits than posts. */

#include <heddle.h>
#include <semaphore.h>

static sem_t sem;
void pre(void) { sem_init(&sem, 0, 1); }
void t0(void) { sem_wait(&sem); }
void t1(void) { sem_wait(&sem); }
