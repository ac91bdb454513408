#include "replay.h"

#include <stdio.h>
#include <stdlib.h>

static HD_OWN const struct hd_step_taken *follow;
static HD_OWN int follows;
static HD_OWN int at;
static HD_OWN int skipped;

void
hd_replay_set(const struct hd_step_taken *step, int steps)
{
    follow = step;
    follows = steps;
}

static void
begin(void)
{
    at = 0;
    skipped = 0;
}

static int
choose(int depth)
{
    uint64_t enabled = hd_policy_enabled();
    int last = depth > 0 ? hd.event[depth - 1].thread : 0;
    int id;

    if (enabled == 0) {
        return hd_policy_stuck();
    }
    while (at < follows) {
        const struct hd_step_taken *want = &follow[at];
        struct hd_thread *thread = &hd.thread[want->thread];

        at++;
        if ((enabled >> want->thread & 1) != 0 &&
            (hd_alternatives(thread) >> want->choice & 1) != 0) {
            thread->choice = want->choice;
            return want->thread;
        }
        skipped++;
    }
    id = (enabled >> last & 1) != 0 ? last : __builtin_ctzll(enabled);
    hd.thread[id].choice = __builtin_ctzll(hd_alternatives(&hd.thread[id]));
    return id;
}

static void
committed(int event)
{
    (void)event;
}

static bool
next(void)
{
    return false;
}

int
hd_replay_skipped(void)
{
    return skipped + follows - at;
}

const struct hd_policy hd_policy_replay = {begin, choose, committed, next,
                                           NULL};

static const char *
parse_number(const char *text, long max, long *got)
{
    char *end;

    if (*text < '0' || *text > '9') {
        return NULL;
    }
    *got = strtol(text, &end, 10);
    return *got <= max ? end : NULL;
}

static const char *
parse_one(const char *text, struct hd_step_taken *one, long *times, int max)
{
    long thread;
    long choice = 0;

    *times = 1;
    text = parse_number(text, HD_THREADS_MAX - 1, &thread);
    if (text != NULL && *text == ':') {
        text = parse_number(text + 1, 63, &choice);
    }
    if (text != NULL && *text == 'x') {
        text = parse_number(text + 1, max, times);
    }
    if (text != NULL) {
        one->thread = (uint8_t)thread;
        one->choice = (uint8_t)choice;
    }
    return text;
}

int
hd_replay_parse(const char *text, struct hd_step_taken *step, int steps_max)
{
    int steps = 0;

    while (text != NULL && *text != '\0') {
        struct hd_step_taken one = {0, 0};
        long times;

        text = parse_one(text, &one, &times, steps_max);
        while (text != NULL && times > 0 && steps < steps_max) {
            step[steps] = one;
            steps++;
            times--;
        }
        if (text != NULL && *text == '.') {
            text++;
        } else if (text != NULL && *text != '\0') {
            return -1;
        }
    }
    return text == NULL ? -1 : steps;
}

void
hd_replay_format(const struct hd_step_taken *step, int steps, char *text,
                 size_t size_bytes)
{
    size_t used = 0;
    int i = 0;

    text[0] = '\0';
    while (i < steps && used + 24 < size_bytes) {
        int run = 1;
        const char *dot = i > 0 ? "." : "";

        while (i + run < steps && step[i + run].thread == step[i].thread &&
               step[i + run].choice == step[i].choice) {
            run++;
        }
        used += (size_t)snprintf(text + used, size_bytes - used, "%s%d", dot,
                                 step[i].thread);
        if (step[i].choice != 0) {
            used += (size_t)snprintf(text + used, size_bytes - used, ":%d",
                                     step[i].choice);
        }
        if (run > 1) {
            used +=
                (size_t)snprintf(text + used, size_bytes - used, "x%d", run);
        }
        i += run;
    }
}
