/* expect: deadlock */
/* Three are wanted, two come. */

#include <heddle.h>

static pthread_barrier_t barrier;
void pre(void) { pthread_barrier_init(&barrier, NULL, 3); }
void t0(void) { pthread_barrier_wait(&barrier); }
void t1(void) { pthread_barrier_wait(&barrier); }
