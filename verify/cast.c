#include "cast.h"

#include <ctype.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include <heddle.h>

/* On the model checker's clock, which begins at 1000 s: not yet passed. */
static const struct timespec deadline = {2000, 0};

struct part {
    void (*play)(uint32_t thread, const char *script);
    uint32_t thread;
    const char *script;
};

void
cast_read(struct cast *cast, int argc, char **argv)
{
    *cast = (struct cast){.count = 0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-f") == 0) {
            cast->futex = true;
            continue;
        }
        heddle_assert(argv[i][0] != '-');
        heddle_assert(cast->count < CAST_MAX);
        cast->scripts[cast->count] = argv[i];
        cast->count++;
    }
    heddle_assert(cast->count > 0);
}

bool
cast_has(const struct cast *cast, char letter)
{
    bool has = false;
    for (uint32_t i = 0; i < cast->count; i++) {
        has = has || strchr(cast->scripts[i], letter) != NULL;
    }
    return has;
}

static void *
thread_main(void *argument)
{
    struct part *part = argument;
    part->play(part->thread, part->script);
    return NULL;
}

void
cast_play(const struct cast *cast,
          void (*play)(uint32_t thread, const char *script))
{
    pthread_t threads[CAST_MAX];
    struct part parts[CAST_MAX];
    for (uint32_t i = 0; i < cast->count; i++) {
        parts[i] = (struct part){play, i, cast->scripts[i]};
        int error = pthread_create(&threads[i], NULL, thread_main, &parts[i]);
        heddle_assert(error == 0);
    }
    for (uint32_t i = 0; i < cast->count; i++) {
        int error = pthread_join(threads[i], NULL);
        heddle_assert(error == 0);
    }
}

const struct timespec *
cast_deadline(char letter)
{
    return isupper((unsigned char)letter) ? &deadline : NULL;
}
