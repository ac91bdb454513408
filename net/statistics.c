#include "statistics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "version.h"

#define NS_PER_SECOND 1000000000

struct line {
    const char *name;
    uint64_t value;
};

static uint64_t
read_counter(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

size_t
statistics_encode(const struct statistics *statistics, uint64_t now_ns,
                  char text[static STATISTICS_TEXT_MAX])
{
    const struct line lines[] = {
        {"instance", statistics->instance},
        {"uptime-seconds", (now_ns - statistics->started_ns) / NS_PER_SECOND},
        {"mailboxes", statistics->mailboxes},
        {"mailbox-bytes", statistics->mailbox_bytes},
        {"packet-bytes", statistics->packet_bytes},
        {"clients", read_counter(&statistics->clients)},
        {"clients-max", statistics->clients_max},
        {"clients-total", read_counter(&statistics->clients_total)},
        {"reads", read_counter(&statistics->reads)},
        {"writes", read_counter(&statistics->writes)},
        {"conflicts", read_counter(&statistics->conflicts)},
        {"timeouts", read_counter(&statistics->timeouts)},
        {"lock-timeouts", read_counter(&statistics->lock_timeouts)},
        {"lock-recoveries", statistics->lock_recoveries == NULL
                                ? 0
                                : read_counter(statistics->lock_recoveries)},
        {"bad-requests", read_counter(&statistics->bad_requests)},
        {"bytes-in", read_counter(&statistics->bytes_in)},
        {"bytes-out", read_counter(&statistics->bytes_out)},
    };
    int length =
        snprintf(text, STATISTICS_TEXT_MAX, "version %s\n", VERSION_TEXT);
    size_t i;

    for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        length +=
            snprintf(text + length, (size_t)(STATISTICS_TEXT_MAX - length),
                     "%s %" PRIu64 "\n", lines[i].name, lines[i].value);
        assert(length < STATISTICS_TEXT_MAX);
    }
    return (size_t)length;
}
