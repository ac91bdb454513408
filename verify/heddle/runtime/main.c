/*
 * Idea: the program that was built with `heddle cc` starts here; its own
 * main() runs in each execution.
 * Who may call: the system.
 */
#include <stdlib.h>
#include <sys/personality.h>
#include <unistd.h>

#include "crash.h"
#include "options.h"
#include "program.h"
#include "supervisor.h"

/* Found by `heddle run` in the file, so that it runs no other programs. */
extern const char hd_banner[];
const char hd_banner[] = "heddle-program-1";

/* Addresses must be the same in every run. */
static void
fix_addresses(char **argv)
{
    int old = personality(0xffffffff);

    if (old >= 0 && (old & ADDR_NO_RANDOMIZE) == 0 &&
        getenv("HEDDLE_FIXED") == NULL) {
        setenv("HEDDLE_FIXED", "1", 1);
        personality((unsigned long)old | ADDR_NO_RANDOMIZE);
        execv("/proc/self/exe", argv);
    }
}

int
main(int argc, char **argv, char **environment)
{
    static HD_OWN char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    hd_crash_main();
    hd_options_parse(getenv("HEDDLE_OPTIONS"), length > 0 ? path : argv[0],
                     argv[0]);
    fix_addresses(argv);
    unsetenv("HEDDLE_OPTIONS");
    unsetenv("HEDDLE_FIXED");
    hd_program_arguments(argc, argv, environment);
    return hd_supervisor_run();
}
