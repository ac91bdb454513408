/* expect: misuse */
/* A wait with a mutex that is not held. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
void t0(void) { pthread_cond_wait(&cond, &lock); }
