/*
 * A small random program, made from the seed in argv[1], of waits that end by
 * themselves: on a robust mutex, a condition variable, a semaphore, a rwlock,
 * a futex word, and asleep. With --idle-time, and with deaths or without, its
 * final states and verdicts must be the same with and without reduction.
 * argv[2] limits the operations of a thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <heddle.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 3, OPS_MAX = 4, KINDS = 14 };

static uint64_t state;
static int threads;
static int ops[THREADS_MAX];
static int op[THREADS_MAX][OPS_MAX];
static int which[THREADS_MAX][OPS_MAX];
static uint64_t seen[THREADS_MAX];

static atomic_int variable;
static atomic_int word;
static pthread_mutex_t robust;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;

static unsigned
draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) +
            UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static void
see(int t, uint64_t value)
{
    seen[t] = seen[t] * 31 + value + 1;
}

/* Some ms after the start; the first has passed already. */
static struct timespec
moment(int w)
{
    static const long ms[] = {0, 10, 10, 20};

    return (struct timespec){1000, ms[w] * 1000000};
}

static int
leave_robust(int t, int error)
{
    see(t, (uint64_t)error);
    if (error == EOWNERDEAD) {
        pthread_mutex_consistent(&robust);
        error = 0;
    }
    if (error == 0) {
        see(t, (uint64_t)atomic_fetch_add(&variable, 1));
        pthread_mutex_unlock(&robust);
    }
    return error;
}

static void
do_op(int t, int kind, int w)
{
    struct timespec until = moment(w);
    struct timespec now;
    int error;

    switch (kind) {
    case 0:
        see(t, (uint64_t)atomic_load(&variable));
        break;
    case 1:
        atomic_store(&variable, t + 10);
        break;
    case 2:
        leave_robust(t, pthread_mutex_lock(&robust));
        break;
    case 3:
    case 4:
        leave_robust(t, pthread_mutex_clocklock(&robust, CLOCK_MONOTONIC,
                                                &until));
        break;
    case 5:
        leave_robust(t, pthread_mutex_trylock(&robust));
        break;
    case 6:
        pthread_mutex_lock(&lock);
        see(t, (uint64_t)pthread_cond_timedwait(&cond, &lock, &until));
        see(t, (uint64_t)atomic_load(&variable));
        pthread_mutex_unlock(&lock);
        break;
    case 7:
        pthread_cond_signal(&cond);
        break;
    case 8:
        if (sem_clockwait(&sem, CLOCK_MONOTONIC, &until) == 0) {
            see(t, (uint64_t)atomic_load(&variable));
            sem_post(&sem);
        } else {
            see(t, 97);
        }
        break;
    case 9:
        error = pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &until);
        see(t, (uint64_t)error);
        if (error == 0) {
            atomic_store(&variable, t + 40);
            pthread_rwlock_unlock(&rwlock);
        }
        break;
    case 10:
        error = pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &until);
        see(t, (uint64_t)error);
        if (error == 0) {
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
            pthread_rwlock_unlock(&rwlock);
        }
        break;
    case 11:
        see(t, (uint64_t)syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, w & 1,
                                 &until, NULL, FUTEX_BITSET_MATCH_ANY));
        break;
    case 12:
        atomic_fetch_add(&word, 1);
        syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
        break;
    default:
        clock_gettime(CLOCK_MONOTONIC, &now);
        see(t, (uint64_t)now.tv_nsec);
        break;
    }
}

static void *
body(void *number)
{
    int t = (int)(intptr_t)number;
    int i;

    heddle_thread_may_die(t == 0);
    for (i = 0; i < ops[t]; i++) {
        do_op(t, op[t][i], which[t][i]);
    }
    heddle_thread_may_die(false);
    return NULL;
}

static void
init(void)
{
    pthread_mutexattr_t attributes;
    pthread_condattr_t monotonic;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&cond, &monotonic);
    sem_init(&sem, 0, 1);
}

int
main(int argc, char **argv)
{
    pthread_t thread[THREADS_MAX];
    int most = argc > 2 ? atoi(argv[2]) : 3;
    int t;
    int i;

    state = (uint64_t)atoll(argv[1]) * 977 + 13;
    draw(2);
    init();
    threads = 2 + (int)draw(2);
    for (t = 0; t < threads; t++) {
        ops[t] = 1 + (int)draw((unsigned)most);
        if (threads == 3 && ops[t] > 2) {
            ops[t] = 2;
        }
        for (i = 0; i < ops[t]; i++) {
            op[t][i] = (int)draw(KINDS);
            which[t][i] = (int)draw(4);
        }
    }
    for (t = 0; t < threads; t++) {
        pthread_create(&thread[t], NULL, body, (void *)(intptr_t)t);
    }
    for (t = 0; t < threads; t++) {
        pthread_join(thread[t], NULL);
    }
    for (t = 0; t < threads; t++) {
        heddle_state(seen[t]);
    }
    heddle_state((unsigned long long)atomic_load(&variable));
    return 0;
}
