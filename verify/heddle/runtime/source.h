/*
 * Idea: from addresses to what a person reads: function, file and line for
 * code, the variable's name for data. Looked up only when a failure is
 * shown, with the binutils' addr2line and nm.
 * Who may call: reports.
 */
#ifndef HEDDLE_SOURCE_H
#define HEDDLE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct hd_source {
    char function[80];
    char file[200]; /* without its folders */
    char path[400];
    int line; /* 0: not known */
};

/* Look these return addresses up, all at once. */
void hd_source_load(const uint32_t *pc, int count);
const struct hd_source *hd_source_of(uint32_t pc);
/* The source's line, without leading blanks. */
void
hd_source_line(const struct hd_source *source, char *text, size_t size_bytes);
/* "lock", "table+8", "heap of thread 1 +16", "stack of thread 2"... */
void hd_source_object(uint64_t at, char *text, size_t size_bytes);

#endif
