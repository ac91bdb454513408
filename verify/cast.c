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
    bool may_die;
};

static void
add_script(struct cast *cast, const char *script)
{
    heddle_assert(script[0] != '-');
    heddle_assert(cast->count < CAST_MAX);
    if (script[0] == '!') {
        heddle_assert(cast->victim == CAST_MAX);
        cast->victim = cast->count;
        script++;
    }
    cast->scripts[cast->count] = script;
    cast->count++;
}

void
cast_read(struct cast *cast, int argc, char **argv)
{
    *cast = (struct cast){.victim = CAST_MAX};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-f") == 0) {
            cast->futex = true;
        } else if (strcmp(argv[i], "-u") == 0) {
            cast->undertaker = true;
        } else {
            add_script(cast, argv[i]);
        }
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
    heddle_thread_may_die(part->may_die);
    part->play(part->thread, part->script);
    heddle_thread_may_die(false);
    return NULL;
}

static void *
undertaker_main(void *argument)
{
    void (*const *recover)(void) = argument;
    heddle_thread_may_die(true);
    (*recover)();
    heddle_thread_may_die(false);
    return NULL;
}

static void
join(pthread_t thread)
{
    int error = pthread_join(thread, NULL);
    heddle_assert(error == 0);
}

/* The victim has ended or died.  An undertaker may die, too. */
static void
put_in_order(const struct cast *cast, void (*recover)(void))
{
    if (cast->undertaker) {
        pthread_t undertaker;
        int error = pthread_create(&undertaker, NULL, undertaker_main,
                                   (void *)&recover);
        heddle_assert(error == 0);
        join(undertaker);
    }
    recover();
}

void
cast_play(const struct cast *cast,
          void (*play)(uint32_t thread, const char *script),
          void (*recover)(void))
{
    pthread_t threads[CAST_MAX];
    struct part parts[CAST_MAX];
    for (uint32_t i = 0; i < cast->count; i++) {
        parts[i] = (struct part){play, i, cast->scripts[i], i == cast->victim};
        int error = pthread_create(&threads[i], NULL, thread_main, &parts[i]);
        heddle_assert(error == 0);
    }
    if (cast->victim < cast->count) {
        join(threads[cast->victim]);
        put_in_order(cast, recover);
    }
    for (uint32_t i = 0; i < cast->count; i++) {
        if (i != cast->victim) {
            join(threads[i]);
        }
    }
}

const struct timespec *
cast_deadline(char letter)
{
    return isupper((unsigned char)letter) ? &deadline : NULL;
}
