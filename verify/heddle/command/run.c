/*
 * Idea: `heddle run` checks that the program was built with `heddle cc`, and
 * becomes it, with the options in the environment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "tools.h"

static const char help[] =
    "usage: heddle run [options] program [arguments]\n"
    "Explores the schedules of a program that was built with `heddle cc`.\n"
    "\n"
    "what is explored: every interleaving, one of each class of equivalent\n"
    "ones, or, with one of these,\n"
    "  --no-reduction      equivalent ones too\n"
    "  --preemptions N     those with at most N preemptions, few first\n"
    "  --random N          N schedules at random; --seed S\n"
    "  --pct D             random priorities with D-1 change points; how many\n"
    "                      schedules says --random N\n"
    "  --replay SCHEDULE   the one schedule that a report printed, whatever\n"
    "                      search is chosen besides, with the program's\n"
    "                      output; --gdb starts it under gdb\n"
    "what may happen:\n"
    "  --spurious          condition and futex waits wake without a cause, a\n"
    "                      weak compare-exchange fails without one\n"
    "  --deaths N          at most N threads die, where the program lets "
    "them;\n"
    "                      --die-anywhere: any thread at any step\n"
    "  --timeouts N        a thread's waits end by themselves N times at most\n"
    "  --idle-time         time passes only when nobody can do anything else\n"
    "  --no-leaks          memory that is never freed is no failure\n"
    "  --stack KB          each thread's stack, 256 if not given\n"
    "when to stop:\n"
    "  --all               go on after a failure\n"
    "  --max-executions N, --time SECONDS\n"
    "  --max-steps N       of one execution, 20000 if not given\n"
    "  --jobs N            worker processes, 1 if not given\n"
    "what is shown:\n"
    "  --json              one line of JSON in place of text\n"
    "  --html FILE         the picture of the first failure as a page\n"
    "  --output            what the program prints while it is explored\n"
    "  --states            the final states that the program named\n"
    "  --quiet             no progress line\n"
    "exit status: 0 all explored and clean, 1 a failure, 2 usage, 3 nothing\n"
    "wrong but a bound cut the search, 4 the program cannot be checked\n";

static const char *const with_value[] = {
    "--replay",         "--preemptions", "--random",    "--seed", "--pct",
    "--deaths",         "--jobs",        "--max-steps", "--time", "--stack",
    "--max-executions", "--html",        "--timeouts",
};

static bool
takes_value(const char *word)
{
    size_t i;

    for (i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
        if (strcmp(with_value[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static void
check_program(const char *program, bool json)
{
    size_t length;
    char *content = NULL;

    if (access(program, R_OK) != 0) {
        tools_fail(2, "%s: a program built with `heddle cc` is wanted: %s",
                   program, strerror(errno));
    }
    content = tools_read(program, &length);
    if (content == NULL ||
        memmem(content, length, "heddle-program-1", 16) == NULL) {
        tools_refuse(json, tools_format("%s is not instrumented: build it "
                                        "with `heddle cc`, for example "
                                        "CC=\"heddle cc\" make",
                                        program));
    }
    free(content);
}

int
run_command(int count, char **word)
{
    char *options = tools_format("%s", "");
    struct words words = {0};
    bool gdb = false;
    bool json = false;
    int i;

    for (i = 0; i < count && word[i][0] == '-'; i++) {
        if (strcmp(word[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(word[i], "--gdb") == 0) {
            gdb = true;
            continue;
        }
        if (strcmp(word[i], "--help") == 0) {
            fputs(help, stdout);
            return 0;
        }
        json = json || strcmp(word[i], "--json") == 0;
        options = tools_format("%s%s\n", options, word[i]);
        if (takes_value(word[i]) && i + 1 < count) {
            i++;
            options = tools_format("%s%s\n", options, word[i]);
        }
    }
    if (i >= count) {
        tools_fail(2, "heddle run [options] program: the program is missing; "
                      "`heddle run --help` lists the options");
    }
    check_program(word[i], json);
    if (gdb) {
        words_add(&words, "gdb");
        words_add(&words, "--args");
    }
    words_add(&words, strchr(word[i], '/') != NULL
                          ? word[i]
                          : tools_format("./%s", word[i]));
    for (i++; i < count; i++) {
        words_add(&words, word[i]);
    }
    setenv("HEDDLE_OPTIONS", options, 1);
    execvp(words.word[0], words.word);
    tools_fail(2, "%s could not be run: %s", words.word[0], strerror(errno));
}
