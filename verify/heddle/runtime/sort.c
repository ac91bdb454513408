/*
 * Idea: qsort and bsearch. The comparison is the program's and is checked as
 * all of it is; what the library itself reads and writes is reported here.
 * Who may call: the code under test.
 */
#include <stdlib.h>

#include "access.h"

HD_LIBC(void, qsort, void *base, size_t many, size_t each,
        int (*compare)(const void *, const void *))
{
    hd_access_plain(base, many * each, true, HD_CALLER);
    qsort(base, many, each, compare);
}

HD_LIBC(void *, bsearch, const void *key, const void *base, size_t many,
        size_t each, int (*compare)(const void *, const void *))
{
    size_t low = 0;
    size_t high = many;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *at = (const char *)base + middle * each;
        int order = compare(key, at);

        if (order == 0) {
            return (void *)(uintptr_t)at;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}
