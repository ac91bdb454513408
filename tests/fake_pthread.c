#include "fake_pthread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "fake_calls.h"

enum kind { MUTEX, MUTEX_ATTRIBUTES, CONDITION, CONDITION_ATTRIBUTES, KINDS };

static atomic_long calls_left; /* until one fails; 0: none does */
static atomic_long made[KINDS];
static void (*hook)(void *argument); /* by the main thread only */
static void *hook_argument;

void
fake_pthread_fail_at(long n)
{
    atomic_store(&calls_left, n);
}

void
fake_pthread_count(void)
{
    for (int i = 0; i < KINDS; i++) {
        atomic_store(&made[i], 0);
    }
}

bool
fake_pthread_is_balanced(void)
{
    bool balanced = true;
    for (int i = 0; i < KINDS; i++) {
        balanced = balanced && atomic_load(&made[i]) == 0;
    }
    return balanced;
}

void
fake_pthread_before_trylock(void (*called)(void *argument), void *argument)
{
    hook = called;
    hook_argument = argument;
}

static bool
fails(void)
{
    long left = atomic_load(&calls_left);
    if (left > 0) {
        atomic_store(&calls_left, left - 1);
    }
    return left == 1;
}

static int
count(enum kind kind, int error, long change)
{
    if (error == 0) {
        atomic_fetch_add(&made[kind], change);
    }
    return error;
}

/* A call that makes or sets may fail; one that destroys never does. */
#define MAKES(name, parameters, arguments, kind, change)     \
    int __real_##name parameters;                            \
    int __wrap_##name parameters;                            \
    int __wrap_##name parameters                             \
    {                                                        \
        if (fails() || fake_calls_fails(#name)) {            \
            return ENOMEM;                                   \
        }                                                    \
        return count(kind, __real_##name arguments, change); \
    }

#define DESTROYS(name, parameters, arguments, kind)      \
    int __real_##name parameters;                        \
    int __wrap_##name parameters;                        \
    int __wrap_##name parameters                         \
    {                                                    \
        return count(kind, __real_##name arguments, -1); \
    }

MAKES(pthread_mutexattr_init, (pthread_mutexattr_t * object), (object),
      MUTEX_ATTRIBUTES, 1)
MAKES(pthread_mutexattr_setpshared, (pthread_mutexattr_t * object, int shared),
      (object, shared), MUTEX_ATTRIBUTES, 0)
MAKES(pthread_mutexattr_setrobust, (pthread_mutexattr_t * object, int robust),
      (object, robust), MUTEX_ATTRIBUTES, 0)
DESTROYS(pthread_mutexattr_destroy, (pthread_mutexattr_t * object), (object),
         MUTEX_ATTRIBUTES)
MAKES(pthread_mutex_init,
      (pthread_mutex_t * object, const pthread_mutexattr_t *attributes),
      (object, attributes), MUTEX, 1)
DESTROYS(pthread_mutex_destroy, (pthread_mutex_t * object), (object), MUTEX)
MAKES(pthread_condattr_init, (pthread_condattr_t * object), (object),
      CONDITION_ATTRIBUTES, 1)
MAKES(pthread_condattr_setclock, (pthread_condattr_t * object, clockid_t clock),
      (object, clock), CONDITION_ATTRIBUTES, 0)
DESTROYS(pthread_condattr_destroy, (pthread_condattr_t * object), (object),
         CONDITION_ATTRIBUTES)
MAKES(pthread_cond_init,
      (pthread_cond_t * object, const pthread_condattr_t *attributes),
      (object, attributes), CONDITION, 1)
DESTROYS(pthread_cond_destroy, (pthread_cond_t * object), (object), CONDITION)

int __real_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);

int
__wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    void (*called)(void *argument) = hook;
    if (called != NULL) {
        hook = NULL;
        called(hook_argument);
    }
    return __real_pthread_mutex_trylock(mutex);
}
