#include "protocol.h"

#include <stdbool.h>

static bool
is_between_words(char c)
{
    return c == ' ' || c == '\r' || c == '\n';
}

enum protocol
protocol_of(const char *bytes, size_t length_bytes)
{
    size_t i = 0;

    while (i < length_bytes && is_between_words(bytes[i])) {
        i++;
    }
    if (i == length_bytes) {
        return PROTOCOL_UNKNOWN;
    }
    if (bytes[i] == '*') {
        return PROTOCOL_RESP;
    }
    if (i + 1 == length_bytes) {
        return PROTOCOL_UNKNOWN;
    }
    return is_between_words(bytes[i + 1]) || bytes[i + 1] == '\t'
               ? PROTOCOL_DIPC
               : PROTOCOL_RESP;
}

const char *
protocol_refusal(enum protocol protocol)
{
    return protocol == PROTOCOL_RESP
               ? "-ERR max number of clients reached\r\n"
               : "err busy: the server has all the clients it takes: "
                 "try again later\n";
}
