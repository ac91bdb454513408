/* assertion "data == 42": plain stores may be lost in any order when the
 * thread dies, for the compiler may have moved them. */
/* options: --deaths 1 */
#include <heddle.h>

static pthread_t writer;
static int data;
static int valid;

static void *
body(void *unused)
{
    heddle_thread_may_die(true);
    data = 42;
    valid = 1;
    return unused;
}

int
main(void)
{
    pthread_create(&writer, NULL, body, NULL);
    pthread_join(writer, NULL);
    if (valid) {
        heddle_assert(data == 42);
    }
    return 0;
}
