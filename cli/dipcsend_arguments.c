#include "dipcsend_arguments.h"

#include <errno.h>
#include <getopt.h>

#include "gather.h"
#include "value.h"

#define NUMBER_MAX (UINT64_MAX >> 1)

enum {
    OPTION_TOKEN_FILE = 1,
    OPTION_TYPE,
    OPTION_SIZE,
    OPTION_FAIL,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {
    {.name = "token-file",
     .has_arg = required_argument,
     .val = OPTION_TOKEN_FILE},
    {.name = "type", .has_arg = required_argument, .val = OPTION_TYPE},
    {.name = "size", .has_arg = required_argument, .val = OPTION_SIZE},
    {.name = "fail", .has_arg = required_argument, .val = OPTION_FAIL},
    {.name = "help", .has_arg = no_argument, .val = OPTION_HELP},
    {.name = "version", .has_arg = no_argument, .val = OPTION_VERSION},
    {0},
};

void
dipcsend_arguments_print_help(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: dipcsend [options] ADDRESS WHICH [-- command [argument...]]\n"
        "\n"
        "Send standard input, or what a command writes, to a dipcgather that\n"
        "waits for it. The token that it gave for this child is taken from "
        "the\n"
        "variable " GATHER_SENDER_TOKEN ", or from a file.\n"
        "\n"
        "  ADDRESS      HOST:PORT, [IPV6]:PORT or unix:PATH\n"
        "  WHICH        the child's number\n"
        "\n"
        "options:\n"
        "  --token-file FILE  where the token is\n"
        "  --type N           a number for whoever gathers (0)\n"
        "  --size BYTES       announce so many (those of a file that is "
        "standard"
        " input)\n"
        "  --fail N           declare a fatal error, N, and send nothing\n"
        "  --help             print this and exit\n"
        "  --version          print the version and exit\n"
        "\n"
        "Exit status: 0 the result has arrived, 1 it has not, 2 wrong "
        "arguments,\n"
        "3 the command failed and so there is no result.\n");
}

static int
apply(int option, struct dipcsend_arguments *arguments,
      struct complaint *complaint)
{
    switch (option) {
    case OPTION_TOKEN_FILE:
        arguments->token_file = optarg;
        return 0;
    case OPTION_TYPE:
        return value_number("--type", optarg, 0, NUMBER_MAX, &arguments->type,
                            complaint);
    case OPTION_SIZE:
        return value_number("--size", optarg, 0, NUMBER_MAX,
                            &arguments->size_bytes, complaint);
    case OPTION_FAIL:
        return value_number("--fail", optarg, 1, NUMBER_MAX, &arguments->fail,
                            complaint);
    case OPTION_VERSION:
        arguments->action = DIPCSEND_VERSION;
        return 0;
    default: /* and -h */
        arguments->action = DIPCSEND_HELP;
        return 0;
    }
}

static int
read_options(int argc, char **argv, struct dipcsend_arguments *arguments,
             struct complaint *complaint)
{
    opterr = 0;
    optind = 0; /* makes glibc's getopt begin anew */
    for (int i = 0; i < argc; i++) {
        int before = optind > 0 ? optind : 1;
        int found = getopt_long(argc, argv, "+:h", options, NULL);
        if (found < 0) {
            return 0;
        }
        if (found == '?' || found == ':') {
            complaint_set(complaint,
                          found == ':' ? "%s needs a value behind it"
                                       : "%s is not an option; 'dipcsend "
                                         "--help' lists them",
                          argv[before]);
            return EINVAL;
        }
        int error = apply(found, arguments, complaint);
        if (error || arguments->action != DIPCSEND_SEND) {
            return error;
        }
    }
    return 0;
}

static int
read_positionals(int count, char **given, struct dipcsend_arguments *arguments,
                 struct complaint *complaint)
{
    uint64_t which;

    if (count < 2) {
        complaint_set(complaint,
                      "%d argument%s; ADDRESS WHICH are wanted ('dipcsend "
                      "--help')",
                      count, count == 1 ? "" : "s");
        return EINVAL;
    }
    arguments->address = given[0];
    int error = value_number("WHICH", given[1], 0, GATHER_CHILDREN_MAX - 1,
                             &which, complaint);
    if (error) {
        return error;
    }
    arguments->which = (unsigned)which;
    if (count == 2) {
        return 0;
    }
    if (given[2][0] != '-' || given[2][1] != '-' || given[2][2] != '\0' ||
        count == 3) {
        complaint_set(complaint,
                      "'%s' behind WHICH: a command stands behind '--', and "
                      "options before ADDRESS",
                      given[2]);
        return EINVAL;
    }
    arguments->command = given + 3;
    return 0;
}

int
dipcsend_arguments_parse(int argc, char **argv,
                         struct dipcsend_arguments *arguments,
                         struct complaint *complaint)
{
    *arguments = (struct dipcsend_arguments){
        .action = DIPCSEND_SEND,
        .size_bytes = GATHER_SENDER_ANY_SIZE,
    };
    int error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != DIPCSEND_SEND) {
        return error;
    }
    error =
        read_positionals(argc - optind, argv + optind, arguments, complaint);
    if (!error && arguments->fail && arguments->command) {
        complaint_set(complaint, "--fail sends nothing: '%s' would not be run",
                      arguments->command[0]);
        return EINVAL;
    }
    return error;
}
