/*
 * Idea: sscanf. The library reads the numbers; which of the caller's
 * variables it writes is found by walking the format beside it, and is
 * reported like every other store.
 * Who may call: the code under test.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "access.h"
#include "finding.h"

/* One conversion: what follows a '%'. */
struct conversion {
    bool assigns;
    char letter;
    int longs; /* 'l' counts up, 'h' down */
    size_t width;
    size_t bytes; /* 0: as many as the text has */
};

static size_t
size_of(const struct conversion *one)
{
    if (strchr("diouxXn", one->letter) != NULL) {
        return one->longs >= 1    ? 8
               : one->longs == 0  ? 4
               : one->longs == -1 ? 2
                                  : 1;
    }
    if (strchr("aefgAEFG", one->letter) != NULL) {
        return one->longs == 0 ? 4 : one->longs == 1 ? 8 : 16;
    }
    if (one->letter == 'p') {
        return 8;
    }
    return one->letter == 'c' ? (one->width == 0 ? 1 : one->width) : 0;
}

/* Read what stands after '%'; where the format goes on. */
static const char *
conversion_at(const char *at, struct conversion *to)
{
    memset(to, 0, sizeof(*to));
    to->assigns = *at != '*';
    at += *at == '*';
    for (; *at >= '0' && *at <= '9'; at++) {
        to->width = to->width * 10 + (size_t)(*at - '0');
    }
    for (; *at != '\0' && strchr("hljztLqm", *at) != NULL; at++) {
        to->longs += *at == 'h' ? -1 : *at == 'L' ? 2 : 1;
        if (*at == 'm') {
            hd_finding(HD_UNSUPPORTED, "sscanf with %%m is not modelled");
        }
    }
    to->letter = *at;
    if (*at == '[') {
        at++;
        at += *at == '^';
        at += *at == ']';
        at += strcspn(at, "]");
    }
    to->assigns = to->assigns && to->letter != '%';
    to->bytes = to->letter == '\0' ? 0 : size_of(to);
    return *at == '\0' ? at : at + 1;
}

/* The variables that `done` conversions have written. */
static void
written(const char *format, va_list list, int done, const void *pc)
{
    const char *at = format;

    while ((at = strchr(at, '%')) != NULL) {
        struct conversion one;
        const char *to;

        at = conversion_at(at + 1, &one);
        if (!one.assigns) {
            continue;
        }
        to = va_arg(list, const char *);
        if (one.letter != 'n') {
            done--;
        }
        if (done < 0) {
            return;
        }
        hd_access_plain(to, one.bytes == 0 ? strlen(to) + 1 : one.bytes, true,
                        pc);
    }
}

static int
scan(const char *text, const char *format, va_list list, const void *pc)
{
    va_list again;
    int done;

    va_copy(again, list);
    hd_access_plain(text, strlen(text) + 1, false, pc);
    done = vsscanf(text, format, list);
    written(format, again, done < 0 ? 0 : done, pc);
    va_end(again);
    return done;
}

#define SCANS(name, vname)                                                  \
    HD_LIBC(int, vname, const char *text, const char *format, va_list list) \
    {                                                                       \
        return scan(text, format, list, HD_CALLER);                         \
    }                                                                       \
    HD_LIBC(int, name, const char *text, const char *format, ...)           \
    {                                                                       \
        va_list list;                                                       \
        int done;                                                           \
                                                                            \
        va_start(list, format);                                             \
        done = scan(text, format, list, HD_CALLER);                         \
        va_end(list);                                                       \
        return done;                                                        \
    }

SCANS(sscanf, vsscanf)
SCANS(__isoc99_sscanf, __isoc99_vsscanf)
SCANS(__isoc23_sscanf, __isoc23_vsscanf)
