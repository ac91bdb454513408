/*
 * Idea: functions of the C library that read or write text which the caller
 * names, beyond those in libc.c: the library does the work, and what it reads
 * and writes is reported, so that races are found and the data is put back.
 *
 * strtok keeps its place in a variable that counts as the program's: each
 * execution finds it as new, and two threads that use it race.
 * Who may call: the code under test.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "heap.h"

static char *strtok_place;

static void
reads(const char *text, const void *pc)
{
    hd_access_plain(text, strlen(text) + 1, false, pc);
}

static void
writes(const void *at, size_t bytes, const void *pc)
{
    hd_access_plain(at, bytes, true, pc);
}

HD_LIBC(char *, stpcpy, char *to, const char *from)
{
    size_t length = strlen(from);

    reads(from, HD_CALLER);
    writes(to, length + 1, HD_CALLER);
    memcpy(to, from, length + 1);
    return to + length;
}

HD_LIBC(char *, stpncpy, char *to, const char *from, size_t bytes)
{
    hd_access_plain(from, strnlen(from, bytes), false, HD_CALLER);
    writes(to, bytes, HD_CALLER);
    return stpncpy(to, from, bytes);
}

HD_LIBC(char *, strncat, char *to, const char *from, size_t most)
{
    size_t had = strlen(to);
    size_t length = strnlen(from, most);

    reads(to, HD_CALLER);
    hd_access_plain(from, length, false, HD_CALLER);
    writes(to + had, length + 1, HD_CALLER);
    memcpy(to + had, from, length);
    to[had + length] = '\0';
    return to;
}

HD_LIBC(char *, strndup, const char *text, size_t most)
{
    size_t length = strnlen(text, most);
    char *copy = hd_heap_take(length + 1, 16, (uint32_t)(uintptr_t)HD_CALLER);

    hd_access_plain(text, length, false, HD_CALLER);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

HD_LIBC(void *, mempcpy, void *to, const void *from, size_t bytes)
{
    hd_access_plain(from, bytes, false, HD_CALLER);
    writes(to, bytes, HD_CALLER);
    return mempcpy(to, from, bytes);
}

HD_LIBC(void *, memccpy, void *to, const void *from, int stop, size_t bytes)
{
    const char *end = memchr(from, stop, bytes);
    size_t length =
        end == NULL ? bytes : (size_t)(end - (const char *)from) + 1;

    hd_access_plain(from, length, false, HD_CALLER);
    writes(to, length, HD_CALLER);
    return memccpy(to, from, stop, bytes);
}

HD_LIBC(void *, memrchr, const void *in, int value, size_t bytes)
{
    hd_access_plain(in, bytes, false, HD_CALLER);
    return (void *)(uintptr_t)memrchr(in, value, bytes);
}

/* What two texts give together. */
#define TWO_TEXTS(type, name)                             \
    HD_LIBC(type, name, const char *one, const char *two) \
    {                                                     \
        reads(one, HD_CALLER);                            \
        reads(two, HD_CALLER);                            \
        return (type)(uintptr_t)name(one, two);           \
    }

TWO_TEXTS(size_t, strspn)
TWO_TEXTS(size_t, strcspn)
TWO_TEXTS(char *, strpbrk)
TWO_TEXTS(char *, strcasestr)
TWO_TEXTS(int, strcasecmp)
TWO_TEXTS(int, strcoll)

HD_LIBC(int, strncasecmp, const char *one, const char *two, size_t most)
{
    hd_access_plain(one, strnlen(one, most), false, HD_CALLER);
    hd_access_plain(two, strnlen(two, most), false, HD_CALLER);
    return strncasecmp(one, two, most);
}

static char *
token(char *text, const char *limits, char **place, const void *pc)
{
    char *got;

    hd_access_plain(place, sizeof(*place), true, pc);
    reads(limits, pc);
    if (text != NULL || *place != NULL) {
        reads(text != NULL ? text : *place, pc);
    }
    got = strtok_r(text, limits, place);
    if (got != NULL) {
        writes(got + strlen(got), 1, pc);
    }
    return got;
}

HD_LIBC(char *, strtok_r, char *text, const char *limits, char **place)
{
    return token(text, limits, place, HD_CALLER);
}

HD_LIBC(char *, strtok, char *text, const char *limits)
{
    return token(text, limits, &strtok_place, HD_CALLER);
}

HD_LIBC(char *, strsep, char **place, const char *limits)
{
    char *got;

    hd_access_plain(place, sizeof(*place), true, HD_CALLER);
    if (*place != NULL) {
        reads(*place, HD_CALLER);
    }
    got = strsep(place, limits);
    if (got != NULL && *place != NULL) {
        writes(*place - 1, 1, HD_CALLER);
    }
    return got;
}

static void
number_read(const char *text, char *end, char **to, const void *pc)
{
    hd_access_plain(text, (size_t)(end - text) + 1, false, pc);
    if (to != NULL) {
        hd_access_result(to, &end, sizeof(end), pc);
    }
}

#define TO_NUMBER(type, name, of)                              \
    HD_LIBC(type, name, const char *text, char **to, int base) \
    {                                                          \
        char *end;                                             \
        type got = of(text, &end, base);                       \
                                                               \
        number_read(text, end, to, HD_CALLER);                 \
        return got;                                            \
    }

TO_NUMBER(long, strtol, strtol)
TO_NUMBER(unsigned long, strtoul, strtoul)
TO_NUMBER(long long, strtoll, strtoll)
TO_NUMBER(unsigned long long, strtoull, strtoull)
TO_NUMBER(intmax_t, strtoimax, strtoimax)
TO_NUMBER(uintmax_t, strtoumax, strtoumax)
TO_NUMBER(long, __isoc23_strtol, strtol)
TO_NUMBER(unsigned long, __isoc23_strtoul, strtoul)
TO_NUMBER(long long, __isoc23_strtoll, strtoll)
TO_NUMBER(unsigned long long, __isoc23_strtoull, strtoull)

HD_LIBC(double, strtod, const char *text, char **to)
{
    char *end;
    double got = strtod(text, &end);

    number_read(text, end, to, HD_CALLER);
    return got;
}

HD_LIBC(int, atoi, const char *text)
{
    reads(text, HD_CALLER);
    return (int)strtol(text, NULL, 10);
}

HD_LIBC(long, atol, const char *text)
{
    reads(text, HD_CALLER);
    return strtol(text, NULL, 10);
}

HD_LIBC(long long, atoll, const char *text)
{
    reads(text, HD_CALLER);
    return strtoll(text, NULL, 10);
}

HD_LIBC(double, atof, const char *text)
{
    reads(text, HD_CALLER);
    return strtod(text, NULL);
}

/* The text of an error lies where nobody writes, but for numbers that are
 * none; the library's buffer for those is never shown. */
HD_LIBC(char *, strerror, int error)
{
    const char *text = strerrordesc_np(error);

    return (char *)(uintptr_t)(text == NULL ? "Unknown error" : text);
}

HD_LIBC(char *, strerror_r, int error, char *to, size_t bytes)
{
    (void)to;
    (void)bytes;
    return hd_libc_strerror(error);
}

HD_LIBC(int, __xpg_strerror_r, int error, char *to, size_t bytes)
{
    const char *text = hd_libc_strerror(error);
    size_t length = strnlen(text, bytes == 0 ? 0 : bytes - 1);

    if (bytes > 0) {
        writes(to, length + 1, HD_CALLER);
        memcpy(to, text, length);
        to[length] = '\0';
    }
    return 0;
}
