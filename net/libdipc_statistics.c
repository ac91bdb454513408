#include "libdipc_statistics.h"

#include <stdlib.h>
#include <string.h>

#include "libdipc_error.h"
#include "libdipc_request.h"

#define TEXT_BYTES ((size_t)16384) /* of a server of this version: 500 */

/* The text, with its lines and the spaces in them become ends of strings. */
struct dipc_statistics {
    size_t count;
    size_t length;
    char text[TEXT_BYTES + 1];
};

/* Every line is a name, a space and a value. */
static bool
split(struct dipc_statistics *statistics)
{
    char *at = statistics->text;
    char *end = statistics->text + statistics->length;

    while (at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *space = newline ? memchr(at, ' ', (size_t)(newline - at)) : NULL;
        if (!space || space == at || memchr(at, '\0', (size_t)(newline - at))) {
            return false;
        }
        *space = '\0';
        *newline = '\0';
        statistics->count++;
        at = newline + 1;
    }
    return true;
}

struct dipc_statistics *
libdipc_statistics_create(void)
{
    return calloc(1, sizeof(struct dipc_statistics));
}

struct libdipc_request
libdipc_statistics_request(struct dipc_statistics *statistics)
{
    return (struct libdipc_request){.kind = LIBDIPC_STAT,
                                    .statistics = statistics,
                                    .data = statistics->text,
                                    .capacity = TEXT_BYTES};
}

enum dipc_status
libdipc_statistics_take(struct dipc_statistics *statistics, size_t length,
                        struct dipc_connection *connection)
{
    statistics->length = length;
    if (split(statistics)) {
        return DIPC_OK;
    }
    statistics->count = 0;
    return libdipc_exchange_lose(connection, DIPC_PROTOCOL,
                                 "the server's statistics are no list of names "
                                 "and values");
}

static enum dipc_status
ask(struct dipc_connection *connection, uint32_t mailbox,
    struct dipc_statistics *statistics, struct dipc_error *error)
{
    char line[LIBDIPC_HEADER_MAX];
    struct dipc_answer answer = {0};
    struct libdipc_request request = libdipc_statistics_request(statistics);

    libdipc_request_stat(line, mailbox);
    struct iovec out = {.iov_base = line, .iov_len = strlen(line)};
    request.end = out.iov_len;
    enum dipc_status status =
        libdipc_exchange(connection, &out, 1, &request, 1, error);
    if (status == DIPC_OK) {
        status =
            libdipc_exchange_result(&request, connection->why, &answer, error);
    }
    free(request.text);
    if (status == DIPC_OK &&
        libdipc_statistics_take(statistics, answer.length, connection)) {
        return libdipc_fail(error, DIPC_PROTOCOL, "%s", connection->why);
    }
    return status;
}

enum dipc_status
dipc_stat(struct dipc_connection *connection, uint32_t mailbox,
          struct dipc_statistics **statistics, struct dipc_error *error)
{
    struct dipc_statistics *made = libdipc_statistics_create();

    *statistics = NULL;
    if (!made) {
        return libdipc_fail(error, DIPC_NO_MEMORY, "no memory");
    }
    enum dipc_status status = ask(connection, mailbox, made, error);
    if (status != DIPC_OK) {
        free(made);
        return status;
    }
    *statistics = made;
    return DIPC_OK;
}

size_t
dipc_statistics_count(const struct dipc_statistics *statistics)
{
    return statistics->count;
}

const char *
dipc_statistics_name(const struct dipc_statistics *statistics, size_t index)
{
    const char *at = statistics->text;

    if (index >= statistics->count) {
        return NULL;
    }
    for (size_t i = 0; i < 2 * index; i++) {
        at += strlen(at) + 1;
    }
    return at;
}

const char *
dipc_statistics_value(const struct dipc_statistics *statistics, size_t index)
{
    const char *name = dipc_statistics_name(statistics, index);

    return name ? name + strlen(name) + 1 : NULL;
}

static bool
is_number(const char *text, uint64_t *number)
{
    uint64_t sum = 0;

    for (const char *at = text; *at != '\0'; at++) {
        const uint64_t digit = (uint64_t)(*at - '0');
        if (*at < '0' || *at > '9' || sum > (UINT64_MAX - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *number = sum;
    return *text != '\0';
}

bool
dipc_statistics_number(const struct dipc_statistics *statistics,
                       const char *name, uint64_t *number)
{
    for (size_t i = 0; i < statistics->count; i++) {
        const char *found = dipc_statistics_name(statistics, i);
        if (!strcmp(found, name)) {
            return is_number(found + strlen(found) + 1, number);
        }
    }
    return false;
}

void
dipc_statistics_free(struct dipc_statistics *statistics)
{
    free(statistics);
}
