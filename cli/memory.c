#include "memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static bool
is_field(const char *line, const char *name, uint64_t *kb)
{
    size_t length = strlen(name);

    if (strncmp(line, name, length) != 0 || line[length] != ':') {
        return false;
    }
    char *end = NULL;
    unsigned long long found = strtoull(line + length + 1, &end, 10);
    if (strcmp(end, " kB\n") != 0) {
        return false;
    }
    *kb = found;
    return true;
}

uint64_t
memory_available(void)
{
    char line[128];
    uint64_t available_kb = 0;
    uint64_t swap_kb = 0;

    FILE *stream = fopen("/proc/meminfo", "re");
    if (!stream) {
        return UINT64_MAX;
    }
    while (fgets(line, sizeof line, stream)) {
        (void)(is_field(line, "MemAvailable", &available_kb) ||
               is_field(line, "SwapFree", &swap_kb));
    }
    (void)fclose(stream);
    return available_kb == 0 ? UINT64_MAX : (available_kb + swap_kb) * 1024;
}

uint64_t
memory_shared_available(const char *path)
{
    struct statvfs status;

    if (statvfs(path, &status) < 0) {
        return UINT64_MAX;
    }
    return (uint64_t)status.f_bavail * status.f_frsize;
}

void
memory_describe(uint64_t bytes, char text[static MEMORY_TEXT_MAX])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB",
                                        "TB",    "PB", "EB"};
    size_t unit = 0;
    double count = (double)bytes;

    while (count >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        count /= 1024;
        unit++;
    }
    (void)snprintf(text, MEMORY_TEXT_MAX, unit == 0 ? "%.0f %s" : "%.1f %s",
                   count, units[unit]);
}
