/*
 * Kill processes at random moments while they use the mailboxes of one segment,
 * and see that nobody else is harmed.
 *
 * Checked, all through the run and once more at its end:
 *   each content read is one committed version, entire (content.h)
 *   in the order of tickets versions never go back, no write that was reported
 *   is lost, and nobody is overtaken (history.h)
 *   nobody that lives waits longer than the bound
 *   a seat is to be had for each process at all times: none leaks
 *   segment_check holds
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commons.h"
#include "content.h"
#include "dice.h"
#include "history.h"
#include "mailbox.h"
#include "moment.h"
#include "worker.h"

#define PROCESSES_MAX 32U
#define MAILBOXES 2U
#define MAILBOX_BYTES 65536U
#define KILL_EVERY_NS (8 * MOMENT_MS)
#define SLACK_NS (1500 * MOMENT_MS)
#define OWNER_DIED \
    UINT32_C(0x40000000) /* in a robust mutex: FUTEX_OWNER_DIED */
#define STATES (SEAT_WATCHING + 1)

/* Shared between the parent and its children; not in the segment. */
struct shared {
    _Atomic uint32_t stop;
    struct worker_record records[PROCESSES_MAX];
};

/* What a victim was about when it was killed, as its seat said just before. */
struct tally {
    uint64_t kills;
    uint64_t standing;
    uint64_t states[STATES];
    uint64_t guards; /* seen left locked by the dead: at least so many */
    uint64_t storms; /* all killed at once */
};

struct run {
    uint64_t seed;
    uint64_t seconds;
    uint32_t processes;
    bool checked;
    uint64_t bound_ns;
    struct commons commons;
    struct shared *shared;
    struct dice dice;
    pid_t pids[PROCESSES_MAX];           /* 0: to be started */
    uint64_t start_at_ns[PROCESSES_MAX]; /* the earliest */
    struct history histories[MAILBOXES];
    struct tally tally;
    uint64_t began_ns;
    char flaw[512]; /* empty: none found */
};

static const char *const state_names[STATES] = {
    [SEAT_IDLE] = "idle",
    [SEAT_QUEUED_READ] = "queued to read",
    [SEAT_QUEUED_WRITE] = "queued to write",
    [SEAT_READING] = "reading",
    [SEAT_WRITING] = "writing",
    [SEAT_WATCHING] = "waiting for a version"};

static void fail(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first flaw is the one that is told. */
static void
fail(struct run *run, const char *format, ...)
{
    va_list arguments;
    if (run->flaw[0] != '\0') {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(run->flaw, sizeof(run->flaw), format, arguments);
    va_end(arguments);
}

static void
usage(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: stress_death [--seconds N] [--seed N] [--processes N] "
        "[--checked]\n"
        "Kill processes at random moments while they use shared mailboxes, "
        "and\n"
        "check that nothing committed is lost and nobody else waits for long.\n"
        "  --seconds N    how long (10)\n"
        "  --seed N       of the random choices (the clock's)\n"
        "  --processes N  how many at a time, 2 to %u (6)\n"
        "  --checked      assert all invariants at every step, too\n",
        PROCESSES_MAX);
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
                      "stress_death: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      option, text, least, most);
        exit(2);
    }
    return number;
}

static void
parse(struct run *run, int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"processes", required_argument, NULL, 'p'},
        {"checked", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            run->seconds = parse_number("seconds", optarg, 1, 1000000);
            break;
        case 'r':
            run->seed = parse_number("seed", optarg, 0, UINT64_MAX);
            break;
        case 'p':
            run->processes =
                (uint32_t)parse_number("processes", optarg, 2, PROCESSES_MAX);
            break;
        case 'c':
            run->checked = true;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            exit(2);
        }
    }
    if (optind != argc) {
        usage(stderr);
        exit(2);
    }
}

static void
set_up(struct run *run)
{
    struct segment_geometry geometry = {
        .mailboxes_count = MAILBOXES,
        .seats_count = run->processes,
        .mailbox_bytes = MAILBOX_BYTES,
    };
    commons_create(&run->commons, &geometry, run->checked);
    run->shared = mmap(NULL, sizeof(*run->shared), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run->shared == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    for (uint32_t m = 0; m < MAILBOXES; m++) {
        history_init(&run->histories[m]);
    }
    dice_init(&run->dice, run->seed, 0);
    run->began_ns = moment_now_ns();
}

static void
start_worker(struct run *run, uint32_t i)
{
    struct worker_record *record = &run->shared->records[i];
    pid_t parent = getpid();
    atomic_store(&record->began_ns, 0);
    atomic_store(&record->seat, SEAT_NONE);
    pid_t pid = fork();
    if (pid < 0) {
        fail(run, "fork: %s", strerror(errno));
        return;
    }
    if (pid == 0) {
        struct worker_orders orders = {
            .commons = &run->commons,
            .record = record,
            .stop = &run->shared->stop,
            .number = i,
            .seed = run->seed,
            .patience_ns = run->bound_ns,
        };
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            worker_run(&orders);
        }
        _exit(0);
    }
    run->pids[i] = pid;
}

/* Note what the victim is about, and kill it. */
static void
strike(struct run *run, uint32_t i)
{
    uint32_t seat = atomic_load(&run->shared->records[i].seat);
    if (seat == SEAT_NONE) {
        run->tally.standing++;
    } else {
        run->tally.states[seat_state(&run->commons.segment.seats, seat)]++;
    }
    (void)kill(run->pids[i], SIGKILL);
    run->tally.kills++;
}

static void
count_guards(struct run *run)
{
    for (uint32_t m = 0; m < MAILBOXES; m++) {
        struct mailbox *mailbox = segment_mailbox(&run->commons.segment, m);
        const _Atomic uint32_t *words[] = {
            (const void *)&mailbox->lock.guard,
            (const void *)&mailbox->watch.guard,
        };
        for (uint32_t i = 0; i < 2; i++) {
            run->tally.guards +=
                (atomic_load(words[i]) & OWNER_DIED) != 0 ? 1 : 0;
        }
    }
}

static void
judge_end(struct run *run, uint32_t i, int status)
{
    const char *flaw = run->shared->records[i].flaw;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
        fail(run, "process %" PRIu32 " ended by signal %d while it did: %s", i,
             WTERMSIG(status),
             worker_act_name(atomic_load(&run->shared->records[i].act)));
    } else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        fail(run, "process %" PRIu32 ": %s", i, flaw);
    }
}

static void
collect(struct run *run, uint32_t i)
{
    int status = 0;
    (void)waitpid(run->pids[i], &status, 0);
    count_guards(run);
    judge_end(run, i, status);
    atomic_store(&run->shared->records[i].began_ns, 0);
    run->pids[i] = 0;
}

/*
 * Most victims have a successor at once; some only when those asleep must have
 * helped themselves.
 */
static void
kill_some(struct run *run)
{
    bool storm = dice_percent(&run->dice, 1);
    uint64_t victims = storm                          ? run->processes
                       : dice_percent(&run->dice, 10) ? 2
                                                      : 1;
    uint32_t struck[PROCESSES_MAX];
    uint32_t count = 0;
    uint32_t first = (uint32_t)dice_below(&run->dice, run->processes);
    for (uint32_t i = 0; i < run->processes && count < victims; i++) {
        uint32_t victim = (first + i) % run->processes;
        if (run->pids[victim] != 0) {
            strike(run, victim);
            struck[count] = victim;
            count++;
        }
    }
    run->tally.storms += storm ? 1 : 0;
    for (uint32_t i = 0; i < count; i++) {
        collect(run, struck[i]);
        run->start_at_ns[struck[i]] =
            moment_now_ns() + (dice_percent(&run->dice, 3) ? MOMENT_S : 0);
    }
}

static void
start_due(struct run *run)
{
    for (uint32_t i = 0; i < run->processes; i++) {
        if (run->pids[i] == 0 && run->start_at_ns[i] <= moment_now_ns()) {
            start_worker(run, i);
        }
    }
}

static void
drain(struct run *run, uint32_t i)
{
    struct worker_record *record = &run->shared->records[i];
    uint64_t pulled = atomic_load(&record->pulled);
    uint64_t pushed = atomic_load(&record->pushed);
    for (; pulled < pushed; pulled++) {
        const struct history_entry *entry = &record->ring[pulled % WORKER_RING];
        history_add(&run->histories[entry->mailbox], entry);
    }
    atomic_store(&record->pulled, pulled);
}

/* Has a process that lives been in one operation for too long? */
static void
watch_waits(struct run *run, uint32_t i)
{
    struct worker_record *record = &run->shared->records[i];
    uint64_t began_ns = atomic_load(&record->began_ns);
    uint64_t deadline_ns = atomic_load(&record->deadline_ns);
    uint64_t since_ns = deadline_ns > began_ns ? deadline_ns : began_ns;
    uint64_t now_ns = moment_now_ns();
    if (run->pids[i] != 0 && began_ns != 0 && now_ns > since_ns &&
        now_ns - since_ns > run->bound_ns) {
        fail(run,
             "process %" PRIu32 " (%d) has been in a %s for %" PRIu64
             " ms and waits still",
             i, (int)run->pids[i], worker_act_name(atomic_load(&record->act)),
             (now_ns - began_ns) / MOMENT_MS);
    }
}

/* One that ends by itself has found something. */
static void
notice_ends(struct run *run, uint32_t i)
{
    int status = 0;
    if (run->pids[i] != 0 &&
        waitpid(run->pids[i], &status, WNOHANG) == run->pids[i]) {
        judge_end(run, i, status);
        fail(run, "process %" PRIu32 " ended by itself", i);
        run->pids[i] = 0;
    }
}

static void
observe(struct run *run)
{
    for (uint32_t i = 0; i < run->processes; i++) {
        drain(run, i);
        notice_ends(run, i);
        watch_waits(run, i);
    }
    for (uint32_t m = 0; m < MAILBOXES; m++) {
        if (run->histories[m].flaw[0] != '\0') {
            fail(run, "%s", run->histories[m].flaw);
        }
    }
}

static uint64_t
sum_done(const struct run *run, enum worker_act act)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < run->processes; i++) {
        sum += atomic_load(&run->shared->records[i].done[act]);
    }
    return sum;
}

static uint64_t
sum_all_done(const struct run *run)
{
    uint64_t sum = 0;
    for (enum worker_act act = 0; act < WORKER_ACTS; act++) {
        sum += sum_done(run, act);
    }
    return sum;
}

static void
show_progress(const struct run *run, uint64_t now_ns)
{
    (void)fprintf(stderr,
                  "\r%4" PRIu64 " of %" PRIu64 " s, %" PRIu64
                  " killed, %" PRIu64 " recoveries, %" PRIu64 " operations ",
                  (now_ns - run->began_ns) / MOMENT_S, run->seconds,
                  run->tally.kills, segment_recoveries(&run->commons.segment),
                  sum_all_done(run));
}

static void
kill_for_a_while(struct run *run)
{
    uint64_t end_ns = run->began_ns + run->seconds * MOMENT_S;
    uint64_t show_at_ns = run->began_ns;
    bool shown = isatty(STDERR_FILENO) == 1;
    for (uint64_t now_ns = run->began_ns;
         now_ns < end_ns && run->flaw[0] == '\0'; now_ns = moment_now_ns()) {
        start_due(run);
        moment_pass_ns(dice_below(&run->dice, 2 * KILL_EVERY_NS));
        observe(run);
        if (run->flaw[0] == '\0') {
            kill_some(run);
        }
        if (shown && now_ns >= show_at_ns) {
            show_progress(run, now_ns);
            show_at_ns = now_ns + MOMENT_S / 4;
        }
    }
    if (shown) {
        (void)fprintf(stderr, "\r%-79s\r", "");
    }
}

static uint32_t
count_living(const struct run *run)
{
    uint32_t living = 0;
    for (uint32_t i = 0; i < run->processes; i++) {
        living += run->pids[i] != 0 ? 1 : 0;
    }
    return living;
}

/* Nobody is killed any more: all end by themselves, within the bound. */
static void
let_all_end(struct run *run)
{
    uint64_t deadline_ns = moment_now_ns() + run->bound_ns;
    atomic_store(&run->shared->stop, 1);
    while (count_living(run) > 0 && moment_now_ns() < deadline_ns) {
        for (uint32_t i = 0; i < run->processes; i++) {
            int status = 0;
            if (run->pids[i] != 0 &&
                waitpid(run->pids[i], &status, WNOHANG) == run->pids[i]) {
                judge_end(run, i, status);
                run->pids[i] = 0;
            }
        }
        moment_pass_ns(MOMENT_MS);
        for (uint32_t i = 0; i < run->processes; i++) {
            drain(run, i);
        }
    }
    if (count_living(run) > 0) {
        fail(run, "%" PRIu32 " processes did not end when all were to stop",
             count_living(run));
    }
}

static void
end_living(struct run *run)
{
    for (uint32_t i = 0; i < run->processes; i++) {
        if (run->pids[i] != 0) {
            (void)kill(run->pids[i], SIGKILL);
            (void)waitpid(run->pids[i], NULL, 0);
            run->pids[i] = 0;
        }
    }
}

static void
check_content(struct run *run, uint32_t m, uint32_t seat)
{
    static unsigned char content[MAILBOX_BYTES];
    struct mailbox_view view;
    struct mailbox_read request = {.max_bytes = MAILBOX_BYTES,
                                   .if_version = MAILBOX_ANY_VERSION};
    struct timespec deadline = moment_deadline(moment_now_ns() + run->bound_ns);
    int error = mailbox_read(&run->commons.segment, seat, m, &request,
                             &deadline, content, &view);
    if (error != 0) {
        fail(run, "the last read of mailbox %" PRIu32 ": %s", m,
             strerror(error));
        return;
    }
    struct content_verdict verdict =
        content_judge(content, view.length_bytes, view.version);
    if (verdict.flaw != NULL) {
        fail(run, "mailbox %" PRIu32 " at the end: %s", m, verdict.flaw);
    }
    for (uint32_t i = 0; i < run->processes; i++) {
        uint64_t newest = atomic_load(&run->shared->records[i].newest[m]);
        if (newest > view.version) {
            fail(run,
                 "mailbox %" PRIu32 ": version %" PRIu64
                 " was reported, and at the end there is %" PRIu64,
                 m, newest, view.version);
        }
    }
}

/* Everything that the segment holds, once nobody uses it. */
static void
check_end(struct run *run)
{
    struct segment *segment = &run->commons.segment;
    uint32_t seats[PROCESSES_MAX];
    for (uint32_t i = 0; i < run->processes; i++) {
        if (segment_sit(segment, 0, &seats[i]) != 0) {
            fail(run, "only %" PRIu32 " of %" PRIu32 " seats can be taken", i,
                 run->processes);
            return;
        }
    }
    segment_check(segment);
    for (uint32_t m = 0; m < MAILBOXES; m++) {
        check_content(run, m, seats[0]);
        if (!history_judge(&run->histories[m])) {
            fail(run, "%s", run->histories[m].flaw);
        }
    }
    for (uint32_t i = 0; i < run->processes; i++) {
        segment_stand(segment, seats[i]);
    }
}

static uint64_t
worst_of(const struct run *run, enum worker_act act)
{
    uint64_t worst_ns = 0;
    for (uint32_t i = 0; i < run->processes; i++) {
        uint64_t own_ns = atomic_load(&run->shared->records[i].worst_ns[act]);
        worst_ns = own_ns > worst_ns ? own_ns : worst_ns;
    }
    return worst_ns;
}

static void
print_operations(const struct run *run)
{
    printf("\n%-24s %12s %14s\n", "operation", "done", "longest, ms");
    for (enum worker_act act = 0; act < WORKER_ACTS; act++) {
        printf("%-24s %12" PRIu64 " %14.1f\n", worker_act_name(act),
               sum_done(run, act),
               (double)worst_of(run, act) / (double)MOMENT_MS);
    }
}

static void
print_victims(const struct run *run)
{
    printf("\n%-24s %12s\n", "killed while", "processes");
    for (int state = 0; state < STATES; state++) {
        printf("%-24s %12" PRIu64 "\n", state_names[state],
               run->tally.states[state]);
    }
    printf("%-24s %12" PRIu64 "\n", "not seated", run->tally.standing);
    printf("%-24s %12" PRIu64 "\n", "in a guard, at least", run->tally.guards);
}

static void
print_table(const struct run *run)
{
    double seconds =
        (double)(moment_now_ns() - run->began_ns) / (double)MOMENT_S;
    uint64_t spans[WORKER_SPANS] = {0};
    uint64_t timed_out = 0;
    uint64_t dropped = 0;
    uint64_t judged = 0;
    uint64_t late = 0;
    for (uint32_t i = 0; i < run->processes; i++) {
        const struct worker_record *record = &run->shared->records[i];
        for (int span = 0; span < WORKER_SPANS; span++) {
            spans[span] += atomic_load(&record->spans[span]);
        }
        timed_out += atomic_load(&record->timed_out);
        dropped += atomic_load(&record->dropped);
    }
    for (uint32_t m = 0; m < MAILBOXES; m++) {
        judged += run->histories[m].judged;
        late += run->histories[m].late;
    }
    print_operations(run);
    print_victims(run);
    printf("\n%.1f s, %" PRIu64 " killed (%.0f a second; %" PRIu64
           " times all at once), %" PRIu64 " recoveries\n",
           seconds, run->tally.kills, (double)run->tally.kills / seconds,
           run->tally.storms, segment_recoveries(&run->commons.segment));
    printf("%" PRIu64 " operations timed out as they were meant to\n",
           timed_out);
    printf("waits: %" PRIu64 " up to 50 ms, %" PRIu64 " up to 500 ms, %" PRIu64
           " longer; bound %" PRIu64 " ms\n",
           spans[WORKER_UNDER_NAP_HEAD], spans[WORKER_UNDER_NAP],
           spans[WORKER_OVER_NAP], run->bound_ns / MOMENT_MS);
    printf("%" PRIu64 " operations judged in the order of their tickets; "
           "left out: %" PRIu64 " late, %" PRIu64 " without room\n",
           judged, late, dropped);
}

int
main(int argc, char **argv)
{
    static struct run run = {.seconds = 10, .processes = 6};
    run.seed = moment_now_ns() % 1000000007;
    parse(&run, argc, argv);
    /* Each that goes before may die, and be noticed after one nap. */
    run.bound_ns = run.processes * 500 * MOMENT_MS + SLACK_NS;
    printf("stress_death --seconds %" PRIu64 " --seed %" PRIu64
           " --processes %" PRIu32 "%s\n",
           run.seconds, run.seed, run.processes,
           run.checked ? " --checked" : "");
    (void)fflush(stdout);
    set_up(&run);
    kill_for_a_while(&run);
    if (run.flaw[0] == '\0') {
        let_all_end(&run);
    }
    end_living(&run);
    if (run.flaw[0] == '\0') {
        check_end(&run);
    }
    print_table(&run);
    if (run.flaw[0] != '\0') {
        printf("FAILED: %s\n", run.flaw);
        return 1;
    }
    printf("passed\n");
    return 0;
}
