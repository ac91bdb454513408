/* Threads that serve: here they only do what the test tells them. */

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "roster.h"

#define MEMBERS 2

static struct roster roster;
static sem_t may_end;
static int stores[MEMBERS + 1]; /* how often each was cancelled */
static sem_t has_entered;

static void
cancel(struct store_source *source, struct store *store)
{
    (void)source;
    (*(int *)(void *)store)++;
}

static const struct store_source_ops ops = {.cancel = cancel};
static struct store_source source = {.ops = &ops};

/* The place in the roster is the store's number. */
static struct store *
store_of(const struct member *member)
{
    return (struct store *)(void *)&stores[member - roster.members];
}

static void
serve(void *context, struct member *member)
{
    (void)context;
    roster_enter(member, store_of(member));
    (void)sem_post(&has_entered);
    (void)sem_wait(&may_end);
    roster_leave(member);
}

static int
begin(void **state)
{
    (void)state;
    for (size_t i = 0; i <= MEMBERS; i++) {
        stores[i] = 0;
    }
    return sem_init(&may_end, 0, 0) || sem_init(&has_entered, 0, 0) ||
           roster_init(&roster, MEMBERS, &source, serve, NULL);
}

static int
end(void **state)
{
    (void)state;
    roster_fini(&roster);
    return sem_destroy(&may_end) || sem_destroy(&has_entered);
}

static void
make_pair(int *peer, int *served)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    *peer = ends[0];
    *served = ends[1];
}

static int
admit(int *peer)
{
    const struct sockaddr_storage nobody = {.ss_family = AF_INET};
    int served;

    make_pair(peer, &served);
    int error = roster_admit(&roster, served, 1, (const void *)&nobody);
    if (error) {
        (void)close(served);
    }
    return error;
}

static void
await(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&readable, 1, 30000), 1);
}

/* Let one thread end, and join it. */
static void
end_one(void)
{
    int fd = -1;
    bool silent = true;

    assert_int_equal(sem_post(&may_end), 0);
    await(roster.finished_fd);
    assert_int_equal(roster_reap(&roster, &fd, &silent), 0);
    assert_false(silent);
    (void)close(fd);
    assert_int_equal(roster_reap(&roster, &fd, &silent), ENOENT);
}

static void
places_are_limited_and_used_again(void **state)
{
    int peers[MEMBERS + 1];
    int fd;
    bool silent;

    (void)state;
    assert_int_equal(roster_reap(&roster, &fd, &silent), ENOENT);
    assert_int_equal(admit(&peers[0]), 0);
    assert_int_equal(admit(&peers[1]), 0);
    assert_int_equal(admit(&peers[2]), EAGAIN);
    assert_int_equal(roster.count, 2);
    (void)close(peers[2]);
    end_one();
    assert_int_equal(roster.count, 1);
    assert_int_equal(admit(&peers[2]), 0);
    end_one();
    end_one();
    assert_int_equal(roster.count, 0);
    for (size_t i = 0; i <= MEMBERS; i++) {
        (void)close(peers[i]);
    }
}

static void
cancelling_reaches_all_that_have_entered(void **state)
{
    int peers[MEMBERS];

    (void)state;
    assert_int_equal(admit(&peers[0]), 0);
    assert_int_equal(sem_wait(&has_entered), 0);
    roster_cancel(&roster);
    assert_int_equal(stores[0], 1);
    assert_int_equal(stores[1], 0);
    /* One who enters later is cancelled on entering. */
    assert_int_equal(admit(&peers[1]), 0);
    assert_int_equal(sem_wait(&has_entered), 0);
    end_one();
    end_one();
    assert_int_equal(stores[0], 1);
    assert_int_equal(stores[1], 1);
    (void)close(peers[0]);
    (void)close(peers[1]);
}

static void
a_hang_up_cancels_the_one_that_waits(void **state)
{
    struct pollfd quiet = {.fd = roster.hangups_fd, .events = POLLIN};
    int peer;

    (void)state;
    assert_int_equal(admit(&peer), 0);
    assert_int_equal(sem_wait(&has_entered), 0);
    struct member *member = &roster.members[0];
    roster_begin_wait(member, false);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    assert_int_equal(poll(&quiet, 1, 0), 0); /* a half-close is none */
    (void)close(peer);
    await(roster.hangups_fd);
    roster_dispatch_hangups(&roster);
    assert_int_equal(stores[0], 1);
    roster_dispatch_hangups(&roster);
    assert_int_equal(stores[0], 1);
    roster_end_wait(member);
    end_one();
}

static void
a_half_close_is_a_hang_up_where_that_is_wanted(void **state)
{
    int peer;

    (void)state;
    assert_int_equal(admit(&peer), 0);
    assert_int_equal(sem_wait(&has_entered), 0);
    struct member *member = &roster.members[0];
    roster_begin_wait(member, true);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    await(roster.hangups_fd);
    roster_dispatch_hangups(&roster);
    assert_int_equal(stores[0], 1);
    roster_end_wait(member);
    (void)close(peer);
    end_one();
}

static uint64_t
token_of(const struct member *member)
{
    return (uint64_t)member->generation << 32 |
           (uint64_t)(member - roster.members);
}

/* The event was there before the wait ended, and is seen after. */
static void
a_hang_up_seen_late_cancels_nobody(void **state)
{
    int peer;

    (void)state;
    assert_int_equal(admit(&peer), 0);
    assert_int_equal(sem_wait(&has_entered), 0);
    struct member *member = &roster.members[0];
    roster_begin_wait(member, false);
    uint64_t first = token_of(member);
    roster_hang_up(&roster, first);
    assert_int_equal(stores[0], 1);
    roster_end_wait(member);
    roster_hang_up(&roster, first);
    assert_int_equal(stores[0], 1);
    roster_begin_wait(member, false);
    roster_hang_up(&roster, first);
    assert_int_equal(stores[0], 1);
    roster_hang_up(&roster, token_of(member));
    assert_int_equal(stores[0], 2);
    roster_end_wait(member);
    end_one();
    roster_hang_up(&roster, first);
    assert_int_equal(stores[0], 2);
    (void)close(peer);
}

static void
shutting_down_wakes_the_other_end(void **state)
{
    char byte;
    int peer;

    (void)state;
    assert_int_equal(admit(&peer), 0);
    roster_shut(&roster);
    assert_int_equal(recv(peer, &byte, 1, 0), 0);
    end_one();
    (void)close(peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#define SWEEP_MAX 50

static void
a_roster_that_cannot_be_made_leaves_nothing_open(void **state)
{
    const char *failed = "";

    (void)state;
    for (long n = 1; failed != NULL; n++) {
        struct roster made;
        int before = fake_calls_descriptors();

        assert_true(n < SWEEP_MAX);
        fake_calls_fail(NULL, n, ENOMEM);
        int error = roster_init(&made, MEMBERS, &source, serve, NULL);
        failed = fake_calls_failed();
        assert_int_equal(error != 0, failed != NULL);
        if (error == 0) {
            roster_fini(&made);
        }
        assert_int_equal(fake_calls_descriptors(), before);
    }
}

static void
a_client_without_a_thread_is_refused_and_its_place_stays_free(void **state)
{
    static const char *const calls[] = {"pthread_attr_init", "pthread_create"};
    int peers[MEMBERS];

    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        fake_calls_fail(calls[i], 1, EAGAIN);
        assert_int_equal(admit(&peers[0]), EAGAIN);
        assert_non_null(fake_calls_failed());
        (void)close(peers[0]);
        assert_int_equal(roster.count, 0);
    }
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(admit(&peers[i]), 0);
    }
    for (int i = 0; i < MEMBERS; i++) {
        end_one();
        (void)close(peers[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_are_limited_and_used_again),
        TEST(cancelling_reaches_all_that_have_entered),
        TEST(a_hang_up_cancels_the_one_that_waits),
        TEST(a_half_close_is_a_hang_up_where_that_is_wanted),
        TEST(a_hang_up_seen_late_cancels_nobody),
        TEST(shutting_down_wakes_the_other_end),
        cmocka_unit_test(a_roster_that_cannot_be_made_leaves_nothing_open),
        TEST(a_client_without_a_thread_is_refused_and_its_place_stays_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
