#include "actor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

static void *
actor_main(void *argument)
{
    struct actor *actor = argument;
    pthread_mutex_lock(&actor->mutex);
    while (!actor->leaving) {
        if (actor->step == NULL) {
            pthread_cond_wait(&actor->changed, &actor->mutex);
            continue;
        }
        int (*step)(void *) = actor->step;
        pthread_mutex_unlock(&actor->mutex);
        int result = step(actor->argument);
        pthread_mutex_lock(&actor->mutex);
        actor->result = result;
        actor->step = NULL;
        pthread_cond_broadcast(&actor->changed);
    }
    pthread_mutex_unlock(&actor->mutex);
    return NULL;
}

void
actor_init(struct actor *actor)
{
    pthread_condattr_t attributes;
    assert_int_equal(pthread_condattr_init(&attributes), 0);
    assert_int_equal(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC),
                     0);
    assert_int_equal(pthread_mutex_init(&actor->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&actor->changed, &attributes), 0);
    pthread_condattr_destroy(&attributes);
    actor->step = NULL;
    actor->argument = NULL;
    actor->result = 0;
    actor->leaving = false;
    assert_int_equal(pthread_create(&actor->thread, NULL, actor_main, actor),
                     0);
}

void
actor_fini(struct actor *actor)
{
    pthread_mutex_lock(&actor->mutex);
    actor->leaving = true;
    pthread_cond_broadcast(&actor->changed);
    pthread_mutex_unlock(&actor->mutex);
    assert_int_equal(pthread_join(actor->thread, NULL), 0);
    pthread_cond_destroy(&actor->changed);
    pthread_mutex_destroy(&actor->mutex);
}

void
actor_start(struct actor *actor, int (*step)(void *), void *argument)
{
    pthread_mutex_lock(&actor->mutex);
    actor->argument = argument;
    actor->step = step;
    pthread_cond_broadcast(&actor->changed);
    pthread_mutex_unlock(&actor->mutex);
}

int
actor_finish(struct actor *actor)
{
    struct timespec deadline = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);
    int error = 0;
    pthread_mutex_lock(&actor->mutex);
    while (actor->step != NULL && error == 0) {
        error =
            pthread_cond_timedwait(&actor->changed, &actor->mutex, &deadline);
    }
    bool finished = actor->step == NULL;
    int result = actor->result;
    pthread_mutex_unlock(&actor->mutex);
    if (!finished) {
        fail_msg("an actor did not finish its step");
    }
    return result;
}

int
actor_do(struct actor *actor, int (*step)(void *), void *argument)
{
    actor_start(actor, step, argument);
    return actor_finish(actor);
}

bool
actor_is_busy(struct actor *actor)
{
    pthread_mutex_lock(&actor->mutex);
    bool busy = actor->step != NULL;
    pthread_mutex_unlock(&actor->mutex);
    return busy;
}

static bool
is_past(const struct timespec *deadline)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline->tv_sec ||
           (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

void
actor_await_state(const struct seat_table *seats, uint32_t seat,
                  enum seat_state state)
{
    struct timespec deadline = actor_deadline_ms(1000L * ACTOR_PATIENCE_S);
    while (seat_state(seats, seat) != state) {
        if (is_past(&deadline)) {
            fail_msg("seat %u is in state %d and not in %d", seat,
                     (int)seat_state(seats, seat), (int)state);
        }
        sched_yield();
    }
}

/* The parking place whose deadline has passed by decree. */
static _Atomic(union parking *) expired;

int __real_parking_wait(union parking *parking, enum parking_kind kind,
                        pthread_mutex_t *guard, const struct timespec *deadline,
                        void (*now)(struct timespec *now));
int __wrap_parking_wait(union parking *parking, enum parking_kind kind,
                        pthread_mutex_t *guard, const struct timespec *deadline,
                        void (*now)(struct timespec *now));

static void (*_Atomic sleep_hook)(const struct timespec *deadline,
                                  void *argument);
static void (*_Atomic wake_hook)(void *argument);
static void *_Atomic hook_argument;

void
actor_watch_parking(void (*sleeps)(const struct timespec *deadline,
                                   void *argument),
                    void (*wakes)(void *argument), void *argument)
{
    atomic_store(&hook_argument, argument);
    atomic_store(&sleep_hook, sleeps);
    atomic_store(&wake_hook, wakes);
}

void __real_parking_wake(union parking *parking, enum parking_kind kind);
void __wrap_parking_wake(union parking *parking, enum parking_kind kind);

/* The linker puts this before every wake-up in a test program. */
void
__wrap_parking_wake(union parking *parking, enum parking_kind kind)
{
    void (*hook)(void *argument) = atomic_load(&wake_hook);

    if (hook != NULL) {
        hook(atomic_load(&hook_argument));
    }
    __real_parking_wake(parking, kind);
}

/* The linker puts this before every sleep in a test program. */
int
__wrap_parking_wait(union parking *parking, enum parking_kind kind,
                    pthread_mutex_t *guard, const struct timespec *deadline,
                    void (*now)(struct timespec *now))
{
    union parking *own = parking;
    void (*hook)(const struct timespec *deadline, void *argument) =
        atomic_load(&sleep_hook);

    if (hook != NULL) {
        hook(deadline, atomic_load(&hook_argument));
    }
    int error = __real_parking_wait(parking, kind, guard, deadline, now);
    if (atomic_compare_exchange_strong(&expired, &own, NULL)) {
        return ETIMEDOUT;
    }
    return error;
}

void
actor_expire(struct seat_table *seats, uint32_t seat, pthread_mutex_t *guard)
{
    pthread_mutex_lock(guard);
    atomic_store(&expired, &seat_at(seats, seat)->parking);
    seat_wake(seats, seat);
    pthread_mutex_unlock(guard);
}

struct timespec
actor_deadline_ms(long milliseconds)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += milliseconds / 1000;
    deadline.tv_nsec += milliseconds % 1000 * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_nsec -= 1000000000;
        deadline.tv_sec++;
    }
    return deadline;
}

static void
abort_quietly(void (*function)(void *argument), void *argument)
{
    struct rlimit no_core = {0, 0};
    int null = open("/dev/null", O_WRONLY);
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGABRT, SIG_DFL);
    dup2(null, STDERR_FILENO);
    function(argument);
    _exit(0);
}

bool
actor_aborts(void (*function)(void *argument), void *argument)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        abort_quietly(function, argument);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
