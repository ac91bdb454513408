/*
 * Idea: the rest of the C library as the code under test sees it: memory,
 * strings, output, assertions. What reads or writes the program's memory
 * reports it, so that races with it are found; output is dropped while
 * exploring and shown when a schedule is replayed.
 * Who may call: the code under test.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "finding.h"
#include "heap.h"
#include "options.h"
#include "program.h"

static uint32_t
place(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

HD_LIBC(void *, malloc, size_t bytes)
{
    return hd_heap_take(bytes, 16, place(HD_CALLER));
}

HD_LIBC(void *, calloc, size_t many, size_t each)
{
    void *got;

    if (each != 0 && many > SIZE_MAX / each) {
        errno = ENOMEM;
        return NULL;
    }
    got = hd_heap_take(many * each, 16, place(HD_CALLER));
    memset(got, 0, many * each);
    return got;
}

HD_LIBC(void, free, void *block)
{
    if (block != NULL) {
        hd_heap_give(block, place(HD_CALLER));
    }
}

HD_LIBC(void *, realloc, void *old, size_t bytes)
{
    uint32_t pc = place(HD_CALLER);
    void *fresh = hd_heap_take(bytes, 16, pc);

    if (old != NULL) {
        size_t had = hd_heap_length(old);

        memcpy(fresh, old, had < bytes ? had : bytes);
        hd_heap_give(old, pc);
    }
    return fresh;
}

HD_LIBC(void *, aligned_alloc, size_t alignment, size_t bytes)
{
    return hd_heap_take(bytes, alignment, place(HD_CALLER));
}

HD_LIBC(int, posix_memalign, void **to, size_t alignment, size_t bytes)
{
    void *got;

    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    got = hd_heap_take(bytes, alignment, place(HD_CALLER));
    hd_access_result(to, &got, sizeof(got), HD_CALLER);
    return 0;
}

HD_LIBC(void *, memcpy, void *to, const void *from, size_t bytes)
{
    hd_access_plain(from, bytes, false, HD_CALLER);
    hd_access_plain(to, bytes, true, HD_CALLER);
    return memcpy(to, from, bytes);
}

HD_LIBC(void *, memmove, void *to, const void *from, size_t bytes)
{
    hd_access_plain(from, bytes, false, HD_CALLER);
    hd_access_plain(to, bytes, true, HD_CALLER);
    return memmove(to, from, bytes);
}

HD_LIBC(void *, memset, void *to, int value, size_t bytes)
{
    hd_access_plain(to, bytes, true, HD_CALLER);
    return memset(to, value, bytes);
}

HD_LIBC(int, memcmp, const void *one, const void *two, size_t bytes)
{
    hd_access_plain(one, bytes, false, HD_CALLER);
    hd_access_plain(two, bytes, false, HD_CALLER);
    return memcmp(one, two, bytes);
}

/* What clang makes of a comparison with zero. */
HD_LIBC(int, bcmp, const void *one, const void *two, size_t bytes)
{
    hd_access_plain(one, bytes, false, HD_CALLER);
    hd_access_plain(two, bytes, false, HD_CALLER);
    return memcmp(one, two, bytes) != 0;
}

HD_LIBC(void *, memchr, const void *in, int value, size_t bytes)
{
    void *at = (void *)(uintptr_t)memchr(in, value, bytes);
    size_t seen =
        at == NULL ? bytes : (size_t)((char *)at - (const char *)in) + 1;

    hd_access_plain(in, seen, false, HD_CALLER);
    return at;
}

HD_LIBC(size_t, strlen, const char *text)
{
    size_t length = strlen(text);

    hd_access_plain(text, length + 1, false, HD_CALLER);
    return length;
}

HD_LIBC(size_t, strnlen, const char *text, size_t most)
{
    size_t length = strnlen(text, most);

    hd_access_plain(text, length, false, HD_CALLER);
    return length;
}

HD_LIBC(int, strcmp, const char *one, const char *two)
{
    hd_access_plain(one, strlen(one) + 1, false, HD_CALLER);
    hd_access_plain(two, strlen(two) + 1, false, HD_CALLER);
    return strcmp(one, two);
}

HD_LIBC(int, strncmp, const char *one, const char *two, size_t most)
{
    hd_access_plain(one, strnlen(one, most), false, HD_CALLER);
    hd_access_plain(two, strnlen(two, most), false, HD_CALLER);
    return strncmp(one, two, most);
}

HD_LIBC(char *, strcpy, char *to, const char *from)
{
    size_t bytes = strlen(from) + 1;

    hd_access_plain(from, bytes, false, HD_CALLER);
    hd_access_plain(to, bytes, true, HD_CALLER);
    memcpy(to, from, bytes);
    return to;
}

HD_LIBC(char *, strncpy, char *to, const char *from, size_t bytes)
{
    size_t length = strnlen(from, bytes);

    hd_access_plain(from, length, false, HD_CALLER);
    hd_access_plain(to, bytes, true, HD_CALLER);
    memset(to, 0, bytes);
    memcpy(to, from, length);
    return to;
}

HD_LIBC(char *, strcat, char *to, const char *from)
{
    size_t had = strlen(to);
    size_t bytes = strlen(from) + 1;

    hd_access_plain(to, had + 1, false, HD_CALLER);
    hd_access_plain(from, bytes, false, HD_CALLER);
    hd_access_plain(to + had, bytes, true, HD_CALLER);
    memcpy(to + had, from, bytes);
    return to;
}

HD_LIBC(char *, strchr, const char *text, int value)
{
    hd_access_plain(text, strlen(text) + 1, false, HD_CALLER);
    return (char *)(uintptr_t)strchr(text, value);
}

HD_LIBC(char *, strrchr, const char *text, int value)
{
    hd_access_plain(text, strlen(text) + 1, false, HD_CALLER);
    return (char *)(uintptr_t)strrchr(text, value);
}

HD_LIBC(char *, strstr, const char *in, const char *what)
{
    hd_access_plain(in, strlen(in) + 1, false, HD_CALLER);
    hd_access_plain(what, strlen(what) + 1, false, HD_CALLER);
    return (char *)(uintptr_t)strstr(in, what);
}

HD_LIBC(char *, strdup, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = hd_heap_take(bytes, 16, place(HD_CALLER));

    hd_access_plain(text, bytes, false, HD_CALLER);
    memcpy(copy, text, bytes);
    return copy;
}

HD_LIBC(int, vsnprintf, char *to, size_t most, const char *format, va_list list)
{
    int length = vsnprintf(to, most, format, list);

    if (most > 0 && length >= 0) {
        size_t wrote = (size_t)length < most ? (size_t)length + 1 : most;

        hd_access_plain(to, wrote, true, HD_CALLER);
    }
    return length;
}

HD_LIBC(int, snprintf, char *to, size_t most, const char *format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = hd_libc_vsnprintf(to, most, format, list);
    va_end(list);
    return length;
}

HD_LIBC(int, vfprintf, FILE *to, const char *format, va_list list)
{
    int length;

    if (hd_options.output) {
        length = vfprintf(to, format, list);
        fflush(to);
        return length;
    }
    return vsnprintf(NULL, 0, format, list);
}

HD_LIBC(int, vprintf, const char *format, va_list list)
{
    return hd_libc_vfprintf(stdout, format, list);
}

HD_LIBC(int, printf, const char *format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = hd_libc_vfprintf(stdout, format, list);
    va_end(list);
    return length;
}

HD_LIBC(int, fprintf, FILE *to, const char *format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = hd_libc_vfprintf(to, format, list);
    va_end(list);
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

HD_LIBC(int, puts, const char *text)
{
    say(text, strlen(text), stdout);
    say("\n", 1, stdout);
    return 1;
}

HD_LIBC(int, fputs, const char *text, FILE *to)
{
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
    char one = (char)value;

    say(&one, 1, to);
    return value;
}

HD_LIBC(size_t, fwrite, const void *from, size_t each, size_t many, FILE *to)
{
    say(from, each * many, to);
    return many;
}

HD_LIBC(int, fflush, FILE *to)
{
    (void)to;
    return 0;
}

HD_LIBC(void, perror, const char *text)
{
    say(text, strlen(text), stderr);
    say("\n", 1, stderr);
}

HD_LIBC(_Noreturn void, __assert_fail, const char *what, const char *file,
        unsigned line, const char *function)
{
    const char *name = strrchr(file, '/');

    hd_finding_at(place(HD_CALLER), 0);
    hd_finding(HD_ASSERTION, "assertion failed: %s, %s:%u, %s", what,
               name == NULL ? file : name + 1, line, function);
}

HD_LIBC(_Noreturn void, abort, void)
{
    hd_finding_at(place(HD_CALLER), 0);
    hd_finding(HD_CRASH, "thread %d calls abort", hd.self->id);
}

HD_LIBC(_Noreturn void, __stack_chk_fail, void)
{
    hd_finding(HD_CRASH, "thread %d writes past a local array", hd.self->id);
}
