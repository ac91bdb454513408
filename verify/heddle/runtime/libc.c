/*
 * Idea: memory, strings and assertions of the C library as the code under
 * test sees them. What reads or writes the program's memory reports it, so
 * that races with it are found.
 * Who may call: the code under test.
 */
#include <errno.h>
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

static void *
resize(void *old, size_t bytes, uint32_t pc)
{
    size_t had = old == NULL ? 0 : hd_heap_length(old);
    void *fresh;

    if (old != NULL) {
        hd_heap_give(old, pc);
    }
    if (old != NULL && bytes == 0) {
        return NULL;
    }
    fresh = hd_heap_take(bytes, 16, pc);
    memcpy(fresh, old, had < bytes ? had : bytes);
    return fresh;
}

HD_LIBC(void *, realloc, void *old, size_t bytes)
{
    return resize(old, bytes, place(HD_CALLER));
}

HD_LIBC(void *, reallocarray, void *old, size_t many, size_t each)
{
    if (each != 0 && many > SIZE_MAX / each) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(old, many * each, place(HD_CALLER));
}

HD_LIBC(void *, memalign, size_t alignment, size_t bytes)
{
    return hd_heap_take(bytes, alignment, place(HD_CALLER));
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
