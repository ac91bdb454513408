#ifndef DIPC_RESP_PATTERN_H
#define DIPC_RESP_PATTERN_H

/*
 * Patterns of names, as Redis understands them: `*`, `?`, `[abc]`, `[a-c]`,
 * `[^a]`, and a backslash before what shall mean itself.
 *
 * Idea.  Only the last `*` has to be taken up again when what follows it does
 * not match, so the time is no more than the pattern's length times the
 * text's.  fnmatch(3) understands more, and `[!a]` otherwise.
 *
 * Who may call.  Any thread.
 */

#include <stdbool.h>
#include <stddef.h>

/* The longest that a command takes. */
#define RESP_PATTERN_MAX 255

struct resp_pattern {
    const char *bytes;
    size_t length;
    bool ignores_case;
};

bool resp_pattern_matches(const struct resp_pattern *pattern, const char *text);

#endif
