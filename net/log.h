#ifndef DIPC_LOG_H
#define DIPC_LOG_H

/*
 * The log: one line for each thing that a person who runs a server wants to
 * know, to a file, to standard error or to the system's log.
 *
 * Idea.  A line is put together in the caller's memory and leaves with one
 * system call.  Nothing here waits: a line that cannot be written now (a full
 * disk, a pipe that nobody empties, no system log) is dropped and counted,
 * and once writing works again a line says how many were lost.  What clients
 * store is never logged.
 *
 *     2026-11-21T08:15:00.123Z notice: listening on 127.0.0.1 port 7000
 *
 * Invariants.
 *   G1  a line is written whole or counted as dropped; the rest of a line
 *       that was cut in the middle never runs into the next one
 *   G2  no call blocks on what is behind the descriptor
 *
 * Who may call.  log_write and its short forms: any thread.  log_reopen: any
 * thread.  SIGPIPE and SIGXFSZ are to be ignored by the process, so that a
 * write that fails is an error and not a death.
 */

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "complaint.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_DETAIL
};
enum log_sink { LOG_SINK_FILE, LOG_SINK_STDERR, LOG_SINK_SYSLOG };

struct log {
    pthread_mutex_t guard;
    int fd;                /* under guard; -1: none */
    uint64_t lost;         /* lines not written since the last; under guard */
    bool cut;              /* the last line lacks its end; under guard */
    enum log_sink sink;    /* const after init */
    enum log_level lowest; /* the least important written; const after init */
    char path[PATH_MAX];   /* absolute; LOG_SINK_FILE; const after init */
    const char *program;   /* named in the system's log; const after init */
};

/*
 * Open the log in the caller's memory.
 *   destination  "syslog", "stderr", or the name of a file to append to
 *   verbose      write LOG_LEVEL_DETAIL too
 * Errors: whatever opening the file gives; the complaint says it in words
 */
int log_init(struct log *log, const char *destination, bool verbose,
             struct complaint *complaint) __attribute__((warn_unused_result));
void log_fini(struct log *log);

/*
 * Open the file by its name again, after it was moved away; when that fails
 * the old one stays and the log says so.
 */
void log_reopen(struct log *log);

/* Write one line; log may be NULL: then nothing happens. */
void log_write(struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool log_is_verbose(const struct log *log);

#define log_error(log, ...) log_write(log, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(log, ...) log_write(log, LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_detail(log, ...) log_write(log, LOG_LEVEL_DETAIL, __VA_ARGS__)

#endif
