#include "bare_events.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "bare_connection.h"

#define AT_ONCE 1024 /* connections that one wake-up may serve */

/* What is awaited: room for what is owed, or else more requests. */
static int
watch(int epoll, int operation, struct bare_connection *c)
{
    struct epoll_event event = {
        .events = bare_connection_owes(c) ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    return epoll_ctl(epoll, operation, bare_connection_fd(c), &event) == 0
               ? 0
               : errno;
}

static void
serve(int epoll, struct bare_connection *c)
{
    bool owed = bare_connection_owes(c);
    bool on = bare_connection_receive(c) && bare_connection_answer(c);
    if (on && bare_connection_owes(c) != owed) {
        on = watch(epoll, EPOLL_CTL_MOD, c) == 0;
    }
    if (!on) {
        bare_connection_destroy(c);
    }
}

static void *
loop(void *argument)
{
    const int *epoll = argument;
    struct epoll_event ready[AT_ONCE];
    for (;;) {
        int count = epoll_wait(*epoll, ready, AT_ONCE, -1);
        assert(count >= 0 || errno == EINTR);
        for (int i = 0; i < count; i++) {
            serve(*epoll, ready[i].data.ptr);
        }
    }
    return NULL;
}

int
bare_events_init(struct bare_events *events, uint32_t threads)
{
    assert(threads >= 1);
    assert(threads <= BARE_EVENTS_THREADS_MAX);
    events->threads = threads;
    events->next = 0;
    for (uint32_t i = 0; i < threads; i++) {
        events->epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        if (events->epolls[i] < 0) {
            return errno;
        }
        int error =
            pthread_create(&events->ids[i], NULL, loop, &events->epolls[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int
bare_events_take(struct bare_events *events, int fd)
{
    if (ioctl(fd, FIONBIO, &(int){1}) != 0) {
        return errno;
    }
    struct bare_connection *c = bare_connection_create(fd);
    if (c == NULL) {
        return ENOMEM;
    }
    int error = watch(events->epolls[events->next], EPOLL_CTL_ADD, c);
    if (error != 0) {
        free(c);
        return error;
    }
    events->next = (events->next + 1) % events->threads;
    return 0;
}
