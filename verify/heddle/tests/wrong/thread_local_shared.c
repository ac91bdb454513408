/* expect: assertion */
/* Another thread's __thread variable is another variable. */

#include <heddle.h>

static __thread int mine;
void t0(void) { mine = 1; }
void t1(void) { heddle_assert(mine == 1); }
