/*
 * Threads on mailboxes, without a server: the history that they leave is for
 * the same checker (stress_history), and segment_check holds in the end.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "mailbox.h"
#include "moment.h"
#include "operation.h"
#include "segment.h"

#define THREADS_MAX 64U
#define MAILBOXES 4U
#define MAILBOX_BYTES 4096U

struct stress {
    uint64_t seed;
    uint64_t seconds;
    uint64_t threads;
    uint64_t operations_max;
    const char *history;
    struct segment segment;
    uint64_t end_ns;
};

struct worker {
    pthread_t thread;
    struct stress *stress;
    uint32_t number;
    uint64_t seen[MAILBOXES];
    struct operations done;
};

static uint8_t
outcome_of(int error)
{
    switch (error) {
    case 0:
        return OPERATION_OK;
    case ESTALE:
        return OPERATION_CONFLICT;
    case EFBIG:
        return OPERATION_TOO_LARGE;
    case ETIMEDOUT:
        return OPERATION_BUSY;
    default:
        (void)fprintf(stderr, "stress_mailbox: %s\n", strerror(error));
        exit(1);
    }
}

/* Some operations give up after a few microseconds. */
static const struct timespec *
some_deadline(struct dice *dice, struct timespec *deadline)
{
    if (!dice_percent(dice, 10)) {
        return NULL;
    }
    *deadline = moment_deadline(moment_now_ns() + dice_below(dice, 20000));
    return deadline;
}

static int
do_read(struct worker *worker, struct dice *dice, uint32_t seat,
        struct operation *o, struct mailbox_view *view)
{
    static _Thread_local unsigned char buffer[MAILBOX_BYTES];
    struct timespec deadline;
    if (dice_percent(dice, 40)) {
        o->offset = dice_below(dice, MAILBOX_BYTES + 2);
        o->max_bytes = dice_below(dice, MAILBOX_BYTES + 1);
    }
    const struct mailbox_read request = {.offset_bytes = o->offset,
                                         .max_bytes = o->max_bytes,
                                         .if_version = o->if_version};
    int error =
        mailbox_read(&worker->stress->segment, seat, o->mailbox, &request,
                     some_deadline(dice, &deadline), buffer, view);
    if (error == 0) {
        o->data = operation_data_of(buffer, (uint32_t)view->length_bytes);
    }
    return error;
}

static int
do_write(struct worker *worker, struct dice *dice, uint32_t seat,
         struct operation *o, struct mailbox_view *view)
{
    static const enum mailbox_mode modes[] = {
        [OPERATION_REPLACE] = MAILBOX_REPLACE,
        [OPERATION_OVERWRITE] = MAILBOX_OVERWRITE,
        [OPERATION_APPEND] = MAILBOX_APPEND};
    static _Thread_local unsigned char data[MAILBOX_BYTES];
    struct timespec deadline;
    uint32_t length =
        (uint32_t)dice_below(dice, dice_percent(dice, 60) ? 40 : MAILBOX_BYTES);
    o->verb = (uint8_t)(OPERATION_REPLACE + dice_below(dice, 3));
    if (o->verb == OPERATION_OVERWRITE) {
        /* Core compares the version first, the protocol the size. */
        o->offset = dice_below(dice, MAILBOX_BYTES - length + 1);
    }
    uint64_t seed = dice_roll(dice) | 1;
    operation_make(seed, data, length);
    o->data = operation_data_made(seed, length);
    const struct mailbox_write request = {.mode = modes[o->verb],
                                          .offset_bytes = o->offset,
                                          .if_version = o->if_version,
                                          .data = data,
                                          .length_bytes = length};
    return mailbox_write(&worker->stress->segment, seat, o->mailbox, &request,
                         some_deadline(dice, &deadline), view);
}

/* A wait tells that the version was passed, or was not yet; a look, where. */
static bool
do_wait(struct worker *worker, struct dice *dice, uint32_t seat,
        struct operation *o)
{
    struct timespec deadline =
        moment_deadline(moment_now_ns() + dice_below(dice, 500000));
    uint64_t above = worker->seen[o->mailbox];
    int error = mailbox_wait(&worker->stress->segment, seat, o->mailbox, above,
                             &deadline);
    if (error == ETIMEDOUT) {
        o->after_version = above;
        o->outcome = OPERATION_TIMEOUT;
        return true;
    }
    return false;
}

static void
act(struct worker *worker, struct dice *dice, uint32_t seat)
{
    struct mailbox_view view = {0};
    struct operation o = {.client = worker->number,
                          .mailbox = (uint32_t)dice_below(dice, MAILBOXES),
                          .verb = OPERATION_READ,
                          .max_bytes = MAILBOX_BYTES,
                          .if_version = OPERATION_ANY,
                          .after_version = OPERATION_ANY,
                          .call_ns = moment_now_ns()};
    if (dice_percent(dice, 30)) {
        o.if_version = worker->seen[o.mailbox];
    }
    uint64_t kind = dice_below(dice, 100);
    if (kind < 4 && do_wait(worker, dice, seat, &o)) {
        o.if_version = OPERATION_ANY;
        o.return_ns = moment_now_ns();
        operations_add(&worker->done, &o);
        return;
    }
    int error = kind < 52 ? do_read(worker, dice, seat, &o, &view)
                          : do_write(worker, dice, seat, &o, &view);
    o.return_ns = moment_now_ns();
    o.outcome = outcome_of(error);
    o.version = view.version;
    o.size = view.size_bytes;
    if (view.version > worker->seen[o.mailbox]) {
        worker->seen[o.mailbox] = view.version;
    }
    operations_add(&worker->done, &o);
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    struct stress *stress = worker->stress;
    struct dice dice;
    uint32_t seat = 0;
    dice_init(&dice, stress->seed, worker->number);
    if (segment_sit(&stress->segment, worker->number, &seat) != 0) {
        (void)fputs("stress_mailbox: no seat\n", stderr);
        exit(1);
    }
    while (moment_now_ns() < stress->end_ns &&
           worker->done.count < stress->operations_max / stress->threads) {
        act(worker, &dice, seat);
    }
    segment_stand(&stress->segment, seat);
    return NULL;
}

static void
set_up(struct stress *stress)
{
    const struct segment_geometry geometry = {.mailboxes_count = MAILBOXES,
                                              .seats_count =
                                                  (uint32_t)stress->threads,
                                              .mailbox_bytes = MAILBOX_BYTES};
    const struct segment_options options = {.instance = 1};
    uint64_t bytes = 0;
    void *memory = NULL;
    if (segment_measure(&geometry, &bytes) != 0 ||
        (memory = aligned_alloc(64, (bytes + 63) / 64 * 64)) == NULL ||
        segment_init(&stress->segment, memory, &geometry, &options) != 0) {
        (void)fputs("stress_mailbox: no segment\n", stderr);
        exit(1);
    }
    stress->end_ns = moment_now_ns() + stress->seconds * MOMENT_S;
}

static void
write_history(const struct stress *stress, const struct worker *workers)
{
    const struct operations head = {.mailbox_bytes = MAILBOX_BYTES,
                                    .packet_bytes = MAILBOX_BYTES};
    FILE *stream = fopen(stress->history, "w");
    if (stream == NULL) {
        perror(stress->history);
        exit(1);
    }
    operations_print_head(&head, stream);
    for (uint32_t i = 0; i < stress->threads; i++) {
        for (size_t k = 0; k < workers[i].done.count; k++) {
            operation_print(&workers[i].done.items[k], stream);
            (void)fputc('\n', stream);
        }
    }
    if (fclose(stream) != 0) {
        perror(stress->history);
        exit(1);
    }
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
                      "stress_mailbox: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      option, optarg, least, most);
        exit(2);
    }
    return value;
}

static void
parse(struct stress *stress, int argc, char **argv)
{
    static const struct option options[] = {
        {"seconds", required_argument, NULL, 's'},
        {"seed", required_argument, NULL, 'r'},
        {"threads", required_argument, NULL, 't'},
        {"operations-max", required_argument, NULL, 'o'},
        {"history", required_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            stress->seconds = number("seconds", 1, 1000000);
            break;
        case 'r':
            stress->seed = number("seed", 0, UINT64_MAX);
            break;
        case 't':
            stress->threads = number("threads", 2, THREADS_MAX);
            break;
        case 'o':
            stress->operations_max = number("operations-max", 1, 100000000);
            break;
        case 'h':
            stress->history = optarg;
            break;
        default:
            stress->history = NULL;
            optind = argc;
        }
    }
    if (stress->history == NULL) {
        (void)fputs("usage: stress_mailbox --history FILE [--seconds N] "
                    "[--seed N] [--threads N]\n"
                    "                      [--operations-max N]\n",
                    stderr);
        exit(2);
    }
}

int
main(int argc, char **argv)
{
    static struct stress stress = {
        .seed = 1, .seconds = 3, .threads = 12, .operations_max = 1000000};
    static struct worker workers[THREADS_MAX];
    uint64_t total = 0;
    parse(&stress, argc, argv);
    set_up(&stress);
    for (uint32_t i = 0; i < stress.threads; i++) {
        workers[i] = (struct worker){.stress = &stress, .number = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            (void)fputs("stress_mailbox: no thread\n", stderr);
            return 1;
        }
    }
    for (uint32_t i = 0; i < stress.threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        total += workers[i].done.count;
    }
    segment_check(&stress.segment);
    segment_fini(&stress.segment);
    write_history(&stress, workers);
    printf("seed %" PRIu64 ": %" PRIu64 " threads did %" PRIu64
           " operations on %u mailboxes\n",
           stress.seed, stress.threads, total, MAILBOXES);
    return 0;
}
