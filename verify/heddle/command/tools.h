/*
 * Idea: run other programs, find Heddle's own files, keep lists of words.
 * Who may call: the command's files.
 */
#ifndef HEDDLE_TOOLS_H
#define HEDDLE_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

struct words {
    char **word; /* ends with NULL */
    size_t count;
    size_t room;
};

void words_add(struct words *words, const char *word);
void words_add_all(struct words *words, const struct words *more);

/* Memory that is given back when the process ends; never NULL. */
void *tools_take(size_t length_bytes);
char *
tools_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Say what is wrong and end with this status. */
_Noreturn void tools_fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The program cannot be checked: say why, a line each, with json also as the
 * one line that a program reads, and end with status 4. */
_Noreturn void tools_refuse(bool json, const char *text);

/* Run to the end; the exit status. */
int tools_run(const struct words *words);
/* The same, with what it prints in memory. */
char *tools_output(const struct words *words);

/* libheddle.a and the folder of heddle.h, found from where this command
 * lies. */
char *tools_library(void);
char *tools_headers(void);
/* A new folder that is removed, with its files, when the command ends. */
char *tools_scratch(void);
/* A file's content; NULL if it cannot be read. */
char *tools_read(const char *file, size_t *length_bytes);
void tools_write(const char *file, const char *text);
bool tools_has_suffix(const char *text, const char *suffix);

#endif
