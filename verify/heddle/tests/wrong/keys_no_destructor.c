/* expect: memory */
/* Without a destructor the value is lost. */

#include <heddle.h>
#include <stdlib.h>

static pthread_key_t key;
void pre(void) { pthread_key_create(&key, NULL); }
void t0(void) { pthread_setspecific(key, malloc(4)); }
