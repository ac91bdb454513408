#include "mortals.h"

#include <ctype.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include <heddle.h>

/*
 * Two deaths, each found after the longest nap on a lock and one on its guard,
 * and as much again for a nap that had just begun.
 */
#define PATIENCE_S 3

/* Which threads are mortal in danger only; by themselves, const else. */
static bool in_danger_only[MORTALS_MAX];

struct part {
    void (*play)(uint32_t thread, const char *script);
    uint32_t thread;
    const char *script;
};

void
mortals_read(struct mortals *mortals, int argc, char **argv)
{
    *mortals = (struct mortals){.count = 0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-f") == 0) {
            mortals->futex = true;
            continue;
        }
        heddle_assert(argv[i][0] != '-');
        heddle_assert(mortals->count < MORTALS_MAX);
        mortals->scripts[mortals->count] = argv[i];
        mortals->count++;
    }
    heddle_assert(mortals->count > 0);
}

void
mortals_danger(bool begins)
{
    uint32_t thread = heddle_thread_number() - 1; /* main is 0 */
    if (thread < MORTALS_MAX && in_danger_only[thread]) {
        heddle_thread_may_die(begins);
    }
}

static void *
thread_main(void *argument)
{
    const struct part *part = argument;
    bool mortal = part->script[0] == '!';
    bool sometimes = part->script[0] == '%';
    in_danger_only[part->thread] = sometimes;
    heddle_thread_may_die(mortal);
    part->play(part->thread, part->script + (mortal || sometimes ? 1 : 0));
    heddle_thread_may_die(false);
    return NULL;
}

void
mortals_play(const struct mortals *mortals,
             void (*play)(uint32_t thread, const char *script))
{
    pthread_t threads[MORTALS_MAX];
    struct part parts[MORTALS_MAX];
    for (uint32_t i = 0; i < mortals->count; i++) {
        parts[i] = (struct part){play, i, mortals->scripts[i]};
        int error = pthread_create(&threads[i], NULL, thread_main, &parts[i]);
        heddle_assert(error == 0);
    }
    for (uint32_t i = 0; i < mortals->count; i++) {
        int error = pthread_join(threads[i], NULL);
        heddle_assert(error == 0);
    }
}

void
mortals_now(struct timespec *now)
{
    int error = clock_gettime(CLOCK_MONOTONIC, now);
    heddle_assert(error == 0);
}

const struct timespec *
mortals_deadline(char letter, struct timespec *memory)
{
    if (isupper((unsigned char)letter)) {
        *memory = (struct timespec){0, 0};
        return memory;
    }
    if (letter == 'x' || letter == 'y') {
        mortals_now(memory);
        memory->tv_sec += PATIENCE_S;
        return memory;
    }
    return NULL;
}

bool
mortals_may_be_late(char letter)
{
    return isupper((unsigned char)letter) != 0;
}
