/* expect: race */
/* A counter without a lock. */

#include <heddle.h>

static int count;
void t0(void) { count++; }
void t1(void) { count++; }
