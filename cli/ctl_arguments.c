#include "ctl_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "value.h"

#define NUMBER_MAX ((uint64_t)INT64_MAX)
#define MAILBOX_MAX ((uint64_t)UINT32_MAX - 1)
#define DAY_NS (UINT64_C(86400) * CLOCK_NS_PER_S)
#define TIMEOUT_MS 10000
#define INTERVAL_MS 1000
#define POSITIONALS_MAX 3
#define OPTION_FIRST 256 /* beyond every letter */

#define TAKES(command) (1U << (command))
#define TAKES_ALL (TAKES(CTL_COMMANDS) - 1)
#define TAKES_DATA (TAKES(CTL_WRITE) | TAKES(CTL_APPEND) | TAKES(CTL_CAS))

#define DATA_HELP                                                             \
    "DATA is an argument, or a file (--file); without either, or as '-', it " \
    "is\nstandard input.\n"

static const struct {
    const char *name;
    const char *operands;
    const char *help;  /* a line of the overview */
    const char *whole; /* what its own help says */
    unsigned operands_min;
    unsigned operands_max;
} commands[] = {
    [CTL_READ] = {"read", "MAILBOX", "print what a mailbox holds",
                  "Print what a mailbox holds, all of one version.\n"
                  "The bytes go to standard output as they are.\n",
                  1, 1},
    [CTL_WRITE] =
        {"write", "MAILBOX [DATA]", "replace it, and print the new version",
         "Replace what a mailbox holds, and print the new version.\n" DATA_HELP,
         1, 2},
    [CTL_APPEND] = {"append", "MAILBOX [DATA]",
                    "add to its end, and print the new version",
                    "Add to the end of what a mailbox holds, and print the new "
                    "version.\n" DATA_HELP,
                    1, 2},
    [CTL_CAS] =
        {"cas", "MAILBOX VERSION [DATA]", "replace it if it is at this version",
         "Compare and swap: replace what a mailbox holds if it is at "
         "this version,\n"
         "and print the new one. Exit status 3: it is at another, which "
         "the message\n"
         "tells.\n" DATA_HELP,
         2, 3},
    [CTL_WAIT] = {"wait", "MAILBOX [VERSION]",
                  "wait for a newer version, and print it",
                  "Wait for a version newer than VERSION, or than the present "
                  "one, and print\n"
                  "what the mailbox holds then. Exit status 4: none came in "
                  "time.\n",
                  1, 2},
    [CTL_WATCH] = {"watch", "MAILBOX", "print each new version as it comes",
                   "Print each new version as it comes, below a line with its "
                   "number and size.\n"
                   "That line also counts those that were overwritten before "
                   "they could be\n"
                   "seen. Ctrl-C ends it.\n",
                   1, 1},
    [CTL_STAT] = {"stat", "[MAILBOX]",
                  "print statistics of the server or a mailbox",
                  "Print the statistics of the server, or of a mailbox.\n", 0,
                  1},
    [CTL_TOP] = {"top", "", "show mailboxes and clients, live",
                 "Show what a server does: on a terminal again and again until "
                 "Ctrl-C,\n"
                 "otherwise once. The busiest of the first 4096 mailboxes come "
                 "first, and\n"
                 "those that were never used are left out; then the clients, "
                 "the busiest first.\n",
                 0, 0},
    [CTL_PING] = {"ping", "", "measure the way to the server and back",
                  "Ask the server for a sign of life, and print how long it "
                  "took.\n",
                  0, 0},
};

/* What an option's text is read into. */
enum kind {
    KIND_SERVER,
    KIND_TIMEOUT,
    KIND_JSON,
    KIND_AT,
    KIND_MAX,
    KIND_IF,
    KIND_FILE,
    KIND_PIECES,
    KIND_QUIET,
    KIND_WAIT,
    KIND_FROM,
    KIND_COUNT,
    KIND_INTERVAL,
    KIND_HELP,
    KIND_VERSION,
};

static const struct {
    const char *name;
    const char *value; /* NULL: takes none */
    const char *help;
    unsigned commands;
    char letter; /* '\0': none */
    enum kind kind;
} options[] = {
    {"server", "SERVER", "HOST:PORT, PORT or a path (else $DIPC_SERVER)",
     TAKES_ALL, 's', KIND_SERVER},
    {"timeout", "TIME", "for connecting, and for each answer (10s)", TAKES_ALL,
     't', KIND_TIMEOUT},
    {"json", NULL, "print JSON, for scripts", TAKES_ALL, 'j', KIND_JSON},
    {"at", "OFFSET", "from there on", TAKES(CTL_READ), '\0', KIND_AT},
    {"at", "OFFSET", "overwrite from there on, keep the rest; or 'end'",
     TAKES(CTL_WRITE), '\0', KIND_AT},
    {"max", "BYTES", "no more than so many", TAKES(CTL_READ), '\0', KIND_MAX},
    {"if", "VERSION", "only if the mailbox is at this version",
     TAKES(CTL_READ) | TAKES(CTL_WRITE) | TAKES(CTL_APPEND), '\0', KIND_IF},
    {"file", "FILE", "take the data from a file; '-' is standard input",
     TAKES_DATA, 'f', KIND_FILE},
    {"pieces", NULL, "allow more than a packet: in pieces, not atomic",
     TAKES_DATA, '\0', KIND_PIECES},
    {"quiet", NULL, "do not print the version", TAKES_DATA, 'q', KIND_QUIET},
    {"wait", "TIME", "for at most so long (no end)", TAKES(CTL_WAIT), 'w',
     KIND_WAIT},
    {"from", "VERSION", "begin with what is newer (than the present)",
     TAKES(CTL_WATCH), '\0', KIND_FROM},
    {"count", "N", "end after so many",
     TAKES(CTL_WATCH) | TAKES(CTL_TOP) | TAKES(CTL_PING), 'n', KIND_COUNT},
    {"interval", "TIME", "the time between two (1s)",
     TAKES(CTL_TOP) | TAKES(CTL_PING), 'i', KIND_INTERVAL},
    {"help", NULL, "print this and exit", TAKES_ALL, 'h', KIND_HELP},
    {"version", NULL, "print the version and exit", TAKES_ALL, 'V',
     KIND_VERSION},
};

#define OPTIONS_COUNT (sizeof options / sizeof options[0])

static bool
takes(enum ctl_command command, size_t option)
{
    return command == CTL_COMMANDS ? options[option].commands == TAKES_ALL
                                   : options[option].commands & TAKES(command);
}

static void
print_options(FILE *stream, enum ctl_command command)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const char *value = options[i].value ? options[i].value : "";
        const int room = 20 - (int)strlen(options[i].name);
        if (!takes(command, i)) {
            continue;
        }
        if (options[i].letter) {
            (void)fprintf(stream, "  -%c, --%s %-*s %s\n", options[i].letter,
                          options[i].name, room, value, options[i].help);
        } else {
            (void)fprintf(stream, "      --%s %-*s %s\n", options[i].name, room,
                          value, options[i].help);
        }
    }
}

static void
print_overview(FILE *stream)
{
    (void)fprintf(stream, "usage: dipcctl [options] <command> [arguments]\n"
                          "\n"
                          "Read, write and watch the mailboxes of a server.\n"
                          "\n");
    for (size_t i = 0; i < CTL_COMMANDS; i++) {
        const int room = 29 - (int)strlen(commands[i].name);
        (void)fprintf(stream, "  %s %-*s %s\n", commands[i].name, room,
                      commands[i].operands, commands[i].help);
    }
    (void)fprintf(stream,
                  "\n'dipcctl <command> --help' tells the rest. Options of all "
                  "commands:\n");
    print_options(stream, CTL_COMMANDS);
    (void)fprintf(
        stream,
        "\nA TIME is in seconds, or has a unit: 50ms, 5s, 2m, 1h.\n"
        "Exit status: 0 done, 1 failed, 2 wrong arguments, 3 conflict, 4 timed "
        "out,\n"
        "5 no connection, 6 the server says no, 7 unknown whether it was "
        "written.\n");
}

void
ctl_arguments_print_help(FILE *stream, enum ctl_command command)
{
    if (command == CTL_COMMANDS) {
        print_overview(stream);
        return;
    }
    (void)fprintf(stream, "usage: dipcctl %s [options]%s%s\n\n%s\n",
                  commands[command].name,
                  *commands[command].operands ? " " : "",
                  commands[command].operands, commands[command].whole);
    (void)fprintf(stream, "options:\n");
    print_options(stream, command);
}

/* What getopt is told, for the options that a command takes. */
struct list {
    struct option longs[OPTIONS_COUNT + 1];
    char letters[2 * OPTIONS_COUNT + 4];
};

static void
fill(struct list *list, enum ctl_command command)
{
    size_t count = 0;
    char *letter = list->letters;

    if (command == CTL_COMMANDS) {
        *letter++ = '+'; /* up to the command */
    }
    *letter++ = ':';
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (!takes(command, i)) {
            continue;
        }
        list->longs[count++] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].value ? required_argument : no_argument,
            .val = OPTION_FIRST + (int)i,
        };
        if (options[i].letter) {
            *letter++ = options[i].letter;
            if (options[i].value) {
                *letter++ = ':';
            }
        }
    }
    list->longs[count] = (struct option){0};
    *letter = '\0';
}

static size_t
option_of(int found)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (found == OPTION_FIRST + (int)i ||
            (options[i].letter && found == options[i].letter)) {
            return i;
        }
    }
    return OPTIONS_COUNT;
}

static int
read_duration(const char *name, const char *text, int *ms,
              struct complaint *complaint)
{
    uint64_t ns;

    int error = value_duration(name, text, 0, DAY_NS, &ns, complaint);
    if (!error) {
        *ms = (int)((ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS);
    }
    return error;
}

static int
read_at(struct ctl_arguments *arguments, const char *text,
        struct complaint *complaint)
{
    if (arguments->command == CTL_WRITE && !strcmp(text, "end")) {
        arguments->at = CTL_END;
        return 0;
    }
    return value_number("--at", text, 0, NUMBER_MAX, &arguments->at, complaint);
}

static int
apply(enum kind kind, const char *text, struct ctl_arguments *arguments,
      struct complaint *complaint)
{
    switch (kind) {
    case KIND_SERVER:
        arguments->server = text;
        return 0;
    case KIND_TIMEOUT:
        return read_duration("--timeout", text, &arguments->timeout_ms,
                             complaint);
    case KIND_JSON:
        arguments->json = true;
        return 0;
    case KIND_AT:
        return read_at(arguments, text, complaint);
    case KIND_MAX:
        return value_number("--max", text, 0, NUMBER_MAX, &arguments->max,
                            complaint);
    case KIND_IF:
        return value_number("--if", text, 0, NUMBER_MAX, &arguments->condition,
                            complaint);
    case KIND_FILE:
        arguments->file = text;
        return 0;
    case KIND_PIECES:
        arguments->pieces = true;
        return 0;
    case KIND_QUIET:
        arguments->quiet = true;
        return 0;
    case KIND_WAIT:
        return read_duration("--wait", text, &arguments->wait_ms, complaint);
    case KIND_FROM:
        return value_number("--from", text, 0, NUMBER_MAX, &arguments->from,
                            complaint);
    case KIND_COUNT:
        return value_number("--count", text, 1, NUMBER_MAX, &arguments->count,
                            complaint);
    case KIND_INTERVAL:
        return read_duration("--interval", text, &arguments->interval_ms,
                             complaint);
    case KIND_HELP:
        arguments->action = CTL_HELP;
        return 0;
    case KIND_VERSION:
        arguments->action = CTL_VERSION;
        return 0;
    }
    return EINVAL;
}

/* A letter that is no option is known by itself, anything else by its text. */
static int
complain_of_option(int kind, const char *given,
                   const struct ctl_arguments *arguments,
                   struct complaint *complaint)
{
    const bool has_command = arguments->command != CTL_COMMANDS;
    const char *name = has_command ? commands[arguments->command].name : "";
    const char letter[] = {'-', (char)optopt, '\0'};

    if (optopt > 0 && optopt < OPTION_FIRST) {
        given = letter;
    }
    if (kind == ':') {
        complaint_set(complaint, "%s needs a value behind it", given);
    } else {
        complaint_set(complaint,
                      "%s is not an option%s%s; 'dipcctl%s%s --help' lists "
                      "them%s",
                      given, has_command ? " of " : "", name,
                      has_command ? " " : "", name,
                      has_command && (TAKES_DATA & TAKES(arguments->command))
                          ? ", and '--' goes before data that begins with '-'"
                          : "");
    }
    return EINVAL;
}

static int
read_options(int argc, char **argv, struct ctl_arguments *arguments,
             struct complaint *complaint)
{
    struct list list = {.letters = ""};

    fill(&list, arguments->command);
    opterr = 0;
    optind = 0; /* makes glibc's getopt begin anew */
    for (int i = 0; i <= argc && arguments->action == CTL_RUN; i++) {
        int found = getopt_long(argc, argv, list.letters, list.longs, NULL);
        if (found < 0) {
            return 0;
        }
        size_t option = option_of(found);
        if (option == OPTIONS_COUNT) {
            return complain_of_option(found, argv[optind - 1], arguments,
                                      complaint);
        }
        int error = apply(options[option].kind, optarg, arguments, complaint);
        if (error) {
            return error;
        }
    }
    return 0;
}

static int
find_command(const char *name, enum ctl_command *command,
             struct complaint *complaint)
{
    for (size_t i = 0; i < CTL_COMMANDS; i++) {
        if (!strcmp(name, commands[i].name)) {
            *command = (enum ctl_command)i;
            return 0;
        }
    }
    complaint_set(complaint,
                  "'%s' is not a command; 'dipcctl --help' lists them", name);
    return EINVAL;
}

static int
complain_of_operands(const struct ctl_arguments *arguments, int count,
                     struct complaint *complaint)
{
    const char *name = commands[arguments->command].name;
    const char *wanted = commands[arguments->command].operands;

    if (*wanted == '\0') {
        complaint_set(complaint, "%s takes no arguments", name);
    } else {
        complaint_set(complaint, "%s with %d argument%s; %s %s is right%s",
                      name, count, count == 1 ? "" : "s", name, wanted,
                      count > 2 ? " (data with spaces is quoted)" : "");
    }
    return EINVAL;
}

static int
read_version(const char *text, struct ctl_arguments *arguments,
             struct complaint *complaint)
{
    return value_number("version", text, 0, NUMBER_MAX, &arguments->version,
                        complaint);
}

/* Behind the mailbox: a version, data, or both. */
static int
read_rest(char **given, int count, struct ctl_arguments *arguments,
          struct complaint *complaint)
{
    const bool has_version =
        arguments->command == CTL_CAS || arguments->command == CTL_WAIT;

    if (has_version && count > 0) {
        int error = read_version(given[0], arguments, complaint);
        if (error) {
            return error;
        }
        given++;
        count--;
    }
    if (count > 0 && arguments->file) {
        complaint_set(complaint, "the data is given twice, as an argument and "
                                 "by --file; one of them is enough");
        return EINVAL;
    }
    if (count > 0 && strcmp(given[0], "-") != 0) {
        arguments->data = given[0];
    }
    return 0;
}

static int
read_operands(char **given, int count, struct ctl_arguments *arguments,
              struct complaint *complaint)
{
    const unsigned min = commands[arguments->command].operands_min;
    const unsigned max = commands[arguments->command].operands_max;

    if ((unsigned)count < min || (unsigned)count > max) {
        return complain_of_operands(arguments, count, complaint);
    }
    if (count == 0) {
        return 0;
    }
    int error = value_number("mailbox", given[0], 0, MAILBOX_MAX,
                             &arguments->mailbox, complaint);
    return error ? error
                 : read_rest(given + 1, count - 1, arguments, complaint);
}

static int
find_server(struct ctl_arguments *arguments, struct complaint *complaint)
{
    if (!arguments->server) {
        arguments->server = getenv("DIPC_SERVER");
    }
    if (!arguments->server || !*arguments->server) {
        complaint_set(complaint,
                      "which server? '-s HOST:PORT', '-s PATH' or the variable "
                      "DIPC_SERVER names it");
        return EINVAL;
    }
    return 0;
}

int
ctl_arguments_parse(int argc, char **argv, struct ctl_arguments *arguments,
                    struct complaint *complaint)
{
    *arguments = (struct ctl_arguments){
        .action = CTL_RUN,
        .command = CTL_COMMANDS,
        .timeout_ms = TIMEOUT_MS,
        .mailbox = CTL_NONE,
        .version = CTL_NONE,
        .condition = CTL_NONE,
        .at = CTL_NONE,
        .max = CTL_NONE,
        .from = CTL_NONE,
        .count = CTL_NONE,
        .wait_ms = CTL_FOREVER,
        .interval_ms = INTERVAL_MS,
    };
    int error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != CTL_RUN) {
        return error;
    }
    if (optind == argc) {
        complaint_set(complaint, "a command is wanted; 'dipcctl --help' lists "
                                 "them");
        return EINVAL;
    }
    error = find_command(argv[optind], &arguments->command, complaint);
    if (error) {
        return error;
    }
    argc -= optind;
    argv += optind;
    error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != CTL_RUN) {
        return error;
    }
    error = read_operands(argv + optind, argc - optind, arguments, complaint);
    return error ? error : find_server(arguments, complaint);
}
