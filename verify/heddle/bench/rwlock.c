/*
 * The program of the figures: two writers and one reader on a reader-writer
 * lock made of one mutex and one condition variable, ROUNDS times each.
 */
#include <heddle.h>
#include <pthread.h>

#ifndef ROUNDS
#define ROUNDS 1
#endif

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int readers;
static int writers;
static int value;

static void
read_lock(void)
{
    pthread_mutex_lock(&guard);
    while (writers > 0) {
        pthread_cond_wait(&changed, &guard);
    }
    readers++;
    pthread_mutex_unlock(&guard);
}

static void
write_lock(void)
{
    pthread_mutex_lock(&guard);
    while (writers > 0 || readers > 0) {
        pthread_cond_wait(&changed, &guard);
    }
    writers++;
    pthread_mutex_unlock(&guard);
}

static void
unlock(int *count)
{
    pthread_mutex_lock(&guard);
    (*count)--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&guard);
}

static void
write_some(void)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        write_lock();
        value++;
        unlock(&writers);
    }
}

void
t0(void)
{
    write_some();
}

void
t1(void)
{
    write_some();
}

void
t2(void)
{
    int i;

    for (i = 0; i < ROUNDS; i++) {
        read_lock();
        heddle_assert(value >= 0 && value <= 2 * ROUNDS);
        unlock(&readers);
    }
}

void
post(void)
{
    heddle_assert(value == 2 * ROUNDS);
}
