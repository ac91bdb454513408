/* The command `heddle`: cc compiles for checking, run checks. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const char usage[] =
    "usage: heddle cc [compiler options] file...      compile for checking\n"
    "       heddle run [options] program [arguments]  explore its schedules\n"
    "       heddle cc --help, heddle run --help       what each can do\n"
    "       heddle --version\n"
    "for example: heddle cc -g -O1 prog.c -o prog && heddle run ./prog\n"
    "The manual is heddle(1) and docs/heddle.md.\n";

int
main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "cc") == 0) {
        return cc_command(argc - 2, argv + 2);
    }
    if (argc >= 2 && strcmp(argv[1], "run") == 0) {
        return run_command(argc - 2, argv + 2);
    }
    if (argc == 2 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("heddle %s\n", HEDDLE_VERSION);
        return 0;
    }
    if (argc >= 2) {
        fprintf(stderr, "heddle: %s is no command: cc and run are\n", argv[1]);
    }
    fputs(usage, stderr);
    return 2;
}
