#include "switches.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 4096
#define ROOM_FIRST 64U

/* The number of a line `…voluntary_ctxt_switches: N`; of others, 0. */
static uint64_t
number_in(const char *line)
{
    const char *colon = strchr(line, ':');
    if (colon == NULL || strstr(line, "voluntary_ctxt_switches") == NULL) {
        return 0;
    }
    return strtoull(colon + 1, NULL, 10);
}

/* A thread that has just ended has none. */
static uint64_t
of_thread(pid_t process, pid_t thread)
{
    char path[64];
    char line[LINE_BYTES];
    uint64_t switches = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)process,
                   (int)thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        switches += number_in(line);
    }
    (void)fclose(file);
    return switches;
}

static int
add(struct switches *s, pid_t process, pid_t thread)
{
    if (s->length == s->room) {
        size_t room = s->room > 0 ? s->room * 2 : ROOM_FIRST;
        struct switches_thread *threads =
            realloc(s->threads, room * sizeof(*threads));
        if (threads == NULL) {
            return ENOMEM;
        }
        s->threads = threads;
        s->room = room;
    }
    s->threads[s->length++] = (struct switches_thread){
        .thread = thread, .switches = of_thread(process, thread)};
    return 0;
}

static int
by_number(const void *left, const void *right)
{
    const struct switches_thread *a = left;
    const struct switches_thread *b = right;
    return (a->thread > b->thread) - (a->thread < b->thread);
}

int
switches_take(struct switches *s, pid_t process)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    DIR *threads = opendir(path);
    if (threads == NULL) {
        return errno;
    }
    int error = 0;
    const struct dirent *thread;
    s->length = 0;
    while (error == 0 && (thread = readdir(threads)) != NULL) {
        if (thread->d_name[0] != '.') {
            error = add(s, process, (pid_t)strtol(thread->d_name, NULL, 10));
        }
    }
    (void)closedir(threads);
    if (s->length > 0) {
        qsort(s->threads, s->length, sizeof(*s->threads), by_number);
    }
    return error;
}

uint64_t
switches_between(const struct switches *then, const struct switches *now)
{
    uint64_t switches = 0;
    size_t i = 0;
    for (size_t j = 0; j < now->length; j++) {
        const struct switches_thread *thread = &now->threads[j];
        while (i < then->length && then->threads[i].thread < thread->thread) {
            i++;
        }
        bool was_there = i < then->length &&
                         then->threads[i].thread == thread->thread &&
                         then->threads[i].switches <= thread->switches;
        switches +=
            thread->switches - (was_there ? then->threads[i].switches : 0);
    }
    return switches;
}

void
switches_fini(struct switches *s)
{
    free(s->threads);
    *s = (struct switches){0};
}
