/* The command `heddle`: cc compiles for checking, run checks. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const char usage[] =
    "usage: heddle cc [compiler options] file...     compile for checking\n"
    "       heddle run [options] program [arguments] explore its schedules\n"
    "options of run:\n"
    "  --json              one line of JSON instead of text\n"
    "  --html FILE         write the picture of a failure as a page\n"
    "  --all               go on after a failure\n"
    "  --replay SCHEDULE   run one schedule, and show it; --gdb under gdb\n"
    "  --preemptions N     only schedules with at most N preemptions\n"
    "  --random N          N schedules at random; --seed N\n"
    "  --pct D             random priorities with D-1 change points\n"
    "  --no-reduction      every interleaving, equivalent ones too\n"
    "  --spurious          waits may wake without a signal\n"
    "  --deaths N          at most N threads die, where the test allows it\n"
    "  --die-anywhere      every thread may die at every step\n"
    "  --timeouts N        a thread's waits end by themselves N times at most\n"
    "  --idle-time         time passes only when nobody can go on\n"
    "  --no-leaks          memory that is never freed is no failure\n"
    "  --jobs N            worker processes\n"
    "  --max-steps N, --max-executions N, --time SECONDS, --stack KB\n"
    "exit status: 0 clean and complete, 1 failure, 2 usage, 3 cut by a bound,\n"
    "             4 the program cannot be checked\n";

int
main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "cc") == 0) {
        return cc_command(argc - 2, argv + 2);
    }
    if (argc >= 2 && strcmp(argv[1], "run") == 0) {
        return run_command(argc - 2, argv + 2);
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 ||
                      strcmp(argv[1], "help") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    fputs(usage, stderr);
    return 2;
}
