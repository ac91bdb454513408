/*
 * Threads that contend for a lock: this one, those of pthreads, and those of
 * Concurrency Kit, in turn.
 *
 *     lock_contest --threads N --writers PERCENT --section BYTES --for-ms N
 *                  [--waits]
 *
 * Each thread acquires, to write as often as it is told, copies so many bytes,
 * and releases, again and again.  For each lock a line for each figure:
 * `lock|name|value`.  per-second counts acquisitions; switches are context
 * switches for each of them.  With --waits each acquisition is timed, which
 * takes time too, and there are the longest waits, the 99th percentile, and
 * how many times as often the most served thread was served as the least.
 */

#include <ck_pflock.h>
#include <ck_rwlock.h>
#include <ck_tflock.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "dice.h"
#include "dipccore.h"
#include "histogram.h"
#include "moment.h"

#define THREADS_MAX 16U
#define SECTION_MAX 65536U
#define DICE 1024U /* reads and writes are drawn beforehand, so many */

/* ---- the locks ---- */

struct place {
    struct seat_totals totals;
    struct rwlock lock;
    struct seat seats[THREADS_MAX];
    struct seat_table table;
};

static struct place place;
static uint32_t seats[THREADS_MAX];
static pthread_rwlock_t rwlock;
static pthread_rwlock_t writer_rwlock;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static ck_pflock_t pflock = CK_PFLOCK_INITIALIZER;
static ck_tflock_ticket_t tflock = CK_TFLOCK_TICKET_INITIALIZER;
static ck_rwlock_t ck_lock = CK_RWLOCK_INITIALIZER;

static void
demand(int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "lock_contest: %s\n", strerror(error));
        exit(1);
    }
}

static void
dipc_acquire(uint32_t thread, bool writes)
{
    uint32_t seat = seats[thread];
    demand(writes ? rwlock_wrlock(&place.table, &place.lock, seat, NULL)
                  : rwlock_rdlock(&place.table, &place.lock, seat, NULL));
}

static void
dipc_release(uint32_t thread, bool writes)
{
    (void)writes;
    rwlock_unlock(&place.table, &place.lock, seats[thread]);
}

static void
rwlock_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    demand(writes ? pthread_rwlock_wrlock(&rwlock)
                  : pthread_rwlock_rdlock(&rwlock));
}

static void
rwlock_release(uint32_t thread, bool writes)
{
    (void)thread;
    (void)writes;
    demand(pthread_rwlock_unlock(&rwlock));
}

static void
writer_rwlock_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    demand(writes ? pthread_rwlock_wrlock(&writer_rwlock)
                  : pthread_rwlock_rdlock(&writer_rwlock));
}

static void
writer_rwlock_release(uint32_t thread, bool writes)
{
    (void)thread;
    (void)writes;
    demand(pthread_rwlock_unlock(&writer_rwlock));
}

static void
mutex_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    (void)writes;
    demand(pthread_mutex_lock(&mutex));
}

static void
mutex_release(uint32_t thread, bool writes)
{
    (void)thread;
    (void)writes;
    demand(pthread_mutex_unlock(&mutex));
}

static void
pflock_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_pflock_write_lock(&pflock);
    } else {
        ck_pflock_read_lock(&pflock);
    }
}

static void
pflock_release(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_pflock_write_unlock(&pflock);
    } else {
        ck_pflock_read_unlock(&pflock);
    }
}

static void
tflock_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_tflock_ticket_write_lock(&tflock);
    } else {
        ck_tflock_ticket_read_lock(&tflock);
    }
}

static void
tflock_release(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_tflock_ticket_write_unlock(&tflock);
    } else {
        ck_tflock_ticket_read_unlock(&tflock);
    }
}

static void
ck_acquire(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_rwlock_write_lock(&ck_lock);
    } else {
        ck_rwlock_read_lock(&ck_lock);
    }
}

static void
ck_release(uint32_t thread, bool writes)
{
    (void)thread;
    if (writes) {
        ck_rwlock_write_unlock(&ck_lock);
    } else {
        ck_rwlock_read_unlock(&ck_lock);
    }
}

struct rival {
    const char *name;
    void (*acquire)(uint32_t thread, bool writes);
    void (*release)(uint32_t thread, bool writes);
};

static const struct rival rivals[] = {
    {"DIPC", dipc_acquire, dipc_release},
    {"pthread_rwlock_t", rwlock_acquire, rwlock_release},
    {"the same, writers first", writer_rwlock_acquire, writer_rwlock_release},
    {"ck_pflock", pflock_acquire, pflock_release},
    {"ck_tflock", tflock_acquire, tflock_release},
    {"ck_rwlock", ck_acquire, ck_release},
    {"pthread_mutex_t", mutex_acquire, mutex_release},
};

static void
make_locks(void)
{
    pthread_rwlockattr_t attributes;
    place.table = (struct seat_table){.seats = place.seats,
                                      .totals = &place.totals,
                                      .count = THREADS_MAX,
                                      .parking = PARKING_CONDITION,
                                      .now = moment_now};
    demand(seat_table_init(&place.table));
    demand(rwlock_init(&place.lock, 0));
    demand(pthread_rwlock_init(&rwlock, NULL));
    demand(pthread_rwlockattr_init(&attributes));
    demand(pthread_rwlockattr_setkind_np(
        &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP));
    demand(pthread_rwlock_init(&writer_rwlock, &attributes));
}

/* ---- the contest ---- */

/* What all threads do.  const once they run. */
struct contest {
    const struct rival *rival;
    uint32_t threads;
    uint32_t writers_percent;
    uint32_t section_bytes;
    uint64_t span_ns;
    bool waits; /* time each acquisition */
    pthread_barrier_t start;
    atomic_bool over;
    unsigned char shared[SECTION_MAX]; /* under the lock */
};

struct contestant {
    _Alignas(64) struct contest *contest;
    pthread_t thread;
    uint32_t number;
    uint64_t served;
    struct histogram waits;
    bool writes[DICE];
    unsigned char own[SECTION_MAX];
};

static void
wait_at(pthread_barrier_t *barrier)
{
    int error = pthread_barrier_wait(barrier);
    demand(error == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : error);
}

static void
turn(struct contestant *contestant, bool writes)
{
    struct contest *contest = contestant->contest;
    uint64_t since_ns = contest->waits ? moment_now_ns() : 0;
    contest->rival->acquire(contestant->number, writes);
    if (contest->waits) {
        histogram_add(&contestant->waits, moment_now_ns() - since_ns);
    }
    if (writes) {
        memcpy(contest->shared, contestant->own, contest->section_bytes);
    } else {
        memcpy(contestant->own, contest->shared, contest->section_bytes);
    }
    contest->rival->release(contestant->number, writes);
    contestant->served++;
}

static void *
compete(void *argument)
{
    struct contestant *contestant = argument;
    struct contest *contest = contestant->contest;
    bool sits = contest->rival == &rivals[0];
    if (sits) {
        demand(seat_take(&place.table, contestant->number,
                         &seats[contestant->number]));
    }
    wait_at(&contest->start);
    for (uint32_t i = 0;
         !atomic_load_explicit(&contest->over, memory_order_relaxed); i++) {
        turn(contestant, contestant->writes[i % DICE]);
    }
    if (sits) {
        seat_leave(&place.table, seats[contestant->number]);
    }
    return NULL;
}

static uint64_t
switches_now(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
}

static void
tell_waits(const struct contest *contest, struct contestant *contestants,
           uint64_t least, uint64_t most)
{
    const char *name = contest->rival->name;
    struct histogram *all = &contestants[0].waits;
    for (uint32_t i = 1; i < contest->threads; i++) {
        histogram_merge(all, &contestants[i].waits);
    }
    printf("%s|p99-us|%.3f\n", name,
           (double)histogram_percentile(all, 990000) / 1000.0);
    printf("%s|worst-us|%.3f\n", name, (double)all->most_ns / 1000.0);
    printf("%s|most-to-least|%.3f\n", name,
           (double)most / (double)(least > 0 ? least : 1));
}

static void
tell(const struct contest *contest, struct contestant *contestants,
     uint64_t span_ns, uint64_t switches)
{
    uint64_t total = 0;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint32_t i = 0; i < contest->threads; i++) {
        uint64_t served = contestants[i].served;
        total += served;
        least = served < least ? served : least;
        most = served > most ? served : most;
    }
    printf("%s|per-second|%.1f\n", contest->rival->name,
           (double)total * (double)MOMENT_S / (double)span_ns);
    printf("%s|switches|%.4f\n", contest->rival->name,
           (double)switches / (double)(total > 0 ? total : 1));
    if (contest->waits) {
        tell_waits(contest, contestants, least, most);
    }
}

static void
hold(struct contest *contest, struct contestant *contestants)
{
    atomic_store(&contest->over, false);
    demand(pthread_barrier_init(&contest->start, NULL, contest->threads + 1));
    for (uint32_t i = 0; i < contest->threads; i++) {
        contestants[i].served = 0;
        memset(&contestants[i].waits, 0, sizeof(contestants[i].waits));
        demand(pthread_create(&contestants[i].thread, NULL, compete,
                              &contestants[i]));
    }
    wait_at(&contest->start);
    uint64_t switches = switches_now();
    uint64_t began_ns = moment_now_ns();
    moment_pass_ns(contest->span_ns);
    atomic_store(&contest->over, true);
    for (uint32_t i = 0; i < contest->threads; i++) {
        demand(pthread_join(contestants[i].thread, NULL));
    }
    uint64_t span_ns = moment_now_ns() - began_ns;
    tell(contest, contestants, span_ns, switches_now() - switches);
    demand(pthread_barrier_destroy(&contest->start));
}

static struct contestant *
make_contestants(struct contest *contest)
{
    struct contestant *contestants =
        aligned_alloc(64, contest->threads * sizeof(*contestants));
    demand(contestants == NULL ? ENOMEM : 0);
    for (uint32_t i = 0; i < contest->threads; i++) {
        struct dice dice;
        dice_init(&dice, 1, i);
        contestants[i].contest = contest;
        contestants[i].number = i;
        memset(contestants[i].own, (int)i, sizeof(contestants[i].own));
        for (uint32_t j = 0; j < DICE; j++) {
            contestants[i].writes[j] =
                dice_percent(&dice, contest->writers_percent);
        }
    }
    return contestants;
}

static int
usage(void)
{
    (void)fprintf(
        stderr,
        "usage: lock_contest [options]\n"
        "  --threads N        1 to %u (2)\n"
        "  --writers PERCENT  of the acquisitions (50)\n"
        "  --section BYTES    copied while the lock is held, 0 to %u (0)\n"
        "  --for-ms N         of each lock, 1 to 60000 (100)\n"
        "  --waits            time each acquisition\n",
        THREADS_MAX, SECTION_MAX);
    return 2;
}

static const struct option options[] = {
    {"threads", required_argument, NULL, 't'},
    {"writers", required_argument, NULL, 'w'},
    {"section", required_argument, NULL, 's'},
    {"for-ms", required_argument, NULL, 'f'},
    {"waits", no_argument, NULL, 'a'},
    {0}};

static bool
take_options(struct contest *contest, int argc, char **argv)
{
    unsigned long values[256] = {['t'] = 2, ['w'] = 50, ['f'] = 100};
    int name = 0;
    while ((name = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (name == '?') {
            return false;
        }
        char *end = "";
        values[name] = optarg != NULL ? strtoul(optarg, &end, 10) : 1;
        if (*end != '\0') {
            return false;
        }
    }
    contest->threads = (uint32_t)values['t'];
    contest->writers_percent = (uint32_t)values['w'];
    contest->section_bytes = (uint32_t)values['s'];
    contest->span_ns = values['f'] * MOMENT_MS;
    contest->waits = values['a'] != 0;
    return optind == argc && values['t'] >= 1 && values['t'] <= THREADS_MAX &&
           values['w'] <= 100 && values['s'] <= SECTION_MAX &&
           values['f'] >= 1 && values['f'] <= 60000;
}

int
main(int argc, char **argv)
{
    static struct contest contest;
    if (!take_options(&contest, argc, argv)) {
        return usage();
    }
    make_locks();
    struct contestant *contestants = make_contestants(&contest);
    for (size_t i = 0; i < sizeof(rivals) / sizeof(rivals[0]); i++) {
        contest.rival = &rivals[i];
        hold(&contest, contestants);
    }
    free(contestants);
    return 0;
}
