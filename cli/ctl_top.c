#include "ctl_top.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ctl_roll.h"
#include "ctl_table.h"

#define TIME_TEXT_MAX 32
#define ROWS_AT_ONCE ((size_t)64)
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

static void
fill_row(struct ctl_top_row *row, const struct dipc_statistics *statistics)
{
    for (size_t i = 0; i < ROW_FIGURES; i++) {
        (void)dipc_statistics_number(statistics, row_figures[i].name,
                                     figure_at(row, row_figures[i].offset));
    }
}

/* Ask for the statistics of some mailboxes at once. */
static enum dipc_status
exchange(struct dipc_batch *batch, struct dipc_connection *connection,
         const struct ctl_top_row *rows, size_t count,
         struct dipc_statistics **statistics, struct dipc_error *error)
{
    enum dipc_status status = DIPC_OK;

    dipc_batch_clear(batch);
    for (size_t i = 0; i < count && status == DIPC_OK; i++) {
        status = dipc_batch_stat(batch, rows[i].mailbox, &statistics[i]);
    }
    if (status != DIPC_OK) {
        *error = (struct dipc_error){.status = status,
                                     .message = "no memory for it"};
        return status;
    }
    status = dipc_batch_flush(batch, connection, error);
    for (size_t i = 0; i < count && status == DIPC_OK; i++) {
        status = dipc_batch_result(batch, i, NULL, error);
    }
    return status;
}

static enum dipc_status
take_some(struct dipc_batch *batch, struct dipc_connection *connection,
          struct ctl_top_row *rows, size_t count, struct dipc_error *error)
{
    struct dipc_statistics *statistics[ROWS_AT_ONCE] = {NULL};

    enum dipc_status status =
        exchange(batch, connection, rows, count, statistics, error);
    for (size_t i = 0; i < count; i++) {
        if (status == DIPC_OK) {
            fill_row(&rows[i], statistics[i]);
        }
        dipc_statistics_free(statistics[i]);
    }
    return status;
}

static enum dipc_status
take_rows(struct dipc_connection *connection, struct ctl_top_sample *sample,
          struct dipc_error *error)
{
    enum dipc_status status = DIPC_OK;
    struct dipc_batch *batch = dipc_batch_create();

    if (!batch) {
        *error = (struct dipc_error){.status = DIPC_NO_MEMORY,
                                     .message = "no memory for it"};
        return DIPC_NO_MEMORY;
    }
    for (size_t i = 0; i < sample->rows_count; i++) {
        sample->rows[i].mailbox = (uint32_t)i;
    }
    for (size_t i = 0; i < sample->rows_count && status == DIPC_OK;
         i += ROWS_AT_ONCE) {
        const size_t left = sample->rows_count - i;
        status = take_some(batch, connection, &sample->rows[i],
                           left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE, error);
    }
    dipc_batch_free(batch);
    return status;
}

enum dipc_status
ctl_top_take(struct dipc_connection *connection, struct ctl_clients_link *link,
             struct ctl_top_sample *sample, struct dipc_error *error)
{
    memset(sample, 0, sizeof *sample);
    enum dipc_status status = take_server(connection, sample, error);
    sample->rows_count = sample->mailboxes < CTL_TOP_MAILBOXES_MAX
                             ? (size_t)sample->mailboxes
                             : CTL_TOP_MAILBOXES_MAX;
    if (status == DIPC_OK) {
        status = take_rows(connection, sample, error);
    }
    if (status == DIPC_OK) {
        ctl_clients_take(link, &sample->list);
    }
    sample->taken_ns = clock_now_ns(NULL);
    return status;
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
    ctl_roll_compare(before ? &before->list : NULL, &now->list,
                     now->new_requests);
    for (size_t i = 0; i < now->rows_count; i++) {
        struct ctl_top_row *row = &now->rows[i];
        row->new_reads = 0;
        row->new_writes = 0;
        if (before && i < before->rows_count) {
            row->new_reads =
                ctl_table_growth(before->rows[i].reads, row->reads);
            row->new_writes =
                ctl_table_growth(before->rows[i].version, row->version);
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

static double
seconds(const struct ctl_top_sample *before, const struct ctl_top_sample *now)
{
    const uint64_t ns = before ? now->taken_ns - before->taken_ns : 0;

    return (double)ns / (double)CLOCK_NS_PER_S;
}

static const char *
byte_rate(uint64_t before, uint64_t now, double in_s,
          char text[static CTL_TABLE_NUMBER_MAX])
{
    return in_s > 0 ? ctl_table_bytes(
                          (double)ctl_table_growth(before, now) / in_s, text)
                    : "-";
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
print_server(struct ctl_table *table, const char *server,
             const struct ctl_top_sample *before,
             const struct ctl_top_sample *now)
{
    const struct ctl_top_sample *old = before ? before : now;
    const double s = seconds(before, now);
    char time[TIME_TEXT_MAX];
    char text[4][CTL_TABLE_NUMBER_MAX];

    ctl_table_line(
        table,
        "dipc %s at %s, up %s: %" PRIu64 " mailboxes of %s, packets of "
        "%s",
        now->version, server, uptime(now->uptime_s, time), now->mailboxes,
        ctl_table_bytes((double)now->mailbox_bytes, text[0]),
        ctl_table_bytes((double)now->packet_bytes, text[1]));
    ctl_table_line(
        table,
        "clients %" PRIu64 " of %" PRIu64 ", %" PRIu64
        " ever   new/s %s   in/s %s   out/s %s",
        now->clients, now->clients_max, now->clients_total,
        ctl_table_rate(ctl_table_growth(old->clients_total, now->clients_total),
                       s, text[0]),
        byte_rate(old->bytes_in, now->bytes_in, s, text[1]),
        byte_rate(old->bytes_out, now->bytes_out, s, text[2]));
    ctl_table_line(
        table,
        "reads %" PRIu64 " (%s/s)   writes %" PRIu64
        " (%s/s)   conflicts %" PRIu64 "   timeouts %" PRIu64,
        now->reads,
        ctl_table_rate(ctl_table_growth(old->reads, now->reads), s, text[0]),
        now->writes,
        ctl_table_rate(ctl_table_growth(old->writes, now->writes), s, text[1]),
        now->conflicts, now->timeouts);
    ctl_table_line(table,
                   "lock timeouts %" PRIu64 "   lock recoveries %" PRIu64
                   "   bad requests %" PRIu64 "%s",
                   now->lock_timeouts, now->lock_recoveries, now->bad_requests,
                   now->rows_count < now->mailboxes
                       ? "   (the first 4096 mailboxes)"
                       : "");
}

static void
print_row(struct ctl_table *table, const struct ctl_top_row *row, double s)
{
    char text[3][CTL_TABLE_NUMBER_MAX];

    ctl_table_line(table,
                   "%7" PRIu32 " %9" PRIu64 " %8s %9" PRIu64
                   " %8s %8s %7" PRIu64 " %6" PRIu64 " %8" PRIu64,
                   row->mailbox, row->version,
                   ctl_table_rate(row->new_writes, s, text[0]), row->reads,
                   ctl_table_rate(row->new_reads, s, text[1]),
                   ctl_table_bytes((double)row->size, text[2]), row->readers,
                   row->waiting, row->watching);
}

/* How many mailboxes are shown, so that half of the lines are left to clients,
 * or as many as they need. */
static size_t
share(size_t lines_left, size_t mailboxes, size_t clients)
{
    const size_t half = lines_left / 2;
    const size_t wanted = clients + 1; /* and what stands above them */

    if (lines_left == SIZE_MAX || mailboxes + wanted <= lines_left) {
        return mailboxes;
    }
    const size_t free = wanted < half ? lines_left - wanted : lines_left - half;
    return mailboxes < free ? mailboxes : free;
}

void
ctl_top_print(FILE *stream, const char *server,
              const struct ctl_top_sample *before, struct ctl_top_sample *now,
              size_t columns, size_t lines, const char *line_end)
{
    static struct ctl_top_row used[CTL_TOP_MAILBOXES_MAX];
    size_t count = 0;
    struct ctl_table table = {.stream = stream,
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
    print_server(&table, server, before, now);
    ctl_table_line(&table, "%7s %9s %8s %9s %8s %8s %7s %6s %8s", "MAILBOX",
                   "VERSION", "WRITES/S", "READS", "READS/S", "SIZE", "READING",
                   "QUEUED", "WATCHING");
    const size_t shown = share(table.lines_left, count, now->list.count);
    for (size_t i = 0; i < shown; i++) {
        print_row(&table, &used[i], seconds(before, now));
    }
    ctl_roll_print(&table, &now->list, now->new_requests, seconds(before, now));
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
    (void)fprintf(stream, "], \"connections\": ");
    ctl_roll_print_json(stream, &now->list, now->new_requests);
    (void)fprintf(stream, "}\n");
}
