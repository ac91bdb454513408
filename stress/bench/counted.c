/*
 * Something done so many times in a row, for ci/instructions to count what the
 * processor executes meanwhile: a request through a session, its mailbox and
 * its lock, without a socket; or an acquisition and its release, alone.
 *
 *     counted WHAT TIMES
 *
 * All that is counted happens inside counted_loop.  A second thread is there,
 * because glibc leaves atomic instructions out in a process of one; it does
 * nothing.
 */

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "clock.h"
#include "moment.h"
#include "rwlock.h"
#include "segment.h"
#include "segment_store.h"
#include "session.h"

#define VALUE_BYTES 64
#define SEATS 4U
#define TIMES_MAX 100000U

/* What is done: a request, or only what the lock has to do. */
struct task {
    const char *name;
    bool writes;
    const char *request;
    size_t request_bytes; /* 0: the lock alone */
};

#define VALUE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REQUEST(text) text, sizeof(text) - 1

static const struct task tasks[] = {
    {"lock-read", false, REQUEST("")},
    {"lock-write", true, REQUEST("")},
    {"dipc-read", false, REQUEST("r 3\n")},
    {"dipc-write", true, REQUEST("w 3 64\n" VALUE)},
    {"redis-get", false,
     REQUEST("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000003\r\n")},
    {"redis-set", true,
     REQUEST("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000003\r\n$64\r\n" VALUE
             "\r\n")},
};

#define TASKS (sizeof(tasks) / sizeof(tasks[0]))
#define DIPC_WRITE (&tasks[3])

static_assert(sizeof(VALUE) == VALUE_BYTES + 1, "as the requests announce");

/* All that a task uses. */
struct scene {
    void *memory;
    struct segment segment;
    struct segment_source source;
    struct store *store;
    struct statistics statistics;
    struct census census;
    struct session_config config;
    struct session *session;
    struct seat_totals totals;
    struct rwlock lock;
    struct seat seats[SEATS];
    struct seat_table table;
    uint32_t seat;
};

void counted_loop(struct scene *scene, const struct task *task, uint32_t times);

static void
demand(int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "counted: %s\n", strerror(error));
        exit(1);
    }
}

static void
make_lock(struct scene *scene)
{
    scene->table = (struct seat_table){.seats = scene->seats,
                                       .totals = &scene->totals,
                                       .count = SEATS,
                                       .parking = PARKING_CONDITION,
                                       .now = moment_now};
    demand(seat_table_init(&scene->table));
    demand(rwlock_init(&scene->lock, 0));
    demand(seat_take(&scene->table, 0, &scene->seat));
}

static void
make_store(struct scene *scene)
{
    const struct segment_geometry geometry = {
        .mailboxes_count = 4, .seats_count = SEATS, .mailbox_bytes = 1024};
    const struct segment_options options = {.instance = 1, .now = moment_now};
    uint64_t bytes = 0;
    demand(segment_measure(&geometry, &bytes));
    bytes = (bytes + 63) / 64 * 64;
    scene->memory = aligned_alloc(64, bytes);
    demand(scene->memory == NULL ? ENOMEM : 0);
    memset(scene->memory, 0, bytes);
    demand(segment_init(&scene->segment, scene->memory, &geometry, &options));
    segment_store_init(&scene->source, &scene->segment, MOMENT_S, NULL);
    struct store_source *source = &scene->source.source;
    demand(source->ops->open(source, 0, &scene->store));
}

static void
unmake_store(struct scene *scene)
{
    struct store_source *source = &scene->source.source;
    source->ops->close(source, scene->store);
    segment_fini(&scene->segment);
    free(scene->memory);
}

static void
open_session(struct scene *scene)
{
    demand(census_init(&scene->census));
    scene->config = (struct session_config){
        .packet_bytes = 1024,
        .gap_ns = 50 * MOMENT_MS,
        .request_timeout_ns = 30 * MOMENT_S,
        .idle_timeout_ns = SESSION_FOREVER,
        .wait_max_ns = 60 * MOMENT_S,
        .clock = {.now_ns = clock_now_ns},
        .statistics = &scene->statistics,
        .census = &scene->census,
    };
    demand(session_create(&scene->config, scene->store, &scene->session));
}

static void
close_session(struct scene *scene)
{
    session_destroy(scene->session);
    census_fini(&scene->census);
}

static void
acquire_and_release(struct scene *scene, bool writes)
{
    demand(writes
               ? rwlock_wrlock(&scene->table, &scene->lock, scene->seat, NULL)
               : rwlock_rdlock(&scene->table, &scene->lock, scene->seat, NULL));
    rwlock_unlock(&scene->table, &scene->lock, scene->seat);
}

/* As a client's thread does it: receive, advance, send. */
static void
request(struct scene *scene, const char *bytes, size_t length)
{
    void *room = NULL;
    size_t room_bytes = 0;
    const void *answer = NULL;
    size_t answer_bytes = 0;
    demand(session_advance(scene->session) == SESSION_RECEIVE ? 0 : EPROTO);
    demand(session_room(scene->session, &room, &room_bytes));
    demand(room_bytes >= length ? 0 : ENOBUFS);
    memcpy(room, bytes, length);
    session_received(scene->session, length);
    demand(session_advance(scene->session) == SESSION_SEND ? 0 : EPROTO);
    session_output(scene->session, &answer, &answer_bytes);
    demand(memcmp(answer, "err", 3) == 0 || memcmp(answer, "-", 1) == 0 ? EPROTO
                                                                        : 0);
    session_sent(scene->session, answer_bytes);
}

static void
perform(struct scene *scene, const struct task *task)
{
    if (task->request_bytes == 0) {
        acquire_and_release(scene, task->writes);
    } else {
        request(scene, task->request, task->request_bytes);
    }
}

__attribute__((noinline)) void
counted_loop(struct scene *scene, const struct task *task, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        perform(scene, task);
    }
}

static void *
stand_by(void *argument)
{
    demand(pthread_mutex_lock(argument));
    demand(pthread_mutex_unlock(argument));
    return NULL;
}

static const struct task *
task_of(const char *name)
{
    for (size_t i = 0; i < TASKS; i++) {
        if (strcmp(name, tasks[i].name) == 0) {
            return &tasks[i];
        }
    }
    return NULL;
}

static int
usage(void)
{
    (void)fprintf(stderr, "usage: counted WHAT TIMES\n  WHAT   ");
    for (size_t i = 0; i < TASKS; i++) {
        (void)fprintf(stderr, "%s%s", tasks[i].name,
                      i + 1 < TASKS ? ", " : "\n");
    }
    (void)fprintf(stderr, "  TIMES  1 to %u\n", TIMES_MAX);
    return 2;
}

int
main(int argc, char **argv)
{
    static struct scene scene;
    const struct task *task = argc == 3 ? task_of(argv[1]) : NULL;
    unsigned long times = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (task == NULL || times < 1 || times > TIMES_MAX) {
        return usage();
    }
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t other;
    demand(pthread_mutex_lock(&gate));
    demand(pthread_create(&other, NULL, stand_by, &gate));
    make_lock(&scene);
    make_store(&scene);
    /* A read is of something, and what grows once has grown. */
    open_session(&scene);
    perform(&scene, DIPC_WRITE);
    close_session(&scene);
    open_session(&scene);
    perform(&scene, task);
    counted_loop(&scene, task, (uint32_t)times);
    close_session(&scene);
    unmake_store(&scene);
    demand(pthread_mutex_unlock(&gate));
    demand(pthread_join(other, NULL));
    return 0;
}
