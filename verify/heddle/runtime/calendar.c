/*
 * Idea: dates. The C library computes them; their static results are
 * variables that count as the program's, so that two threads that use them
 * race, and each execution finds them as new.
 * Who may call: the code under test.
 */
#include <string.h>
#include <time.h>

#include "access.h"

enum { TEXT_BYTES = 26 };

static struct tm calendar_result;
static char calendar_text[TEXT_BYTES];

#define BROKEN_DOWN(name, reentrant)                                     \
    HD_LIBC(struct tm *, reentrant, const time_t *of, struct tm *to)     \
    {                                                                    \
        hd_access_plain(of, sizeof(*of), false, HD_CALLER);              \
        hd_access_plain(to, sizeof(*to), true, HD_CALLER);               \
        return reentrant(of, to);                                        \
    }                                                                    \
    HD_LIBC(struct tm *, name, const time_t *of)                         \
    {                                                                    \
        hd_access_plain(of, sizeof(*of), false, HD_CALLER);              \
        hd_access_plain(&calendar_result, sizeof(calendar_result), true, \
                        HD_CALLER);                                      \
        return reentrant(of, &calendar_result);                          \
    }

BROKEN_DOWN(gmtime, gmtime_r)
BROKEN_DOWN(localtime, localtime_r)

#define AS_TEXT(name, reentrant, type)                               \
    HD_LIBC(char *, reentrant, const type *of, char *to)             \
    {                                                                \
        hd_access_plain(of, sizeof(*of), false, HD_CALLER);          \
        hd_access_plain(to, TEXT_BYTES, true, HD_CALLER);            \
        return reentrant(of, to);                                    \
    }                                                                \
    HD_LIBC(char *, name, const type *of)                            \
    {                                                                \
        hd_access_plain(of, sizeof(*of), false, HD_CALLER);          \
        hd_access_plain(calendar_text, TEXT_BYTES, true, HD_CALLER); \
        return reentrant(of, calendar_text);                         \
    }

AS_TEXT(ctime, ctime_r, time_t)
AS_TEXT(asctime, asctime_r, struct tm)

HD_LIBC(size_t, strftime, char *to, size_t most, const char *format,
        const struct tm *of)
{
    size_t length = strftime(to, most, format, of);

    hd_access_plain(of, sizeof(*of), false, HD_CALLER);
    hd_access_plain(to, length == 0 ? 0 : length + 1, true, HD_CALLER);
    return length;
}

HD_LIBC(time_t, mktime, struct tm *of)
{
    hd_access_plain(of, sizeof(*of), true, HD_CALLER);
    return mktime(of);
}

HD_LIBC(time_t, timegm, struct tm *of)
{
    hd_access_plain(of, sizeof(*of), true, HD_CALLER);
    return timegm(of);
}
