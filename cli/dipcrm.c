/*
 * dipcrm: end a server of mailboxes, or clear what a killed one left.
 */

#include <stdio.h>
#include <stdlib.h>

#include "daemon.h"
#include "ending.h"
#include "removal_arguments.h"
#include "version.h"

#define PROGRAM "dipcrm"
#define EXIT_USAGE 2

int
main(int argc, char **argv)
{
    struct removal_arguments arguments;
    struct complaint complaint;

    daemon_occupy_standard_descriptors();
    if (removal_arguments_parse(argc, argv, &arguments, &complaint)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, complaint.text);
        return EXIT_USAGE;
    }
    switch (arguments.action) {
    case ARGUMENTS_HELP:
        removal_arguments_print_help(stdout);
        return daemon_finish_output(PROGRAM);
    case ARGUMENTS_VERSION:
        (void)printf("%s %s\n", PROGRAM, VERSION_TEXT);
        return daemon_finish_output(PROGRAM);
    case ARGUMENTS_SERVE:
        break;
    }
    return ending_run(&arguments);
}
