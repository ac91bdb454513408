#include "arguments.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "clock.h"
#include "roster.h"
#include "segment.h"
#include "value.h"

#define KB UINT64_C(1024)
#define MAILBOX_KB_MAX (SEGMENT_MAILBOX_BYTES_MAX / KB)
#define PACKET_KB_MAX (KB * KB)
#define S CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS
#define HOUR (3600 * S)
#define YEAR (8760 * (uint64_t)HOUR)
#define POSITIONALS 4

static int
read_foreground(struct arguments *arguments, const char *text,
                struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->foreground = true;
    return 0;
}

static int
read_listen(struct arguments *arguments, const char *text,
            struct complaint *complaint)
{
    if (arguments->listen_count == ARGUMENTS_LISTEN_MAX) {
        complaint_set(complaint, "--listen '%s': at most %d are possible", text,
                      ARGUMENTS_LISTEN_MAX);
        return EINVAL;
    }
    if (text[0] == '\0') {
        complaint_set(complaint, "--listen '' is not an address or a host "
                                 "name");
        return EINVAL;
    }
    if (!strcmp(text, "none")) {
        arguments->listens_nowhere = true;
        return 0;
    }
    arguments->listen[arguments->listen_count++] = text;
    return 0;
}

static int
read_unix(struct arguments *arguments, const char *text,
          struct complaint *complaint)
{
    if (arguments->local.path) {
        complaint_set(complaint, "--unix '%s': at most one is possible", text);
        return EINVAL;
    }
    if (text[0] == '\0') {
        complaint_set(complaint, "--unix '' is not a path for a socket");
        return EINVAL;
    }
    arguments->local.path = text;
    return 0;
}

static int
read_unix_mode(struct arguments *arguments, const char *text,
               struct complaint *complaint)
{
    arguments->local_is_dressed = true;
    return value_mode("--unix-mode", text, &arguments->local.mode, complaint);
}

static int
read_unix_owner(struct arguments *arguments, const char *text,
                struct complaint *complaint)
{
    arguments->local_is_dressed = true;
    return value_owner("--unix-owner", text, &arguments->local.user,
                       &arguments->local.group, complaint);
}

static int
read_clients_max(struct arguments *arguments, const char *text,
                 struct complaint *complaint)
{
    uint64_t number;

    int error = value_number("--max-clients", text, 1, ROSTER_MEMBERS_MAX,
                             &number, complaint);
    if (!error) {
        arguments->clients_max = (uint32_t)number;
    }
    return error;
}

static int
read_concurrency(struct arguments *arguments, const char *text,
                 struct complaint *complaint)
{
    uint64_t number;

    int error = value_number("--concurrency", text, 1, ROSTER_MEMBERS_MAX,
                             &number, complaint);
    if (!error) {
        arguments->concurrency = (uint32_t)number;
    }
    return error;
}

static int
read_idle_timeout(struct arguments *arguments, const char *text,
                  struct complaint *complaint)
{
    if (!strcmp(text, "none")) {
        arguments->idle_timeout_ns = CLOCK_NEVER;
        return 0;
    }
    return value_duration("--idle-timeout", text, MS, YEAR,
                          &arguments->idle_timeout_ns, complaint);
}

static int
read_request_timeout(struct arguments *arguments, const char *text,
                     struct complaint *complaint)
{
    return value_duration("--request-timeout", text, MS, 24 * HOUR,
                          &arguments->request_timeout_ns, complaint);
}

static int
read_lock_timeout(struct arguments *arguments, const char *text,
                  struct complaint *complaint)
{
    return value_duration("--lock-timeout", text, MS, HOUR,
                          &arguments->lock_timeout_ns, complaint);
}

static int
read_wait_max(struct arguments *arguments, const char *text,
              struct complaint *complaint)
{
    return value_duration("--max-wait", text, 0, 24 * HOUR,
                          &arguments->wait_max_ns, complaint);
}

static int
read_gap(struct arguments *arguments, const char *text,
         struct complaint *complaint)
{
    return value_duration("--gap", text, MS, 60 * S, &arguments->gap_ns,
                          complaint);
}

static int
read_log(struct arguments *arguments, const char *text,
         struct complaint *complaint)
{
    if (text[0] == '\0') {
        complaint_set(complaint,
                      "--log '' is not a file, 'syslog' or 'stderr'");
        return EINVAL;
    }
    arguments->log = text;
    return 0;
}

static int
read_verbose(struct arguments *arguments, const char *text,
             struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->verbose = true;
    return 0;
}

static int
read_check(struct arguments *arguments, const char *text,
           struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->checked = true;
    return 0;
}

static int
read_attachable(struct arguments *arguments, const char *text,
                struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->attachable = true;
    return 0;
}

static int
read_fresh(struct arguments *arguments, const char *text,
           struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->fresh = true;
    return 0;
}

static int
read_help(struct arguments *arguments, const char *text,
          struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->action = ARGUMENTS_HELP;
    return 0;
}

static int
read_version(struct arguments *arguments, const char *text,
             struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->action = ARGUMENTS_VERSION;
    return 0;
}

static const struct {
    const char *name;
    const char *value; /* NULL: takes none */
    const char *help;
    int (*read)(struct arguments *arguments, const char *text,
                struct complaint *complaint);
} options[] = {
    {"foreground", NULL, "stay in the foreground", read_foreground},
    {"listen", "ADDRESS",
     "listen there; repeatable; 'none' (127.0.0.1 and ::1)", read_listen},
    {"unix", "PATH", "listen on a Unix socket too (none)", read_unix},
    {"unix-mode", "MODE", "its rights, in octal (600)", read_unix_mode},
    {"unix-owner", "USER[:GROUP]", "whom it belongs to (whoever starts dipc)",
     read_unix_owner},
    {"max-clients", "N", "let in so many at once (4096)", read_clients_max},
    {"concurrency", "N", "work for so many that pipeline at once (processors)",
     read_concurrency},
    {"idle-timeout", "TIME", "close a client idle for so long (none)",
     read_idle_timeout},
    {"request-timeout", "TIME", "to finish a request once begun (30s)",
     read_request_timeout},
    {"lock-timeout", "TIME", "to get a mailbox's lock (5s)", read_lock_timeout},
    {"max-wait", "TIME", "the longest wait for a version (60s)", read_wait_max},
    {"gap", "TIME", "the silence that ends unframed data (50ms)", read_gap},
    {"log", "TARGET", "a file, 'syslog' (in the background) or 'stderr'",
     read_log},
    {"verbose", NULL, "log each client that comes and goes", read_verbose},
    {"check", NULL, "verify the locks' invariants at every step (slow)",
     read_check},
    {"attachable", NULL, "let local processes use the mailboxes' memory too",
     read_attachable},
    {"fresh", NULL, "discard what a killed server left on this port",
     read_fresh},
    {"help", NULL, "print this and exit", read_help},
    {"version", NULL, "print the version and exit", read_version},
};

#define OPTIONS_COUNT (sizeof options / sizeof options[0])

void
arguments_print_help(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: dipc [options] <mailboxes> <mailbox kB> <port> <packet kB>\n"
        "\n"
        "Serve shared mailboxes over TCP, from the background. 'dipcrm <port>'"
        " ends it.\n"
        "\n"
        "  mailboxes    how many: 1 to %llu\n"
        "  mailbox kB   the size of each, in 1024 bytes: 1 to %llu\n"
        "  port         1 to 65535, a service's name, or 'any' (a free one is"
        " printed)\n"
        "  packet kB    the most data in one request or answer: 1 to %llu\n"
        "\n"
        "options, with what holds without them:\n",
        (unsigned long long)SEGMENT_MAILBOXES_MAX,
        (unsigned long long)MAILBOX_KB_MAX, (unsigned long long)PACKET_KB_MAX);
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const char *value = options[i].value ? options[i].value : "";
        int room = 22 - (int)strlen(options[i].name);
        (void)fprintf(stream, "  --%s %-*s %s\n", options[i].name, room, value,
                      options[i].help);
    }
    (void)fprintf(stream,
                  "\nA TIME is in seconds, or has a unit: 50ms, 5s, 2m, 1h.\n"
                  "Exit status: 0 done, 1 failed, 2 wrong arguments.\n");
}

static void
fill_getopt_options(struct option *list)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        list[i] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].value ? required_argument : no_argument,
            .val = (int)i + 1,
        };
    }
    list[OPTIONS_COUNT] = (struct option){0};
}

/* '-5' is a number out of range, and the argument it stands for says so. */
static bool
is_negative_number(const char *text)
{
    return text && text[0] == '-' && text[1] >= '0' && text[1] <= '9';
}

static int
complain_of_option(const char *given, int kind, struct complaint *complaint)
{
    if (kind == ':') {
        complaint_set(complaint, "%s needs a value behind it", given);
    } else if (strchr(given, '=')) {
        complaint_set(complaint,
                      "%s is not an option with a value; 'dipc --help' lists "
                      "them",
                      given);
    } else {
        complaint_set(complaint,
                      "%s is not an option; 'dipc --help' lists them", given);
    }
    return EINVAL;
}

static int
read_options(int argc, char **argv, struct arguments *arguments,
             struct complaint *complaint)
{
    struct option list[OPTIONS_COUNT + 1];

    fill_getopt_options(list);
    opterr = 0;
    optind = 0; /* makes glibc's getopt begin anew */
    for (int i = 0; i < argc; i++) {
        int before = optind > 0 ? optind : 1;
        if (before < argc && is_negative_number(argv[before])) {
            optind = before;
            return 0;
        }
        int found = getopt_long(argc, argv, "+:h", list, NULL);
        if (found < 0) {
            return 0;
        }
        if (found == 'h') {
            return read_help(arguments, NULL, complaint);
        }
        if (found == '?' || found == ':') {
            return complain_of_option(argv[before], found, complaint);
        }
        assert(found >= 1);
        int error = options[found - 1].read(arguments, optarg, complaint);
        if (error || arguments->action != ARGUMENTS_SERVE) {
            return error;
        }
    }
    return 0;
}

static int
complain_of_count(int count, char **given, struct complaint *complaint)
{
    if (count > POSITIONALS && given[POSITIONALS][0] == '-') {
        complaint_set(complaint,
                      "option %s stands behind the arguments; "
                      "options come first",
                      given[POSITIONALS]);
    } else if (count == 0) {
        complaint_set(complaint, "no arguments; <mailboxes> <mailbox kB> "
                                 "<port> <packet kB> are wanted "
                                 "('dipc --help')");
    } else {
        complaint_set(complaint,
                      "%d argument%s; <mailboxes> <mailbox kB> <port> <packet "
                      "kB> are wanted ('dipc --help')",
                      count, count == 1 ? "" : "s");
    }
    return EINVAL;
}

static int
read_positionals(char **given, struct arguments *arguments,
                 struct complaint *complaint)
{
    uint64_t mailboxes;
    uint64_t mailbox_kb;
    uint64_t packet_kb;

    int error = value_number("mailboxes", given[0], 1, SEGMENT_MAILBOXES_MAX,
                             &mailboxes, complaint);
    if (!error) {
        error = value_number("mailbox kB", given[1], 1, MAILBOX_KB_MAX,
                             &mailbox_kb, complaint);
    }
    if (!error) {
        error = value_port(given[2], true, &arguments->port, complaint);
    }
    if (!error) {
        error = value_number("packet kB", given[3], 1, PACKET_KB_MAX,
                             &packet_kb, complaint);
    }
    if (error) {
        return error;
    }
    arguments->mailboxes = (uint32_t)mailboxes;
    arguments->mailbox_bytes = mailbox_kb * KB;
    arguments->packet_bytes = (size_t)(packet_kb * KB);
    return 0;
}

/* Options that make sense only together, or not together. */
static int
verify_places(const struct arguments *arguments, struct complaint *complaint)
{
    if (arguments->local_is_dressed && !arguments->local.path) {
        complaint_set(complaint, "--unix-mode and --unix-owner are for the "
                                 "socket of --unix, which is not there");
        return EINVAL;
    }
    if (!arguments->listens_nowhere) {
        return 0;
    }
    if (arguments->listen_count > 0) {
        complaint_set(complaint,
                      "--listen none and --listen %s contradict "
                      "each other",
                      arguments->listen[0]);
        return EINVAL;
    }
    if (!arguments->local.path) {
        complaint_set(complaint, "--listen none leaves nobody a way to the "
                                 "server; --unix PATH would be one");
        return EINVAL;
    }
    if (arguments->port == VALUE_ANY_PORT) {
        complaint_set(complaint, "port 'any' is chosen by listening on it; "
                                 "with --listen none a number is wanted, by "
                                 "which dipcrm knows the server");
        return EINVAL;
    }
    return 0;
}

int
arguments_parse(int argc, char **argv, struct arguments *arguments,
                struct complaint *complaint)
{
    *arguments = (struct arguments){
        .action = ARGUMENTS_SERVE,
        .clients_max = 4096,
        .idle_timeout_ns = CLOCK_NEVER,
        .request_timeout_ns = 30 * S,
        .lock_timeout_ns = 5 * S,
        .wait_max_ns = 60 * S,
        .gap_ns = 50 * MS,
        .local = {.mode = UNIX_SOCKET_MODE,
                  .user = UNIX_SOCKET_SAME_USER,
                  .group = UNIX_SOCKET_SAME_GROUP},
    };
    int error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != ARGUMENTS_SERVE) {
        return error;
    }
    if (argc - optind != POSITIONALS) {
        return complain_of_count(argc - optind, argv + optind, complaint);
    }
    error = read_positionals(argv + optind, arguments, complaint);
    return error ? error : verify_places(arguments, complaint);
}
