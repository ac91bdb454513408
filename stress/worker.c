#include "worker.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "dice.h"
#include "mailbox.h"
#include "moment.h"

#define WORD 8U

struct worker {
    const struct worker_orders *orders;
    struct worker_record *record;
    struct segment *segment;
    struct dice dice;
    uint32_t seat;
    unsigned char *content; /* of one mailbox, as it was read */
    unsigned char *part;    /* to write */
    uint64_t deadline_ns;   /* of the operation at hand; 0: none */
    bool patient;           /* the deadline may not pass */
};

static const char *const act_names[] = {[WORKER_READ] = "read",
                                        [WORKER_REPLACE] = "replace",
                                        [WORKER_OVERWRITE] = "overwrite",
                                        [WORKER_APPEND] = "append",
                                        [WORKER_SWAP] = "swap",
                                        [WORKER_WAIT] = "wait",
                                        [WORKER_SIT] = "sit"};

const char *
worker_act_name(enum worker_act act)
{
    return act_names[act];
}

static void complain(struct worker *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

static void
complain(struct worker *worker, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(worker->record->flaw, WORKER_FLAW_BYTES, format, arguments);
    va_end(arguments);
    _exit(1);
}

/* One that has passed, a near one, a far one, or none. */
static const struct timespec *
roll_deadline(struct worker *worker, struct timespec *deadline)
{
    uint64_t now_ns = moment_now_ns();
    uint64_t kind = dice_below(&worker->dice, 10);
    worker->patient = kind >= 4;
    worker->deadline_ns =
        kind == 0  ? now_ns
        : kind < 4 ? now_ns + dice_below(&worker->dice, 20 * MOMENT_MS)
        : kind < 9 ? now_ns + worker->orders->patience_ns
                   : 0;
    *deadline = moment_deadline(worker->deadline_ns);
    return worker->deadline_ns == 0 ? NULL : deadline;
}

static void
begin(struct worker *worker, enum worker_act act)
{
    struct worker_record *record = worker->record;
    atomic_store(&record->act, act);
    atomic_store(&record->deadline_ns,
                 worker->patient ? 0 : worker->deadline_ns);
    atomic_store(&record->began_ns, moment_now_ns());
}

/* A worker alone raises its counts: no exchange is needed. */
static void
count(_Atomic uint64_t *counter)
{
    atomic_store(counter, atomic_load(counter) + 1);
}

/*
 * How long did it take?  Of one that timed out, what counts is how long after
 * the deadline it returned.
 */
static void
end(struct worker *worker, enum worker_act act, int error)
{
    struct worker_record *record = worker->record;
    uint64_t now_ns = moment_now_ns();
    uint64_t span_ns = now_ns - atomic_load(&record->began_ns);
    if (error == ETIMEDOUT || act == WORKER_WAIT) {
        span_ns =
            now_ns > worker->deadline_ns ? now_ns - worker->deadline_ns : 0;
    }
    atomic_store(&record->began_ns, 0);
    if (span_ns > atomic_load(&record->worst_ns[act])) {
        atomic_store(&record->worst_ns[act], span_ns);
    }
    count(&record->spans[span_ns <= 50 * MOMENT_MS    ? WORKER_UNDER_NAP_HEAD
                         : span_ns <= 500 * MOMENT_MS ? WORKER_UNDER_NAP
                                                      : WORKER_OVER_NAP]);
    count(error == ETIMEDOUT ? &record->timed_out : &record->done[act]);
    if (error == ETIMEDOUT && worker->patient) {
        complain(worker, "%s had not the lock after %" PRIu64 " ms",
                 act_names[act], worker->orders->patience_ns / MOMENT_MS);
    }
}

/* What this operation saw or made, with the ticket that it had. */
static void
enter_history(struct worker *worker, uint32_t m, uint64_t version,
              uint64_t stamp, bool writes)
{
    struct worker_record *record = worker->record;
    uint64_t pushed = atomic_load(&record->pushed);
    uint64_t newest = atomic_load(&record->newest[m]);
    struct seat *seat = seat_at(&worker->segment->seats, worker->seat);
    if (version < newest || (writes && version == newest)) {
        complain(worker,
                 "mailbox %" PRIu32 " went from version %" PRIu64
                 " back to %" PRIu64,
                 m, newest, version);
    }
    atomic_store(&record->newest[m], version);
    if (pushed - atomic_load(&record->pulled) == WORKER_RING) {
        count(&record->dropped);
        return;
    }
    record->ring[pushed % WORKER_RING] = (struct history_entry){
        .ticket = atomic_load(&seat->ticket),
        .version = version,
        .stamp = stamp,
        .mailbox = m,
        .writes = writes ? 1 : 0,
    };
    atomic_store(&record->pushed, pushed + 1);
}

static uint64_t
new_stamp(struct worker *worker)
{
    count(&worker->record->stamps);
    return ((uint64_t)worker->orders->number + 1) << 56 |
           atomic_load(&worker->record->stamps);
}

/* Read the whole and judge it.  False when it was not had in time. */
static bool
read_whole(struct worker *worker, uint32_t m, struct mailbox_view *view,
           struct content_verdict *verdict)
{
    struct timespec room;
    struct mailbox_read request = {
        .max_bytes = worker->segment->geometry.mailbox_bytes,
        .if_version = MAILBOX_ANY_VERSION,
    };
    const struct timespec *deadline = roll_deadline(worker, &room);
    begin(worker, WORKER_READ);
    int error = mailbox_read(worker->segment, worker->seat, m, &request,
                             deadline, worker->content, view);
    end(worker, WORKER_READ, error);
    if (error == ETIMEDOUT) {
        return false;
    }
    *verdict =
        content_judge(worker->content, view->length_bytes, view->version);
    if (error != 0 || verdict->flaw != NULL) {
        complain(worker,
                 "mailbox %" PRIu32 ", version %" PRIu64 ", %" PRIu64
                 " bytes: %s",
                 m, view->version, view->length_bytes,
                 error != 0 ? strerror(error) : verdict->flaw);
    }
    enter_history(worker, m, view->version, verdict->stamp, false);
    return true;
}

static void
write_part(struct worker *worker, uint32_t m, enum worker_act act,
           const struct mailbox_write *request, uint64_t stamp)
{
    struct timespec room;
    struct mailbox_view view = {.version = 0};
    const struct timespec *deadline = roll_deadline(worker, &room);
    begin(worker, act);
    int error = mailbox_write(worker->segment, worker->seat, m, request,
                              deadline, &view);
    end(worker, act, error);
    if (error == 0) {
        enter_history(worker, m, view.version, stamp, true);
    } else if (error == ESTALE) {
        enter_history(worker, m, view.version, 0, false);
    } else if (error != ETIMEDOUT && error != EFBIG) {
        complain(worker, "%s of mailbox %" PRIu32 ": %s", act_names[act], m,
                 strerror(error));
    }
}

/* A length up to a part of the mailbox, more often short than long. */
static uint64_t
roll_length(struct worker *worker, uint64_t least_bytes, uint64_t parts)
{
    uint64_t most = worker->segment->geometry.mailbox_bytes / parts;
    uint64_t span = dice_percent(&worker->dice, 70) ? 512 : most - least_bytes;
    return (least_bytes + dice_below(&worker->dice, span)) / WORD * WORD;
}

static void
replace(struct worker *worker, uint32_t m, uint64_t if_version)
{
    bool swaps = if_version != MAILBOX_ANY_VERSION;
    uint64_t stamp = new_stamp(worker);
    struct mailbox_write request = {
        .mode = MAILBOX_REPLACE,
        .if_version = if_version,
        .data = worker->part,
        .length_bytes = roll_length(worker, CONTENT_BASE_BYTES_MIN, 1),
    };
    content_build_base(worker->part, request.length_bytes, stamp,
                       swaps ? if_version + 1 : 0, &worker->dice);
    write_part(worker, m, swaps ? WORKER_SWAP : WORKER_REPLACE, &request,
               stamp);
}

/* With a link to what is there where that was read; else blindly. */
static void
append(struct worker *worker, uint32_t m, uint64_t if_version, uint64_t link)
{
    uint64_t stamp = new_stamp(worker);
    struct mailbox_write request = {
        .mode = MAILBOX_APPEND,
        .if_version = if_version,
        .data = worker->part,
        .length_bytes = roll_length(worker, CONTENT_BLOCK_BYTES_MIN, 8),
    };
    content_build_block(worker->part, request.length_bytes, stamp,
                        link == 0 ? 0 : if_version + 1, link, &worker->dice);
    write_part(worker, m, WORKER_APPEND, &request, stamp);
}

/* The front of a base that was read; what is behind it must stay. */
static void
overwrite(struct worker *worker, uint32_t m, const struct mailbox_view *view)
{
    uint64_t stamp = new_stamp(worker);
    uint64_t span = view->length_bytes - CONTENT_BASE_BYTES_MIN + 1;
    struct mailbox_write request = {
        .mode = MAILBOX_OVERWRITE,
        .if_version = view->version,
        .data = worker->content,
        .length_bytes =
            (CONTENT_BASE_BYTES_MIN + dice_below(&worker->dice, span)) / WORD *
            WORD,
    };
    content_alter_base(worker->content, request.length_bytes, stamp,
                       view->version + 1, &worker->dice);
    write_part(worker, m, WORKER_OVERWRITE, &request, stamp);
}

/* Read, and write only if nobody else did meanwhile. */
static void
read_and_swap(struct worker *worker, uint32_t m)
{
    struct mailbox_view view;
    struct content_verdict verdict;
    if (!read_whole(worker, m, &view, &verdict)) {
        return;
    }
    if (view.version == 0) {
        replace(worker, m, 0);
    } else if (verdict.blocks == 0 && dice_percent(&worker->dice, 60)) {
        overwrite(worker, m, &view);
    } else if (dice_percent(&worker->dice, 60)) {
        append(worker, m, view.version, verdict.link);
    } else {
        replace(worker, m, view.version);
    }
}

static void
wait_for_news(struct worker *worker, uint32_t m)
{
    uint64_t version = 0;
    worker->patient = false;
    worker->deadline_ns =
        moment_now_ns() + dice_below(&worker->dice, 4 * MOMENT_MS);
    struct timespec deadline = moment_deadline(worker->deadline_ns);
    int error = mailbox_version(worker->segment, m, &version);
    if (error == 0) {
        begin(worker, WORKER_WAIT);
        error =
            mailbox_wait(worker->segment, worker->seat, m, version, &deadline);
        end(worker, WORKER_WAIT, error);
    }
    if (error != 0 && error != ETIMEDOUT) {
        complain(worker, "wait for mailbox %" PRIu32 ": %s", m,
                 strerror(error));
    }
}

static void
sit(struct worker *worker)
{
    worker->patient = true;
    worker->deadline_ns = 0;
    begin(worker, WORKER_SIT);
    int error =
        segment_sit(worker->segment, worker->orders->number, &worker->seat);
    end(worker, WORKER_SIT, error);
    if (error != 0) {
        complain(worker, "no seat, though there is one for each process: %s",
                 strerror(error));
    }
    atomic_store(&worker->record->seat, worker->seat);
}

static void
stand(struct worker *worker)
{
    atomic_store(&worker->record->seat, SEAT_NONE);
    segment_stand(worker->segment, worker->seat);
}

static void
act(struct worker *worker)
{
    uint32_t mailboxes = worker->segment->geometry.mailboxes_count;
    uint32_t m = (uint32_t)dice_below(&worker->dice, mailboxes);
    uint64_t chosen = dice_below(&worker->dice, 100);
    uint64_t version = 0;
    struct mailbox_view view;
    struct content_verdict verdict;
    if (chosen < 30) {
        (void)read_whole(worker, m, &view, &verdict);
    } else if (chosen < 55) {
        replace(worker, m, MAILBOX_ANY_VERSION);
    } else if (chosen < 70 &&
               mailbox_version(worker->segment, m, &version) == 0 &&
               version > 0) {
        append(worker, m, MAILBOX_ANY_VERSION, 0);
    } else if (chosen < 98) {
        read_and_swap(worker, m);
    } else if (chosen < 99) {
        wait_for_news(worker, m);
    } else {
        stand(worker);
        sit(worker);
    }
}

void
worker_run(const struct worker_orders *orders)
{
    struct worker worker = {.orders = orders, .record = orders->record};
    commons_attach(orders->commons);
    worker.segment = &orders->commons->segment;
    dice_init(&worker.dice, orders->seed, (uint64_t)getpid());
    worker.content = malloc(worker.segment->geometry.mailbox_bytes);
    worker.part = malloc(worker.segment->geometry.mailbox_bytes);
    if (worker.content == NULL || worker.part == NULL) {
        complain(&worker, "no memory");
    }
    sit(&worker);
    while (atomic_load(orders->stop) == 0) {
        act(&worker);
    }
    stand(&worker);
    free(worker.content);
    free(worker.part);
}
