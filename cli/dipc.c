/*
 * dipc: serve shared mailboxes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "daemon.h"
#include "service.h"
#include "supervisor.h"
#include "version.h"

#define PROGRAM "dipc"
#define EXIT_USAGE 2

static bool
keeps_stderr(const struct arguments *arguments)
{
    return arguments->log && !strcmp(arguments->log, "stderr");
}

int
main(int argc, char **argv)
{
    struct arguments arguments;
    struct complaint complaint;
    struct daemon daemon;
    int status;

    daemon_occupy_standard_descriptors();
    if (arguments_parse(argc, argv, &arguments, &complaint)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, complaint.text);
        return EXIT_USAGE;
    }
    switch (arguments.action) {
    case ARGUMENTS_HELP:
        arguments_print_help(stdout);
        return daemon_finish_output(PROGRAM);
    case ARGUMENTS_VERSION:
        (void)printf("%s %s\n", PROGRAM, VERSION_TEXT);
        return daemon_finish_output(PROGRAM);
    case ARGUMENTS_SERVE:
        break;
    }
    if (!arguments.foreground && supervisor_passes_sockets()) {
        (void)fprintf(stderr,
                      "%s: sockets were passed to it (LISTEN_FDS), and they "
                      "would be lost in the background; --foreground is "
                      "wanted\n",
                      PROGRAM);
        return EXIT_USAGE;
    }
    if (arguments.foreground) {
        daemon_stay(&daemon, PROGRAM);
    } else if (daemon_leave(&daemon, PROGRAM, keeps_stderr(&arguments),
                            &status)) {
        return status;
    }
    return service_run(&arguments, &daemon);
}
