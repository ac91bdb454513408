/*
 * A load generator: many connections, several threads, and the time that each
 * answer took.
 *
 * Idea.  A connection sends a batch of requests in one piece (as many as
 * --pipeline says), and the next one when all of its answers have come.  With
 * --rate the batches have a timetable: each is due at its moment, whatever
 * became of those before it, and what counts is the time from that moment to
 * the answer.  So a server that stands still for a second is charged with all
 * the requests that should have been sent in that second, not with one
 * (coordinated omission).  Without --rate each batch is sent as soon as the
 * last one is answered, and the time from sending it counts: a round trip.
 *
 * The same load is to be had in three protocols: DIPC's own, Redis's, and
 * memcached's of text.  Before the time is taken every key is written once.
 *
 * It prints lines of `name value`: requests, errors, seconds, per-second,
 * least-us, p50-us to p99.99-us and max-us; with --server also
 * switches-per-request, the context switches of that process while all the
 * connections are there and something is sent.  The exit status is 0, 1 when a
 * request was answered with an error, 3 when none was sent in the time.
 */

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dice.h"
#include "histogram.h"
#include "moment.h"
#include "switches.h"

#define THREADS_MAX 16U
#define PIPELINE_MAX 1024U
#define VALUE_MAX 65536U
#define HEAD_BYTES 128U /* of one request or answer, without its data */
#define IN_BYTES (VALUE_MAX * 2)
#define EVENTS 64
#define IN_VAIN 3
#define LONGEST_WAIT_NS (100 * MOMENT_MS)
#define PATIENCE_NS (10 * MOMENT_S) /* for the answers that are owed at last */

enum protocol_kind { OWN, REDIS, MEMCACHED };

static const char *const kinds[] = {"dipc", "redis", "memcached"};

/* What all threads do.  const once they run. */
struct orders {
    enum protocol_kind kind;
    const char *address; /* HOST:PORT, or the path of a Unix socket */
    uint32_t threads;
    uint32_t connections;
    uint32_t pipeline;
    uint32_t reads_percent;
    uint32_t value_bytes;
    uint32_t keys;
    uint64_t rate; /* requests a second of all; 0: as they are answered */
    uint64_t warm_ns;
    uint64_t span_ns;
    uint64_t seed;
    pid_t server; /* whose context switches count; 0: nobody's */
    char value[VALUE_MAX];
};

struct connection {
    int fd;
    uint32_t owed;       /* answers of the batch under way */
    uint64_t since_ns;   /* when it was due, or was sent */
    uint64_t due_ns;     /* when the next one is */
    size_t in_end;       /* bytes of an answer that is not whole yet */
    uint64_t skip_bytes; /* of an answer's data that need not be kept */
    char *out;           /* the batch; sent as far as out_begin */
    size_t out_begin;
    size_t out_end;
    char in[HEAD_BYTES];
};

/* One thread and its connections. */
struct crew {
    const struct orders *orders;
    pthread_t thread;
    pthread_barrier_t *start;
    struct connection *connections;
    uint32_t count;
    uint32_t number;     /* of its first connection, among all */
    uint32_t next;       /* with a rate: whose turn it is */
    uint64_t turn_ns;    /* with a rate: when */
    uint64_t period_ns;  /* with a rate: of one connection's batches */
    uint64_t measure_ns; /* what is due from here on counts */
    uint64_t end_ns;     /* what is due up to here is sent */
    uint64_t last_ns;    /* when the last answer that counts came */
    uint64_t errors;
    uint64_t answers; /* that came, whether they count or not */
    uint32_t busy;    /* connections that are owed an answer */
    int epoll;
    struct dice dice;
    struct histogram histogram;
    char in[IN_BYTES];
};

static void
die(const char *what, const char *why)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, why);
    exit(1);
}

static void *
memory(size_t bytes)
{
    void *got = calloc(1, bytes);
    if (got == NULL) {
        die("memory", strerror(ENOMEM));
    }
    return got;
}

/* ---- what is sent ---- */

static size_t
write_request(const struct orders *orders, char *out, uint32_t key)
{
    size_t length = 0;
    size_t value = orders->value_bytes;
    switch (orders->kind) {
    case OWN:
        length = (size_t)snprintf(out, HEAD_BYTES, "w %u %zu\n", key, value);
        break;
    case REDIS:
        length = (size_t)snprintf(
            out, HEAD_BYTES, "*3\r\n$3\r\nSET\r\n$16\r\nkey:%012u\r\n$%zu\r\n",
            key, value);
        break;
    case MEMCACHED:
        length = (size_t)snprintf(out, HEAD_BYTES, "set key:%012u 0 0 %zu\r\n",
                                  key, value);
        break;
    }
    memcpy(out + length, orders->value, value);
    length += value;
    if (orders->kind != OWN) {
        memcpy(out + length, "\r\n", 2);
        length += 2;
    }
    return length;
}

static size_t
read_request(const struct orders *orders, char *out, uint32_t key)
{
    static const char *const forms[] = {
        "r %u\n", "*2\r\n$3\r\nGET\r\n$16\r\nkey:%012u\r\n",
        "get key:%012u\r\n"};
    int length = 0;
    switch (orders->kind) {
    case OWN:
        length = snprintf(out, HEAD_BYTES, forms[OWN], key);
        break;
    case REDIS:
        length = snprintf(out, HEAD_BYTES, forms[REDIS], key);
        break;
    case MEMCACHED:
        length = snprintf(out, HEAD_BYTES, forms[MEMCACHED], key);
        break;
    }
    return (size_t)length;
}

static void
make_batch(struct crew *crew, struct connection *c)
{
    const struct orders *orders = crew->orders;
    c->out_begin = 0;
    c->out_end = 0;
    for (uint32_t i = 0; i < orders->pipeline; i++) {
        uint32_t key = (uint32_t)dice_below(&crew->dice, orders->keys);
        char *out = c->out + c->out_end;
        c->out_end += dice_percent(&crew->dice, orders->reads_percent)
                          ? read_request(orders, out, key)
                          : write_request(orders, out, key);
    }
    c->owed = orders->pipeline;
    crew->busy++;
}

static void
watch(struct crew *crew, struct connection *c, bool output)
{
    struct epoll_event event = {
        .events = EPOLLIN | (output ? (uint32_t)EPOLLOUT : 0U), .data.ptr = c};
    if (epoll_ctl(crew->epoll, EPOLL_CTL_MOD, c->fd, &event) != 0) {
        die("epoll", strerror(errno));
    }
}

/* What does not fit now is sent when there is room. */
static void
send_more(struct crew *crew, struct connection *c, bool was_waiting)
{
    while (c->out_begin < c->out_end) {
        ssize_t sent = send(c->fd, c->out + c->out_begin,
                            c->out_end - c->out_begin, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (!was_waiting) {
                watch(crew, c, true);
            }
            return;
        }
        if (sent < 0 && errno != EINTR) {
            die("send", strerror(errno));
        }
        c->out_begin += sent > 0 ? (size_t)sent : 0;
    }
    if (was_waiting) {
        watch(crew, c, false);
    }
}

static void
begin_batch(struct crew *crew, struct connection *c, uint64_t since_ns)
{
    make_batch(crew, c);
    c->since_ns = since_ns;
    send_more(crew, c, false);
}

/* ---- what comes ---- */

/* The number that stands behind so many blanks. */
static uint64_t
field(const char *line, const char *end, uint32_t blanks)
{
    uint64_t value = 0;
    while (line < end && blanks > 0) {
        blanks -= *line++ == ' ';
    }
    while (line < end && *line >= '0' && *line <= '9') {
        value = value * 10 + (uint64_t)(*line++ - '0');
    }
    return value;
}

/* How many bytes follow an answer's first line, which is not an error's. */
static bool
is_good(enum protocol_kind kind, const char *line, const char *end,
        uint64_t *data_bytes)
{
    size_t length = (size_t)(end - line);
    *data_bytes = 0;
    switch (kind) {
    case OWN:
        *data_bytes = field(line, end, 1);
        return length > 3 && memcmp(line, "ok ", 3) == 0;
    case REDIS:
        if (length > 1 && line[0] == '$' && line[1] != '-') {
            *data_bytes = field(line + 1, end, 0) + 2;
            return true;
        }
        return length > 0 && (line[0] == '+' || line[0] == ':');
    case MEMCACHED:
        if (length > 6 && memcmp(line, "VALUE ", 6) == 0) {
            *data_bytes = field(line, end, 3) + 2 + strlen("END\r\n");
            return true;
        }
        return length >= 6 && memcmp(line, "STORED", 6) == 0;
    }
    return false;
}

static void
note(struct crew *crew, struct connection *c, bool good, uint64_t now_ns)
{
    if (c->owed == 0) {
        die("the server", "it sent an answer that nobody asked for");
    }
    c->owed--;
    crew->answers++;
    crew->busy -= c->owed == 0;
    if (c->since_ns >= crew->measure_ns && c->since_ns < crew->end_ns) {
        crew->errors += !good;
        crew->last_ns = now_ns;
        histogram_add(&crew->histogram, now_ns - c->since_ns);
    }
}

/* Everything in [in, in + length): whole answers, and the rest is kept. */
static void
take_answers(struct crew *crew, struct connection *c, const char *in,
             size_t length, uint64_t now_ns)
{
    const char *end = in + length;
    while (in < end) {
        if (c->skip_bytes > 0) {
            uint64_t here = (uint64_t)(end - in);
            uint64_t skipped = c->skip_bytes < here ? c->skip_bytes : here;
            in += skipped;
            c->skip_bytes -= skipped;
            if (c->skip_bytes == 0) {
                note(crew, c, true, now_ns);
            }
            continue;
        }
        const char *line_end = memchr(in, '\n', (size_t)(end - in));
        if (line_end == NULL) {
            break;
        }
        uint64_t data_bytes;
        bool good = is_good(crew->orders->kind, in, line_end, &data_bytes);
        in = line_end + 1;
        c->skip_bytes = good ? data_bytes : 0;
        if (c->skip_bytes == 0) {
            note(crew, c, good, now_ns);
        }
    }
    c->in_end = (size_t)(end - in);
    if (c->in_end > HEAD_BYTES) {
        die("the server", "it sent a line without an end");
    }
    memcpy(c->in, in, c->in_end);
}

static void
receive(struct crew *crew, struct connection *c)
{
    memcpy(crew->in, c->in, c->in_end);
    ssize_t got = recv(c->fd, crew->in + c->in_end, IN_BYTES - c->in_end, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        die("the server",
            got == 0 ? "it closed the connection" : strerror(errno));
    }
    take_answers(crew, c, crew->in, c->in_end + (size_t)got, moment_now_ns());
}

/* ---- when ---- */

/* A connection has nothing under way: send what is due, if anything is. */
static void
go_on(struct crew *crew, struct connection *c)
{
    if (c->owed > 0 || c->out_begin < c->out_end) {
        return;
    }
    uint64_t now_ns = moment_now_ns();
    if (crew->period_ns == 0) {
        if (now_ns < crew->end_ns) {
            begin_batch(crew, c, now_ns);
        }
    } else if (c->due_ns <= now_ns && c->due_ns < crew->end_ns) {
        uint64_t due_ns = c->due_ns;
        c->due_ns += crew->period_ns;
        begin_batch(crew, c, due_ns);
    }
}

/* With a rate the connections have their turns, one after the other. */
static void
take_turns(struct crew *crew)
{
    uint64_t now_ns = moment_now_ns();
    while (crew->turn_ns <= now_ns && crew->turn_ns < crew->end_ns) {
        struct connection *c = &crew->connections[crew->next];
        crew->next = (crew->next + 1) % crew->count;
        crew->turn_ns += crew->period_ns / crew->count;
        go_on(crew, c);
    }
}

static struct timespec
patience(const struct crew *crew)
{
    uint64_t now_ns = moment_now_ns();
    uint64_t wait_ns = LONGEST_WAIT_NS;
    if (crew->period_ns > 0 && crew->turn_ns < crew->end_ns) {
        wait_ns = crew->turn_ns > now_ns ? crew->turn_ns - now_ns : 0;
    }
    return moment_deadline(wait_ns < LONGEST_WAIT_NS ? wait_ns
                                                     : LONGEST_WAIT_NS);
}

static bool
is_under_way(const struct crew *crew)
{
    uint64_t now_ns = moment_now_ns();
    if (now_ns > crew->end_ns + PATIENCE_NS) {
        die("the server", "it owes answers and sends none");
    }
    return crew->busy > 0 || now_ns < crew->end_ns ||
           (crew->period_ns > 0 && crew->turn_ns < crew->end_ns);
}

static void
step(struct crew *crew)
{
    struct epoll_event events[EVENTS];
    if (crew->period_ns > 0) {
        take_turns(crew);
    }
    struct timespec wait = patience(crew);
    int count = epoll_pwait2(crew->epoll, events, EVENTS, &wait, NULL);
    if (count < 0 && errno != EINTR) {
        die("epoll", strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        struct connection *c = events[i].data.ptr;
        if ((events[i].events & EPOLLOUT) != 0) {
            send_more(crew, c, true);
        }
        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
            receive(crew, c);
        }
        go_on(crew, c);
    }
}

static void
begin(struct crew *crew)
{
    const struct orders *orders = crew->orders;
    uint64_t now_ns = moment_now_ns();
    crew->measure_ns = now_ns + orders->warm_ns;
    crew->end_ns = crew->measure_ns + orders->span_ns;
    if (orders->rate == 0) {
        for (uint32_t i = 0; i < crew->count; i++) {
            go_on(crew, &crew->connections[i]);
        }
        return;
    }
    crew->period_ns = (uint64_t)orders->connections * orders->pipeline *
                      MOMENT_S / orders->rate;
    crew->turn_ns = now_ns;
    for (uint32_t i = 0; i < crew->count; i++) {
        crew->connections[i].due_ns =
            now_ns + i * (crew->period_ns / crew->count);
    }
}

static void *
run(void *argument)
{
    struct crew *crew = argument;
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    int waited = pthread_barrier_wait(crew->start);
    if (waited != 0 && waited != PTHREAD_BARRIER_SERIAL_THREAD) {
        die("the barrier", strerror(waited));
    }
    begin(crew);
    while (is_under_way(crew)) {
        step(crew);
    }
    return NULL;
}

/* ---- connections ---- */

static int
connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        die(path, strerror(ENAMETOOLONG));
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        die(path, strerror(errno));
    }
    return fd;
}

static int
connect_tcp(const char *place)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int on = 1;
    char host[256];
    const char *colon = strrchr(place, ':');
    if (colon == NULL || (size_t)(colon - place) >= sizeof(host)) {
        die(place, "it is not HOST:PORT, nor a path that begins with /");
    }
    memcpy(host, place, (size_t)(colon - place));
    host[colon - place] = '\0';
    int error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error != 0) {
        die(place, gai_strerror(error));
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        die(place, strerror(errno));
    }
    freeaddrinfo(found);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void
open_connection(struct crew *crew, struct connection *c)
{
    const struct orders *orders = crew->orders;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    c->fd = orders->address[0] == '/' ? connect_unix(orders->address)
                                      : connect_tcp(orders->address);
    if (ioctl(c->fd, FIONBIO, &(int){1}) != 0 ||
        epoll_ctl(crew->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        die("a connection", strerror(errno));
    }
    c->out = memory((size_t)orders->pipeline *
                    (HEAD_BYTES + orders->value_bytes + 2));
}

/* Write every key once, through one connection: reads find something. */
static void
fill(struct crew *crew)
{
    struct connection *c = &crew->connections[0];
    for (uint32_t key = 0; key < crew->orders->keys; key++) {
        crew->end_ns = moment_now_ns();
        c->out_begin = 0;
        c->out_end = write_request(crew->orders, c->out, key);
        c->owed = 1;
        crew->busy++;
        c->since_ns = 0;
        send_more(crew, c, false);
        while (crew->busy > 0 && is_under_way(crew)) {
            step(crew);
        }
    }
}

static void
set_up(struct crew *crew, const struct orders *orders, uint32_t index)
{
    crew->orders = orders;
    crew->number =
        (uint32_t)((uint64_t)orders->connections * index / orders->threads);
    crew->count = (uint32_t)((uint64_t)orders->connections * (index + 1) /
                             orders->threads) -
                  crew->number;
    crew->connections = memory(crew->count * sizeof(*crew->connections));
    crew->measure_ns = UINT64_MAX;
    dice_init(&crew->dice, orders->seed, index);
    crew->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (crew->epoll < 0) {
        die("epoll", strerror(errno));
    }
    for (uint32_t i = 0; i < crew->count; i++) {
        open_connection(crew, &crew->connections[i]);
    }
}

/* ---- the whole ---- */

static void
take_switches(struct switches *switches, const struct orders *orders)
{
    int error =
        orders->server > 0 ? switches_take(switches, orders->server) : 0;
    if (error != 0) {
        die("the server's context switches", strerror(error));
    }
}

/* That came so far, to the requests of all. */
static uint64_t
answers_now(const struct crew *crews, const struct orders *orders)
{
    uint64_t answers = 0;
    for (uint32_t i = 0; i < orders->threads; i++) {
        answers += crews[i].answers;
    }
    return answers;
}

static void
tell(const struct crew *crews, const struct orders *orders)
{
    static const struct {
        const char *name;
        uint32_t per_million;
    } rows[] = {{"least-us", 0},    {"p50-us", 500000},   {"p90-us", 900000},
                {"p99-us", 990000}, {"p99.9-us", 999000}, {"p99.99-us", 999900},
                {"max-us", 1000000}};
    struct histogram *all = memory(sizeof(*all));
    uint64_t errors = 0;
    uint64_t first_ns = UINT64_MAX;
    uint64_t last_ns = 0;
    for (uint32_t i = 0; i < orders->threads; i++) {
        const struct crew *crew = &crews[i];
        histogram_merge(all, &crew->histogram);
        errors += crew->errors;
        first_ns = crew->measure_ns < first_ns ? crew->measure_ns : first_ns;
        last_ns = crew->last_ns > last_ns ? crew->last_ns : last_ns;
    }
    double seconds = last_ns > first_ns
                         ? (double)(last_ns - first_ns) / (double)MOMENT_S
                         : 0.0;
    printf("requests %llu\nerrors %llu\nseconds %.3f\nper-second %.1f\n",
           (unsigned long long)all->count, (unsigned long long)errors, seconds,
           seconds > 0 ? (double)all->count / seconds : 0.0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("%s %.1f\n", rows[i].name,
               (double)histogram_percentile(all, rows[i].per_million) / 1000.0);
    }
    free(all);
}

/* All at once, to the end. */
static void
run_all(struct crew *crews, const struct orders *orders)
{
    pthread_barrier_t start;
    int error = pthread_barrier_init(&start, NULL, orders->threads);
    for (uint32_t i = 0; i < orders->threads && error == 0; i++) {
        crews[i].start = &start;
        error = pthread_create(&crews[i].thread, NULL, run, &crews[i]);
    }
    for (uint32_t i = 0; i < orders->threads && error == 0; i++) {
        error = pthread_join(crews[i].thread, NULL);
    }
    if (error != 0) {
        die("a thread", strerror(error));
    }
}

static int
perform(const struct orders *orders)
{
    struct crew *crews = memory(orders->threads * sizeof(*crews));
    struct switches before = {0};
    struct switches after = {0};
    uint64_t errors = 0;
    uint64_t count = 0;
    for (uint32_t i = 0; i < orders->threads; i++) {
        set_up(&crews[i], orders, i);
    }
    fill(&crews[0]);
    uint64_t answers = answers_now(crews, orders);
    take_switches(&before, orders);
    run_all(crews, orders);
    take_switches(&after, orders);
    answers = answers_now(crews, orders) - answers;
    for (uint32_t i = 0; i < orders->threads; i++) {
        errors += crews[i].errors;
        count += crews[i].histogram.count;
    }
    tell(crews, orders);
    if (orders->server > 0 && answers > 0) {
        printf("switches-per-request %.6f\n",
               (double)switches_between(&before, &after) / (double)answers);
    }
    switches_fini(&before);
    switches_fini(&after);
    if (errors == 0 && count == 0) {
        (void)fprintf(stderr, "load: nothing was sent in this time: "
                              "the machine is too busy for so short a one\n");
        return IN_VAIN;
    }
    return errors == 0 ? 0 : 1;
}

static int
usage(void)
{
    (void)fprintf(
        stderr,
        "usage: load [options] HOST:PORT|/SOCKET\n"
        "  --protocol NAME   dipc, redis or memcached (dipc)\n"
        "  --threads N       1 to 16 (1)\n"
        "  --connections N   1 to 20000, no fewer than threads (1)\n"
        "  --pipeline N      requests that are sent in one piece, 1 to 1024 "
        "(1)\n"
        "  --rate N          requests a second of all connections; what counts "
        "is\n"
        "                    the time since a request was due (0: as fast as "
        "they\n"
        "                    are answered)\n"
        "  --reads PERCENT   the others write (50)\n"
        "  --value BYTES     1 to 65536 (64)\n"
        "  --keys N          mailboxes or keys, from 0 on (64)\n"
        "  --warm-ms N       not counted, before (200)\n"
        "  --for-ms N        counted (1000)\n"
        "  --seed N          (1)\n"
        "  --server PID      also count the context switches of that "
        "process\n");
    return 2;
}

enum option_name {
    PROTOCOL = 1000,
    THREADS,
    CONNECTIONS,
    PIPELINE,
    RATE,
    READS,
    VALUE,
    KEYS,
    WARM,
    FOR,
    SEED,
    SERVER
};

static const struct option options[] = {
    {"protocol", required_argument, NULL, PROTOCOL},
    {"threads", required_argument, NULL, THREADS},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"pipeline", required_argument, NULL, PIPELINE},
    {"rate", required_argument, NULL, RATE},
    {"reads", required_argument, NULL, READS},
    {"value", required_argument, NULL, VALUE},
    {"keys", required_argument, NULL, KEYS},
    {"warm-ms", required_argument, NULL, WARM},
    {"for-ms", required_argument, NULL, FOR},
    {"seed", required_argument, NULL, SEED},
    {"server", required_argument, NULL, SERVER},
    {0}};

static uint64_t
number(const char *text, uint64_t least, uint64_t most)
{
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' ||
        value < least || value > most) {
        (void)fprintf(stderr, "load: %s is not one of %llu to %llu\n", text,
                      (unsigned long long)least, (unsigned long long)most);
        exit(2);
    }
    return value;
}

static enum protocol_kind
kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(name, kinds[i]) == 0) {
            return (enum protocol_kind)i;
        }
    }
    (void)fprintf(stderr, "load: %s is not one of dipc, redis, memcached\n",
                  name);
    exit(2);
}

static bool
take_option(struct orders *orders, int name, const char *text)
{
    switch (name) {
    case PROTOCOL:
        orders->kind = kind_of(text);
        return true;
    case THREADS:
        orders->threads = (uint32_t)number(text, 1, THREADS_MAX);
        return true;
    case CONNECTIONS:
        orders->connections = (uint32_t)number(text, 1, 20000);
        return true;
    case PIPELINE:
        orders->pipeline = (uint32_t)number(text, 1, PIPELINE_MAX);
        return true;
    case RATE:
        orders->rate = number(text, 0, MOMENT_S);
        return true;
    case READS:
        orders->reads_percent = (uint32_t)number(text, 0, 100);
        return true;
    case VALUE:
        orders->value_bytes = (uint32_t)number(text, 1, VALUE_MAX);
        return true;
    case KEYS:
        orders->keys = (uint32_t)number(text, 1, 1U << 20);
        return true;
    case WARM:
        orders->warm_ns = number(text, 0, 1000000) * MOMENT_MS;
        return true;
    case FOR:
        orders->span_ns = number(text, 1, 1000000) * MOMENT_MS;
        return true;
    case SEED:
        orders->seed = number(text, 0, UINT64_MAX);
        return true;
    case SERVER:
        orders->server = (pid_t)number(text, 1, INT32_MAX);
        return true;
    default:
        return false;
    }
}

int
main(int argc, char **argv)
{
    static struct orders orders = {.threads = 1,
                                   .connections = 1,
                                   .pipeline = 1,
                                   .reads_percent = 50,
                                   .value_bytes = 64,
                                   .keys = 64,
                                   .warm_ns = 200 * MOMENT_MS,
                                   .span_ns = MOMENT_S,
                                   .seed = 1};
    int name = 0;
    while ((name = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(&orders, name, optarg)) {
            return usage();
        }
    }
    if (optind + 1 != argc || orders.connections < orders.threads) {
        return usage();
    }
    orders.address = argv[optind];
    memset(orders.value, 'x', sizeof(orders.value));
    return perform(&orders);
}
