#include "gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *
reason(const struct gather_result *result, char text[static GATHER_TEXT_MAX])
{
    const int number = (int)result->number;

    switch (result->outcome) {
    case GATHER_RUNNING:
        return "not served yet";
    case GATHER_COMPLETE:
        return "complete";
    case GATHER_EXITED:
        (void)snprintf(text, GATHER_TEXT_MAX, "exited %d", number);
        return text;
    case GATHER_KILLED:
        (void)snprintf(text, GATHER_TEXT_MAX, "killed by signal %d (%s)",
                       number, strsignal(number));
        return text;
    case GATHER_FAILED:
        (void)snprintf(text, GATHER_TEXT_MAX,
                       "declared a fatal error, number %" PRIu64,
                       result->number);
        return text;
    case GATHER_ABSENT:
        return "never connected";
    case GATHER_CUT_OFF:
        return "cut off in mid-result";
    case GATHER_TOO_SLOW:
        return "too slow";
    case GATHER_TOO_LARGE:
        return "sent more than it announced, or than is taken";
    case GATHER_NO_MEMORY:
        return "sent more than there is memory for";
    case GATHER_STOPPED:
        return "stopped before it was done";
    case GATHER_NOT_STARTED:
        break;
    }
    (void)snprintf(text, GATHER_TEXT_MAX, "not started%s%s", number ? ": " : "",
                   number ? strerror(number) : "");
    return text;
}

const char *
gather_describe(const struct gather_result *result, char text[GATHER_TEXT_MAX])
{
    char room[GATHER_TEXT_MAX];
    const char *why = reason(result, room);

    if (result->outcome == GATHER_COMPLETE) {
        (void)snprintf(text, GATHER_TEXT_MAX, "%zu bytes",
                       result->length_bytes);
    } else if (result->length_bytes > 0) {
        (void)snprintf(text, GATHER_TEXT_MAX, "%.80s, after %zu bytes", why,
                       result->length_bytes);
    } else {
        (void)snprintf(text, GATHER_TEXT_MAX, "%s", why);
    }
    return text;
}
