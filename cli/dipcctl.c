/*
 * dipcctl: read, write and watch mailboxes, from a shell.
 */

#include <stdio.h>

#include "ctl_arguments.h"
#include "ctl_commands.h"
#include "daemon.h"
#include "version.h"

#define PROGRAM "dipcctl"

int
main(int argc, char **argv)
{
    struct ctl_arguments arguments;
    struct complaint complaint;
    enum ctl_status status;

    daemon_occupy_standard_descriptors();
    if (ctl_arguments_parse(argc, argv, &arguments, &complaint)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, complaint.text);
        return CTL_STATUS_USAGE;
    }
    switch (arguments.action) {
    case CTL_HELP:
        ctl_arguments_print_help(stdout, arguments.command);
        return daemon_finish_output(PROGRAM);
    case CTL_VERSION:
        (void)printf("%s %s\n", PROGRAM, VERSION_TEXT);
        return daemon_finish_output(PROGRAM);
    case CTL_RUN:
        break;
    }
    status = ctl_commands_run(&arguments);
    if (daemon_finish_output(PROGRAM) && status == CTL_STATUS_DONE) {
        status = CTL_STATUS_FAILED;
    }
    return (int)status;
}
