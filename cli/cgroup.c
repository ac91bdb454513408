#include "cgroup.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

/* How the two versions call the same. */
struct kind {
    const char *place; /* below the mount */
    const char *limit;
    const char *usage;
    const char *idle_cache; /* in memory.stat */
    const char *busy_cache;
};

static const struct kind one = {"/memory", "memory.limit_in_bytes",
                                "memory.usage_in_bytes", "total_inactive_file",
                                "total_active_file"};
static const struct kind two = {"", "memory.max", "memory.current",
                                "inactive_file", "active_file"};

static FILE *
open_in(const char *group, const char *name)
{
    char path[PATH_MAX];

    int length = snprintf(path, sizeof path, "%s/%s", group, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re")
                                                      : NULL;
}

/* A file of one number; one that says "max", or is not there, has none. */
static bool
read_number(const char *group, const char *name, uint64_t *number)
{
    char line[64] = "";
    char *end = line;
    FILE *stream = open_in(group, name);

    if (!stream) {
        return false;
    }
    if (fgets(line, sizeof line, stream)) {
        *number = strtoull(line, &end, 10);
    }
    (void)fclose(stream);
    return end != line;
}

/* The number in a line "name number", if that is its name; else 0. */
static uint64_t
number_in(const char *line, const char *name)
{
    const size_t length = strlen(name);

    if (strncmp(line, name, length) != 0 || line[length] != ' ') {
        return 0;
    }
    return strtoull(line + length, NULL, 10);
}

/* The cache of files, which a group gives back before it is short of memory. */
static uint64_t
read_cache(const char *group, const struct kind *kind)
{
    char line[128];
    uint64_t sum = 0;
    FILE *stream = open_in(group, "memory.stat");

    if (!stream) {
        return 0;
    }
    while (fgets(line, sizeof line, stream)) {
        sum += number_in(line, kind->idle_cache);
        sum += number_in(line, kind->busy_cache);
    }
    (void)fclose(stream);
    return sum;
}

static uint64_t
left_of(const char *group, const struct kind *kind)
{
    uint64_t limit = 0;
    uint64_t usage = 0;

    if (!read_number(group, kind->limit, &limit) ||
        !read_number(group, kind->usage, &usage)) {
        return UINT64_MAX;
    }
    const uint64_t cache = read_cache(group, kind);
    usage = usage > cache ? usage - cache : 0;
    return limit > usage ? limit - usage : 0;
}

/* The least of a group and all above it, up to the mount. */
static uint64_t
least_of(const char *mount, const char *path, const struct kind *kind)
{
    char group[PATH_MAX];
    uint64_t least = UINT64_MAX;

    int length =
        snprintf(group, sizeof group, "%s%s%s", mount, kind->place, path);
    if (length < 0 || (size_t)length >= sizeof group) {
        return UINT64_MAX;
    }
    const size_t top = strlen(mount) + strlen(kind->place);
    for (int i = 0; i < DEPTH_MAX; i++) {
        const uint64_t left = left_of(group, kind);
        least = left < least ? left : least;
        char *slash = strrchr(group, '/');
        if (!slash || (size_t)(slash - group) < top) {
            break;
        }
        *slash = '\0';
    }
    return least;
}

/* "4:memory:/path" of version 1, "0::/path" of version 2. */
static const struct kind *
kind_of(const char *controllers)
{
    char list[128];

    if (*controllers == '\0') {
        return &two;
    }
    (void)snprintf(list, sizeof list, ",%s,", controllers);
    return strstr(list, ",memory,") ? &one : NULL;
}

uint64_t
cgroup_memory_left(const char *list, const char *mount)
{
    char line[PATH_MAX];
    uint64_t least = UINT64_MAX;
    FILE *stream = fopen(list, "re");

    if (!stream) {
        return UINT64_MAX;
    }
    while (fgets(line, sizeof line, stream)) {
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path) {
            continue;
        }
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        const struct kind *kind = kind_of(controllers + 1);
        const uint64_t left = kind ? least_of(mount, path, kind) : UINT64_MAX;
        least = left < least ? left : least;
    }
    (void)fclose(stream);
    return least;
}
