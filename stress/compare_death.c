/*
 * The same kills on several locks: how long until those who live are stuck?
 *
 * Processes take the lock, to read or to write, with a bounded timed wait, hold
 * it for a moment, and let it go.  One at a time is killed at a random moment
 * and replaced.  The survivors are stuck once no reader, or no writer, has had
 * the lock for STUCK_NS, though processes try all the time and none holds it
 * for longer than some microseconds.  Every lock has the same program, the same
 * seeds and as many runs.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contender.h"
#include "dice.h"
#include "moment.h"

#define PROCESSES 4U
#define KILL_EVERY_NS (5 * MOMENT_MS)
#define TIMEOUT_NS (100 * MOMENT_MS)
#define STUCK_NS (2 * MOMENT_S)
#define HOLD_STEPS 2000U
#define RUNS_MAX 100U

/* Not every build has it. */
#pragma weak contender_boost

struct shared {
    _Alignas(64) unsigned char lock[CONTENDER_BYTES];
    _Atomic uint64_t read_ns;  /* when a reader last had the lock */
    _Atomic uint64_t wrote_ns; /* when a writer last had the lock */
    _Atomic uint64_t had;
};

struct result {
    bool stuck;
    uint64_t kills;
    uint64_t span_ns; /* until nobody had the lock any more, or of the run */
    uint64_t had;
};

static void
hold(void)
{
    for (unsigned i = 0; i < HOLD_STEPS; i++) {
        atomic_signal_fence(memory_order_seq_cst);
    }
}

static void
use_lock(const struct contender *contender, struct shared *shared,
         uint32_t process, uint64_t seed)
{
    struct dice dice;
    dice_init(&dice, seed, (uint64_t)getpid());
    if (contender->attach(shared->lock, process) != 0) {
        _exit(1);
    }
    for (;;) {
        bool writes = dice_percent(&dice, 30);
        if (contender->acquire(shared->lock, process, writes, TIMEOUT_NS) ==
            0) {
            atomic_store(writes ? &shared->wrote_ns : &shared->read_ns,
                         moment_now_ns());
            atomic_fetch_add(&shared->had, 1);
            hold();
            contender->release(shared->lock, process, writes);
        }
    }
}

static pid_t
start(const struct contender *contender, struct shared *shared,
      uint32_t process, uint64_t seed)
{
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        use_lock(contender, shared, process, seed);
    }
    return pid;
}

static void
end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static uint64_t
last_had_ns(struct shared *shared)
{
    uint64_t read_ns = atomic_load(&shared->read_ns);
    uint64_t wrote_ns = atomic_load(&shared->wrote_ns);
    return read_ns < wrote_ns ? read_ns : wrote_ns;
}

static struct result
run(const struct contender *contender, struct shared *shared, uint64_t seed,
    uint64_t seconds)
{
    struct result result = {.stuck = false};
    struct dice dice;
    pid_t pids[PROCESSES];
    uint64_t kills_before_stuck = 0;
    uint64_t seen_ns = 0;
    memset(shared, 0, sizeof(*shared));
    dice_init(&dice, seed, 0);
    if (contender->init(shared->lock) != 0) {
        (void)fprintf(stderr, "%s: cannot be made\n", contender->name);
        exit(1);
    }
    uint64_t began_ns = moment_now_ns();
    uint64_t now_ns = began_ns;
    atomic_store(&shared->read_ns, began_ns);
    atomic_store(&shared->wrote_ns, began_ns);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        pids[i] = start(contender, shared, i, seed);
    }
    while (!result.stuck && now_ns < began_ns + seconds * MOMENT_S) {
        uint32_t victim = (uint32_t)dice_below(&dice, PROCESSES);
        moment_pass_ns(dice_below(&dice, 2 * KILL_EVERY_NS));
        end(pids[victim]);
        result.kills++;
        pids[victim] = start(contender, shared, victim, seed);
        now_ns = moment_now_ns();
        uint64_t had_ns = last_had_ns(shared);
        if (had_ns != seen_ns) {
            seen_ns = had_ns;
            kills_before_stuck = result.kills;
        }
        result.stuck = now_ns > had_ns + STUCK_NS;
    }
    for (uint32_t i = 0; i < PROCESSES; i++) {
        end(pids[i]);
    }
    result.span_ns = now_ns - began_ns;
    if (result.stuck) {
        result.kills = kills_before_stuck;
        result.span_ns = last_had_ns(shared) - began_ns;
    }
    result.had = atomic_load(&shared->had);
    return result;
}

static int
compare_results(const void *a, const void *b)
{
    const struct result *left = a;
    const struct result *right = b;
    return left->kills < right->kills ? -1 : left->kills > right->kills ? 1 : 0;
}

/* One line of a table in Markdown. */
static uint32_t
contend(const struct contender *contender, struct shared *shared, uint32_t runs,
        uint64_t seed, uint64_t seconds)
{
    struct result results[RUNS_MAX];
    uint32_t stuck = 0;
    uint64_t kills = 0;
    uint64_t span_ns = 0;
    for (uint32_t i = 0; i < runs; i++) {
        results[i] = run(contender, shared, seed + i, seconds);
        stuck += results[i].stuck ? 1 : 0;
        kills += results[i].kills;
        span_ns += results[i].span_ns;
    }
    qsort(results, runs, sizeof(results[0]), compare_results);
    printf("| %s | %" PRIu32 " of %" PRIu32 " | ", contender->name, stuck,
           runs);
    if (stuck == 0) {
        printf("never, in %" PRIu64 " kills | %.1f s of running |\n", kills,
               (double)span_ns / (double)MOMENT_S);
    } else {
        printf("%" PRIu64 " (%" PRIu64 " to %" PRIu64 ") | %.2f s |\n",
               results[runs / 2].kills, results[0].kills,
               results[runs - 1].kills,
               (double)results[runs / 2].span_ns / (double)MOMENT_S);
    }
    (void)fflush(stdout);
    return stuck;
}

static void
usage(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: compare_death [--runs N] [--seconds N] [--seed N]\n"
        "Run the same kills on several locks, and tell after how many of them\n"
        "those who live are stuck.\n"
        "  --runs N     on each lock, 1 to %u (5)\n"
        "  --seconds N  for one run, if nobody is stuck before (10)\n"
        "  --seed N     of the random choices (the clock's)\n",
        RUNS_MAX);
}

static uint64_t
parse_number(const char *option, const char *text, uint64_t least,
             uint64_t most)
{
    char *rest = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &rest, 0);
    if (errno != 0 || *rest != '\0' || rest == text || *text == '-' ||
        number < least || number > most) {
        (void)fprintf(stderr,
                      "compare_death: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      option, text, least, most);
        exit(2);
    }
    return number;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        {"runs", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    uint32_t runs = 5;
    uint64_t seconds = 10;
    uint64_t seed = moment_now_ns() % 1000000007;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'n':
            runs = (uint32_t)parse_number("runs", optarg, 1, RUNS_MAX);
            break;
        case 's':
            seconds = parse_number("seconds", optarg, 1, 1000000);
            break;
        case 'r':
            seed = parse_number("seed", optarg, 0, UINT64_MAX);
            break;
        case 'h':
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    printf("compare_death --runs %" PRIu32 " --seconds %" PRIu64
           " --seed %" PRIu64 "\n\n",
           runs, seconds, seed);
    printf("| lock | runs that got stuck | kills until stuck: median (least to "
           "most) | time until stuck, median |\n"
           "| --- | --- | --- | --- |\n");
    uint32_t stuck = contend(&contender_dipc, shared, runs, seed, seconds);
    (void)contend(&contender_mutex, shared, runs, seed, seconds);
    (void)contend(&contender_rwlock, shared, runs, seed, seconds);
    if (&contender_boost != NULL) {
        (void)contend(&contender_boost, shared, runs, seed, seconds);
    } else {
        printf("| Boost `interprocess_upgradable_mutex` | not built: "
               "libboost-dev is missing | | |\n");
    }
    return stuck == 0 ? 0 : 1;
}
