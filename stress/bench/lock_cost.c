/*
 * What an acquisition and its release cost when nobody else is there: this lock
 * against the locks of pthreads, all in one run.
 *
 * The contenders take turns, round after round, so that whatever disturbs the
 * machine disturbs all of them; of each the median of its rounds counts, and
 * the least and the most are told.
 */

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dipccore.h"
#include "guard.h"
#include "moment.h"

#define SEATS 4U
#define PAIRS 10000U
#define ROUNDS 401U

/* A lock of ours with all that it needs, as it would lie in shared memory. */
struct place {
    struct seat_totals totals;
    struct rwlock lock;
    struct seat seats[SEATS];
    struct seat_table table;
    uint32_t seat;
};

static struct place conditions;
static struct place futexes;
static pthread_rwlock_t rwlock;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t robust;

static void
demand(int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "lock_cost: %s\n", strerror(error));
        exit(1);
    }
}

static void
place_init(struct place *place, enum parking_kind parking)
{
    place->table = (struct seat_table){.seats = place->seats,
                                       .totals = &place->totals,
                                       .count = SEATS,
                                       .parking = parking,
                                       .now = moment_now};
    demand(seat_table_init(&place->table));
    demand(rwlock_init(&place->lock, 0));
    demand(seat_take(&place->table, 0, &place->seat));
}

static void
pair_of_ours(struct place *place, bool writes)
{
    demand(writes
               ? rwlock_wrlock(&place->table, &place->lock, place->seat, NULL)
               : rwlock_rdlock(&place->table, &place->lock, place->seat, NULL));
    rwlock_unlock(&place->table, &place->lock, place->seat);
}

static void
conditions_read(void)
{
    pair_of_ours(&conditions, false);
}

static void
conditions_write(void)
{
    pair_of_ours(&conditions, true);
}

static void
futexes_read(void)
{
    pair_of_ours(&futexes, false);
}

static void
futexes_write(void)
{
    pair_of_ours(&futexes, true);
}

static void
rwlock_read(void)
{
    demand(pthread_rwlock_rdlock(&rwlock));
    demand(pthread_rwlock_unlock(&rwlock));
}

static void
rwlock_write(void)
{
    demand(pthread_rwlock_wrlock(&rwlock));
    demand(pthread_rwlock_unlock(&rwlock));
}

static void
mutex_pair(void)
{
    demand(pthread_mutex_lock(&mutex));
    demand(pthread_mutex_unlock(&mutex));
}

static void
robust_pair(void)
{
    demand(pthread_mutex_lock(&robust));
    demand(pthread_mutex_unlock(&robust));
}

/* glibc leaves atomic instructions out in a process of one thread. */
static void *
stand_by(void *argument)
{
    demand(pthread_mutex_lock(argument));
    demand(pthread_mutex_unlock(argument));
    return NULL;
}

struct contender {
    const char *name;
    void (*pair)(void);
    double rounds_ns[ROUNDS];
};

static struct contender contenders[] = {
    {.name = "this lock, read (among threads)", .pair = conditions_read},
    {.name = "this lock, write (among threads)", .pair = conditions_write},
    {.name = "this lock, read (among processes)", .pair = futexes_read},
    {.name = "this lock, write (among processes)", .pair = futexes_write},
    {.name = "`pthread_rwlock_t`, read", .pair = rwlock_read},
    {.name = "`pthread_rwlock_t`, write", .pair = rwlock_write},
    {.name = "`pthread_mutex_t`", .pair = mutex_pair},
    {.name = "`pthread_mutex_t`, robust and shared", .pair = robust_pair},
};

#define CONTENDERS (sizeof(contenders) / sizeof(contenders[0]))

static double
measure(void (*pair)(void))
{
    uint64_t began_ns = moment_now_ns();
    for (uint32_t i = 0; i < PAIRS; i++) {
        pair();
    }
    return (double)(moment_now_ns() - began_ns) / PAIRS;
}

static int
compare_spans(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static double
median(const struct contender *contender)
{
    return contender->rounds_ns[ROUNDS / 2];
}

int
main(void)
{
    pthread_rwlockattr_t shared;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t other;
    demand(pthread_mutex_lock(&gate));
    demand(pthread_create(&other, NULL, stand_by, &gate));
    demand(pthread_rwlockattr_init(&shared));
    demand(pthread_rwlockattr_setpshared(&shared, PTHREAD_PROCESS_SHARED));
    demand(pthread_rwlock_init(&rwlock, &shared));
    demand(guard_init(&robust));
    place_init(&conditions, PARKING_CONDITION);
    place_init(&futexes, PARKING_FUTEX);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CONTENDERS; i++) {
            contenders[i].rounds_ns[round] = measure(contenders[i].pair);
        }
    }
    for (size_t i = 0; i < CONTENDERS; i++) {
        qsort(contenders[i].rounds_ns, ROUNDS, sizeof(double), compare_spans);
    }
    double rwlock_ns = median(&contenders[4]);
    double robust_ns = median(&contenders[7]);
    printf("| acquire and release, alone | median, ns | least to most, ns | "
           "of `pthread_rwlock_t`, read | of a robust `pthread_mutex_t` |\n"
           "| --- | ---: | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < CONTENDERS; i++) {
        const struct contender *contender = &contenders[i];
        printf("| %s | %.1f | %.0f to %.0f | %.1f | %.1f |\n", contender->name,
               median(contender), contender->rounds_ns[0],
               contender->rounds_ns[ROUNDS - 1], median(contender) / rwlock_ns,
               median(contender) / robust_ns);
    }
    demand(pthread_mutex_unlock(&gate));
    demand(pthread_join(other, NULL));
    return 0;
}
