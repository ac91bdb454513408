/* clean: main ends by pthread_exit, and the detached threads go on; one is
 * detached by its attribute, the other by itself. */
#include <heddle.h>
#include <stdatomic.h>

static atomic_int done;

static void *
body(void *detach)
{
    if (detach != NULL) {
        pthread_detach(pthread_self());
    }
    atomic_fetch_add(&done, 1);
    return NULL;
}

int
main(void)
{
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &attributes, body, NULL);
    pthread_attr_destroy(&attributes);
    pthread_create(&thread, NULL, body, &done);
    pthread_exit(NULL);
}
