/*
 * A small random program, made from the seed in argv[1]: two or three threads
 * of a few operations on shared atomics, mutexes, a condition variable, a
 * semaphore, a rwlock. Its final states and verdicts must be the same with
 * and without reduction. argv[2] limits the operations of a thread.
 */
#include <errno.h>
#include <heddle.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS_MAX = 3, OPS_MAX = 4, VARIABLES = 2 };
enum { KINDS = 16 };

static uint64_t state;
static int threads;
static int ops[THREADS_MAX];
static int op[THREADS_MAX][OPS_MAX];
static int which[THREADS_MAX][OPS_MAX];
static uint64_t seen[THREADS_MAX];

static atomic_int variable[VARIABLES];
static pthread_mutex_t lock[2] = {PTHREAD_MUTEX_INITIALIZER,
                                  PTHREAD_MUTEX_INITIALIZER};
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;

static unsigned
draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static void
see(int t, uint64_t value)
{
    seen[t] = seen[t] * 31 + value + 1;
}

static void
timed_wait(int t)
{
    struct timespec until = {1700001000, 0};

    see(t, (uint64_t)pthread_cond_timedwait(&cond, &lock[0], &until));
}

static void
under_lock(int t, int w, int k)
{
    pthread_mutex_lock(&lock[w]);
    if (k == 0) {
        atomic_fetch_add(&variable[w], 1);
    } else if (k == 1) {
        pthread_mutex_lock(&lock[1 - w]);
        see(t, (uint64_t)atomic_load(&variable[0]));
        pthread_mutex_unlock(&lock[1 - w]);
    }
    pthread_mutex_unlock(&lock[w]);
}

static void
waiting(int t, int k)
{
    pthread_mutex_lock(&lock[0]);
    if (k == 0) {
        pthread_cond_wait(&cond, &lock[0]);
        see(t, (uint64_t)atomic_load(&variable[1]));
    } else if (k == 1) {
        timed_wait(t);
    } else {
        atomic_store(&variable[1], t + 5);
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&lock[0]);
}

static void
do_op(int t, int kind, int w)
{
    int expected = w;

    switch (kind) {
    case 0:
        see(t, (uint64_t)atomic_load(&variable[w]));
        break;
    case 1:
        atomic_store(&variable[w], t + 1);
        break;
    case 2:
        see(t, (uint64_t)atomic_fetch_add(&variable[w], 1));
        break;
    case 3:
        see(t, atomic_compare_exchange_strong(&variable[w], &expected, 7));
        break;
    case 4:
        under_lock(t, w, 0);
        break;
    case 5:
        under_lock(t, w, 1);
        break;
    case 6:
        if (pthread_mutex_trylock(&lock[w]) == 0) {
            see(t, (uint64_t)atomic_load(&variable[1 - w]));
            pthread_mutex_unlock(&lock[w]);
        } else {
            see(t, 99);
        }
        break;
    case 7:
        waiting(t, 0);
        break;
    case 8:
        waiting(t, 1);
        break;
    case 9:
    case 10:
        waiting(t, 2);
        break;
    case 11:
        sem_wait(&sem);
        see(t, (uint64_t)atomic_load(&variable[w]));
        sem_post(&sem);
        break;
    case 12:
        if (sem_trywait(&sem) == 0) {
            atomic_store(&variable[w], t + 20);
        } else {
            see(t, 98);
            sem_post(&sem);
        }
        break;
    case 13:
        pthread_rwlock_rdlock(&rwlock);
        see(t, (uint64_t)atomic_load(&variable[w]));
        pthread_rwlock_unlock(&rwlock);
        break;
    case 14:
        pthread_rwlock_wrlock(&rwlock);
        atomic_store(&variable[w], t + 40);
        pthread_rwlock_unlock(&rwlock);
        break;
    case 15:
        see(t, heddle_choose(2));
        break;
    default:
        break;
    }
}

static void *
body(void *number)
{
    int t = (int)(intptr_t)number;
    int i;

    for (i = 0; i < ops[t]; i++) {
        do_op(t, op[t][i], which[t][i]);
    }
    return NULL;
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
    sem_init(&sem, 0, 1);
    threads = 2 + (int)draw(2);
    for (t = 0; t < threads; t++) {
        ops[t] = 1 + (int)draw((unsigned)most);
        if (threads == 3 && ops[t] > 2) {
            ops[t] = 2;
        }
        for (i = 0; i < ops[t]; i++) {
            op[t][i] = (int)draw(KINDS);
            which[t][i] = (int)draw(2);
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
    for (i = 0; i < VARIABLES; i++) {
        heddle_state((unsigned long long)atomic_load(&variable[i]));
    }
    return 0;
}
