/*
 * Idea: output. It is formed, so that what it reads is checked, and dropped
 * while exploring; when a schedule is replayed it is shown. Only the standard
 * output and error exist.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <printf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "finding.h"
#include "heap.h"
#include "options.h"

enum { ARGUMENTS_MAX = 32 };

static void
reads(const char *text, const void *pc)
{
    hd_access_plain(text, strlen(text) + 1, false, pc);
}

/* Pass over one argument; a text is read. With a precision it may have no
 * end: then only its first byte is known to be read. */
static bool
one_argument(int type, bool precise, va_list *list, const void *pc)
{
    const char *text;

    switch (type & ~PA_FLAG_MASK) {
    case PA_INT:
    case PA_CHAR:
        if ((type & (PA_FLAG_LONG | PA_FLAG_LONG_LONG)) != 0) {
            (void)va_arg(*list, long);
        } else {
            (void)va_arg(*list, int);
        }
        return true;
    case PA_DOUBLE:
        (void)va_arg(*list, double);
        return (type & PA_FLAG_LONG_DOUBLE) == 0;
    case PA_STRING:
        text = va_arg(*list, const char *);
        if (text != NULL && precise) {
            hd_access_plain(text, 1, false, pc);
        } else if (text != NULL) {
            reads(text, pc);
        }
        return true;
    case PA_POINTER:
        (void)va_arg(*list, void *);
        return true;
    default:
        return false;
    }
}

static void
reads_arguments(const char *format, va_list from, const void *pc)
{
    int type[ARGUMENTS_MAX];
    size_t many = parse_printf_format(format, ARGUMENTS_MAX, type);
    bool precise = strchr(format, '.') != NULL;
    va_list list;
    size_t i;

    reads(format, pc);
    va_copy(list, from);
    for (i = 0; i < many && i < ARGUMENTS_MAX; i++) {
        if (!one_argument(type[i], precise, &list, pc)) {
            break;
        }
    }
    va_end(list);
}

/* The length first, so that what does not fit is seen before it is written. */
static int
form(char *to, size_t most, const char *format, va_list list, const void *pc)
{
    va_list again;
    int length;

    reads_arguments(format, list, pc);
    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (most > 0 && length >= 0) {
        size_t writes = (size_t)length < most ? (size_t)length + 1 : most;

        hd_access_plain(to, writes, true, pc);
        vsnprintf(to, writes, format, list);
    }
    return length;
}

static int
show(FILE *to, const char *format, va_list list, const void *pc)
{
    int length;

    reads_arguments(format, list, pc);
    if (!hd_options.output) {
        return vsnprintf(NULL, 0, format, list);
    }
    length = vfprintf(to, format, list);
    fflush(to);
    return length;
}

static void
say(const char *text, size_t length, FILE *to)
{
    if (hd_options.output) {
        fwrite(text, 1, length, to);
        fflush(to);
    }
}

static FILE *
stream_of(int descriptor, const void *pc)
{
    if (descriptor != 1 && descriptor != 2) {
        hd_finding_at((uint32_t)(uintptr_t)pc, 0);
        hd_finding(HD_UNSUPPORTED,
                   "thread %d writes to descriptor %d: only "
                   "1 and 2 are modelled, files and sockets are not",
                   hd.self->id, descriptor);
    }
    return descriptor == 1 ? stdout : stderr;
}

HD_LIBC(int, vsnprintf, char *to, size_t most, const char *format, va_list list)
{
    return form(to, most, format, list, HD_CALLER);
}

HD_LIBC(int, vsprintf, char *to, const char *format, va_list list)
{
    return form(to, SIZE_MAX, format, list, HD_CALLER);
}

HD_LIBC(int, vfprintf, FILE *to, const char *format, va_list list)
{
    return show(to, format, list, HD_CALLER);
}

HD_LIBC(int, vprintf, const char *format, va_list list)
{
    return show(stdout, format, list, HD_CALLER);
}

/* The functions with "..." after a format. */
#define FORMATS(call)           \
    {                           \
        va_list list;           \
        int length;             \
                                \
        va_start(list, format); \
        length = call;          \
        va_end(list);           \
        return length;          \
    }

HD_LIBC(int, snprintf, char *to, size_t most, const char *format, ...)
FORMATS(form(to, most, format, list, HD_CALLER))

HD_LIBC(int, sprintf, char *to, const char *format, ...)
FORMATS(form(to, SIZE_MAX, format, list, HD_CALLER))

HD_LIBC(int, printf, const char *format, ...)
FORMATS(show(stdout, format, list, HD_CALLER))

HD_LIBC(int, fprintf, FILE *to, const char *format, ...)
FORMATS(show(to, format, list, HD_CALLER))

HD_LIBC(int, dprintf, int descriptor, const char *format, ...)
FORMATS(show(stream_of(descriptor, HD_CALLER), format, list, HD_CALLER))

static int
form_anew(char **to, const char *format, va_list list, const void *pc)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        return length;
    }
    text = hd_heap_take((size_t)length + 1, 16, (uint32_t)(uintptr_t)pc);
    hd_access_result(to, &text, sizeof(text), pc);
    return form(text, (size_t)length + 1, format, list, pc);
}

HD_LIBC(int, vasprintf, char **to, const char *format, va_list list)
{
    return form_anew(to, format, list, HD_CALLER);
}

HD_LIBC(int, asprintf, char **to, const char *format, ...)
FORMATS(form_anew(to, format, list, HD_CALLER))

HD_LIBC(int, puts, const char *text)
{
    reads(text, HD_CALLER);
    say(text, strlen(text), stdout);
    say("\n", 1, stdout);
    return 1;
}

HD_LIBC(int, fputs, const char *text, FILE *to)
{
    reads(text, HD_CALLER);
    say(text, strlen(text), to);
    return 1;
}

HD_LIBC(int, putchar, int value)
{
    char one = (char)value;

    say(&one, 1, stdout);
    return value;
}

HD_LIBC(int, fputc, int value, FILE *to)
{
    char one = (char)value;

    say(&one, 1, to);
    return value;
}

HD_LIBC(int, putc, int value, FILE *to)
{
    return hd_libc_fputc(value, to);
}

HD_LIBC(size_t, fwrite, const void *from, size_t each, size_t many, FILE *to)
{
    hd_access_plain(from, each * many, false, HD_CALLER);
    say(from, each * many, to);
    return many;
}

HD_LIBC(ssize_t, write, int descriptor, const void *from, size_t bytes)
{
    hd_access_plain(from, bytes, false, HD_CALLER);
    say(from, bytes, stream_of(descriptor, HD_CALLER));
    return (ssize_t)bytes;
}

HD_LIBC(int, fflush, FILE *to)
{
    (void)to;
    return 0;
}

HD_LIBC(int, ferror, FILE *of)
{
    (void)of;
    return 0;
}

HD_LIBC(void, perror, const char *text)
{
    int error = errno;

    if (text != NULL && text[0] != '\0') {
        reads(text, HD_CALLER);
        say(text, strlen(text), stderr);
        say(": ", 2, stderr);
    }
    text = strerrordesc_np(error);
    say(text == NULL ? "?" : text, text == NULL ? 1 : strlen(text), stderr);
    say("\n", 1, stderr);
    errno = error;
}
