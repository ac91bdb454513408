/*
 * Kill a process after every machine instruction of what it does with a
 * mailbox, and see each time that a survivor is not harmed.
 *
 * For each act and each n from 1 on, a victim is started, executes n
 * instructions of the act as it was built, and is killed.  Then a survivor must
 * have the lock within the bound, find the old or the new content, entire and
 * with its version, write, find every seat free, and pass segment_check.  The
 * new content must be there exactly if the version had risen at the death; when
 * the victim came to the end of its act, it must have.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commons.h"
#include "dice.h"
#include "mailbox.h"
#include "moment.h"
#include "stepper.h"
#include "survivor.h"

#define SEATS 6U
#define MAILBOX_BYTES SURVIVOR_BYTES_MAX
#define WAY_MAX 20000U
#define QUICK_EVERY 17U
#define SLOW_STRIDE 5U /* where a death may cost a nap of 500 ms */
#define STUCK_S 60U
#define OWNER_DIED \
    UINT32_C(0x40000000) /* in a robust mutex: FUTEX_OWNER_DIED */

/* What the lock promises the next acquirer, and one that is asleep already. */
#define BOUND_NS (50 * MOMENT_MS)
#define BOUND_ASLEEP_NS (500 * MOMENT_MS)
#define SLACK_NS (1000 * MOMENT_MS)

/* Who else there is while the victim acts. */
enum company {
    ALONE,
    A_READER_HOLDS,      /* and lets go when the victim is about to sleep */
    A_WRITER_HOLDS,      /* likewise */
    A_READER_STAYS,      /* and lets go when the victim is dead */
    NEWS_COME,           /* written when the victim is about to sleep */
    A_DEAD_WRITER_HOLDS, /* and nobody has noticed yet */
    A_DEAD_HOLDS_GUARD,
    ONE_DIES_MEANWHILE, /* after n instructions; then the victim goes on */
    DEAD_IN_EVERY_SEAT, /* but the survivor's and the conductor's */
    DEAD_EVERYWHERE,    /* one holds, one waits, one watches */
    ONE_DIED_ANYWHERE,  /* after some instruction of replacing the content */
    THE_SURVIVOR_QUEUES,
    THE_SURVIVOR_WATCHES
};

struct stage;

/* One act of a victim. */
struct act {
    const char *name;
    enum company company;
    void (*ready)(void *stage);
    void (*play)(void *stage);
    bool writes;    /* the new content is that of `mode` */
    bool by_itself; /* what the victim is to commit shows after its act */
    bool watches_meanwhile; /* who dies meanwhile watches, and holds nothing */
    enum mailbox_mode mode;
    uint32_t stride; /* above 1: after every so many instructions only */
};

/* The points that a victim of one act comes by, up to its end. */
struct way {
    uint32_t count; /* 0: not recorded */
    uint32_t sleep; /* where it sleeps first; 0: nowhere */
    struct stepper_point points[WAY_MAX];
    bool fresh[WAY_MAX]; /* a victim can be run there */
};

/* What all processes inherit; the victim reads it and writes nothing here. */
struct stage {
    struct commons commons;
    struct survivor survivor;
    const struct act *act;
    uint32_t seat;        /* the conductor's */
    uint32_t victim_seat; /* in the victim */
    bool holds;           /* the conductor holds the lock */
    struct dice dice;
    uint64_t version;
    unsigned char data[SURVIVOR_BYTES_MAX]; /* what a victim writes */
    uint64_t data_bytes;
    uint32_t replace_instructions; /* of one replacement, as it was measured */
    struct way way;
};

/* What came of one act. */
struct outcome {
    uint32_t instructions;
    uint32_t kills;
    uint32_t guards;     /* killed inside a guard */
    uint32_t commits_at; /* the first instruction behind which it shows */
    uint64_t worst_ns;
    uint64_t recoveries;
};

static struct segment *
segment_of(struct stage *stage)
{
    return &stage->commons.segment;
}

static struct rwlock *
lock_of(struct stage *stage)
{
    return &segment_mailbox(segment_of(stage), 0)->lock;
}

static struct timespec
far(void)
{
    return moment_deadline(moment_now_ns() + 30 * MOMENT_S);
}

/* A bug of this program or of the core; nothing can go on. */
static void
demand(const char *what, int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "step_death: %s: %s\n", what, strerror(error));
        _exit(1);
    }
}

/* What victims do. */

static void
sit(void *argument)
{
    struct stage *stage = argument;
    demand("sit", segment_sit(segment_of(stage), 2, &stage->victim_seat));
}

static void
stay_standing(void *argument)
{
    (void)argument;
}

static void
sit_and_hold(void *argument)
{
    struct stage *stage = argument;
    struct timespec deadline = far();
    sit(stage);
    demand("hold", rwlock_wrlock(&segment_of(stage)->seats, lock_of(stage),
                                 stage->victim_seat, &deadline));
}

static void
sit_and_read(void *argument)
{
    struct stage *stage = argument;
    struct timespec deadline = far();
    sit(stage);
    demand("hold", rwlock_rdlock(&segment_of(stage)->seats, lock_of(stage),
                                 stage->victim_seat, &deadline));
}

static void
play_read(void *argument)
{
    struct stage *stage = argument;
    unsigned char found[SURVIVOR_BYTES_MAX];
    struct mailbox_view view;
    struct mailbox_read request = {.max_bytes = sizeof(found),
                                   .if_version = MAILBOX_ANY_VERSION};
    int error = mailbox_read(segment_of(stage), stage->victim_seat, 0, &request,
                             NULL, found, &view);
    demand("read", error);
}

static int
write_data(struct stage *stage, uint32_t seat, enum mailbox_mode mode,
           const struct timespec *deadline)
{
    struct mailbox_view view;
    struct mailbox_write request = {.mode = mode,
                                    .offset_bytes =
                                        mode == MAILBOX_OVERWRITE ? 24 : 0,
                                    .if_version = MAILBOX_ANY_VERSION,
                                    .data = stage->data,
                                    .length_bytes = stage->data_bytes};
    return mailbox_write(segment_of(stage), seat, 0, &request, deadline, &view);
}

static void
play_write(void *argument)
{
    struct stage *stage = argument;
    demand("write",
           write_data(stage, stage->victim_seat, stage->act->mode, NULL));
}

static void
play_time_out(void *argument)
{
    struct stage *stage = argument;
    struct timespec past = moment_deadline(1);
    int error = write_data(stage, stage->victim_seat, stage->act->mode, &past);
    demand("time out", error == ETIMEDOUT ? 0 : EINVAL);
}

static void
play_wait(void *argument)
{
    struct stage *stage = argument;
    demand("wait", mailbox_wait(segment_of(stage), stage->victim_seat, 0,
                                stage->version, NULL));
}

static void
play_wait_in_vain(void *argument)
{
    struct stage *stage = argument;
    struct timespec past = moment_deadline(1);
    int error = mailbox_wait(segment_of(stage), stage->victim_seat, 0,
                             stage->version, &past);
    demand("wait in vain", error == ETIMEDOUT ? 0 : EINVAL);
}

static void
play_sit_and_stand(void *argument)
{
    struct stage *stage = argument;
    uint32_t seat = SEAT_NONE;
    demand("sit", segment_sit(segment_of(stage), 2, &seat));
    segment_stand(segment_of(stage), seat);
}

static void
play_recover(void *argument)
{
    struct stage *stage = argument;
    segment_recover(segment_of(stage));
}

static void
play_release(void *argument)
{
    struct stage *stage = argument;
    rwlock_unlock(&segment_of(stage)->seats, lock_of(stage),
                  stage->victim_seat);
}

static const struct act acts[] = {
    {.name = "read", .ready = sit, .play = play_read},
    {.name = "replace",
     .ready = sit,
     .play = play_write,
     .writes = true,
     .by_itself = true,
     .mode = MAILBOX_REPLACE},
    {.name = "append",
     .ready = sit,
     .play = play_write,
     .writes = true,
     .by_itself = true,
     .mode = MAILBOX_APPEND},
    {.name = "overwrite",
     .ready = sit,
     .play = play_write,
     .writes = true,
     .by_itself = true,
     .mode = MAILBOX_OVERWRITE},
    {.name = "read behind a writer",
     .company = A_WRITER_HOLDS,
     .ready = sit,
     .play = play_read},
    {.name = "replace behind a reader",
     .company = A_READER_HOLDS,
     .ready = sit,
     .play = play_write,
     .writes = true,
     .by_itself = true,
     .mode = MAILBOX_REPLACE},
    {.name = "replace, timed out",
     .company = A_READER_STAYS,
     .ready = sit,
     .play = play_time_out,
     .mode = MAILBOX_REPLACE},
    {.name = "wait for a version",
     .company = NEWS_COME,
     .ready = sit,
     .play = play_wait,
     .writes = true,
     .mode = MAILBOX_REPLACE},
    {.name = "wait, timed out", .ready = sit, .play = play_wait_in_vain},
    {.name = "sit down and stand up",
     .ready = stay_standing,
     .play = play_sit_and_stand},
    {.name = "read, a dead writer holds",
     .company = A_DEAD_WRITER_HOLDS,
     .ready = sit,
     .play = play_read},
    {.name = "read, a dead holds the guard",
     .company = A_DEAD_HOLDS_GUARD,
     .ready = sit,
     .play = play_read},
    {.name = "read, one died anywhere",
     .company = ONE_DIED_ANYWHERE,
     .ready = sit,
     .play = play_read,
     .writes = true,
     .mode = MAILBOX_REPLACE},
    {.name = "recover from three dead",
     .company = DEAD_EVERYWHERE,
     .ready = stay_standing,
     .play = play_recover},
    {.name = "sit, and one sits and dies",
     .company = ONE_DIES_MEANWHILE,
     .ready = stay_standing,
     .play = play_sit_and_stand},
    {.name = "sit, and one watches and dies",
     .company = ONE_DIES_MEANWHILE,
     .ready = stay_standing,
     .play = play_sit_and_stand,
     .watches_meanwhile = true},
    {.name = "sit where only dead sit",
     .company = DEAD_IN_EVERY_SEAT,
     .ready = stay_standing,
     .play = play_sit_and_stand},
    {.name = "release to a sleeper",
     .company = THE_SURVIVOR_QUEUES,
     .ready = sit_and_hold,
     .play = play_release},
    {.name = "replace, a watcher sleeps",
     .company = THE_SURVIVOR_WATCHES,
     .ready = sit,
     .play = play_write,
     .writes = true,
     .by_itself = true,
     .mode = MAILBOX_REPLACE,
     .stride = SLOW_STRIDE},
};

#define ACTS (sizeof(acts) / sizeof(acts[0]))

/* The new content, as the survivor may find it. */
static void
ask_about(struct stage *stage)
{
    struct survivor_question *question = stage->survivor.question;
    const struct act *act = stage->act;
    uint64_t offset = act->mode == MAILBOX_REPLACE     ? 0
                      : act->mode == MAILBOX_OVERWRITE ? 24
                                                       : SURVIVOR_OLD_BYTES;
    memset(question, 0, sizeof(*question));
    question->version = stage->version;
    question->changes = act->writes;
    question->watches = act->company == THE_SURVIVOR_WATCHES;
    question->seats = SEATS - 2;
    memcpy(question->content, survivor_old, SURVIVOR_OLD_BYTES);
    memcpy(question->content + offset, stage->data, stage->data_bytes);
    question->bytes = offset + stage->data_bytes;
    if (act->mode == MAILBOX_OVERWRITE) {
        question->bytes = SURVIVOR_OLD_BYTES;
    }
}

/* What other processes do before they are killed. */

static void
start_and_kill(struct stage *stage, void (*play)(void *stage))
{
    stepper_kill(stepper_start(play, stay_standing, stage));
}

static void
take_guard(void *argument)
{
    struct stage *stage = argument;
    sit_and_hold(stage);
    (void)pthread_mutex_lock(&lock_of(stage)->guard);
}

/* A process that stays asleep until it is killed. */
static void
sleep_and_die(struct stage *stage, void (*play)(void *stage),
              enum seat_state state)
{
    uint32_t asleep = SEAT_NONE;
    pid_t pid = fork();
    if (pid < 0) {
        demand("fork", errno);
    }
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        sit(stage);
        play(stage);
        _exit(0);
    }
    while (asleep == SEAT_NONE) {
        for (uint32_t i = 0; i < SEATS; i++) {
            if (seat_state(&segment_of(stage)->seats, i) == state) {
                asleep = i;
            }
        }
        moment_pass_ns(MOMENT_MS / 20);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static void
one_dies_queued_behind_another(struct stage *stage)
{
    pid_t holder = stepper_start(sit_and_hold, stay_standing, stage);
    sleep_and_die(stage, play_read, SEAT_QUEUED_READ);
    stepper_kill(holder);
}

/* Kill one after some instruction of a replacement. */
static void
one_dies_anywhere(struct stage *stage)
{
    struct act replacement = acts[1];
    const struct act *act = stage->act;
    uint64_t steps = 1 + dice_below(&stage->dice, stage->replace_instructions);
    stage->act = &replacement;
    pid_t victim = stepper_start(replacement.ready, replacement.play, stage);
    for (uint64_t i = 0; i < steps; i++) {
        if (stepper_step(victim) != STEPPER_STEPPED) {
            break;
        }
    }
    stepper_kill(victim);
    stage->act = act;
}

static void
await_state(struct stage *stage, uint32_t seat, enum seat_state state)
{
    while (seat_state(&segment_of(stage)->seats, seat) != state) {
        moment_pass_ns(MOMENT_MS / 20);
    }
}

/* The company, before the victim starts. */
static void
invite(struct stage *stage)
{
    struct seat_table *seats = &segment_of(stage)->seats;
    struct timespec deadline = far();
    int error = 0;
    switch (stage->act->company) {
    case A_READER_HOLDS:
    case A_READER_STAYS:
        error = rwlock_rdlock(seats, lock_of(stage), stage->seat, &deadline);
        stage->holds = true;
        break;
    case A_WRITER_HOLDS:
        error = rwlock_wrlock(seats, lock_of(stage), stage->seat, &deadline);
        stage->holds = true;
        break;
    case A_DEAD_WRITER_HOLDS:
        start_and_kill(stage, sit_and_hold);
        break;
    case A_DEAD_HOLDS_GUARD:
        start_and_kill(stage, take_guard);
        break;
    case DEAD_IN_EVERY_SEAT:
        for (uint32_t i = 2; i < SEATS; i++) {
            start_and_kill(stage, sit_and_read);
        }
        break;
    case DEAD_EVERYWHERE:
        sleep_and_die(stage, play_wait, SEAT_WATCHING);
        one_dies_queued_behind_another(stage);
        break;
    case ONE_DIED_ANYWHERE:
        one_dies_anywhere(stage);
        break;
    case ALONE:
    case ONE_DIES_MEANWHILE:
    case NEWS_COME:
    case THE_SURVIVOR_QUEUES:
    case THE_SURVIVOR_WATCHES:
        break;
    }
    demand("company", error);
}

/* The company, once the victim is ready. */
static void
queue_survivor(struct stage *stage)
{
    if (stage->act->company == THE_SURVIVOR_QUEUES) {
        survivor_ask(&stage->survivor);
        await_state(stage, stage->survivor.seat, SEAT_QUEUED_READ);
    } else if (stage->act->company == THE_SURVIVOR_WATCHES) {
        survivor_ask(&stage->survivor);
        await_state(stage, stage->survivor.seat, SEAT_WATCHING);
    }
}

static bool
survivor_is_asked_early(const struct stage *stage)
{
    return stage->act->company == THE_SURVIVOR_QUEUES ||
           stage->act->company == THE_SURVIVOR_WATCHES;
}

static void
let_go(struct stage *stage)
{
    if (stage->holds) {
        rwlock_unlock(&segment_of(stage)->seats, lock_of(stage), stage->seat);
        stage->holds = false;
    }
}

/* The victim is about to sleep: give it what it waits for. */
static void
answer_sleep(struct stage *stage)
{
    if (stage->act->company == A_READER_HOLDS ||
        stage->act->company == A_WRITER_HOLDS) {
        let_go(stage);
    } else if (stage->act->company == NEWS_COME) {
        struct timespec deadline = far();
        (void)write_data(stage, stage->seat, MAILBOX_REPLACE, &deadline);
    }
}

static bool
waits_for_conductor(const struct stage *stage)
{
    return stage->act->company == A_READER_HOLDS ||
           stage->act->company == A_WRITER_HOLDS ||
           stage->act->company == NEWS_COME;
}

/* One instruction more, and what it needs from others to return. */
static enum stepper_stop
step_once(struct stage *stage, pid_t victim)
{
    if (waits_for_conductor(stage) && stepper_look(victim).sleeps) {
        answer_sleep(stage);
    }
    return stepper_step(victim);
}

/* Step to the end, and note where the victim came by. */
static enum stepper_stop
record(struct stage *stage, pid_t victim)
{
    struct way *way = &stage->way;
    enum stepper_stop stop = STEPPER_STEPPED;
    way->count = 0;
    way->sleep = 0;
    while (stop == STEPPER_STEPPED && way->count < WAY_MAX) {
        struct stepper_point point = stepper_look(victim);
        bool fresh = point.is_mark;
        for (uint32_t i = 0; i < way->count && fresh; i++) {
            fresh = way->points[i].address != point.address;
        }
        if (point.sleeps && way->sleep == 0) {
            way->sleep = way->count;
        }
        way->points[way->count] = point;
        way->fresh[way->count] = fresh;
        way->count++;
        stop = step_once(stage, victim);
    }
    return stop;
}

/*
 * Let the victim run to the last point of its way before instruction n that it
 * comes by for the first time, rather than step there.
 *   done  how many instructions that was
 */
static enum stepper_stop
run_ahead(struct stage *stage, pid_t victim, uint32_t n, uint32_t *done)
{
    const struct way *way = &stage->way;
    uint32_t to = n < way->count ? n : way->count;
    enum stepper_stop stop = STEPPER_STEPPED;
    while (to > 0 && (to == way->count || !way->fresh[to])) {
        to--;
    }
    if (way->sleep != 0 && to > way->sleep) {
        if (!way->fresh[way->sleep]) {
            return stop;
        }
        stop = stepper_run_to(victim, way->points[way->sleep].address);
        answer_sleep(stage);
    }
    if (to > 0 && stop == STEPPER_STEPPED) {
        stop = stepper_run_to(victim, way->points[to].address);
    }
    *done = to;
    return stop;
}

/* Step n instructions.  STEPPER_ENDED when the act was complete before. */
static enum stepper_stop
step(struct stage *stage, pid_t victim, uint32_t n)
{
    uint32_t done = 0;
    enum stepper_stop stop = run_ahead(stage, victim, n, &done);
    for (uint32_t i = done; i < n && stop == STEPPER_STEPPED; i++) {
        stop = step_once(stage, victim);
    }
    return stop;
}

static bool
is_guard_left(struct stage *stage)
{
    struct mailbox *mailbox = segment_mailbox(segment_of(stage), 0);
    const _Atomic uint32_t *lock = (const void *)&mailbox->lock.guard;
    const _Atomic uint32_t *watch = (const void *)&mailbox->watch.guard;
    return ((atomic_load(lock) | atomic_load(watch)) & OWNER_DIED) != 0;
}

static uint64_t
version_of(struct stage *stage)
{
    uint64_t version = 0;
    demand("version", mailbox_version(segment_of(stage), 0, &version));
    return version;
}

/* Nobody would tell a watcher of a version that was never made. */
static void
make_news(struct stage *stage)
{
    struct timespec deadline = far();
    struct mailbox_view view;
    struct mailbox_write request = {.mode = MAILBOX_REPLACE,
                                    .if_version = MAILBOX_ANY_VERSION,
                                    .data = survivor_old,
                                    .length_bytes = SURVIVOR_OLD_BYTES};
    stage->survivor.question->replaced = true;
    demand("news", mailbox_write(segment_of(stage), stage->seat, 0, &request,
                                 &deadline, &view));
}

static void
judge(struct stage *stage, uint32_t n, bool complete, bool committed,
      uint64_t killed_ns, struct outcome *outcome, char *flaw,
      size_t flaw_bytes)
{
    const struct survivor_answer *answer = stage->survivor.answer;
    uint64_t bound_ns =
        survivor_is_asked_early(stage) ? BOUND_ASLEEP_NS : BOUND_NS;
    uint64_t wait_ns =
        answer->done_ns > killed_ns ? answer->done_ns - killed_ns : 0;
    if (answer->flaw[0] != '\0') {
        (void)snprintf(flaw, flaw_bytes, "%s", answer->flaw);
    } else if (wait_ns > bound_ns + SLACK_NS) {
        (void)snprintf(flaw, flaw_bytes,
                       "the survivor waited for %" PRIu64 " ms",
                       wait_ns / MOMENT_MS);
    } else if (stage->act->by_itself && answer->changed != committed) {
        (void)snprintf(flaw, flaw_bytes,
                       committed ? "what was committed is lost"
                                 : "what was not committed shows");
    } else if (stage->act->by_itself && complete && !committed) {
        (void)snprintf(flaw, flaw_bytes, "the act committed nothing");
    }
    if (committed && outcome->commits_at == 0) {
        outcome->commits_at = n;
    }
    outcome->worst_ns =
        wait_ns > outcome->worst_ns ? wait_ns : outcome->worst_ns;
    stage->version = answer->version;
}

/*
 * Kill one victim after n instructions, or at the end of its act, which it is
 * recorded on the way to.  STEPPER_ENDED when there are not so many.
 */
static enum stepper_stop
kill_after(struct stage *stage, uint32_t n, bool records,
           struct outcome *outcome, char *flaw, size_t flaw_bytes)
{
    (void)alarm(STUCK_S);
    ask_about(stage);
    invite(stage);
    pid_t victim = stepper_start(stage->act->ready, stage->act->play, stage);
    queue_survivor(stage);
    enum stepper_stop stop =
        records ? record(stage, victim) : step(stage, victim, n);
    enum stepper_stop rest = stop;
    if (stage->act->company == ONE_DIES_MEANWHILE && stop == STEPPER_STEPPED) {
        if (stage->act->watches_meanwhile) {
            sleep_and_die(stage, play_wait, SEAT_WATCHING);
        } else {
            start_and_kill(stage, sit_and_hold);
        }
        while (rest == STEPPER_STEPPED) {
            rest = stepper_step(victim);
        }
    }
    if (rest == STEPPER_FELL) {
        (void)snprintf(flaw, flaw_bytes, "the victim fell by itself");
        (void)kill(victim, SIGKILL);
        survivor_give_up(&stage->survivor);
        return rest;
    }
    stepper_kill(victim);
    uint64_t killed_ns = moment_now_ns();
    atomic_store(&stage->survivor.question->dead, 1);
    outcome->kills++;
    outcome->guards += is_guard_left(stage) ? 1 : 0;
    bool committed = version_of(stage) > stage->version;
    if (stage->act->company == THE_SURVIVOR_WATCHES && !committed) {
        make_news(stage);
    }
    let_go(stage);
    if (!survivor_is_asked_early(stage)) {
        killed_ns = moment_now_ns();
        survivor_ask(&stage->survivor);
    }
    survivor_await(&stage->survivor);
    judge(stage, n, stop == STEPPER_ENDED, committed, killed_ns, outcome, flaw,
          flaw_bytes);
    return stop;
}

/* The moment that SIGALRM's handler names; written before it can come. */
static char where[128];

static void
tell_stuck(int signal)
{
    (void)signal;
    ssize_t written = write(STDERR_FILENO, where, strlen(where));
    _exit(written < 0 ? 2 : 1);
}

static void
print_outcome(const struct act *act, const struct outcome *outcome,
              uint64_t span_ns)
{
    printf("%-29s %6" PRIu32 " %6" PRIu32 " %7" PRIu32 " %7" PRIu64, act->name,
           outcome->instructions, outcome->kills, outcome->guards,
           outcome->recoveries);
    if (act->by_itself) {
        printf(" %7" PRIu32, outcome->commits_at);
    } else {
        printf(" %7s", "");
    }
    printf(" %9.1f %7.1f\n", (double)outcome->worst_ns / (double)MOMENT_MS,
           (double)span_ns / (double)MOMENT_S);
    (void)fflush(stdout);
}

/* Does a victim go the same way each time? */
static bool
is_repeatable(const struct act *act)
{
    return act->company != ONE_DIED_ANYWHERE &&
           act->company != THE_SURVIVOR_QUEUES &&
           act->company != THE_SURVIVOR_WATCHES;
}

static bool
play(struct stage *stage, const struct act *act, uint32_t every,
     uint64_t offset)
{
    struct outcome outcome = {.instructions = 0};
    char flaw[256] = "";
    uint64_t before = segment_recoveries(segment_of(stage));
    uint64_t began_ns = moment_now_ns();
    uint32_t stride = act->stride > 1 ? act->stride * every : every;
    uint32_t n = stride > 1 ? 1 + (uint32_t)(offset % stride) : 1;
    enum stepper_stop stop = STEPPER_STEPPED;
    stage->act = act;
    stage->way.count = 0;
    stage->way.sleep = 0;
    if (is_repeatable(act)) {
        (void)kill_after(stage, 0, true, &outcome, flaw, sizeof(flaw));
    }
    for (; stop == STEPPER_STEPPED && flaw[0] == '\0'; n += stride) {
        (void)snprintf(where, sizeof(where),
                       "\nFAILED: %s, killed after instruction %" PRIu32
                       ": all is stuck\n",
                       act->name, n);
        stop = kill_after(stage, n, false, &outcome, flaw, sizeof(flaw));
        outcome.instructions = n;
    }
    outcome.recoveries = segment_recoveries(segment_of(stage)) - before;
    if (act == &acts[1]) {
        stage->replace_instructions = outcome.instructions;
    }
    print_outcome(act, &outcome, moment_now_ns() - began_ns);
    if (flaw[0] != '\0') {
        printf("FAILED: %s, killed after instruction %" PRIu32 ": %s\n",
               act->name, outcome.instructions, flaw);
    }
    return flaw[0] == '\0';
}

/* The survivor leaves the old content behind, and has bound all its calls. */
static void
set_up(struct stage *stage, uint64_t seed)
{
    struct segment_geometry geometry = {.mailboxes_count = 1,
                                        .seats_count = SEATS,
                                        .mailbox_bytes = MAILBOX_BYTES};
    const struct act rest = {.name = "rest"};
    dice_init(&stage->dice, seed, 0);
    for (uint32_t i = 0; i < 40; i++) {
        stage->data[i] = (unsigned char)('a' + i % 26);
    }
    stage->data_bytes = 40;
    stage->replace_instructions = 1;
    commons_create(&stage->commons, &geometry, false);
    demand("sit", segment_sit(segment_of(stage), 1, &stage->seat));
    survivor_start(&stage->survivor, &stage->commons);
    demand("write", write_data(stage, stage->seat, MAILBOX_REPLACE, NULL));
    stage->act = &rest;
    ask_about(stage);
    stage->survivor.question->changes = true;
    atomic_store(&stage->survivor.question->dead, 1);
    survivor_ask(&stage->survivor);
    survivor_await(&stage->survivor);
    stage->version = stage->survivor.answer->version;
    stage->act = NULL;
}

static void
usage(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: step_death [--quick] [--every N] [--seed N]\n"
        "Kill a process after each machine instruction of what it does with a\n"
        "mailbox, and check each time that a survivor is not harmed.\n"
        "  --every N  after every Nth instruction (1); the seed says from "
        "where\n"
        "  --quick    --every %u\n"
        "  --seed N   of the random choices (the clock's)\n",
        QUICK_EVERY);
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
                      "step_death: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      option, text, least, most);
        exit(2);
    }
    return number;
}

static void
parse(int argc, char **argv, uint32_t *every, uint64_t *seed)
{
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'},
        {"every", required_argument, NULL, 'e'},
        {"seed", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'q':
            *every = QUICK_EVERY;
            break;
        case 'e':
            *every = (uint32_t)parse_number("every", optarg, 1, 1000);
            break;
        case 'r':
            *seed = parse_number("seed", optarg, 0, UINT64_MAX);
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

int
main(int argc, char **argv)
{
    static struct stage stage;
    uint32_t every = 1;
    uint64_t seed = moment_now_ns() % 1000000007;
    bool passed = true;
    parse(argc, argv, &every, &seed);
    printf("step_death --every %" PRIu32 " --seed %" PRIu64 "\n\n", every,
           seed);
    printf("%-29s %6s %6s %7s %7s %7s %9s %7s\n", "", "instr.", "kills", "in a",
           "recov-", "commits", "longest", "");
    printf("%-29s %6s %6s %7s %7s %7s %9s %7s\n", "act", "steps", "", "guard",
           "eries", "after", "wait, ms", "s");
    (void)fflush(stdout);
    (void)signal(SIGALRM, tell_stuck);
    (void)alarm(STUCK_S);
    set_up(&stage, seed);
    for (size_t i = 0; i < ACTS && passed; i++) {
        passed = play(&stage, &acts[i], every, seed);
    }
    survivor_end(&stage.survivor);
    if (passed) {
        printf("passed\n");
    }
    return passed ? 0 : 1;
}
