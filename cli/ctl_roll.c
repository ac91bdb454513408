#include "ctl_roll.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_json.h"

#define NOTE_TEXT_MAX 128
#define WAIT_TEXT_MAX 48

/* The same client in a list. */
static const struct ctl_client *
find_client(const struct ctl_clients *clients, uint64_t number)
{
    for (size_t i = 0; i < clients->count; i++) {
        if (clients->rows[i].number == number) {
            return &clients->rows[i];
        }
    }
    return NULL;
}

void
ctl_roll_compare(const struct ctl_clients *before,
                 const struct ctl_clients *now,
                 uint64_t more[static CTL_CLIENTS_MAX])
{
    for (size_t i = 0; i < now->count; i++) {
        const struct ctl_client *row = &now->rows[i];
        const struct ctl_client *old =
            before ? find_client(before, row->number) : NULL;
        more[i] = before
                      ? ctl_table_growth(old ? old->requests : 0, row->requests)
                      : 0;
    }
}

/* A client's place in the list, with what decides on its place in the table. */
struct order {
    size_t index;
    uint64_t more;
    bool is_watching;
    bool is_own;
    uint64_t number;
};

static int
compare_orders(const void *a, const void *b)
{
    const struct order *one = a;
    const struct order *other = b;

    if (one->is_own != other->is_own) {
        return one->is_own ? 1 : -1;
    }
    if (one->more != other->more) {
        return one->more > other->more ? -1 : 1;
    }
    if (one->is_watching != other->is_watching) {
        return one->is_watching ? -1 : 1;
    }
    return one->number < other->number ? -1 : one->number > other->number;
}

static const char *
protocol(const struct ctl_client *client)
{
    return client->protocol == 0 ? "dipc" : "redis";
}

/* What else is to be said: "  waits for mailbox 3", "  (its name)". */
static const char *
note(const struct ctl_client *client, char text[static NOTE_TEXT_MAX])
{
    char wait[WAIT_TEXT_MAX] = "";
    const char *name = client->name;

    if (client->is_own) {
        return "  this dipcctl";
    }
    if (client->watching != CTL_CLIENTS_NONE) {
        (void)snprintf(wait, sizeof wait, "  waits for mailbox %" PRIu64,
                       client->watching);
    }
    (void)snprintf(text, NOTE_TEXT_MAX, "%s%s%s%s", wait, *name ? "  (" : "",
                   name, *name ? ")" : "");
    return text;
}

static void
print_client(struct ctl_table *table, const struct ctl_client *client,
             uint64_t more, double in_s, int width)
{
    char times[2][CTL_TABLE_TIME_MAX];
    char text[CTL_TABLE_NUMBER_MAX];
    char said[NOTE_TEXT_MAX];

    ctl_table_line(table, "%7" PRIu64 " %-*s %-5s %6s %6s %8" PRIu64 " %6s%s",
                   client->number, width, client->address, protocol(client),
                   ctl_table_age(client->age_s, times[0]),
                   ctl_table_age(client->idle_s, times[1]), client->requests,
                   ctl_table_rate(more, in_s, text), note(client, said));
}

/* As wide as the longest address. */
static int
find_width(const struct ctl_clients *clients)
{
    size_t width = strlen("ADDRESS");

    for (size_t i = 0; i < clients->count; i++) {
        const size_t length = strlen(clients->rows[i].address);
        width = length > width ? length : width;
    }
    return (int)width;
}

void
ctl_roll_print(struct ctl_table *table, const struct ctl_clients *clients,
               const uint64_t more[static CTL_CLIENTS_MAX], double in_s)
{
    static struct order orders[CTL_CLIENTS_MAX];
    const int width = find_width(clients);

    if (!clients->is_known) {
        ctl_table_line(table, "The server does not tell who its clients are.");
        return;
    }
    for (size_t i = 0; i < clients->count; i++) {
        const struct ctl_client *row = &clients->rows[i];
        orders[i] =
            (struct order){.index = i,
                           .more = more[i],
                           .is_watching = row->watching != CTL_CLIENTS_NONE,
                           .is_own = row->is_own,
                           .number = row->number};
    }
    qsort(orders, clients->count, sizeof orders[0], compare_orders);
    ctl_table_line(table, "%7s %-*s %-5s %6s %6s %8s %6s", "CLIENT", width,
                   "ADDRESS", "PROTO", "AGE", "IDLE", "REQUESTS", "PER S");
    for (size_t i = 0; i < clients->count; i++) {
        print_client(table, &clients->rows[orders[i].index], orders[i].more,
                     in_s, width);
    }
}

static void
print_json_client(FILE *stream, const struct ctl_client *client, uint64_t more)
{
    (void)fprintf(stream,
                  "{\"number\": %" PRIu64 ", \"address\": ", client->number);
    ctl_json_string(stream, client->address, strlen(client->address));
    (void)fprintf(stream, ", \"name\": ");
    ctl_json_string(stream, client->name, strlen(client->name));
    (void)fprintf(stream,
                  ", \"protocol\": \"%s\", \"age-seconds\": %" PRIu64
                  ", \"idle-seconds\": %" PRIu64 ", \"requests\": %" PRIu64
                  ", \"new-requests\": %" PRIu64,
                  protocol(client), client->age_s, client->idle_s,
                  client->requests, more);
    if (client->watching != CTL_CLIENTS_NONE) {
        (void)fprintf(stream, ", \"watching\": %" PRIu64, client->watching);
    }
    (void)fprintf(stream, "}");
}

void
ctl_roll_print_json(FILE *stream, const struct ctl_clients *clients,
                    const uint64_t more[static CTL_CLIENTS_MAX])
{
    if (!clients->is_known) {
        (void)fprintf(stream, "null");
        return;
    }
    (void)fprintf(stream, "[");
    for (size_t i = 0; i < clients->count; i++) {
        (void)fputs(i > 0 ? ", " : "", stream);
        print_json_client(stream, &clients->rows[i], more[i]);
    }
    (void)fprintf(stream, "]");
}
