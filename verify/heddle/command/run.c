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

static const char *const with_value[] = {
    "--replay",    "--preemptions", "--random",         "--seed",
    "--pct",       "--deaths",      "--jobs",           "--max-steps",
    "--time",      "--stack",       "--max-executions", "--html",
    "--timeouts",
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
check_program(const char *program)
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
        tools_fail(4, "%s is not instrumented: build it with `heddle cc`, for "
                   "example CC=\"heddle cc\" make", program);
    }
    free(content);
}

int
run_command(int count, char **word)
{
    char *options = tools_format("%s", "");
    struct words words = {0};
    bool gdb = false;
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
        options = tools_format("%s%s\n", options, word[i]);
        if (takes_value(word[i]) && i + 1 < count) {
            i++;
            options = tools_format("%s%s\n", options, word[i]);
        }
    }
    if (i >= count) {
        tools_fail(2, "heddle run [options] program: the program is missing");
    }
    check_program(word[i]);
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
