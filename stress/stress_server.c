/*
 * Load a running server from many client processes, each with several
 * connections, and leave the history of what they did.
 *
 * The clients follow their plans (plan.h), which the seed repeats.  Some are
 * killed on the way, if asked for.  When all have ended, and the server says
 * that it has no other client any more, nothing that was asked for can happen
 * any later: that moment bounds the operations whose outcome is unknown.
 *
 * Exit status: 0 done, 1 an answer against the protocol, 2 usage, 3 the server
 * could not be asked in the end.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "dice.h"
#include "moment.h"
#include "plan.h"

#define CLIENTS_MAX 256U
#define BARRIER_NS (60 * MOMENT_S)

struct child {
    pid_t pid; /* 0: ended */
    struct client_orders orders;
    uint64_t count_before; /* of the journal, when it was last looked at */
};

struct run {
    const char *host;
    const char *direct_host;
    uint64_t port;
    uint64_t direct_port; /* 0: port */
    uint64_t seed;
    uint64_t round;
    uint64_t seconds;
    uint64_t clients;
    uint64_t connections;
    uint64_t mailboxes;
    uint64_t mailbox_bytes;
    uint64_t packet_bytes;
    uint64_t depth;
    uint64_t rude_percent;
    uint64_t kills_per_s;
    uint64_t operations_max;
    uint64_t timed;
    uint64_t idle; /* connections that others hold meanwhile */
    uint64_t patience_ms;
    const char *history;
    const char *latencies;
    const char *deaths;
    struct child children[CLIENTS_MAX];
    struct client_journal *journals[4096];
    uint32_t journals_count;
    uint64_t kills;
    uint64_t began_ns;
    uint64_t end_ns;
    uint64_t barrier_ns; /* 0: not reached */
};

struct choice {
    const char *name;
    uint64_t *number;
    const char **text;
    uint64_t least;
    uint64_t most;
    const char *help;
};

static void
usage(const struct choice *choices, size_t count, FILE *stream)
{
    (void)fputs("usage: stress_server --port N --history FILE [options]\n"
                "Load a running server, and append what was asked and "
                "answered to FILE.\n",
                stream);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stream, "  --%-16s %s", choices[i].name, choices[i].help);
        if (choices[i].number != NULL && *choices[i].number != 0) {
            (void)fprintf(stream, " (%" PRIu64 ")", *choices[i].number);
        }
        (void)fputc('\n', stream);
    }
}

static uint64_t
parse_number(const struct choice *choice, const char *text)
{
    char *rest = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &rest, 0);
    if (errno != 0 || *rest != '\0' || rest == text || *text == '-' ||
        number < choice->least || number > choice->most) {
        (void)fprintf(stderr,
                      "stress_server: --%s %s is not one of %" PRIu64
                      " to %" PRIu64 "\n",
                      choice->name, text, choice->least, choice->most);
        exit(2);
    }
    return number;
}

static void
parse(struct run *run, int argc, char **argv)
{
    const struct choice choices[] = {
        {"host", NULL, &run->host, 0, 0, "the server's address"},
        {"port", &run->port, NULL, 1, 65535, "and port"},
        {"direct-host", NULL, &run->direct_host, 0, 0,
         "where the server itself is, behind a proxy"},
        {"direct-port", &run->direct_port, NULL, 1, 65535, "likewise"},
        {"history", NULL, &run->history, 0, 0, "the file to append to"},
        {"latencies", NULL, &run->latencies, 0, 0,
         "a file for figures by the second"},
        {"deaths", NULL, &run->deaths, 0, 0,
         "a file with the moments (ns) when the server was killed"},
        {"seed", &run->seed, NULL, 0, UINT64_MAX, "of the plans"},
        {"round", &run->round, NULL, 0, 1000000, "part of the seed"},
        {"seconds", &run->seconds, NULL, 1, 100000, "how long"},
        {"clients", &run->clients, NULL, 1, CLIENTS_MAX, "processes"},
        {"connections", &run->connections, NULL, 1, 256, "of each"},
        {"mailboxes", &run->mailboxes, NULL, 1, 100000, "the server has"},
        {"mailbox-bytes", &run->mailbox_bytes, NULL, 1, 1 << 24, "of each"},
        {"packet-bytes", &run->packet_bytes, NULL, 1, 65536,
         "as the server has it"},
        {"depth", &run->depth, NULL, 1, PLAN_DEPTH_MAX,
         "of pipelines, at most"},
        {"rude-percent", &run->rude_percent, NULL, 0, 100,
         "of the batches are cut, reset, stalled ..."},
        {"kills", &run->kills_per_s, NULL, 0, 1000,
         "clients killed in a second"},
        {"operations-max", &run->operations_max, NULL, 1, 100000000,
         "of all clients together"},
        {"timed", &run->timed, NULL, 0, 1,
         "1: also requests that end by a silence"},
        {"idle", &run->idle, NULL, 0, 1000000,
         "connections that others hold meanwhile"},
        {"patience", &run->patience_ms, NULL, 1, 1000000,
         "ms for an answer, then the connection is given up"},
    };
    enum { COUNT = sizeof(choices) / sizeof(choices[0]) };
    struct option options[COUNT + 2] = {{NULL, 0, NULL, 0}};
    for (int i = 0; i < COUNT; i++) {
        options[i] =
            (struct option){choices[i].name, required_argument, NULL, i + 1};
    }
    options[COUNT] = (struct option){"help", no_argument, NULL, 'h'};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h' || option < 1 || option > COUNT) {
            usage(choices, COUNT, option == 'h' ? stdout : stderr);
            exit(option == 'h' ? 0 : 2);
        }
        const struct choice *choice = &choices[option - 1];
        if (choice->text != NULL) {
            *choice->text = optarg;
        } else {
            *choice->number = parse_number(choice, optarg);
        }
    }
    if (optind != argc || run->port == 0 || run->history == NULL) {
        usage(choices, COUNT, stderr);
        exit(2);
    }
}

static void
fail(const char *what)
{
    (void)fprintf(stderr, "stress_server: %s: %s\n", what, strerror(errno));
    exit(2);
}

static struct sockaddr_storage
address_of(const char *host, uint64_t port, socklen_t *bytes)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    v4->sin_port = htons((uint16_t)port);
    *bytes = sizeof(*v4);
    if (inet_pton(AF_INET, host, &v4->sin_addr) != 1) {
        (void)fprintf(stderr, "stress_server: %s is not an IPv4 address\n",
                      host);
        exit(2);
    }
    return address;
}

static struct client_journal *
new_journal(struct run *run)
{
    uint64_t capacity = run->operations_max / run->clients + 64;
    if (run->journals_count ==
        sizeof(run->journals) / sizeof(run->journals[0])) {
        return NULL;
    }
    struct client_journal *journal =
        mmap(NULL, sizeof(*journal) + capacity * sizeof(struct operation),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
             -1, 0);
    if (journal == MAP_FAILED) {
        fail("mmap");
    }
    journal->capacity = capacity;
    run->journals[run->journals_count++] = journal;
    return journal;
}

static void
start_child(struct run *run, uint32_t i, uint32_t generation)
{
    struct child *child = &run->children[i];
    struct client_orders *orders = &child->orders;
    uint32_t number = generation * (uint32_t)run->clients + i;
    orders->address = address_of(run->host, run->port, &orders->address_bytes);
    orders->journal = new_journal(run);
    if (orders->journal == NULL) {
        return;
    }
    orders->seed = run->seed + run->round * UINT64_C(0x9e3779b97f4a7c15);
    orders->first_number = number * (uint32_t)run->connections;
    orders->connections = (uint32_t)run->connections;
    orders->end_ns = run->end_ns;
    orders->patience_ns = run->patience_ms * MOMENT_MS;
    orders->plan = (struct plan){.mailboxes_count = (uint32_t)run->mailboxes,
                                 .mailbox_bytes = (uint32_t)run->mailbox_bytes,
                                 .packet_bytes = (uint32_t)run->packet_bytes,
                                 .depth_max = (uint32_t)run->depth,
                                 .rude_percent = (unsigned)run->rude_percent,
                                 .timed = run->timed != 0};
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid < 0) {
        fail("fork");
    }
    if (child->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            client_run(orders);
        }
        _exit(0);
    }
}

/* Which of our children has ended?  Its place, or clients. */
static uint32_t
reap(struct run *run)
{
    int status = 0;
    for (uint32_t i = 0; i < run->clients; i++) {
        struct child *child = &run->children[i];
        if (child->pid != 0 &&
            waitpid(child->pid, &status, WNOHANG) == child->pid) {
            child->pid = 0;
            if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
                (void)snprintf(child->orders.journal->flaw, CLIENT_FLAW_BYTES,
                               "a client process ended by signal %d",
                               WTERMSIG(status));
            }
            return i;
        }
    }
    return (uint32_t)run->clients;
}

static bool
any_lives(const struct run *run)
{
    for (uint32_t i = 0; i < run->clients; i++) {
        if (run->children[i].pid != 0) {
            return true;
        }
    }
    return false;
}

/* Clients work until the end; now and then one of them is killed. */
static void
play(struct run *run)
{
    struct dice dice;
    uint32_t generation = 0;
    uint64_t kill_ns = run->kills_per_s == 0
                           ? UINT64_MAX
                           : run->began_ns + MOMENT_S / run->kills_per_s;
    dice_init(&dice, run->seed, UINT64_MAX - run->round);
    for (uint32_t i = 0; i < run->clients; i++) {
        start_child(run, i, 0);
    }
    while (any_lives(run)) {
        uint32_t i = reap(run);
        uint64_t now_ns = moment_now_ns();
        if (i < run->clients) {
            if (run->kills_per_s > 0 && now_ns < run->end_ns) {
                start_child(run, i, ++generation);
            }
            continue;
        }
        if (now_ns >= kill_ns && now_ns < run->end_ns) {
            uint32_t victim = (uint32_t)dice_below(&dice, run->clients);
            if (run->children[victim].pid != 0) {
                (void)kill(run->children[victim].pid, SIGKILL);
                run->kills++;
            }
            kill_ns += MOMENT_S / run->kills_per_s;
        }
        moment_pass_ns(2 * MOMENT_MS);
    }
}

/* How many clients the server says it has; 0 when it does not say. */
static uint64_t
ask_clients(const struct run *run)
{
    char text[2048] = "";
    size_t length = 0;
    socklen_t bytes = 0;
    uint64_t clients = 0;
    struct timeval patience = {.tv_sec = 5};
    struct sockaddr_storage address = address_of(
        run->direct_host != NULL ? run->direct_host : run->host,
        run->direct_port != 0 ? run->direct_port : run->port, &bytes);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&address, bytes) == 0 &&
        send(fd, "s\nq\n", 4, MSG_NOSIGNAL) == 4) {
        ssize_t got = 0;
        while ((got = recv(fd, text + length, sizeof(text) - 1 - length, 0)) >
               0) {
            length += (size_t)got;
        }
        const char *found = strstr(text, "\nclients ");
        clients = found == NULL ? 0 : strtoull(found + 9, NULL, 10);
    }
    (void)close(fd);
    return clients;
}

static void
reach_barrier(struct run *run)
{
    uint64_t until_ns = moment_now_ns() + BARRIER_NS;
    while (moment_now_ns() < until_ns) {
        if (ask_clients(run) == run->idle + 1) {
            run->barrier_ns = moment_now_ns();
            return;
        }
        moment_pass_ns(5 * MOMENT_MS);
    }
}

struct figures {
    uint64_t *latencies_ns; /* of those answered, but for waits */
    size_t latencies_count;
    uint64_t outcomes[OPERATION_OUTCOMES];
    uint64_t verbs[OPERATION_VERBS];
    uint64_t waits;
    uint64_t batches[PLAN_MANNERS];
    uint64_t connects, refusals, breaks;
    uint64_t last_ns; /* the last answer */
};

static int
compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static double
percentile_us(const struct figures *figures, double percent)
{
    size_t count = figures->latencies_count;
    if (count == 0) {
        return 0;
    }
    size_t i = (size_t)(percent / 100.0 * (double)(count - 1));
    return (double)figures->latencies_ns[i] / 1000.0;
}

/* A killed server does nothing any more: that bounds what it was asked for. */
static void
bound_by_deaths(struct run *run)
{
    uint64_t death_ns = 0;
    FILE *stream = fopen(run->deaths, "r");
    if (stream == NULL) {
        fail(run->deaths);
        return;
    }
    while (fscanf(stream, "%" SCNu64, &death_ns) == 1) {
        for (uint32_t j = 0; j < run->journals_count; j++) {
            struct client_journal *journal = run->journals[j];
            for (uint64_t i = 0; i < journal->count; i++) {
                struct operation *o = &journal->operations[i];
                if (o->outcome == OPERATION_UNKNOWN && o->call_ns < death_ns &&
                    o->return_ns > death_ns) {
                    o->return_ns = death_ns;
                }
            }
        }
    }
    (void)fclose(stream);
}

static void
write_history(struct run *run, struct figures *figures)
{
    FILE *stream = fopen(run->history, "a");
    uint64_t total = 0;
    if (stream == NULL) {
        fail(run->history);
    }
    if (ftell(stream) == 0) {
        struct operations head = {.mailbox_bytes = run->mailbox_bytes,
                                  .packet_bytes = run->packet_bytes};
        operations_print_head(&head, stream);
    }
    for (uint32_t j = 0; j < run->journals_count; j++) {
        total += atomic_load(&run->journals[j]->count);
    }
    figures->latencies_ns = calloc(total + 1, sizeof(uint64_t));
    for (uint32_t j = 0; j < run->journals_count; j++) {
        struct client_journal *journal = run->journals[j];
        uint64_t count = atomic_load(&journal->count);
        for (uint64_t i = 0; i < count; i++) {
            struct operation *o = &journal->operations[i];
            figures->outcomes[o->outcome]++;
            if (o->outcome == OPERATION_NEVER) {
                continue;
            }
            figures->verbs[o->verb]++;
            if (o->outcome == OPERATION_UNKNOWN) {
                o->return_ns =
                    run->barrier_ns != 0 ? run->barrier_ns : OPERATION_FOREVER;
            } else if (o->after_version != OPERATION_ANY) {
                figures->waits++;
            } else if (figures->latencies_ns != NULL) {
                figures->latencies_ns[figures->latencies_count++] =
                    o->return_ns - o->call_ns;
            }
            if (o->outcome != OPERATION_UNKNOWN &&
                o->return_ns > figures->last_ns) {
                figures->last_ns = o->return_ns;
            }
            operation_print(o, stream);
            (void)fputc('\n', stream);
        }
    }
    if (fclose(stream) != 0) {
        fail(run->history);
    }
}

/* Figures of each tenth of a second: how many, and how long. */
static void
write_latencies(const struct run *run)
{
    enum { PER_S = 4 };
    uint64_t slots = (run->seconds + 60) * PER_S;
    uint64_t *counts = calloc(slots, sizeof(*counts));
    uint64_t *longest = calloc(slots, sizeof(*longest));
    uint64_t *sums = calloc(slots, sizeof(*sums));
    FILE *stream = fopen(run->latencies, "a");
    if (stream == NULL || counts == NULL || longest == NULL || sums == NULL) {
        fail(run->latencies);
        return;
    }
    for (uint32_t j = 0; j < run->journals_count; j++) {
        const struct client_journal *journal = run->journals[j];
        for (uint64_t i = 0; i < journal->count; i++) {
            const struct operation *o = &journal->operations[i];
            if (o->outcome == OPERATION_NEVER ||
                o->outcome == OPERATION_UNKNOWN ||
                o->after_version != OPERATION_ANY) {
                continue;
            }
            uint64_t took = o->return_ns - o->call_ns;
            uint64_t slot = (o->return_ns - run->began_ns) * PER_S / MOMENT_S;
            slot = slot < slots ? slot : slots - 1;
            counts[slot]++;
            sums[slot] += took;
            longest[slot] = took > longest[slot] ? took : longest[slot];
        }
    }
    for (uint64_t i = 0; i < slots; i++) {
        if (counts[i] > 0) {
            (void)fprintf(stream, "%.2f %" PRIu64 " %.1f %.1f\n",
                          (double)run->began_ns / 1e9 + (double)i / PER_S,
                          counts[i] * PER_S,
                          (double)sums[i] / (double)counts[i] / 1000.0,
                          (double)longest[i] / 1000.0);
        }
    }
    (void)fclose(stream);
    free(counts);
    free(longest);
    free(sums);
}

static const char *
gather(struct run *run, struct figures *figures)
{
    const char *flaw = NULL;
    for (uint32_t j = 0; j < run->journals_count; j++) {
        struct client_journal *journal = run->journals[j];
        for (int i = 0; i < PLAN_MANNERS; i++) {
            figures->batches[i] += atomic_load(&journal->batches[i]);
        }
        figures->connects += atomic_load(&journal->connects);
        figures->refusals += atomic_load(&journal->refusals);
        figures->breaks += atomic_load(&journal->breaks);
        if (journal->flaw[0] != '\0') {
            flaw = journal->flaw;
        }
    }
    return flaw;
}

/* One `name value` a line. */
static void
print_figures(const struct run *run, const struct figures *figures)
{
    uint64_t total = 0;
    for (int i = 0; i < OPERATION_NEVER; i++) {
        total += figures->outcomes[i];
        printf("outcome-%s %" PRIu64 "\n",
               operation_outcome_name((enum operation_outcome)i),
               figures->outcomes[i]);
    }
    for (int i = 0; i < OPERATION_VERBS; i++) {
        printf("verb-%s %" PRIu64 "\n",
               operation_verb_name((enum operation_verb)i), figures->verbs[i]);
    }
    for (int i = 0; i < PLAN_MANNERS; i++) {
        printf("batches-%s %" PRIu64 "\n",
               plan_manner_name((enum plan_manner)i), figures->batches[i]);
    }
    printf("operations %" PRIu64 "\nwaits %" PRIu64 "\nconnects %" PRIu64
           "\nrefusals %" PRIu64 "\nbreaks %" PRIu64 "\nkills %" PRIu64 "\n",
           total, figures->waits, figures->connects, figures->refusals,
           figures->breaks, run->kills);
    printf("p50-us %.1f\np99-us %.1f\np99.9-us %.1f\nmax-us %.1f\n",
           percentile_us(figures, 50), percentile_us(figures, 99),
           percentile_us(figures, 99.9), percentile_us(figures, 100));
    printf("span-s %.3f\n",
           figures->last_ns == 0
               ? 0.0
               : (double)(figures->last_ns - run->began_ns) / 1e9);
    printf("barrier %d\n", run->barrier_ns != 0);
}

int
main(int argc, char **argv)
{
    static struct run run = {.host = "127.0.0.1",
                             .seconds = 5,
                             .clients = 8,
                             .connections = 4,
                             .mailboxes = 16,
                             .mailbox_bytes = 4096,
                             .packet_bytes = 4096,
                             .depth = 16,
                             .operations_max = 1000000,
                             .timed = 1,
                             .patience_ms = 15000,
                             .seed = 1};
    struct figures figures = {.latencies_count = 0};
    parse(&run, argc, argv);
    run.began_ns = moment_now_ns();
    run.end_ns = run.began_ns + run.seconds * MOMENT_S;
    play(&run);
    reach_barrier(&run);
    const char *flaw = gather(&run, &figures);
    if (run.deaths != NULL) {
        bound_by_deaths(&run);
    }
    write_history(&run, &figures);
    if (run.latencies != NULL) {
        write_latencies(&run);
    }
    qsort(figures.latencies_ns, figures.latencies_count, sizeof(uint64_t),
          compare_numbers);
    print_figures(&run, &figures);
    if (flaw != NULL) {
        (void)fprintf(stderr, "stress_server: %s\n", flaw);
        return 1;
    }
    return run.barrier_ns == 0 ? 3 : 0;
}
