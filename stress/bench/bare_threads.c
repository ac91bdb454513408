#include "bare_threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "bare_connection.h"

#define STACK_BYTES 65536U

static void *
serve(void *argument)
{
    struct bare_connection *c = argument;
    while (bare_connection_receive(c) && bare_connection_answer(c)) {
    }
    bare_connection_destroy(c);
    return NULL;
}

static int
start(struct bare_connection *c)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (error == 0) {
        error =
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    }
    if (error == 0) {
        error = pthread_create(&thread, &attributes, serve, c);
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

int
bare_threads_take(int fd)
{
    struct bare_connection *c = bare_connection_create(fd);
    if (c == NULL) {
        return ENOMEM;
    }
    int error = start(c);
    if (error != 0) {
        free(c);
    }
    return error;
}
