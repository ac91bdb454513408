#include "removal_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <string.h>

#include "value.h"

enum { OPTION_FORCE = 1, OPTION_USER, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    {.name = "force", .has_arg = no_argument, .val = OPTION_FORCE},
    {.name = "user", .has_arg = required_argument, .val = OPTION_USER},
    {.name = "help", .has_arg = no_argument, .val = OPTION_HELP},
    {.name = "version", .has_arg = no_argument, .val = OPTION_VERSION},
    {0},
};

void
removal_arguments_print_help(FILE *stream)
{
    (void)fprintf(
        stream,
        "usage: dipcrm [options] <port>\n"
        "\n"
        "End the server on a port and return when nothing of it is left; or\n"
        "clear what a killed server left behind.\n"
        "\n"
        "  port         1 to 65535, or a service's name\n"
        "\n"
        "options:\n"
        "  --force      kill a server that does not answer\n"
        "  --user NAME  end that user's server (for root)\n"
        "  --help       print this and exit\n"
        "  --version    print the version and exit\n"
        "\n"
        "It takes 5 seconds at most.\n"
        "Exit status: 0 done, 1 failed, 2 wrong arguments.\n");
}

static int
apply(int option, struct removal_arguments *arguments)
{
    switch (option) {
    case OPTION_FORCE:
        arguments->force = true;
        return 0;
    case OPTION_USER:
        arguments->user = optarg;
        return 0;
    case 'h':
    case OPTION_HELP:
        arguments->action = ARGUMENTS_HELP;
        return 0;
    case OPTION_VERSION:
        arguments->action = ARGUMENTS_VERSION;
        return 0;
    default:
        return EINVAL;
    }
}

static bool
is_negative_number(const char *text)
{
    return text && text[0] == '-' && text[1] >= '0' && text[1] <= '9';
}

static int
read_options(int argc, char **argv, struct removal_arguments *arguments,
             struct complaint *complaint)
{
    opterr = 0;
    optind = 0; /* makes glibc's getopt begin anew */
    for (int i = 0; i < argc; i++) {
        int before = optind > 0 ? optind : 1;
        if (before < argc && is_negative_number(argv[before])) {
            optind = before;
            return 0;
        }
        int found = getopt_long(argc, argv, "+:h", options, NULL);
        if (found < 0) {
            return 0;
        }
        if (apply(found, arguments)) {
            complaint_set(complaint,
                          found == ':'
                              ? "%s needs a value behind it"
                              : "%s is not an option; 'dipcrm --help' lists "
                                "them",
                          argv[before]);
            return EINVAL;
        }
        if (arguments->action != ARGUMENTS_SERVE) {
            return 0;
        }
    }
    return 0;
}

int
removal_arguments_parse(int argc, char **argv,
                        struct removal_arguments *arguments,
                        struct complaint *complaint)
{
    *arguments = (struct removal_arguments){.action = ARGUMENTS_SERVE};
    int error = read_options(argc, argv, arguments, complaint);
    if (error || arguments->action != ARGUMENTS_SERVE) {
        return error;
    }
    int count = argc - optind;
    if (count > 1 && argv[optind + 1][0] == '-') {
        complaint_set(complaint,
                      "option %s stands behind the port; options come first",
                      argv[optind + 1]);
        return EINVAL;
    }
    if (count != 1) {
        complaint_set(complaint,
                      "%d arguments; one port is wanted ('dipcrm --help')",
                      count);
        return EINVAL;
    }
    return value_port(argv[optind], false, &arguments->port, complaint);
}

int
removal_arguments_user(const char *text, uid_t *user,
                       struct complaint *complaint)
{
    struct complaint ignored;
    uint64_t number;

    errno = 0;
    const struct passwd *entry = getpwnam(text);
    if (entry) {
        *user = entry->pw_uid;
        return 0;
    }
    if (!value_number("--user", text, 0, UINT32_MAX - 1, &number, &ignored)) {
        *user = (uid_t)number;
        return 0;
    }
    complaint_set(complaint, "--user '%s' is no user of this machine", text);
    return EINVAL;
}
