#include "resp_pattern.h"

#include <ctype.h>
#include <stdint.h>

/* No `*` has been met. */
#define NOWHERE SIZE_MAX

static unsigned char
folded(const struct resp_pattern *pattern, char c)
{
    unsigned char byte = (unsigned char)c;

    return pattern->ignores_case ? (unsigned char)tolower(byte) : byte;
}

static bool
is_same(const struct resp_pattern *pattern, size_t at, char c)
{
    return folded(pattern, pattern->bytes[at]) == folded(pattern, c);
}

/* Is it in the range whose ends, in either order, stand here and there? */
static bool
is_between(const struct resp_pattern *pattern, size_t here, size_t there,
           char c)
{
    unsigned char one = folded(pattern, pattern->bytes[here]);
    unsigned char other = folded(pattern, pattern->bytes[there]);
    unsigned char byte = folded(pattern, c);

    return (one <= byte && byte <= other) || (other <= byte && byte <= one);
}

/* A class that is not closed ends with the pattern. */
static bool
take_class(const struct resp_pattern *pattern, size_t *at, char c)
{
    const char *bytes = pattern->bytes;
    const size_t length = pattern->length;
    size_t i = *at + 1;
    bool is_negated = i < length && bytes[i] == '^';
    bool is_in = false;

    i += is_negated ? 1 : 0;
    while (i < length && bytes[i] != ']') {
        if (bytes[i] == '\\' && i + 1 < length) {
            is_in = is_in || is_same(pattern, i + 1, c);
            i += 2;
        } else if (i + 2 < length && bytes[i + 1] == '-') {
            is_in = is_in || is_between(pattern, i, i + 2, c);
            i += 3;
        } else {
            is_in = is_in || is_same(pattern, i, c);
            i += 1;
        }
    }
    *at = i < length ? i + 1 : i;
    return is_in != is_negated;
}

/* Does what stands at *at, and is no `*`, take the character?  Moves on. */
static bool
take_one(const struct resp_pattern *pattern, size_t *at, char c)
{
    if (pattern->bytes[*at] == '[') {
        return take_class(pattern, at, c);
    }
    if (pattern->bytes[*at] == '?') {
        *at += 1;
        return true;
    }
    if (pattern->bytes[*at] == '\\' && *at + 1 < pattern->length) {
        *at += 1;
    }
    *at += 1;
    return is_same(pattern, *at - 1, c);
}

bool
resp_pattern_matches(const struct resp_pattern *pattern, const char *text)
{
    size_t at = 0;
    size_t behind_star = NOWHERE;
    const char *swallowed = text; /* by that `*`, up to here */

    while (*text != '\0') {
        if (at < pattern->length && pattern->bytes[at] == '*') {
            at++;
            behind_star = at;
            swallowed = text;
        } else if (at < pattern->length && take_one(pattern, &at, *text)) {
            text++;
        } else if (behind_star != NOWHERE) {
            at = behind_star;
            swallowed++;
            text = swallowed;
        } else {
            return false;
        }
    }
    while (at < pattern->length && pattern->bytes[at] == '*') {
        at++;
    }
    return at == pattern->length;
}
