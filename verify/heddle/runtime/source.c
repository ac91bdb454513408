#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "model.h"
#include "options.h"

enum { SOURCES_MAX = 8192, SYMBOLS_MAX = 16384, BATCH = 256 };

struct known {
    uint32_t pc;
    struct hd_source source;
};

struct symbol {
    uint64_t at;
    uint64_t length_bytes;
    char name[64];
};

static HD_OWN struct known *known;
static HD_OWN int knowns;
static HD_OWN struct symbol *symbol;
static HD_OWN int symbols;

static const struct hd_source nowhere = {"?", "?", "?", 0};

const struct hd_source *
hd_source_of(uint32_t pc)
{
    int i;

    for (i = 0; i < knowns; i++) {
        if (known[i].pc == pc) {
            return &known[i].source;
        }
    }
    return &nowhere;
}

/* "name at path:line (discriminator 1)" */
static void
parse_place(char *text, struct hd_source *source)
{
    char *at = strstr(text, " at ");
    char *colon;
    const char *base;

    *source = nowhere;
    if (at == NULL) {
        return;
    }
    *at = '\0';
    snprintf(source->function, sizeof(source->function), "%.79s", text);
    at += 4;
    colon = strrchr(at, ':');
    if (colon == NULL) {
        return;
    }
    *colon = '\0';
    source->line = atoi(colon + 1);
    snprintf(source->path, sizeof(source->path), "%.399s", at);
    base = strrchr(at, '/');
    snprintf(source->file, sizeof(source->file), "%.199s",
             base == NULL ? at : base + 1);
}

static void
load_batch(const uint32_t *pc, int count)
{
    char command[BATCH * 12 + 600];
    char line[1024];
    FILE *pipe;
    size_t used;
    int i;

    used = (size_t)snprintf(command, sizeof(command), "addr2line -f -p -e '%s'",
                            hd_options.program);
    for (i = 0; i < count; i++) {
        used += (size_t)snprintf(command + used, sizeof(command) - used, " %x",
                                 pc[i] - 1);
    }
    snprintf(command + used, sizeof(command) - used, " 2>/dev/null");
    pipe = popen(command, "r");
    if (pipe == NULL) {
        return;
    }
    for (i = 0; i < count && fgets(line, sizeof(line), pipe) != NULL; i++) {
        known[knowns].pc = pc[i];
        parse_place(line, &known[knowns].source);
        knowns++;
    }
    pclose(pipe);
}

void
hd_source_load(const uint32_t *pc, int count)
{
    uint32_t batch[BATCH];
    int batched = 0;
    int i;
    int k;

    if (known == NULL) {
        known = hd_own_reserve(SOURCES_MAX * sizeof(*known));
    }
    for (i = 0; i < count && knowns + batched < SOURCES_MAX - 1; i++) {
        for (k = 0; k < batched && batch[k] != pc[i]; k++) {
            continue;
        }
        if (pc[i] == 0 || k < batched || hd_source_of(pc[i]) != &nowhere) {
            continue;
        }
        batch[batched] = pc[i];
        batched++;
        if (batched == BATCH) {
            load_batch(batch, batched);
            batched = 0;
        }
    }
    if (batched > 0) {
        load_batch(batch, batched);
    }
}

void
hd_source_line(const struct hd_source *source, char *text, size_t size_bytes)
{
    FILE *file;
    int line = 0;
    char got[512];
    char *from = got;

    text[0] = '\0';
    file = source->line > 0 ? fopen(source->path, "r") : NULL;
    if (file == NULL) {
        return;
    }
    while (line < source->line && fgets(got, sizeof(got), file) != NULL) {
        line++;
    }
    fclose(file);
    if (line != source->line) {
        return;
    }
    while (*from == ' ' || *from == '\t') {
        from++;
    }
    from[strcspn(from, "\n")] = '\0';
    snprintf(text, size_bytes, "%s", from);
}

static void
load_symbols(void)
{
    char command[600];
    char line[512];
    FILE *pipe;

    symbol = hd_own_reserve(SYMBOLS_MAX * sizeof(*symbol));
    snprintf(command, sizeof(command), "nm -S --defined-only '%s' 2>/dev/null",
             hd_options.program);
    pipe = popen(command, "r");
    if (pipe == NULL) {
        return;
    }
    while (symbols < SYMBOLS_MAX && fgets(line, sizeof(line), pipe) != NULL) {
        unsigned long long at;
        unsigned long long bytes;
        char type;
        char name[256];

        if (sscanf(line, "%llx %llx %c %255s", &at, &bytes, &type, name) == 4 &&
            strchr("bBdDrR", type) != NULL) {
            struct symbol *one = &symbol[symbols];

            one->at = at;
            one->length_bytes = bytes;
            snprintf(one->name, sizeof(one->name), "%.63s", name);
            symbols++;
        }
    }
    pclose(pipe);
}

static void
with_offset(char *text, size_t size_bytes, const char *name, uint64_t offset)
{
    if (offset == 0) {
        snprintf(text, size_bytes, "%s", name);
    } else {
        snprintf(text, size_bytes, "%s+%llu", name, (unsigned long long)offset);
    }
}

static bool
object_of_model(uint64_t at, char *text, size_t size_bytes)
{
    if (at == HD_OBJECT_CLOCK) {
        snprintf(text, size_bytes, "time");
    } else if (at == HD_OBJECT_BUDGET) {
        snprintf(text, size_bytes, "deaths");
    } else if (at < 0x10000) {
        snprintf(text, size_bytes, "thread %d",
                 (int)((at - HD_OBJECT_THREAD(0)) / 16));
    } else if (hd_heap_has(at)) {
        uint64_t offset = at - hd_heap_at;

        snprintf(text, size_bytes, "heap%d+%llu", (int)(offset / HD_HEAP_EACH),
                 (unsigned long long)(offset % HD_HEAP_EACH));
    } else {
        return false;
    }
    return true;
}

void
hd_source_object(uint64_t at, char *text, size_t size_bytes)
{
    int i;

    if (object_of_model(at, text, size_bytes)) {
        return;
    }
    if (symbol == NULL) {
        load_symbols();
    }
    for (i = 0; i < symbols; i++) {
        if (at >= symbol[i].at && at - symbol[i].at < symbol[i].length_bytes) {
            with_offset(text, size_bytes, symbol[i].name, at - symbol[i].at);
            return;
        }
    }
    if (at >> 40 == 0x20) {
        uint64_t each = hd_options.stack_bytes + 4096;

        snprintf(text, size_bytes, "stack%d+%llu",
                 (int)((at & 0xffffffffff) / each),
                 (unsigned long long)((at & 0xffffffffff) % each));
        return;
    }
    snprintf(text, size_bytes, "%#llx", (unsigned long long)at);
}
