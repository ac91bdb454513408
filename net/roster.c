#include "roster.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "wakeup.h"

/* A client's thread touches two or three pages of it; sanitizers need more. */
#define STACK_BYTES ((size_t)64 << 10)
#define EVENTS_MAX 64

static void
lock(struct roster *roster)
{
    int error = pthread_mutex_lock(&roster->guard);
    assert(!error);
}

static void
unlock(struct roster *roster)
{
    int error = pthread_mutex_unlock(&roster->guard);
    assert(!error);
}

int
roster_init(struct roster *roster, uint32_t members_max,
            struct store_source *source,
            void (*serve)(void *context, struct member *member), void *context)
{
    assert(members_max >= 1);
    assert(members_max <= ROSTER_MEMBERS_MAX);
    *roster = (struct roster){
        .members = calloc(members_max, sizeof *roster->members),
        .members_max = members_max,
        .free = ROSTER_NONE,
        .finished = ROSTER_NONE,
        .finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .hangups_fd = epoll_create1(EPOLL_CLOEXEC),
        .source = source,
        .serve = serve,
        .context = context,
    };
    int error = 0;
    if (!roster->members) {
        error = ENOMEM;
    } else if (roster->finished_fd < 0 || roster->hangups_fd < 0) {
        error = EMFILE;
    } else {
        error = pthread_mutex_init(&roster->guard, NULL);
    }
    if (error) {
        goto undo;
    }
    return 0;

undo:
    free(roster->members);
    if (roster->finished_fd >= 0) {
        (void)close(roster->finished_fd);
    }
    if (roster->hangups_fd >= 0) {
        (void)close(roster->hangups_fd);
    }
    return error;
}

void
roster_fini(struct roster *roster)
{
    assert(roster->count == 0);
    free(roster->members);
    (void)close(roster->finished_fd);
    (void)close(roster->hangups_fd);
    int error = pthread_mutex_destroy(&roster->guard);
    assert(!error);
}

static uint32_t
index_of(const struct member *member)
{
    return (uint32_t)(member - member->roster->members);
}

/* Wakes the main thread. */
static void
finish(struct member *member)
{
    struct roster *roster = member->roster;

    lock(roster);
    assert(!member->store);
    member->state = MEMBER_FINISHED;
    member->next = roster->finished;
    roster->finished = index_of(member);
    unlock(roster);
    wakeup_raise(roster->finished_fd);
}

static void *
run(void *argument)
{
    struct member *member = argument;

    member->roster->serve(member->roster->context, member);
    finish(member);
    return NULL;
}

/* Signals are the main thread's; a client's thread takes none. */
static int
start_thread(struct member *member)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;

    int error = pthread_attr_init(&attributes);
    if (error) {
        return error;
    }
    error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (!error) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&member->thread, &attributes, run, member);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

static struct member *
take_free(struct roster *roster)
{
    uint32_t index = roster->free;

    if (index != ROSTER_NONE) {
        roster->free = roster->members[index].next;
    } else if (roster->never_used < roster->members_max) {
        index = roster->never_used++;
    } else {
        return NULL;
    }
    roster->count++;
    return &roster->members[index];
}

static void
give_back(struct roster *roster, struct member *member)
{
    member->state = MEMBER_FREE;
    member->next = roster->free;
    roster->free = index_of(member);
    roster->count--;
}

int
roster_admit(struct roster *roster, int fd, uint64_t number,
             const struct sockaddr *peer)
{
    struct member *member = take_free(roster);

    if (!member) {
        return EAGAIN;
    }
    lock(roster);
    member->roster = roster;
    member->state = MEMBER_RUNNING;
    member->fd = fd;
    member->waiting = false;
    member->silent = false;
    member->store = NULL;
    member->number = number;
    unlock(roster);
    endpoint_describe_peer(fd, peer, member->peer);
    int error = start_thread(member);
    if (error) {
        lock(roster);
        give_back(roster, member);
        unlock(roster);
        return EAGAIN;
    }
    return 0;
}

static struct member *
take_finished(struct roster *roster)
{
    uint64_t raised;
    struct member *member = NULL;

    lock(roster);
    if (roster->finished == ROSTER_NONE) {
        (void)!read(roster->finished_fd, &raised, sizeof raised);
    } else {
        member = &roster->members[roster->finished];
        roster->finished = member->next;
    }
    unlock(roster);
    return member;
}

int
roster_reap(struct roster *roster, int *fd, bool *silent)
{
    struct member *member = take_finished(roster);

    if (!member) {
        return ENOENT;
    }
    int error = pthread_join(member->thread, NULL);
    assert(!error);
    *fd = member->fd;
    *silent = member->silent;
    lock(roster);
    give_back(roster, member);
    unlock(roster);
    return 0;
}

static bool
is_running(const struct roster *roster, uint32_t index)
{
    return roster->members[index].state == MEMBER_RUNNING;
}

void
roster_cancel(struct roster *roster)
{
    lock(roster);
    roster->cancelled = true;
    for (uint32_t i = 0; i < roster->never_used; i++) {
        struct store *store = roster->members[i].store;
        if (is_running(roster, i) && store) {
            roster->source->ops->cancel(roster->source, store);
        }
    }
    unlock(roster);
}

void
roster_shut(struct roster *roster)
{
    lock(roster);
    for (uint32_t i = 0; i < roster->never_used; i++) {
        if (is_running(roster, i)) {
            (void)!shutdown(roster->members[i].fd, SHUT_RDWR);
        }
    }
    unlock(roster);
}

void
roster_enter(struct member *member, struct store *store)
{
    struct roster *roster = member->roster;

    lock(roster);
    member->store = store;
    if (roster->cancelled) {
        roster->source->ops->cancel(roster->source, store);
    }
    unlock(roster);
}

void
roster_leave(struct member *member)
{
    lock(member->roster);
    member->store = NULL;
    unlock(member->roster);
}

void
roster_end_silently(struct member *member)
{
    member->silent = true;
}

/* A hang-up that was for an earlier wait, or another client, is not ours. */
static uint64_t
token_of(const struct member *member)
{
    return (uint64_t)member->generation << 32 | index_of(member);
}

/*
 * EPOLLHUP and EPOLLERR come unasked, and a half-close raises neither.  Where
 * no watch is to be had, the wait ends at its deadline.
 */
void
roster_begin_wait(struct member *member, bool or_half_close)
{
    struct roster *roster = member->roster;
    struct epoll_event event = {.events = EPOLLONESHOT |
                                          (or_half_close ? EPOLLRDHUP : 0U)};

    lock(roster);
    member->generation++;
    member->waiting = true;
    event.data.u64 = token_of(member);
    unlock(roster);
    (void)!epoll_ctl(roster->hangups_fd, EPOLL_CTL_ADD, member->fd, &event);
}

void
roster_end_wait(struct member *member)
{
    struct roster *roster = member->roster;

    (void)!epoll_ctl(roster->hangups_fd, EPOLL_CTL_DEL, member->fd, NULL);
    lock(roster);
    member->waiting = false;
    unlock(roster);
}

void
roster_hang_up(struct roster *roster, uint64_t token)
{
    struct member *member = &roster->members[(uint32_t)token];

    lock(roster);
    if (member->state == MEMBER_RUNNING && member->waiting && member->store &&
        token_of(member) == token) {
        roster->source->ops->cancel(roster->source, member->store);
    }
    unlock(roster);
}

void
roster_dispatch_hangups(struct roster *roster)
{
    struct epoll_event events[EVENTS_MAX];

    int count = epoll_wait(roster->hangups_fd, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        roster_hang_up(roster, events[i].data.u64);
    }
}
