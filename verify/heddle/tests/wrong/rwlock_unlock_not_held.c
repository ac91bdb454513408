/* expect: misuse */
/* A rwlock that nobody holds is unlocked. */

#include <heddle.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
void t0(void) { pthread_rwlock_unlock(&lock); }
