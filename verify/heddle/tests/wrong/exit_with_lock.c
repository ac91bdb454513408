/* expect: misuse */
/* A thread ends with a mutex locked. */

#include <heddle.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void t0(void) { pthread_mutex_lock(&lock); }
