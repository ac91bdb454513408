/* race "read": the child reads the variable that create stores its name in,
 * and create may store it after the child has begun. */
#include <heddle.h>

static pthread_t child;

static void *
body(void *unused)
{
    heddle_assert(pthread_equal(child, pthread_self()));
    return unused;
}

int
main(void)
{
    pthread_create(&child, NULL, body, NULL);
    pthread_join(child, NULL);
    return 0;
}
