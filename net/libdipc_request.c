#include "libdipc_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libdipc_error.h"

#define NUMBER_MAX ((uint64_t)INT64_MAX)

/* Add " key=number", but for the one number that means none. */
static void
add_option(char line[static LIBDIPC_HEADER_MAX], const char *key,
           uint64_t number, uint64_t none)
{
    const size_t used = strlen(line);

    if (number != none) {
        (void)snprintf(line + used, LIBDIPC_HEADER_MAX - used, " %s=%" PRIu64,
                       key, number);
    }
}

static void
end_line(char line[static LIBDIPC_HEADER_MAX])
{
    const size_t used = strlen(line);

    (void)snprintf(line + used, LIBDIPC_HEADER_MAX - used, "\n");
}

static enum dipc_status
verify_version(uint64_t version, struct dipc_error *error)
{
    if (version > NUMBER_MAX && version != DIPC_ANY_VERSION) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a version is 0 to %" PRId64
                            " or DIPC_ANY_VERSION, not %" PRIu64,
                            DIPC_VERSION_MAX, version);
    }
    return DIPC_OK;
}

static enum dipc_status
verify_data(const void *data, size_t length, struct dipc_error *error)
{
    if (!data && length > 0) {
        return libdipc_fail(error, DIPC_INVALID,
                            "no data is given, and %zu bytes of it", length);
    }
    return DIPC_OK;
}

static uint64_t
at_most(uint64_t number)
{
    return number < NUMBER_MAX ? number : NUMBER_MAX;
}

enum dipc_status
libdipc_request_read(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                     uint64_t offset, uint64_t version, const void *data,
                     size_t capacity, struct dipc_error *error)
{
    enum dipc_status status = verify_data(data, capacity, error);
    if (status == DIPC_OK) {
        status = verify_version(version, error);
    }
    if (status != DIPC_OK) {
        return status;
    }
    if (offset > NUMBER_MAX) {
        return libdipc_fail(error, DIPC_INVALID,
                            "an offset is 0 to %" PRIu64 ", not %" PRIu64,
                            NUMBER_MAX, offset);
    }
    (void)snprintf(line, LIBDIPC_HEADER_MAX, "r %" PRIu32, mailbox);
    add_option(line, "at", offset, 0);
    add_option(line, "max", at_most(capacity), DIPC_ANY_VERSION);
    add_option(line, "if", version, DIPC_ANY_VERSION);
    end_line(line);
    return DIPC_OK;
}

enum dipc_status
libdipc_request_wait(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                     uint64_t version, uint64_t wait_ms, const void *data,
                     size_t capacity, struct dipc_error *error)
{
    enum dipc_status status = verify_data(data, capacity, error);
    if (status != DIPC_OK) {
        return status;
    }
    if (version > NUMBER_MAX) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a version to wait beyond is 0 to %" PRId64
                            ", not %" PRIu64,
                            DIPC_VERSION_MAX, version);
    }
    (void)snprintf(line, LIBDIPC_HEADER_MAX, "r %" PRIu32, mailbox);
    add_option(line, "max", at_most(capacity), DIPC_ANY_VERSION);
    add_option(line, "after", version, DIPC_ANY_VERSION);
    add_option(line, "wait", at_most(wait_ms), DIPC_ANY_VERSION);
    end_line(line);
    return DIPC_OK;
}

enum dipc_status
libdipc_request_write(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox,
                      uint64_t place, uint64_t version, const void *data,
                      size_t length, struct dipc_error *error)
{
    enum dipc_status status = verify_data(data, length, error);
    if (status == DIPC_OK) {
        status = verify_version(version, error);
    }
    if (status != DIPC_OK) {
        return status;
    }
    if (place > NUMBER_MAX && place != DIPC_REPLACE && place != DIPC_END) {
        return libdipc_fail(error, DIPC_INVALID,
                            "a place is 0 to %" PRIu64
                            ", DIPC_REPLACE or DIPC_END, not %" PRIu64,
                            NUMBER_MAX, place);
    }
    (void)snprintf(line, LIBDIPC_HEADER_MAX, "w %" PRIu32 " %zu%s", mailbox,
                   length, place == DIPC_END ? " at=end" : "");
    add_option(line, "at", place == DIPC_END ? DIPC_REPLACE : place,
               DIPC_REPLACE);
    add_option(line, "if", version, DIPC_ANY_VERSION);
    end_line(line);
    return DIPC_OK;
}

void
libdipc_request_stat(char line[static LIBDIPC_HEADER_MAX], uint32_t mailbox)
{
    if (mailbox == DIPC_SERVER) {
        (void)snprintf(line, LIBDIPC_HEADER_MAX, "s\n");
    } else {
        (void)snprintf(line, LIBDIPC_HEADER_MAX, "s %" PRIu32 "\n", mailbox);
    }
}
