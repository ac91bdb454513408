#include "own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *
map(void *at, size_t length_bytes, int flags)
{
    void *got = mmap(at, length_bytes, PROT_READ | PROT_WRITE,
                     MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

    if (got == MAP_FAILED) {
        fprintf(stderr, "heddle: %zu bytes of address space wanted: %s\n",
                length_bytes, strerror(errno));
        exit(2);
    }
    return got;
}

void *
hd_own_reserve(size_t length_bytes)
{
    return map(NULL, length_bytes, MAP_PRIVATE);
}

void *
hd_own_share(size_t length_bytes)
{
    return map(NULL, length_bytes, MAP_SHARED);
}

void *
hd_own_reserve_at(uintptr_t address, size_t length_bytes)
{
    return map((void *)address, length_bytes,
               MAP_PRIVATE | MAP_FIXED_NOREPLACE);
}
