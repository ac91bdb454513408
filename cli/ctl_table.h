#ifndef DIPC_CTL_TABLE_H
#define DIPC_CTL_TABLE_H

/*
 * A table on its way to a stream, and figures as a person reads them.
 *
 * Who may call.  One thread for each table.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CTL_TABLE_NUMBER_MAX 16
#define CTL_TABLE_TIME_MAX 32

struct ctl_table {
    FILE *stream;
    const char *line_end;
    size_t columns;    /* a line is cut there */
    size_t lines_left; /* SIZE_MAX: without end */
};

/* One line, unless there is no room for one more. */
void ctl_table_line(struct ctl_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* From one figure to the next; one that fell began anew: 0. */
uint64_t ctl_table_growth(uint64_t before, uint64_t now);

/* "123", "12.3", or "-" where there is no time to compare with. */
const char *ctl_table_rate(uint64_t more, double in_s,
                           char text[static CTL_TABLE_NUMBER_MAX]);

/* "512 B", "4.0 kB", "1.5 MB". */
const char *
ctl_table_bytes(double figure, char text[static CTL_TABLE_NUMBER_MAX]);

/* "5 s", "12 min", "30 h", "3 days". */
const char *ctl_table_age(uint64_t s, char text[static CTL_TABLE_TIME_MAX]);

#endif
