#include "ctl_top.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define LINE_MAX_BYTES 256
#define NUMBER_TEXT_MAX 16
#define TIME_TEXT_MAX 32
#define HOUR_S UINT64_C(3600)
#define DAY_S (24 * HOUR_S)

/* Which figure goes where. */
static const struct {
    const char *name;
    size_t offset;
} server_figures[] = {
    {"instance", offsetof(struct ctl_top_sample, instance)},
    {"uptime-seconds", offsetof(struct ctl_top_sample, uptime_s)},
    {"mailboxes", offsetof(struct ctl_top_sample, mailboxes)},
    {"mailbox-bytes", offsetof(struct ctl_top_sample, mailbox_bytes)},
    {"packet-bytes", offsetof(struct ctl_top_sample, packet_bytes)},
    {"clients", offsetof(struct ctl_top_sample, clients)},
    {"clients-max", offsetof(struct ctl_top_sample, clients_max)},
    {"clients-total", offsetof(struct ctl_top_sample, clients_total)},
    {"reads", offsetof(struct ctl_top_sample, reads)},
    {"writes", offsetof(struct ctl_top_sample, writes)},
    {"conflicts", offsetof(struct ctl_top_sample, conflicts)},
    {"timeouts", offsetof(struct ctl_top_sample, timeouts)},
    {"lock-timeouts", offsetof(struct ctl_top_sample, lock_timeouts)},
    {"lock-recoveries", offsetof(struct ctl_top_sample, lock_recoveries)},
    {"bad-requests", offsetof(struct ctl_top_sample, bad_requests)},
    {"bytes-in", offsetof(struct ctl_top_sample, bytes_in)},
    {"bytes-out", offsetof(struct ctl_top_sample, bytes_out)},
};

static const struct {
    const char *name;
    size_t offset;
} row_figures[] = {
    {"version", offsetof(struct ctl_top_row, version)},
    {"size", offsetof(struct ctl_top_row, size)},
    {"reads", offsetof(struct ctl_top_row, reads)},
    {"readers", offsetof(struct ctl_top_row, readers)},
    {"waiting", offsetof(struct ctl_top_row, waiting)},
    {"watching", offsetof(struct ctl_top_row, watching)},
};

#define SERVER_FIGURES (sizeof server_figures / sizeof server_figures[0])
#define ROW_FIGURES (sizeof row_figures / sizeof row_figures[0])

static uint64_t *
figure_at(void *owner, size_t offset)
{
    return (void *)((char *)owner + offset);
}

static uint64_t
figure_of(const void *owner, size_t offset)
{
    uint64_t number;

    memcpy(&number, (const char *)owner + offset, sizeof number);
    return number;
}

static void
keep_version(struct ctl_top_sample *sample,
             const struct dipc_statistics *statistics)
{
    for (size_t i = 0; i < dipc_statistics_count(statistics); i++) {
        if (!strcmp(dipc_statistics_name(statistics, i), "version")) {
            (void)snprintf(sample->version, sizeof sample->version, "%s",
                           dipc_statistics_value(statistics, i));
        }
    }
}

/* A figure that the server does not tell stays 0. */
static enum dipc_status
take_server(struct dipc_connection *connection, struct ctl_top_sample *sample,
            struct dipc_error *error)
{
    struct dipc_statistics *statistics;

    enum dipc_status status =
        dipc_stat(connection, DIPC_SERVER, &statistics, error);
    if (status != DIPC_OK) {
        return status;
    }
    keep_version(sample, statistics);
    for (size_t i = 0; i < SERVER_FIGURES; i++) {
        (void)dipc_statistics_number(
            statistics, server_figures[i].name,
            figure_at(sample, server_figures[i].offset));
    }
    dipc_statistics_free(statistics);
    return DIPC_OK;
}

static enum dipc_status
take_row(struct dipc_connection *connection, struct ctl_top_row *row,
         struct dipc_error *error)
{
    struct dipc_statistics *statistics;

    enum dipc_status status =
        dipc_stat(connection, row->mailbox, &statistics, error);
    if (status != DIPC_OK) {
        return status;
    }
    for (size_t i = 0; i < ROW_FIGURES; i++) {
        (void)dipc_statistics_number(statistics, row_figures[i].name,
                                     figure_at(row, row_figures[i].offset));
    }
    dipc_statistics_free(statistics);
    return DIPC_OK;
}

enum dipc_status
ctl_top_take(struct dipc_connection *connection, struct ctl_top_sample *sample,
             struct dipc_error *error)
{
    memset(sample, 0, sizeof *sample);
    enum dipc_status status = take_server(connection, sample, error);
    sample->rows_count = sample->mailboxes < CTL_TOP_MAILBOXES_MAX
                             ? (size_t)sample->mailboxes
                             : CTL_TOP_MAILBOXES_MAX;
    for (size_t i = 0; i < sample->rows_count && status == DIPC_OK; i++) {
        sample->rows[i].mailbox = (uint32_t)i;
        status = take_row(connection, &sample->rows[i], error);
    }
    sample->taken_ns = clock_now_ns(NULL);
    return status;
}

/* A figure that fell began anew. */
static uint64_t
growth(uint64_t before, uint64_t now)
{
    return now > before ? now - before : 0;
}

/* Another server may have taken its place: nothing is comparable then. */
static const struct ctl_top_sample *
comparable(const struct ctl_top_sample *before,
           const struct ctl_top_sample *now)
{
    return before && before->instance == now->instance ? before : NULL;
}

static void
compare(const struct ctl_top_sample *before, struct ctl_top_sample *now)
{
    for (size_t i = 0; i < now->rows_count; i++) {
        struct ctl_top_row *row = &now->rows[i];
        row->new_reads = 0;
        row->new_writes = 0;
        if (before && i < before->rows_count) {
            row->new_reads = growth(before->rows[i].reads, row->reads);
            row->new_writes = growth(before->rows[i].version, row->version);
        }
    }
}

/* The busier comes first, then what anybody waits for, then the number. */
static int
compare_rows(const void *a, const void *b)
{
    const struct ctl_top_row *one = a;
    const struct ctl_top_row *other = b;
    const uint64_t keys[][2] = {
        {one->new_reads + one->new_writes,
         other->new_reads + other->new_writes},
        {one->watching + one->waiting, other->watching + other->waiting},
        {other->mailbox, one->mailbox},
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] > keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static bool
was_used(const struct ctl_top_row *row)
{
    return row->version > 0 || row->reads > 0 || row->watching > 0 ||
           row->waiting > 0;
}

/* One table on its way to a stream. */
struct print {
    FILE *stream;
    const char *line_end;
    size_t columns;
    size_t lines_left; /* SIZE_MAX: without end */
};

static void print_line(struct print *print, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
print_line(struct print *print, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;

    if (print->lines_left == 0) {
        return;
    }
    print->lines_left--;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)fprintf(print->stream, "%.*s%s", (int)print->columns, line,
                  print->line_end);
}

static double
seconds(const struct ctl_top_sample *before, const struct ctl_top_sample *now)
{
    const uint64_t ns = before ? now->taken_ns - before->taken_ns : 0;

    return (double)ns / (double)CLOCK_NS_PER_S;
}

/* "123", "12.3" or "-" where there is nothing to compare with. */
static const char *
rate(uint64_t more, double in_s, char text[static NUMBER_TEXT_MAX])
{
    const double figure = in_s > 0 ? (double)more / in_s : 0;

    if (in_s <= 0) {
        return "-";
    }
    (void)snprintf(text, NUMBER_TEXT_MAX, "%.*f",
                   figure > 0 && figure < 10 ? 1 : 0, figure);
    return text;
}

/* "512 B", "4.0 kB", "1.5 MB". */
static const char *
bytes(double figure, char text[static NUMBER_TEXT_MAX])
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
    (void)snprintf(text, NUMBER_TEXT_MAX, "%.*f %s", is_whole ? 0 : 1, figure,
                   units[unit]);
    return text;
}

static const char *
byte_rate(uint64_t before, uint64_t now, double in_s,
          char text[static NUMBER_TEXT_MAX])
{
    return in_s > 0 ? bytes((double)growth(before, now) / in_s, text) : "-";
}

static const char *
uptime(uint64_t s, char text[static TIME_TEXT_MAX])
{
    if (s < HOUR_S) {
        (void)snprintf(text, TIME_TEXT_MAX, "%" PRIu64 " min %" PRIu64 " s",
                       s / 60, s % 60);
    } else if (s < 2 * DAY_S) {
        (void)snprintf(text, TIME_TEXT_MAX, "%" PRIu64 " h %" PRIu64 " min",
                       s / HOUR_S, s % HOUR_S / 60);
    } else {
        (void)snprintf(text, TIME_TEXT_MAX, "%" PRIu64 " days %" PRIu64 " h",
                       s / DAY_S, s % DAY_S / HOUR_S);
    }
    return text;
}

static void
print_server(struct print *print, const char *server,
             const struct ctl_top_sample *before,
             const struct ctl_top_sample *now)
{
    const struct ctl_top_sample *old = before ? before : now;
    const double s = seconds(before, now);
    char time[TIME_TEXT_MAX];
    char text[4][NUMBER_TEXT_MAX];

    print_line(print,
               "dipc %s at %s, up %s: %" PRIu64 " mailboxes of %s, packets of "
               "%s",
               now->version, server, uptime(now->uptime_s, time),
               now->mailboxes, bytes((double)now->mailbox_bytes, text[0]),
               bytes((double)now->packet_bytes, text[1]));
    print_line(print,
               "clients %" PRIu64 " of %" PRIu64 ", %" PRIu64
               " ever   new/s %s   in/s %s   out/s %s",
               now->clients, now->clients_max, now->clients_total,
               rate(growth(old->clients_total, now->clients_total), s, text[0]),
               byte_rate(old->bytes_in, now->bytes_in, s, text[1]),
               byte_rate(old->bytes_out, now->bytes_out, s, text[2]));
    print_line(print,
               "reads %" PRIu64 " (%s/s)   writes %" PRIu64
               " (%s/s)   conflicts %" PRIu64 "   timeouts %" PRIu64,
               now->reads, rate(growth(old->reads, now->reads), s, text[0]),
               now->writes, rate(growth(old->writes, now->writes), s, text[1]),
               now->conflicts, now->timeouts);
    print_line(print,
               "lock timeouts %" PRIu64 "   lock recoveries %" PRIu64
               "   bad requests %" PRIu64 "%s",
               now->lock_timeouts, now->lock_recoveries, now->bad_requests,
               now->rows_count < now->mailboxes
                   ? "   (the first 4096 mailboxes)"
                   : "");
}

static void
print_row(struct print *print, const struct ctl_top_row *row, double s)
{
    char text[3][NUMBER_TEXT_MAX];

    print_line(print,
               "%7" PRIu32 " %9" PRIu64 " %8s %9" PRIu64 " %8s %8s %7" PRIu64
               " %6" PRIu64 " %8" PRIu64,
               row->mailbox, row->version, rate(row->new_writes, s, text[0]),
               row->reads, rate(row->new_reads, s, text[1]),
               bytes((double)row->size, text[2]), row->readers, row->waiting,
               row->watching);
}

void
ctl_top_print(FILE *stream, const char *server,
              const struct ctl_top_sample *before, struct ctl_top_sample *now,
              size_t columns, size_t lines, const char *line_end)
{
    static struct ctl_top_row used[CTL_TOP_MAILBOXES_MAX];
    size_t count = 0;
    struct print print = {.stream = stream,
                          .line_end = line_end,
                          .columns = columns,
                          .lines_left = lines > 0 ? lines : SIZE_MAX};

    before = comparable(before, now);
    compare(before, now);
    for (size_t i = 0; i < now->rows_count; i++) {
        if (was_used(&now->rows[i])) {
            used[count++] = now->rows[i];
        }
    }
    qsort(used, count, sizeof used[0], compare_rows);
    print_server(&print, server, before, now);
    print_line(&print, "%7s %9s %8s %9s %8s %8s %7s %6s %8s", "MAILBOX",
               "VERSION", "WRITES/S", "READS", "READS/S", "SIZE", "READING",
               "QUEUED", "WATCHING");
    for (size_t i = 0; i < count; i++) {
        print_row(&print, &used[i], seconds(before, now));
    }
}

void
ctl_top_print_json(FILE *stream, const struct ctl_top_sample *before,
                   struct ctl_top_sample *now)
{
    before = comparable(before, now);
    compare(before, now);
    (void)fprintf(stream, "{\"seconds\": %.3f", seconds(before, now));
    for (size_t i = 0; i < SERVER_FIGURES; i++) {
        (void)fprintf(stream, ", \"%s\": %" PRIu64, server_figures[i].name,
                      figure_of(now, server_figures[i].offset));
    }
    (void)fprintf(stream, ", \"boxes\": [");
    for (size_t i = 0; i < now->rows_count; i++) {
        const struct ctl_top_row *row = &now->rows[i];
        (void)fprintf(stream, "%s{\"mailbox\": %" PRIu32, i > 0 ? ", " : "",
                      row->mailbox);
        for (size_t j = 0; j < ROW_FIGURES; j++) {
            (void)fprintf(stream, ", \"%s\": %" PRIu64, row_figures[j].name,
                          figure_of(row, row_figures[j].offset));
        }
        (void)fprintf(stream,
                      ", \"new-reads\": %" PRIu64 ", \"new-writes\": %" PRIu64
                      "}",
                      row->new_reads, row->new_writes);
    }
    (void)fprintf(stream, "]}\n");
}
