#include "dipcgather_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "clock.h"
#include "gather.h"
#include "value.h"

#define LOOPBACK "127.0.0.1"
#define SECONDS_MAX (365 * UINT64_C(86400))

typedef int reader(struct dipcgather_arguments *arguments, const char *text,
                   struct complaint *complaint);

static int
read_children(struct dipcgather_arguments *arguments, const char *text,
              struct complaint *complaint)
{
    uint64_t number;

    int error =
        value_number("-n", text, 1, GATHER_CHILDREN_MAX, &number, complaint);
    if (!error) {
        arguments->children = (unsigned)number;
    }
    return error;
}

static int
read_remote(struct dipcgather_arguments *arguments, const char *text,
            struct complaint *complaint)
{
    uint64_t number;

    int error = value_number("--remote", text, 1, GATHER_CHILDREN_MAX, &number,
                             complaint);
    if (!error) {
        arguments->remote = (unsigned)number;
    }
    return error;
}

static int
read_timeout(struct dipcgather_arguments *arguments, const char *text,
             struct complaint *complaint)
{
    return value_duration("--timeout", text, CLOCK_NS_PER_MS,
                          SECONDS_MAX * CLOCK_NS_PER_S, &arguments->timeout_ns,
                          complaint);
}

static int
read_fail_fast(struct dipcgather_arguments *arguments, const char *text,
               struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->fail_fast = true;
    return 0;
}

static int
read_output(struct dipcgather_arguments *arguments, const char *text,
            struct complaint *complaint)
{
    if (text[0] == '\0') {
        complaint_set(complaint, "--output '' is not a directory or '-'");
        return EINVAL;
    }
    arguments->output = strcmp(text, "-") ? text : NULL;
    return 0;
}

static int
read_tokens(struct dipcgather_arguments *arguments, const char *text,
            struct complaint *complaint)
{
    if (text[0] == '\0') {
        complaint_set(complaint, "--tokens '' is not a directory");
        return EINVAL;
    }
    arguments->tokens = text;
    return 0;
}

/* ADDRESS, ADDRESS:PORT, [IPV6] or [IPV6]:PORT; several colons are IPv6's. */
static int
read_listen(struct dipcgather_arguments *arguments, const char *text,
            struct complaint *complaint)
{
    const char *host = text;
    const char *end = text + strlen(text);
    const char *port = NULL;

    if (text[0] == '[' && strchr(text, ']')) {
        host++;
        end = strchr(text, ']');
        port = end[1] == ':' ? end + 2 : end[1] == '\0' ? NULL : end + 1;
    } else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
        end = strchr(text, ':');
        port = end + 1;
    }
    if (end == host || end - host >= DIPCGATHER_HOST_MAX) {
        complaint_set(complaint,
                      "--listen '%s' is not ADDRESS, ADDRESS:PORT or "
                      "[IPV6]:PORT",
                      text);
        return EINVAL;
    }
    memcpy(arguments->host, host, (size_t)(end - host));
    arguments->host[end - host] = '\0';
    arguments->listens = true;
    return port ? value_port(port, true, &arguments->port, complaint) : 0;
}

/* Bytes, or a number with k, M or G behind it, for 1024 of the one before. */
static int
read_max_result(struct dipcgather_arguments *arguments, const char *text,
                struct complaint *complaint)
{
    static const char units[] = "kMG";
    const size_t length = strlen(text);
    const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
    char digits[32];
    struct complaint ignored;
    uint64_t number = 0;

    unsigned shift = unit ? 10 * ((unsigned)(unit - units) + 1) : 0;
    size_t kept = unit ? length - 1 : length;
    if (kept < sizeof digits) {
        memcpy(digits, text, kept);
        digits[kept] = '\0';
        if (!value_number("", digits, 1, UINT64_C(1) << (62 - shift), &number,
                          &ignored)) {
            arguments->result_bytes_max = number << shift;
            return 0;
        }
    }
    complaint_set(complaint,
                  "--max-result '%s' is not a number of bytes, or of k, M or G "
                  "(64M, say)",
                  text);
    return EINVAL;
}

static int
read_quiet(struct dipcgather_arguments *arguments, const char *text,
           struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->quiet = true;
    return 0;
}

static int
read_help(struct dipcgather_arguments *arguments, const char *text,
          struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->action = DIPCGATHER_HELP;
    return 0;
}

static int
read_version(struct dipcgather_arguments *arguments, const char *text,
             struct complaint *complaint)
{
    (void)text;
    (void)complaint;
    arguments->action = DIPCGATHER_VERSION;
    return 0;
}

static const struct {
    const char *name;
    const char *value; /* NULL: takes none */
    const char *help;
    reader *read;
} options[] = {
    {"children", "N", "how many: -n N is the same", read_children},
    {"timeout", "TIME", "what all of it may take (no limit)", read_timeout},
    {"fail-fast", NULL, "the first child that fails ends all of it",
     read_fail_fast},
    {"output", "DIR|-",
     "a file for each result in DIR (-: one after the "
     "other)",
     read_output},
    {"listen", "ADDRESS", "listen there, [:PORT] (a private Unix socket)",
     read_listen},
    {"remote", "K", "the last K are started by hand, elsewhere (0)",
     read_remote},
    {"tokens", "DIR", "put their tokens into files in DIR", read_tokens},
    {"max-result", "BYTES", "the most that a result may have (256M)",
     read_max_result},
    {"quiet", NULL, "show no progress", read_quiet},
    {"help", NULL, "print this and exit", read_help},
    {"version", NULL, "print the version and exit", read_version},
};

#define OPTIONS_COUNT (sizeof options / sizeof options[0])

void
dipcgather_arguments_print_help(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: dipcgather -n N [options] -- command [argument...]\n"
        "\n"
        "Run a command N times at once and gather what each writes on its\n"
        "standard output. {} in an argument is the child's number, 0 to N-1.\n"
        "\n"
        "options, with what holds without them:\n");
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const char *value = options[i].value ? options[i].value : "";
        int room = 20 - (int)strlen(options[i].name);
        (void)fprintf(stream, "  --%s %-*s %s\n", options[i].name, room, value,
                      options[i].help);
    }
    (void)fprintf(stream,
                  "\nA TIME is in seconds, or has a unit: 500ms, 5s, 2m, 1h.\n"
                  "Exit status: 0 every result is there, 1 some are not, 2 "
                  "wrong arguments.\n");
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

static int
complain_of_option(const char *given, int kind, struct complaint *complaint)
{
    complaint_set(complaint,
                  kind == ':'
                      ? "%s needs a value behind it"
                      : "%s is not an option; 'dipcgather --help' lists them",
                  given);
    return EINVAL;
}

static int
read_option(int found, struct dipcgather_arguments *arguments,
            struct complaint *complaint)
{
    switch (found) {
    case 'h':
        return read_help(arguments, NULL, complaint);
    case 'n':
        return read_children(arguments, optarg, complaint);
    default:
        return options[found - 1].read(arguments, optarg, complaint);
    }
}

static int
read_options(int argc, char **argv, struct dipcgather_arguments *arguments,
             struct complaint *complaint)
{
    struct option list[OPTIONS_COUNT + 1];

    fill_getopt_options(list);
    opterr = 0;
    optind = 0; /* makes glibc's getopt begin anew */
    for (int i = 0; i < argc; i++) {
        int before = optind > 0 ? optind : 1;
        int found = getopt_long(argc, argv, "+:hn:", list, NULL);
        if (found < 0) {
            return 0;
        }
        if (found == '?' || found == ':') {
            return complain_of_option(argv[before], found, complaint);
        }
        int error = read_option(found, arguments, complaint);
        if (error || arguments->action != DIPCGATHER_GATHER) {
            return error;
        }
    }
    return 0;
}

/* What is right only together. */
static int
judge(struct dipcgather_arguments *arguments, struct complaint *complaint)
{
    if (arguments->children == 0) {
        complaint_set(complaint, "how many children? -n N says it "
                                 "('dipcgather --help')");
        return EINVAL;
    }
    if (arguments->remote > arguments->children) {
        complaint_set(complaint, "--remote %u is more than all %u children",
                      arguments->remote, arguments->children);
        return EINVAL;
    }
    if (arguments->remote < arguments->children && !arguments->command) {
        complaint_set(complaint, "no command: '-- command' behind the options "
                                 "is what the children run");
        return EINVAL;
    }
    if (arguments->remote == arguments->children && arguments->command) {
        complaint_set(complaint,
                      "'%s' has nobody to run it: --remote %u leaves no child "
                      "here",
                      arguments->command[0], arguments->remote);
        return EINVAL;
    }
    if (arguments->tokens && arguments->remote == 0) {
        complaint_set(complaint, "--tokens is for children of --remote");
        return EINVAL;
    }
    if (arguments->remote > 0 && !arguments->listens) {
        memcpy(arguments->host, LOOPBACK, sizeof LOOPBACK);
        arguments->listens = true;
    }
    return 0;
}

int
dipcgather_arguments_parse(int argc, char **argv,
                           struct dipcgather_arguments *arguments,
                           struct complaint *complaint)
{
    *arguments = (struct dipcgather_arguments){
        .action = DIPCGATHER_GATHER,
        .result_bytes_max = GATHER_RESULT_MAX,
    };
    int error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != DIPCGATHER_GATHER) {
        return error;
    }
    if (optind < argc) {
        arguments->command = argv + optind;
    }
    return judge(arguments, complaint);
}
