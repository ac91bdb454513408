#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "cmocka_all.h"

#define ROUNDS 20000

struct counter {
    pthread_mutex_t guard;
    int count; /* under guard */
};

static int
count_up(void *argument)
{
    struct counter *counter = argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (guard_lock(&counter->guard)) {
            return 1;
        }
        counter->count++;
        guard_unlock(&counter->guard);
    }
    return 0;
}

static void
a_guard_excludes(void **state)
{
    struct counter counter = {.count = 0};
    struct actor actors[2];
    (void)state;
    assert_int_equal(guard_init(&counter.guard), 0);
    for (int i = 0; i < 2; i++) {
        actor_init(&actors[i]);
        actor_start(&actors[i], count_up, &counter);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(actor_finish(&actors[i]), 0);
        actor_fini(&actors[i]);
    }
    assert_int_equal(counter.count, 2 * ROUNDS);
    guard_fini(&counter.guard);
}

static int
lock_and_exit(void *argument)
{
    return guard_lock(argument) ? 1 : 0;
}

static void
a_death_inside_a_guard_is_told_once(void **state)
{
    pthread_mutex_t guard;
    struct actor actor;
    (void)state;
    assert_int_equal(guard_init(&guard), 0);
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, lock_and_exit, &guard), 0);
    assert_int_equal(pthread_mutex_trylock(&guard), EBUSY);
    actor_fini(&actor);
    assert_true(guard_lock(&guard));
    guard_unlock(&guard);
    assert_false(guard_lock(&guard));
    guard_unlock(&guard);
    guard_fini(&guard);
}

static int
unlock_it(void *argument)
{
    guard_unlock(argument);
    return 0;
}

static struct actor *napper; /* who holds the guard of the test below */
static pthread_mutex_t *napped_on;
static int naps;

/* At the first nap the deadline is past; at the second the guard gets free. */
static void
let_go_at_the_second_nap(struct timespec *now)
{
    naps++;
    *now = (struct timespec){.tv_sec = 0};
    if (naps == 2) {
        assert_int_equal(actor_do(napper, unlock_it, napped_on), 0);
        clock_gettime(CLOCK_MONOTONIC, now);
    }
}

static void
a_guard_of_processes_is_tried_again_after_each_nap(void **state)
{
    pthread_mutex_t guard;
    struct actor actor;
    (void)state;
    assert_int_equal(guard_init(&guard), 0);
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, lock_and_exit, &guard), 0);
    napper = &actor;
    napped_on = &guard;
    naps = 0;
    assert_false(guard_lock_shared(&guard, let_go_at_the_second_nap));
    assert_int_equal(naps, 2);
    guard_unlock(&guard);
    assert_false(guard_lock_shared(&guard, let_go_at_the_second_nap));
    assert_int_equal(naps, 2);
    guard_unlock(&guard);
    assert_false(guard_lock_shared(&guard, NULL));
    guard_unlock(&guard);
    actor_fini(&actor);
    guard_fini(&guard);
}

static void
unlock_another_thread_s(void *argument)
{
    guard_unlock(argument);
}

static void
unlocking_a_guard_that_is_not_held_is_a_bug(void **state)
{
    pthread_mutex_t guard;
    (void)state;
    assert_int_equal(guard_init(&guard), 0);
    assert_true(actor_aborts(unlock_another_thread_s, &guard));
    guard_fini(&guard);
}

static void
shortly_before_a_second(struct timespec *now)
{
    *now = (struct timespec){.tv_sec = 5, .tv_nsec = 999999998};
}

static void
a_nap_ends_in_the_next_second_if_need_be(void **state)
{
    const struct {
        long nap_ns;
        time_t seconds;
        long nanoseconds;
    } rows[] = {{0, 5, 999999998},
                {1, 5, 999999999},
                {2, 6, 0},
                {50000000, 6, 49999998},
                {2000000003, 8, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct timespec end =
            guard_nap_end(shortly_before_a_second, rows[i].nap_ns);
        assert_int_equal(end.tv_sec, rows[i].seconds);
        assert_int_equal(end.tv_nsec, rows[i].nanoseconds);
    }
}

#define PATIENCE_TICKS 2000
#define SYSCALLS_MAX 1000

static void
monotonic(struct timespec *now)
{
    clock_gettime(CLOCK_MONOTONIC, now);
}

static bool
is_in_futex(pid_t process)
{
    char path[64];
    char line[32] = "";
    (void)snprintf(path, sizeof(path), "/proc/%d/syscall", (int)process);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    return read && strtol(line, NULL, 10) == SYS_futex;
}

static void
await_in_futex(pid_t process)
{
    struct timespec tick = {.tv_nsec = 10000000};
    int ticks = 0;
    while (!is_in_futex(process) && ticks < PATIENCE_TICKS) {
        nanosleep(&tick, NULL);
        ticks++;
    }
    assert_true(ticks < PATIENCE_TICKS);
}

/* A process that locks the guard; it is traced if it is to stop on the way. */
static pid_t
locks_and_lets_go(pthread_mutex_t *guard, bool traced)
{
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (traced) {
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
            raise(SIGSTOP);
        }
        bool died = guard_lock_shared(guard, monotonic);
        guard_unlock(guard);
        _exit(died ? 1 : 0);
    }
    return process;
}

static void
resume_to_syscall(pid_t process)
{
    assert_int_equal(ptrace(PTRACE_SYSCALL, process, NULL, NULL), 0);
}

/* Asleep in the futex call; it stops again when it has been woken. */
static void
await_asleep_and_traced(pid_t process)
{
    struct user_regs_struct registers = {.orig_rax = 0};
    int status = 0;
    assert_int_equal(waitpid(process, &status, 0), process);
    for (int i = 0; registers.orig_rax != SYS_futex; i++) {
        assert_true(i < SYSCALLS_MAX);
        resume_to_syscall(process);
        assert_int_equal(waitpid(process, &status, 0), process);
        assert_true(WIFSTOPPED(status));
        assert_int_equal(ptrace(PTRACE_GETREGS, process, NULL, &registers), 0);
    }
    resume_to_syscall(process);
    await_in_futex(process);
}

static bool
ends_well(pid_t process)
{
    struct timespec tick = {.tv_nsec = 10000000};
    int status = 0;
    for (int ticks = 0; ticks < PATIENCE_TICKS / 2; ticks++) {
        if (waitpid(process, &status, WNOHANG) == process) {
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        nanosleep(&tick, NULL);
    }
    kill(process, SIGKILL);
    waitpid(process, &status, 0);
    return false;
}

/* There in builds with ThreadSanitizer, where nobody sleeps in a guard. */
int __wrap_pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                   const struct timespec *deadline)
    __attribute__((weak));

/*
 * One is woken to take the guard, a third takes it first, and the woken one is
 * killed: nobody knows any longer that another one sleeps.
 */
static void
a_wake_up_that_dies_with_its_receiver_is_made_good(void **state)
{
    int status = 0;
    (void)state;
    if (__wrap_pthread_mutex_clocklock != NULL) {
        skip();
    }
    pthread_mutex_t *guard = mmap(NULL, sizeof(*guard), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(guard != MAP_FAILED);
    assert_int_equal(guard_init(guard), 0);
    assert_false(guard_lock(guard));
    pid_t receiver = locks_and_lets_go(guard, true);
    await_asleep_and_traced(receiver);
    pid_t sleeper = locks_and_lets_go(guard, false);
    await_in_futex(sleeper);
    guard_unlock(guard);
    assert_int_equal(waitpid(receiver, &status, 0), receiver);
    assert_true(WIFSTOPPED(status));
    assert_false(guard_lock(guard));
    kill(receiver, SIGKILL);
    assert_int_equal(waitpid(receiver, &status, 0), receiver);
    guard_unlock(guard);
    assert_true(ends_well(sleeper));
    guard_fini(guard);
    munmap(guard, sizeof(*guard));
}

/* Without naps: the kernel itself wakes a sleeper of another process. */
static void
another_process_is_woken(void **state)
{
    (void)state;
    pthread_mutex_t *guard = mmap(NULL, sizeof(*guard), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(guard != MAP_FAILED);
    assert_int_equal(guard_init(guard), 0);
    assert_false(guard_lock(guard));
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bool died = guard_lock(guard);
        guard_unlock(guard);
        _exit(died ? 1 : 0);
    }
    await_in_futex(process);
    guard_unlock(guard);
    assert_true(ends_well(process));
    guard_fini(guard);
    munmap(guard, sizeof(*guard));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_excludes),
        cmocka_unit_test(a_death_inside_a_guard_is_told_once),
        cmocka_unit_test(a_guard_of_processes_is_tried_again_after_each_nap),
        cmocka_unit_test(unlocking_a_guard_that_is_not_held_is_a_bug),
        cmocka_unit_test(a_nap_ends_in_the_next_second_if_need_be),
        cmocka_unit_test(another_process_is_woken),
        cmocka_unit_test(a_wake_up_that_dies_with_its_receiver_is_made_good),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
