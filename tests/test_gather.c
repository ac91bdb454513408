/* Gathering with real children, who do all that children do. */

#include "gather.h"

#include <errno.h>
#include <glob.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "cmocka_all.h"
#include "fake_calls.h"
#include "fake_heap.h"

#define PATIENCE_MS 30000
#define LARGE ((size_t)3 << 20)

typedef int
run_function(struct gather_sender *sender, unsigned which, void *context);

/* A gathering; children find it in their copy of this memory. */
struct scene {
    struct gather_options options;
    struct gather *gather;
    int hold[2]; /* a pipe: who reads it waits until the parent lets go */
    char path[80];
};

static int
set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    scene->options = (struct gather_options){
        .children = 1,
        .timeout_ms = PATIENCE_MS,
    };
    assert_int_equal(pipe(scene->hold), 0);
    *state = scene;
    return 0;
}

static void
let_go(struct scene *scene)
{
    if (scene->hold[1] >= 0) {
        (void)close(scene->hold[1]);
        scene->hold[1] = -1;
    }
}

/* Nothing is left: no child, no directory. */
static int
tear_down(void **state)
{
    struct scene *scene = *state;
    struct stat status;

    gather_destroy(scene->gather);
    let_go(scene);
    (void)close(scene->hold[0]);
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
    if (scene->path[0] != '\0') {
        assert_int_not_equal(stat(scene->path, &status), 0);
    }
    free(scene);
    return 0;
}

static void
create(struct scene *scene, unsigned children)
{
    char message[GATHER_MESSAGE_MAX] = "";

    scene->options.children = children;
    assert_int_equal(gather_create(&scene->options, &scene->gather, message),
                     0);
    assert_string_equal(message, "");
    const char *address = gather_address(scene->gather);
    if (!strncmp(address, "unix:", 5)) {
        (void)snprintf(scene->path, sizeof scene->path, "%s", address + 5);
        *strrchr(scene->path, '/') = '\0';
    }
}

static void
make_child(struct scene *scene, unsigned which, run_function *run)
{
    assert_int_equal(gather_fork(scene->gather, which, run, scene), 0);
}

static void
assert_outcome(const struct scene *scene, unsigned which,
               enum gather_outcome outcome, uint64_t number)
{
    const struct gather_result *result = gather_result(scene->gather, which);

    assert_int_equal(result->outcome, outcome);
    assert_int_equal(result->number, number);
    assert_true(result->data == NULL || outcome == GATHER_COMPLETE);
}

static void
assert_text(const struct scene *scene, unsigned which, const char *expected)
{
    const struct gather_result *result = gather_result(scene->gather, which);

    assert_outcome(scene, which, GATHER_COMPLETE, 0);
    assert_int_equal(result->length_bytes, strlen(expected));
    assert_memory_equal(result->data, expected, strlen(expected));
}

/* ---- What children do. ---- */

/* Wait until the parent lets go, or for ever. */
static void
wait_for_parent(const struct scene *scene)
{
    char byte;

    (void)close(scene->hold[1]);
    (void)!read(scene->hold[0], &byte, 1);
}

static int
send_text(struct gather_sender *sender, unsigned which, void *context)
{
    char text[32];

    (void)context;
    int length = snprintf(text, sizeof text, "result of %u", which);
    return gather_sender_send(sender, text, (size_t)length) != 0;
}

static int
send_nothing(struct gather_sender *sender, unsigned which, void *context)
{
    (void)sender;
    (void)which;
    (void)context;
    return 0;
}

static int
send_large(struct gather_sender *sender, unsigned which, void *context)
{
    static uint32_t data[LARGE / sizeof(uint32_t)];

    (void)context;
    for (uint32_t i = 0; i < LARGE / sizeof *data; i++) {
        data[i] = i * 2654435761u + which;
    }
    gather_sender_announce(sender, 100 + which, LARGE);
    for (size_t at = 0; at < LARGE; at += LARGE / 3) {
        const size_t left = LARGE - at;
        if (gather_sender_send(sender, (char *)data + at,
                               left < LARGE / 3 ? left : LARGE / 3)) {
            return 1;
        }
    }
    return 0;
}

static int
exit_with_3(struct gather_sender *sender, unsigned which, void *context)
{
    (void)sender;
    (void)which;
    (void)context;
    return 3;
}

static int
exit_with_4_in_the_middle(struct gather_sender *sender, unsigned which,
                          void *context)
{
    (void)send_text(sender, which, context);
    return 4;
}

static int
exit_with_0_unconnected(struct gather_sender *sender, unsigned which,
                        void *context)
{
    (void)sender;
    (void)which;
    (void)context;
    _exit(0);
}

static int
exit_with_0_in_the_middle(struct gather_sender *sender, unsigned which,
                          void *context)
{
    (void)send_text(sender, which, context);
    _exit(0);
}

static int
die_unconnected(struct gather_sender *sender, unsigned which, void *context)
{
    (void)sender;
    (void)which;
    (void)context;
    return raise(SIGKILL);
}

static int
die_connected(struct gather_sender *sender, unsigned which, void *context)
{
    (void)which;
    (void)context;
    (void)!gather_sender_connect(sender);
    return raise(SIGKILL);
}

static int
die_in_the_middle(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    return raise(SIGTERM);
}

static int
die_when_finished(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    (void)!gather_sender_finish(sender);
    return raise(SIGKILL);
}

static int
fail_at_once(struct gather_sender *sender, unsigned which, void *context)
{
    (void)which;
    (void)context;
    return gather_sender_fail(sender, 77) != 0;
}

static int
fail_in_the_middle(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    return gather_sender_fail(sender, UINT32_MAX) != 0;
}

static int
wait_unconnected(struct gather_sender *sender, unsigned which, void *context)
{
    (void)sender;
    (void)which;
    wait_for_parent(context);
    return 9;
}

static int
wait_in_the_middle(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    wait_for_parent(context);
    return 9;
}

static int
wait_although_asked_to_end(struct gather_sender *sender, unsigned which,
                           void *context)
{
    (void)signal(SIGTERM, SIG_IGN);
    return wait_in_the_middle(sender, which, context);
}

static int
stop_in_the_middle(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    return raise(SIGSTOP);
}

static int
cut_off_and_wait(struct gather_sender *sender, unsigned which, void *context)
{
    (void)send_text(sender, which, context);
    gather_sender_destroy(sender);
    wait_for_parent(context);
    _exit(9);
}

static int
signal_the_parent(struct gather_sender *sender, unsigned which, void *context)
{
    (void)sender;
    (void)which;
    (void)kill(getppid(), SIGUSR1);
    wait_for_parent(context);
    return 9;
}

/* ---- Raw children, who speak for themselves. ---- */

static int
connect_raw(const struct scene *scene)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket",
                   scene->path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        _exit(99);
    }
    return fd;
}

/* Say a line about `which`, with that child's token in place of $. */
static void
say(int fd, const struct scene *scene, unsigned which, const char *format)
{
    char text[512];
    size_t used = 0;

    for (; *format; format++) {
        used += (size_t)(*format == '$'
                             ? sprintf(text + used, "%u %s", which,
                                       gather_token(scene->gather, which))
                             : sprintf(text + used, "%c", *format));
    }
    (void)!send(fd, text, used, MSG_NOSIGNAL);
}

/* The code of the answer that ends the connection. */
static int
await_end(int fd, const char *expected)
{
    char text[4096];
    size_t used = 0;
    ssize_t got;

    while ((got = recv(fd, text + used, sizeof text - used - 1, 0)) > 0) {
        used += (size_t)got;
    }
    text[used] = '\0';
    return strstr(text, expected) ? 0 : 98;
}

static int
take_a_wrong_token(struct gather_sender *sender, unsigned which, void *context)
{
    struct scene *scene = context;

    (void)sender;
    (void)which;
    int fd = connect_raw(scene);
    say(fd, scene, 1,
        "g 0 0123456789abcdef0123456789abcdef\nw 0 1 at=end\nxq\n");
    _exit(await_end(fd, "err denied: that is not the token"));
}

/* With its own token, for a brother's result. */
static int
take_anothers_number(struct gather_sender *sender, unsigned which,
                     void *context)
{
    struct scene *scene = context;

    (void)sender;
    int fd = connect_raw(scene);
    say(fd, scene, which, "g $\nw 1 1 at=end\nxq\n");
    _exit(await_end(fd, "err denied: this connection has not begun"));
}

static int
come_twice(struct gather_sender *sender, unsigned which, void *context)
{
    struct scene *scene = context;

    if (send_text(sender, which, context)) {
        return 97;
    }
    int fd = connect_raw(scene);
    say(fd, scene, which, "g $ fail=5\n");
    return await_end(fd, "err denied: child 0 has begun before");
}

static int
send_too_little(struct gather_sender *sender, unsigned which, void *context)
{
    gather_sender_announce(sender, 0, 1000);
    if (send_text(sender, which, context)) {
        return 97;
    }
    _exit(gather_sender_finish(sender) == ENODATA ? 0 : 98);
}

static int
send_too_much(struct gather_sender *sender, unsigned which, void *context)
{
    gather_sender_announce(sender, 0, 5);
    (void)send_text(sender, which, context);
    _exit(gather_sender_finish(sender) == EFBIG ? 0 : 98);
}

static int
announce_too_much(struct gather_sender *sender, unsigned which, void *context)
{
    (void)which;
    (void)context;
    gather_sender_announce(sender, 0, GATHER_RESULT_MAX + 1);
    _exit(gather_sender_connect(sender) == EFBIG ? 0 : 98);
}

static int
stall_in_a_packet(struct gather_sender *sender, unsigned which, void *context)
{
    struct scene *scene = context;

    (void)sender;
    int fd = connect_raw(scene);
    say(fd, scene, which, "g $\nw 0 100 at=end\nhalf");
    _exit(await_end(fd, "err bad-request: the request was not finished"));
}

/* Its own child holds the connection open when it is gone. */
static int
leave_the_connection_open(struct gather_sender *sender, unsigned which,
                          void *context)
{
    struct scene *scene = context;

    (void)sender;
    int fd = connect_raw(scene);
    say(fd, scene, which, "g $\nw 0 4 at=end\nhalf");
    if (fork() == 0) {
        wait_for_parent(scene);
        _exit(0);
    }
    _exit(0);
}

/* All at once, and gone before anybody answers. */
static int
do_not_wait_for_answers(struct gather_sender *sender, unsigned which,
                        void *context)
{
    struct scene *scene = context;

    (void)sender;
    int fd = connect_raw(scene);
    say(fd, scene, which, "g $ type=8\nw 0 4 at=end\nhalfw 0 4 at=end\n way");
    say(fd, scene, which, "q\n");
    _exit(0);
}

/* ---- Tests. ---- */

static void
a_child_has_one_of_these_ends(void **state)
{
    static const struct {
        run_function *run;
        enum gather_outcome outcome;
        uint64_t number;
        bool has_sent;
    } ends[] = {
        {exit_with_3, GATHER_EXITED, 3, false},
        {exit_with_4_in_the_middle, GATHER_EXITED, 4, true},
        {exit_with_0_unconnected, GATHER_ABSENT, 0, false},
        {exit_with_0_in_the_middle, GATHER_CUT_OFF, 0, true},
        {die_unconnected, GATHER_KILLED, SIGKILL, false},
        {die_connected, GATHER_KILLED, SIGKILL, false},
        {die_in_the_middle, GATHER_KILLED, SIGTERM, true},
        {die_when_finished, GATHER_COMPLETE, 0, true},
        {fail_at_once, GATHER_FAILED, 77, false},
        {fail_in_the_middle, GATHER_FAILED, UINT32_MAX, true},
        {send_text, GATHER_COMPLETE, 0, true},
        {send_nothing, GATHER_COMPLETE, 0, false},
        {cut_off_and_wait, GATHER_CUT_OFF, 0, true},
    };
    const unsigned count = sizeof ends / sizeof ends[0];
    struct scene *scene = *state;

    create(scene, count);
    for (unsigned i = 0; i < count; i++) {
        make_child(scene, i, ends[i].run);
    }
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    for (unsigned i = 0; i < count; i++) {
        const struct gather_result *result = gather_result(scene->gather, i);
        assert_outcome(scene, i, ends[i].outcome, ends[i].number);
        assert_int_equal(result->length_bytes > 0, ends[i].has_sent);
        assert_int_not_equal(result->pid, 0);
    }
    assert_int_equal(gather_progress(scene->gather).complete, 3);
    assert_int_equal(gather_progress(scene->gather).failed, count - 3);
}

static void
twenty_large_results_arrive_whole_and_apart(void **state)
{
    struct scene *scene = *state;

    create(scene, 20);
    for (unsigned i = 0; i < 20; i++) {
        make_child(scene, i, send_large);
    }
    assert_int_equal(gather_serve(scene->gather), 0);
    for (unsigned i = 0; i < 20; i++) {
        const struct gather_result *result = gather_result(scene->gather, i);
        const uint32_t *data = result->data;
        assert_outcome(scene, i, GATHER_COMPLETE, 0);
        assert_int_equal(result->type, 100 + i);
        assert_int_equal(result->length_bytes, LARGE);
        for (uint32_t j = 0; j < LARGE / sizeof *data; j++) {
            if (data[j] != j * 2654435761u + i) {
                fail_msg("child %u, word %u", i, (unsigned)j);
            }
        }
    }
}

static void
a_result_that_is_taken_outlives_the_gathering(void **state)
{
    struct scene *scene = *state;

    create(scene, 1);
    make_child(scene, 0, send_text);
    assert_int_equal(gather_serve(scene->gather), 0);
    char *data = gather_take(scene->gather, 0);
    assert_null(gather_take(scene->gather, 0));
    gather_destroy(scene->gather);
    scene->gather = NULL;
    assert_memory_equal(data, "result of 0", 11);
    free(data);
}

/* As the article has it: children are made, and served when it suits. */
static void
children_wait_for_a_parent_that_serves_later(void **state)
{
    struct scene *scene = *state;
    struct gather *first;

    create(scene, 5);
    for (unsigned i = 0; i < 5; i++) {
        make_child(scene, i, send_large);
    }
    /* Something else meanwhile: another gathering from end to end. */
    first = scene->gather;
    scene->options.children = 1;
    assert_int_equal(gather_create(&scene->options, &scene->gather, NULL), 0);
    make_child(scene, 0, send_text);
    assert_int_equal(gather_serve(scene->gather), 0);
    assert_text(scene, 0, "result of 0");
    gather_destroy(scene->gather);
    scene->gather = first;
    assert_int_equal(gather_serve(scene->gather), 0);
}

/* With gcc's counters each writes a hundred files when it ends: not so many. */
static unsigned
how_many(void)
{
    const char *variant = getenv("DIPC_VARIANT");

    return variant && !strcmp(variant, "coverage") ? 10 : 100;
}

static void
a_hundred_that_die_at_once_are_all_seen(void **state)
{
    struct scene *scene = *state;
    const unsigned count = how_many();

    create(scene, count);
    for (unsigned i = 0; i < count; i++) {
        make_child(scene, i, i % 2 ? wait_unconnected : wait_in_the_middle);
    }
    let_go(scene);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    for (unsigned i = 0; i < count; i++) {
        assert_outcome(scene, i, GATHER_EXITED, 9);
    }
}

/* The same, where the process may have no descriptor more for any of them. */
static void
a_parent_without_descriptors_sees_all_the_same(void **state)
{
    struct scene *scene = *state;
    struct rlimit before;
    struct rlimit few;

    create(scene, 40);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 44;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (unsigned i = 0; i < 40; i++) {
        make_child(scene, i, i % 4 == 3 ? exit_with_3 : send_text);
    }
    int error = gather_serve(scene->gather);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(error, ENODATA);
    for (unsigned i = 0; i < 40; i++) {
        if (i % 4 == 3) {
            assert_outcome(scene, i, GATHER_EXITED, 3);
        } else {
            assert_outcome(scene, i, GATHER_COMPLETE, 0);
        }
    }
}

static void
a_parent_that_cannot_serve_ends_its_children(void **state)
{
    struct scene *scene = *state;

    create(scene, 2);
    make_child(scene, 0, wait_unconnected);
    make_child(scene, 1, wait_in_the_middle);
    fake_heap_set(0);
    int error = gather_serve(scene->gather);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(error, ENOMEM);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
    assert_outcome(scene, 1, GATHER_STOPPED, 0);
}

static void
only_ones_own_children_are_believed(void **state)
{
    struct scene *scene = *state;

    create(scene, 4);
    make_child(scene, 0, come_twice);
    make_child(scene, 1, send_text);
    make_child(scene, 2, take_a_wrong_token);
    make_child(scene, 3, take_anothers_number);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_text(scene, 0, "result of 0");
    assert_text(scene, 1, "result of 1");
    assert_outcome(scene, 2, GATHER_ABSENT, 0);
    assert_outcome(scene, 3, GATHER_CUT_OFF, 0);
}

static void
what_is_announced_is_what_is_taken(void **state)
{
    struct scene *scene = *state;

    create(scene, 3);
    make_child(scene, 0, send_too_little);
    make_child(scene, 1, send_too_much);
    make_child(scene, 2, announce_too_much);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_CUT_OFF, 0);
    assert_outcome(scene, 1, GATHER_TOO_LARGE, 0);
    assert_outcome(scene, 2, GATHER_TOO_LARGE, 0);
}

static void
no_result_outgrows_its_limit(void **state)
{
    struct scene *scene = *state;

    scene->options.result_bytes_max = LARGE - 1;
    create(scene, 2);
    make_child(scene, 0, send_large);
    make_child(scene, 1, send_text);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_TOO_LARGE, 0);
    assert_text(scene, 1, "result of 1");
}

static void
a_child_that_stalls_in_a_packet_is_cut_off(void **state)
{
    struct scene *scene = *state;

    scene->options.stall_ms = 100;
    create(scene, 1);
    make_child(scene, 0, stall_in_a_packet);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_CUT_OFF, 0);
}

static void
a_connection_held_open_by_another_holds_nobody_up(void **state)
{
    struct scene *scene = *state;

    scene->options.timeout_ms = 500;
    create(scene, 1);
    make_child(scene, 0, leave_the_connection_open);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_CUT_OFF, 0);
    assert_int_equal(gather_result(scene->gather, 0)->length_bytes, 4);
}

static void
what_was_sent_counts_although_nobody_waits_for_the_answer(void **state)
{
    struct scene *scene = *state;

    create(scene, 1);
    make_child(scene, 0, do_not_wait_for_answers);
    assert_int_equal(waitpid(gather_result(scene->gather, 0)->pid, NULL, 0),
                     gather_result(scene->gather, 0)->pid);
    assert_int_equal(gather_serve(scene->gather), 0);
    assert_text(scene, 0, "half way");
    assert_int_equal(gather_result(scene->gather, 0)->type, 8);
}

static void
a_child_that_hangs_is_too_slow_and_ended(void **state)
{
    struct scene *scene = *state;

    scene->options.timeout_ms = 300;
    create(scene, 5);
    make_child(scene, 0, wait_unconnected);
    make_child(scene, 1, wait_in_the_middle);
    make_child(scene, 2, wait_although_asked_to_end);
    make_child(scene, 3, stop_in_the_middle);
    make_child(scene, 4, send_text);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    for (unsigned i = 0; i < 4; i++) {
        assert_outcome(scene, i, GATHER_TOO_SLOW, 0);
    }
    assert_text(scene, 4, "result of 4");
}

static void
the_first_failure_ends_the_whole_if_asked(void **state)
{
    struct scene *scene = *state;

    scene->options.fail_fast = true;
    create(scene, 3);
    make_child(scene, 0, wait_unconnected);
    make_child(scene, 1, exit_with_3);
    make_child(scene, 2, wait_in_the_middle);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
    assert_outcome(scene, 1, GATHER_EXITED, 3);
    assert_outcome(scene, 2, GATHER_STOPPED, 0);
}

static void
a_declared_error_ends_the_whole_if_asked(void **state)
{
    struct scene *scene = *state;

    scene->options.fail_fast = true;
    create(scene, 2);
    make_child(scene, 0, wait_although_asked_to_end);
    make_child(scene, 1, fail_in_the_middle);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
    assert_outcome(scene, 1, GATHER_FAILED, UINT32_MAX);
}

static void
a_signal_declares_an_error_too(void **state)
{
    struct scene *scene = *state;

    scene->options.fail_fast = true;
    scene->options.fatal_signal = SIGUSR1;
    create(scene, 2);
    make_child(scene, 0, wait_unconnected);
    make_child(scene, 1, signal_the_parent);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
    assert_outcome(scene, 1, GATHER_FAILED, SIGUSR1);
}

static void
a_signal_of_anybody_else_declares_nothing(void **state)
{
    struct scene *scene = *state;
    sigset_t before;
    sigset_t after;

    scene->options.fail_fast = true;
    scene->options.fatal_signal = SIGUSR1;
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &before), 0);
    create(scene, 1);
    make_child(scene, 0, send_text);
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
    assert_int_equal(gather_serve(scene->gather), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0); /* and this is dropped */
    gather_destroy(scene->gather);
    scene->gather = NULL;
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
    assert_int_equal(sigismember(&after, SIGUSR1),
                     sigismember(&before, SIGUSR1));
}

/* Its progress is called once somebody has connected: then it is stopped. */
static void
stop_once_connected(void *context, const struct gather *gather)
{
    struct scene *scene = context;

    if (gather_progress(gather).connected > 0) {
        gather_stop(scene->gather);
    }
}

static void
it_can_be_stopped_from_outside(void **state)
{
    struct scene *scene = *state;

    scene->options.progress = stop_once_connected;
    scene->options.context = scene;
    create(scene, 2);
    make_child(scene, 0, wait_in_the_middle);
    make_child(scene, 1, wait_unconnected);
    assert_int_equal(gather_serve(scene->gather), ECANCELED);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
    assert_outcome(scene, 1, GATHER_STOPPED, 0);
}

static void
it_can_be_stopped_before_it_serves(void **state)
{
    struct scene *scene = *state;

    create(scene, 1);
    make_child(scene, 0, wait_unconnected);
    gather_stop(scene->gather);
    assert_int_equal(gather_serve(scene->gather), ECANCELED);
    assert_outcome(scene, 0, GATHER_STOPPED, 0);
}

static void
children_that_are_never_served_are_ended(void **state)
{
    struct scene *scene = *state;

    create(scene, 3);
    make_child(scene, 0, wait_unconnected);
    make_child(scene, 1, send_large);
    make_child(scene, 2, wait_although_asked_to_end);
    gather_destroy(scene->gather); /* the rest is tear_down's */
    scene->gather = NULL;
}

static void
who_is_not_started_is_not_awaited(void **state)
{
    struct scene *scene = *state;

    create(scene, 2);
    make_child(scene, 1, send_text);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_NOT_STARTED, 0);
    assert_text(scene, 1, "result of 1");
}

/* Somebody ignores SIGCHLD: ends are still seen, only not how they were. */
static void
results_come_where_sigchld_is_ignored(void **state)
{
    struct scene *scene = *state;

    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    create(scene, 3);
    make_child(scene, 0, send_text);
    make_child(scene, 1, exit_with_4_in_the_middle);
    make_child(scene, 2, exit_with_3);
    int error = gather_serve(scene->gather);
    assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
    assert_int_equal(error, ENODATA);
    assert_text(scene, 0, "result of 0");
    assert_outcome(scene, 1, GATHER_CUT_OFF, 0);
    assert_outcome(scene, 2, GATHER_ABSENT, 0);
}

/* Where a child's listening socket outlived the parent, this would hang. */
static int
connect_when_let_go(struct gather_sender *sender, unsigned which, void *context)
{
    struct scene *scene = context;
    const int report = atoi(getenv("REPORT"));

    (void)which;
    wait_for_parent(scene);
    int error = gather_sender_connect(sender);
    (void)!write(report, &error, sizeof error);
    _exit(0);
}

static void
children_of_a_parent_that_died_are_not_held_up(void **state)
{
    struct scene *scene = *state;
    char number[16];
    int report[2];
    int error = 0;

    assert_int_equal(pipe(report), 0);
    (void)snprintf(number, sizeof number, "%d", report[1]);
    assert_int_equal(setenv("REPORT", number, 1), 0);
    create(scene, 2); /* for its path alone: the other is beside it */
    const pid_t parent = fork();
    if (parent == 0) {
        if (gather_create(&scene->options, &scene->gather, NULL) ||
            gather_fork(scene->gather, 0, connect_when_let_go, scene) ||
            gather_fork(scene->gather, 1, connect_when_let_go, scene)) {
            _exit(1);
        }
        const char *path = gather_address(scene->gather) + strlen("unix:");
        (void)!write(report[1], path, strlen(path) + 1);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(status, 0);
    char path[128] = "";
    assert_true(read(report[0], path, sizeof path) > 0);
    let_go(scene);
    (void)close(report[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read(report[0], &error, sizeof error), sizeof error);
        assert_int_equal(error, ECONNREFUSED);
    }
    assert_int_equal(read(report[0], &error, sizeof error), 0);
    (void)close(report[0]);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

/* One from elsewhere: here, a thread of the test's own. */
struct elsewhere {
    const struct gather *gather;
    unsigned which;
    int error;
};

static void *
send_from_elsewhere(void *context)
{
    struct elsewhere *child = context;
    struct gather_sender *sender;

    child->error = gather_sender_create(
        gather_address(child->gather), child->which,
        gather_token(child->gather, child->which), &sender);
    if (!child->error) {
        child->error = send_text(sender, child->which, NULL);
        if (!child->error) {
            child->error = gather_sender_finish(sender);
        }
        gather_sender_destroy(sender);
    }
    return NULL;
}

static void
children_from_elsewhere_come_by_address_and_token(void **state)
{
    struct scene *scene = *state;
    struct elsewhere elsewhere;
    pthread_t thread;

    scene->options.address = "127.0.0.1";
    scene->options.timeout_ms = 2000;
    create(scene, 3);
    assert_int_equal(strncmp(gather_address(scene->gather), "127.0.0.1:", 10),
                     0);
    make_child(scene, 0, send_large);
    gather_expect(scene->gather, 1);
    gather_expect(scene->gather, 2);
    elsewhere = (struct elsewhere){scene->gather, 1, -1};
    assert_int_equal(
        pthread_create(&thread, NULL, send_from_elsewhere, &elsewhere), 0);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(elsewhere.error, 0);
    assert_outcome(scene, 0, GATHER_COMPLETE, 0);
    assert_text(scene, 1, "result of 1");
    assert_outcome(scene, 2, GATHER_ABSENT, 0);
}

static void
commands_are_run_and_their_output_is_the_result(void **state)
{
    struct scene *scene = *state;
    static char *const commands[][4] = {
        {"sh", "-c", "printf '%s of %s' $DIPC_CHILD $DIPC_CHILDREN", NULL},
        {"sh", "-c", "echo part; exit 7", NULL},
        {"sh", "-c", "echo part; kill -SEGV $$", NULL},
        {"no-such-command-of-any-kind", NULL},
        {"/", NULL},
        {"sh", "-c", "echo part; kill -USR1 $PPID; sleep 60", NULL},
        {"sh", "-c", "head -c 1000000 /dev/zero; wc -c", NULL},
        {"sh", "-c", "(trap '' TERM; sleep 0.2; echo late) & ", NULL},
    };
    const unsigned count = sizeof commands / sizeof commands[0];

    create(scene, count);
    for (unsigned i = 0; i < count; i++) {
        const struct gather_command command = {.arguments = commands[i]};
        assert_int_equal(gather_spawn(scene->gather, i, &command), 0);
    }
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_text(scene, 0, "0 of 8");
    assert_outcome(scene, 1, GATHER_EXITED, 7);
    assert_outcome(scene, 2, GATHER_KILLED, SIGSEGV);
    assert_outcome(scene, 3, GATHER_EXITED, 127);
    assert_outcome(scene, 4, GATHER_EXITED, 126);
    assert_outcome(scene, 5, GATHER_FAILED, SIGUSR1);
    assert_int_equal(gather_result(scene->gather, 6)->length_bytes, 1000002);
    assert_text(scene, 7, "late\n");
}

/* All of a command's processes are ended with it. */
static void
commands_are_ended_with_all_that_they_started(void **state)
{
    struct scene *scene = *state;
    char *const arguments[] = {
        "sh", "-c", "trap '' TERM; (trap '' TERM; sleep 1000) & sleep 1000",
        NULL};
    const struct gather_command command = {.arguments = arguments};

    scene->options.timeout_ms = 300;
    create(scene, 2);
    assert_int_equal(gather_spawn(scene->gather, 0, &command), 0);
    assert_int_equal(gather_spawn(scene->gather, 1, &command), 0);
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    for (unsigned i = 0; i < 2; i++) {
        const pid_t group = gather_result(scene->gather, i)->pid;
        assert_outcome(scene, i, GATHER_TOO_SLOW, 0);
        /* Killed members of the group may have to be waited for by init. */
        const uint64_t deadline_ns = clock_now_ns(NULL) + 20 * CLOCK_NS_PER_S;
        while (kill(-group, 0) == 0) {
            assert_true(clock_now_ns(NULL) < deadline_ns);
        }
    }
}

static void
what_cannot_be_made_says_why(void **state)
{
    struct scene *scene = *state;
    struct gather_options options = scene->options;
    char message[GATHER_MESSAGE_MAX];

    options.children = 0;
    assert_int_equal(gather_create(&options, &scene->gather, message), EINVAL);
    assert_string_equal(message, "0 children are not 1 to 16384");
    options.children = 1;
    options.fatal_signal = 999;
    assert_int_equal(gather_create(&options, &scene->gather, message), EINVAL);
    assert_string_equal(message, "999 is no signal");
    options.fatal_signal = 0;
    options.address = "203.0.113.1";
    assert_int_not_equal(gather_create(&options, &scene->gather, message), 0);
    assert_non_null(strstr(message, "203.0.113.1"));
    options.address = NULL;
    for (long i = 0; i < 4; i++) {
        fake_heap_set(i);
        int error = gather_create(&options, &scene->gather, message);
        fake_heap_set(FAKE_HEAP_ENDLESS);
        assert_int_equal(error, ENOMEM);
    }
    scene->gather = NULL;
}

/* What a gathering could not remove when removing is what failed. */
static void
remove_below(const char *directory)
{
    char pattern[80];
    glob_t found;

    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(pattern, sizeof pattern, i == 0 ? "%s/*/*" : "%s/*",
                       directory);
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t k = 0; k < found.gl_pathc; k++) {
                (void)remove(found.gl_pathv[k]);
            }
            globfree(&found);
        }
    }
}

static void
what_fails_while_it_is_made_leaves_nothing_open(void **state)
{
    static const char *const addresses[] = {NULL, "127.0.0.1", "0.0.0.0"};
    char directory[] = "/tmp/dipc-test-gather-XXXXXX";
    struct scene *scene = *state;
    struct gather_options options = scene->options;
    char message[GATHER_MESSAGE_MAX];

    assert_non_null(mkdtemp(directory));
    assert_int_equal(setenv("TMPDIR", directory, 1), 0);
    options.fatal_signal = SIGUSR1;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        const char *failed = "";
        options.address = addresses[i];
        for (long n = 1; failed != NULL; n++) {
            struct gather *made = NULL;
            int before = fake_calls_descriptors();

            assert_true(n < 300);
            message[0] = '\0';
            fake_calls_fail(NULL, n, ENOMEM);
            int error = gather_create(&options, &made, message);
            failed = fake_calls_failed();
            assert_true(error == 0 || failed != NULL);
            assert_int_equal(error != 0, message[0] != '\0');
            if (error == 0) {
                gather_destroy(made);
            }
            remove_below(directory);
            assert_int_equal(fake_calls_descriptors(), before);
        }
    }
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void
a_child_that_cannot_be_started_is_reported(void **state)
{
    struct scene *scene = *state;

    create(scene, 1);
    fake_calls_fail("fork", 1, EAGAIN);
    assert_int_equal(gather_fork(scene->gather, 0, send_nothing, scene),
                     EAGAIN);
    assert_non_null(fake_calls_failed());
    assert_int_equal(gather_serve(scene->gather), ENODATA);
    assert_outcome(scene, 0, GATHER_NOT_STARTED, EAGAIN);
}

#define in_a_scene(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_scene(a_child_has_one_of_these_ends),
        in_a_scene(twenty_large_results_arrive_whole_and_apart),
        in_a_scene(a_result_that_is_taken_outlives_the_gathering),
        in_a_scene(children_wait_for_a_parent_that_serves_later),
        in_a_scene(a_hundred_that_die_at_once_are_all_seen),
        in_a_scene(a_parent_without_descriptors_sees_all_the_same),
        in_a_scene(a_parent_that_cannot_serve_ends_its_children),
        in_a_scene(only_ones_own_children_are_believed),
        in_a_scene(what_is_announced_is_what_is_taken),
        in_a_scene(no_result_outgrows_its_limit),
        in_a_scene(a_child_that_stalls_in_a_packet_is_cut_off),
        in_a_scene(a_connection_held_open_by_another_holds_nobody_up),
        in_a_scene(what_was_sent_counts_although_nobody_waits_for_the_answer),
        in_a_scene(a_child_that_hangs_is_too_slow_and_ended),
        in_a_scene(the_first_failure_ends_the_whole_if_asked),
        in_a_scene(a_declared_error_ends_the_whole_if_asked),
        in_a_scene(a_signal_declares_an_error_too),
        in_a_scene(a_signal_of_anybody_else_declares_nothing),
        in_a_scene(it_can_be_stopped_from_outside),
        in_a_scene(it_can_be_stopped_before_it_serves),
        in_a_scene(children_that_are_never_served_are_ended),
        in_a_scene(who_is_not_started_is_not_awaited),
        in_a_scene(results_come_where_sigchld_is_ignored),
        in_a_scene(children_of_a_parent_that_died_are_not_held_up),
        in_a_scene(children_from_elsewhere_come_by_address_and_token),
        in_a_scene(commands_are_run_and_their_output_is_the_result),
        in_a_scene(commands_are_ended_with_all_that_they_started),
        in_a_scene(what_cannot_be_made_says_why),
        in_a_scene(what_fails_while_it_is_made_leaves_nothing_open),
        in_a_scene(a_child_that_cannot_be_started_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
