#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "own.h"

HD_OWN struct hd_options hd_options;
static HD_OWN char words_copy[65536];

static _Noreturn void
wrong(const char *option, const char *value, const char *right)
{
    fprintf(stderr, "heddle: %s%s%s is not understood: %s\n", option,
            value == NULL ? "" : " ", value == NULL ? "" : value, right);
    exit(2);
}

static uint64_t
number(const char *option, const char *value, uint64_t low, uint64_t high)
{
    char *end;
    unsigned long long got;
    char right[80];

    if (value == NULL || value[0] < '0' || value[0] > '9') {
        wrong(option, value, "a number is wanted");
    }
    got = strtoull(value, &end, 10);
    if (*end != '\0' || got < low || got > high) {
        snprintf(right, sizeof(right), "a number from %llu to %llu is wanted",
                 (unsigned long long)low, (unsigned long long)high);
        wrong(option, value, right);
    }
    return got;
}

static void
chose(enum hd_chosen which, const char *option)
{
    hd_options.chosen[which] = option;
}

static bool
flag(const char *word)
{
    struct hd_options *to = &hd_options;

    if (strcmp(word, "--json") == 0) {
        to->json = true;
    } else if (strcmp(word, "--all") == 0) {
        to->keep_going = true;
    } else if (strcmp(word, "--quiet") == 0) {
        to->quiet = true;
    } else if (strcmp(word, "--spurious") == 0) {
        to->spurious = true;
    } else if (strcmp(word, "--idle-time") == 0) {
        to->idle_time = true;
    } else if (strcmp(word, "--no-reduction") == 0) {
        to->search = HD_SEARCH_ALL;
        chose(HD_CHOSE_NO_REDUCTION, "--no-reduction");
    } else if (strcmp(word, "--no-leaks") == 0) {
        to->leaks = false;
    } else if (strcmp(word, "--output") == 0) {
        to->output = true;
    } else if (strcmp(word, "--states") == 0) {
        to->states = true;
    } else if (strcmp(word, "--die-anywhere") == 0) {
        to->deaths_everywhere = true;
        chose(HD_CHOSE_DIE_ANYWHERE, "--die-anywhere");
    } else {
        return false;
    }
    return true;
}

static bool
search_option(const char *word, const char *value)
{
    struct hd_options *to = &hd_options;

    if (strcmp(word, "--preemptions") == 0) {
        to->search = HD_SEARCH_PREEMPTIONS;
        chose(HD_CHOSE_PREEMPTIONS, "--preemptions");
        to->preemptions = (int)number(word, value, 0, 1000);
    } else if (strcmp(word, "--random") == 0) {
        to->random_count = number(word, value, 1, UINT64_MAX);
        chose(HD_CHOSE_RANDOM, "--random");
        if (to->search != HD_SEARCH_PCT) {
            to->search = HD_SEARCH_RANDOM;
        }
    } else if (strcmp(word, "--pct") == 0) {
        to->search = HD_SEARCH_PCT;
        chose(HD_CHOSE_PCT, "--pct");
        to->pct_depth = (int)number(word, value, 1, 100);
    } else if (strcmp(word, "--seed") == 0) {
        to->seed = number(word, value, 0, UINT64_MAX);
        chose(HD_CHOSE_SEED, "--seed");
    } else if (strcmp(word, "--replay") == 0) {
        if (value == NULL) {
            wrong(word, value, "a schedule is wanted, as a report prints it");
        }
        to->schedule = value;
    } else {
        return false;
    }
    return true;
}

static bool
bound_option(const char *word, const char *value)
{
    struct hd_options *to = &hd_options;

    if (strcmp(word, "--deaths") == 0) {
        to->deaths = (int)number(word, value, 0, 64);
    } else if (strcmp(word, "--timeouts") == 0) {
        to->timeouts = (int)number(word, value, 1, 1000);
    } else if (strcmp(word, "--jobs") == 0) {
        to->jobs = (int)number(word, value, 1, 64);
    } else if (strcmp(word, "--max-steps") == 0) {
        to->steps_max = (int)number(word, value, 10, 1000000);
    } else if (strcmp(word, "--max-executions") == 0) {
        to->executions_max = number(word, value, 1, UINT64_MAX);
    } else if (strcmp(word, "--time") == 0) {
        to->seconds_max = number(word, value, 1, 100000000);
    } else if (strcmp(word, "--stack") == 0) {
        to->stack_bytes = (size_t)number(word, value, 16, 65536) * 1024;
    } else if (strcmp(word, "--html") == 0) {
        if (value == NULL) {
            wrong(word, value, "the name of a file to write is wanted");
        }
        to->html = value;
    } else {
        return false;
    }
    return true;
}

static void
defaults(void)
{
    memset(&hd_options, 0, sizeof(hd_options));
    hd_options.leaks = true;
    hd_options.jobs = 1;
    hd_options.steps_max = 20000;
    hd_options.seed = 1;
    hd_options.random_count = 10000;
    hd_options.executions_max = UINT64_MAX;
    hd_options.stack_bytes = 256 * 1024;
    hd_options.progress = isatty(2) == 1;
}

/* "--name=value" or "--name" and the next word. */
static void
one_word(char *word, char **rest)
{
    char *equal = strchr(word, '=');
    char *value = NULL;

    if (flag(word)) {
        return;
    }
    if (equal != NULL) {
        *equal = '\0';
        value = equal + 1;
    } else {
        value = strtok_r(NULL, "\n", rest);
    }
    if (!search_option(word, value) && !bound_option(word, value)) {
        wrong(word, NULL, "no such option; heddle(1) lists them");
    }
}

static _Noreturn void
exclude(const char *one, const char *other, const char *why)
{
    fprintf(stderr, "heddle: %s and %s exclude each other: %s\n", one, other,
            why);
    exit(2);
}

static _Noreturn void
lacks(const char *option, const char *other)
{
    fprintf(stderr, "heddle: %s does nothing alone: %s is wanted with it\n",
            option, other);
    exit(2);
}

/*
 * One way to search, unless a schedule is given anyway; --random says how many
 * schedules --pct takes.
 */
static void
check_searches(const char *const *chosen)
{
    int i;
    int k;

    for (i = 0; i < HD_CHOSE_SEARCHES; i++) {
        for (k = i + 1; k < HD_CHOSE_SEARCHES; k++) {
            bool together = i == HD_CHOSE_RANDOM && k == HD_CHOSE_PCT;

            together =
                together || (k == HD_CHOSE_SEED &&
                             (i == HD_CHOSE_RANDOM || i == HD_CHOSE_PCT));
            if (chosen[i] != NULL && chosen[k] != NULL && !together) {
                exclude(chosen[i], chosen[k],
                        k == HD_CHOSE_SEED ? "a seed is for --random and --pct"
                                           : "each is a search of its own");
            }
        }
    }
}

static void
check_together(void)
{
    const char *const *chosen = hd_options.chosen;

    check_searches(chosen);
    if (chosen[HD_CHOSE_SEED] != NULL && chosen[HD_CHOSE_RANDOM] == NULL &&
        chosen[HD_CHOSE_PCT] == NULL) {
        lacks("--seed", "--random N or --pct D");
    }
    if (chosen[HD_CHOSE_DIE_ANYWHERE] != NULL && hd_options.deaths == 0) {
        lacks("--die-anywhere", "--deaths N");
    }
    if (hd_options.idle_time && hd_options.spurious) {
        exclude("--idle-time", "--spurious",
                "with the second a wait may end "
                "at any moment");
    }
}

void
hd_options_parse(const char *words, const char *program, const char *name)
{
    char *rest = NULL;
    char *word;

    defaults();
    hd_options.program = program;
    hd_options.name = name;
    if (words == NULL) {
        return;
    }
    snprintf(words_copy, sizeof(words_copy), "%s", words);
    for (word = strtok_r(words_copy, "\n", &rest); word != NULL;
         word = strtok_r(NULL, "\n", &rest)) {
        one_word(word, &rest);
    }
    check_together();
    if (hd_options.schedule != NULL) {
        hd_options.search = HD_SEARCH_REPLAY;
        hd_options.jobs = 1;
    }
}
