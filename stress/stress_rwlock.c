/*
 * Threads on the lock: exclusion, and service in the order of arrival.
 *
 * Each thread notes the ticket of each acquisition while it holds the lock.
 * Checked:
 *   a writer holds alone, readers hold with no writer (two counters, and a
 *   plain number that only writers change)
 *   no ticket is admitted after a later one of the other kind or, among
 *   writers, after any later one: the longest overtaking must be 0
 *   every acquisition without a deadline comes; one with a deadline comes or
 *   times out, no earlier than it said
 *   rwlock_check holds in the end, and nobody is left queued
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "moment.h"
#include "rwlock.h"
#include "seat.h"

#define THREADS_MAX 64U
#define WAITS_MAX 2000000U

/* Who comes how often. */
enum mix { MIX_EVEN, MIX_READERS, MIX_WRITERS, MIXES };

static const char *const mix_names[MIXES] = {
    [MIX_EVEN] = "readers and writers",
    [MIX_READERS] = "a flood of readers, one writer",
    [MIX_WRITERS] = "a flood of writers, one reader"};

struct wait {
    uint64_t ticket;
    uint64_t waited_ns;
    bool writes;
};

struct stress {
    uint64_t seed;
    uint64_t seconds;
    uint64_t threads;
    const char *waits;
    enum mix mix;
    struct seat_table table;
    struct rwlock lock;
    uint64_t end_ns;
    _Atomic uint32_t readers;
    _Atomic uint32_t writers;
    uint64_t plain;               /* under the lock */
    _Atomic uint64_t last_writer; /* ticket of the newest admitted writer */
    _Atomic uint64_t last_any;    /* the newest admitted ticket */
    _Atomic uint64_t overtaking;  /* the longest seen, in tickets */
    _Atomic uint64_t overlaps;
    _Atomic uint64_t acquired[2];
    _Atomic uint64_t timeouts;
    _Atomic uint64_t early; /* time-outs before their time */
    _Atomic uint64_t longest_ns[2];
    struct wait *seen;
    _Atomic uint64_t seen_count;
};

struct worker {
    pthread_t thread;
    struct stress *stress;
    uint32_t number;
};

static void
raise_to(_Atomic uint64_t *most, uint64_t value)
{
    uint64_t was = atomic_load(most);
    while (was < value && !atomic_compare_exchange_weak(most, &was, value)) {
    }
}

/*
 * Who holds is compared with those admitted before: a writer's ticket must be
 * above every admitted one, a reader's above that of every admitted writer.
 */
static void
judge_order(struct stress *stress, uint64_t ticket, bool writes)
{
    uint64_t before =
        atomic_load(writes ? &stress->last_any : &stress->last_writer);
    if (before > ticket) {
        raise_to(&stress->overtaking, before - ticket);
    }
    raise_to(&stress->last_any, ticket);
    if (writes) {
        raise_to(&stress->last_writer, ticket);
    }
}

static void
hold(struct stress *stress, struct dice *dice, bool writes)
{
    if (writes) {
        bool alone = atomic_fetch_add(&stress->writers, 1) == 0 &&
                     atomic_load(&stress->readers) == 0;
        stress->plain++;
        if (!alone) {
            atomic_fetch_add(&stress->overlaps, 1);
        }
    } else {
        atomic_fetch_add(&stress->readers, 1);
        if (atomic_load(&stress->writers) != 0) {
            atomic_fetch_add(&stress->overlaps, 1);
        }
    }
    for (uint64_t i = dice_below(dice, 200); i > 0; i--) {
        atomic_signal_fence(memory_order_seq_cst); /* not optimised away */
    }
    atomic_fetch_sub(writes ? &stress->writers : &stress->readers, 1);
}

static void
note(struct stress *stress, uint64_t ticket, uint64_t waited_ns, bool writes)
{
    uint64_t i = atomic_fetch_add(&stress->seen_count, 1);
    if (i < WAITS_MAX) {
        stress->seen[i] = (struct wait){ticket, waited_ns, writes};
    }
    raise_to(&stress->longest_ns[writes], waited_ns);
    atomic_fetch_add(&stress->acquired[writes], 1);
}

static void
acquire(struct stress *stress, struct dice *dice, uint32_t seat, bool writes)
{
    uint64_t began_ns = moment_now_ns();
    bool timed = dice_percent(dice, 20);
    uint64_t until_ns = began_ns + dice_below(dice, 50000);
    struct timespec deadline = moment_deadline(until_ns);
    const struct timespec *limit = timed ? &deadline : NULL;
    int error = writes
                    ? rwlock_wrlock(&stress->table, &stress->lock, seat, limit)
                    : rwlock_rdlock(&stress->table, &stress->lock, seat, limit);
    if (error == ETIMEDOUT && timed) {
        atomic_fetch_add(&stress->timeouts, 1);
        if (moment_now_ns() < until_ns) {
            atomic_fetch_add(&stress->early, 1);
        }
        return;
    }
    if (error != 0) {
        (void)fprintf(stderr, "stress_rwlock: %s\n", strerror(error));
        exit(1);
    }
    uint64_t ticket = atomic_load(&seat_at(&stress->table, seat)->ticket);
    judge_order(stress, ticket, writes);
    note(stress, ticket, moment_now_ns() - began_ns, writes);
    hold(stress, dice, writes);
    rwlock_unlock(&stress->table, &stress->lock, seat);
}

static bool
chooses_to_write(const struct stress *stress, struct dice *dice,
                 uint32_t number)
{
    switch (stress->mix) {
    case MIX_READERS:
        return number == 0;
    case MIX_WRITERS:
        return number != 0;
    default:
        return dice_percent(dice, 30);
    }
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    struct stress *stress = worker->stress;
    struct dice dice;
    uint32_t seat = 0;
    dice_init(&dice, stress->seed, worker->number);
    if (seat_take(&stress->table, worker->number, &seat) != 0) {
        (void)fputs("stress_rwlock: no seat\n", stderr);
        exit(1);
    }
    while (moment_now_ns() < stress->end_ns) {
        bool writes = chooses_to_write(stress, &dice, worker->number);
        acquire(stress, &dice, seat, writes);
    }
    seat_leave(&stress->table, seat);
    return NULL;
}

static void
set_up(struct stress *stress, struct seat *seats, struct seat_totals *totals)
{
    stress->table = (struct seat_table){
        .seats = seats, .totals = totals, .count = (uint32_t)stress->threads};
    if (seat_table_init(&stress->table) != 0 ||
        rwlock_init(&stress->lock, 0) != 0) {
        (void)fputs("stress_rwlock: the lock cannot be made\n", stderr);
        exit(1);
    }
    stress->end_ns = moment_now_ns() + stress->seconds * MOMENT_S / MIXES;
}

static int
compare_waits(const void *a, const void *b)
{
    const struct wait *x = a;
    const struct wait *y = b;
    return (x->waited_ns > y->waited_ns) - (x->waited_ns < y->waited_ns);
}

/* Every so many tickets, the longest wait of those since. */
static void
write_waits(const struct stress *stress, uint64_t count)
{
    FILE *stream = fopen(stress->waits, "a");
    uint64_t every = count / 1000 + 1;
    uint64_t longest[2] = {0, 0};
    if (stream == NULL) {
        perror(stress->waits);
        exit(1);
    }
    (void)fprintf(stream,
                  "# %s: ticket, longest wait in us to read, to "
                  "write\n",
                  mix_names[stress->mix]);
    for (uint64_t i = 0; i < count; i++) {
        const struct wait *wait = &stress->seen[i];
        if (wait->waited_ns > longest[wait->writes]) {
            longest[wait->writes] = wait->waited_ns;
        }
        if (i % every == every - 1) {
            (void)fprintf(stream, "%" PRIu64 " %.1f %.1f\n", wait->ticket,
                          (double)longest[0] / 1000.0,
                          (double)longest[1] / 1000.0);
            longest[0] = longest[1] = 0;
        }
    }
    (void)fputs("\n\n", stream);
    (void)fclose(stream);
}

static bool
report(struct stress *stress)
{
    uint64_t count = atomic_load(&stress->seen_count);
    count = count < WAITS_MAX ? count : WAITS_MAX;
    struct rwlock_counts left = rwlock_count(&stress->table, &stress->lock);
    if (stress->waits != NULL) {
        write_waits(stress, count);
    }
    qsort(stress->seen, count, sizeof(*stress->seen), compare_waits);
    bool good = stress->overlaps == 0 && stress->overtaking == 0 &&
                stress->early == 0 && left.readers == 0 && left.writers == 0 &&
                left.waiting == 0 && stress->plain == stress->acquired[1] &&
                stress->acquired[0] > 0 && stress->acquired[1] > 0;
    printf("%s: %s: %" PRIu64 " reads, %" PRIu64 " writes, %" PRIu64
           " time-outs (%" PRIu64 " early), %" PRIu64
           " overlaps, longest overtaking %" PRIu64
           "; waits to read at most %.2f ms, to write %.2f ms, 99 %% under "
           "%.2f ms\n",
           mix_names[stress->mix], good ? "good" : "FAILED",
           stress->acquired[0], stress->acquired[1], stress->timeouts,
           stress->early, stress->overlaps, stress->overtaking,
           (double)stress->longest_ns[0] / 1e6,
           (double)stress->longest_ns[1] / 1e6,
           count == 0 ? 0.0
                      : (double)stress->seen[count * 99 / 100].waited_ns / 1e6);
    return good;
}

static bool
run(struct stress *stress)
{
    static struct seat seats[THREADS_MAX];
    static struct seat_totals totals;
    struct worker workers[THREADS_MAX];
    set_up(stress, seats, &totals);
    for (uint32_t i = 0; i < stress->threads; i++) {
        workers[i] = (struct worker){.stress = stress, .number = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            (void)fputs("stress_rwlock: no thread\n", stderr);
            exit(1);
        }
    }
    for (uint32_t i = 0; i < stress->threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    rwlock_check(&stress->table, &stress->lock);
    bool good = report(stress);
    rwlock_fini(&stress->lock);
    seat_table_fini(&stress->table);
    return good;
}

static uint64_t
number(const char *option, uint64_t least, uint64_t most)
{
    char *rest = NULL;
    errno = 0;
    unsigned long long value = strtoull(optarg, &rest, 0);
    if (errno != 0 || rest == optarg || *rest != '\0' || *optarg == '-' ||
        value < least || value > most) {
        (void)fprintf(stderr,
                      "stress_rwlock: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      option, optarg, least, most);
        exit(2);
    }
    return value;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"waits", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0}};
    static struct stress base = {.seconds = 6, .seed = 1, .threads = 12};
    int option = 0;
    bool good = true;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            base.seconds = number("seconds", 1, 1000000);
            break;
        case 'r':
            base.seed = number("seed", 0, UINT64_MAX);
            break;
        case 't':
            base.threads = number("threads", 2, THREADS_MAX);
            break;
        case 'w':
            base.waits = optarg;
            break;
        default:
            (void)fputs("usage: stress_rwlock [--seconds N] [--seed N] "
                        "[--threads N] [--waits FILE]\n",
                        stderr);
            return 2;
        }
    }
    printf("seed %" PRIu64 ", %" PRIu64 " threads, %" PRIu64 " s\n", base.seed,
           base.threads, base.seconds);
    struct wait *seen = calloc(WAITS_MAX, sizeof(*seen));
    if (seen == NULL) {
        return 1;
    }
    for (int mix = 0; mix < MIXES; mix++) {
        struct stress stress = base;
        stress.mix = (enum mix)mix;
        stress.seen = seen;
        good &= run(&stress);
    }
    free(seen);
    return good ? 0 : 1;
}
