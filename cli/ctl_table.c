#include "ctl_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>

#define LINE_MAX_BYTES 256
#define HOUR_S UINT64_C(3600)
#define DAY_S (24 * HOUR_S)

void
ctl_table_line(struct ctl_table *table, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;

    if (table->lines_left == 0) {
        return;
    }
    table->lines_left--;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)fprintf(table->stream, "%.*s%s", (int)table->columns, line,
                  table->line_end);
}

uint64_t
ctl_table_growth(uint64_t before, uint64_t now)
{
    return now > before ? now - before : 0;
}

const char *
ctl_table_rate(uint64_t more, double in_s,
               char text[static CTL_TABLE_NUMBER_MAX])
{
    const double figure = in_s > 0 ? (double)more / in_s : 0;

    if (in_s <= 0) {
        return "-";
    }
    (void)snprintf(text, CTL_TABLE_NUMBER_MAX, "%.*f",
                   figure > 0 && figure < 10 ? 1 : 0, figure);
    return text;
}

const char *
ctl_table_bytes(double figure, char text[static CTL_TABLE_NUMBER_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t unit = 0;

    if (figure < 1024) {
        figure = (double)(int)figure; /* no parts of a byte */
    }
    while (figure >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        figure /= 1024;
        unit++;
    }
    const bool is_whole = figure >= 10 || figure == (double)(int)figure;
    (void)snprintf(text, CTL_TABLE_NUMBER_MAX, "%.*f %s", is_whole ? 0 : 1,
                   figure, units[unit]);
    return text;
}

const char *
ctl_table_age(uint64_t s, char text[static CTL_TABLE_TIME_MAX])
{
    if (s < 60) {
        (void)snprintf(text, CTL_TABLE_TIME_MAX, "%" PRIu64 " s", s);
    } else if (s < HOUR_S) {
        (void)snprintf(text, CTL_TABLE_TIME_MAX, "%" PRIu64 " min", s / 60);
    } else if (s < 2 * DAY_S) {
        (void)snprintf(text, CTL_TABLE_TIME_MAX, "%" PRIu64 " h", s / HOUR_S);
    } else {
        (void)snprintf(text, CTL_TABLE_TIME_MAX, "%" PRIu64 " days", s / DAY_S);
    }
    return text;
}
