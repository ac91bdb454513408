#include "tls.h"

#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "finding.h"

enum {
    CONTROL_BYTES = 4096,
    CONTROL_USED = 2304,
    BELOW_BYTES = 1024,
    HWCAP2_FSGSBASE_BIT = 2
};

static HD_OWN size_t image_bytes; /* the program's own variables */
static HD_OWN size_t block_bytes; /* all of the block below the pointer */
static HD_OWN char *image;
static HD_OWN uintptr_t explorer_pointer;
static HD_OWN char *block;

static uintptr_t
pointer_get(void)
{
    uintptr_t got;

    __asm__ volatile("rdfsbase %0" : "=r"(got));
    return got;
}

static void
pointer_set(uintptr_t pointer)
{
    __asm__ volatile("wrfsbase %0" : : "r"(pointer) : "memory");
}

static int
find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
    int i;

    (void)size;
    (void)unused;
    for (i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];

        if (header->p_type == PT_TLS) {
            size_t align = header->p_align == 0 ? 1 : header->p_align;

            image_bytes = (header->p_memsz + align - 1) & ~(align - 1);
        }
    }
    return 1; /* the first object is the program itself */
}

void
hd_tls_init(void)
{
    dl_iterate_phdr(find_program, NULL);
    if (image_bytes == 0) {
        return;
    }
    if ((getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT) == 0) {
        hd_finding_record(HD_UNSUPPORTED,
                          "the program has __thread "
                          "variables, which need a processor and a kernel "
                          "with FSGSBASE");
        _exit(4);
    }
    explorer_pointer = pointer_get();
    block_bytes = (image_bytes + BELOW_BYTES + 63) & ~(size_t)63;
    image = hd_own_reserve(block_bytes + CONTROL_BYTES);
    memcpy(image, (const void *)(explorer_pointer - block_bytes),
           block_bytes + CONTROL_USED);
    block = hd_own_reserve((block_bytes + CONTROL_BYTES) * HD_THREADS_MAX);
}

void
hd_tls_bounds(uintptr_t *low, uintptr_t *high)
{
    *low = (uintptr_t)block;
    *high =
        *low + (block_bytes + CONTROL_BYTES) * HD_THREADS_MAX * (block != NULL);
}

void
hd_tls_prepare(struct hd_thread *thread)
{
    char *mine;

    thread->tls = 0;
    if (image_bytes == 0) {
        return;
    }
    mine = block + (size_t)thread->id * (block_bytes + CONTROL_BYTES);
    memcpy(mine, image, block_bytes + CONTROL_USED);
    thread->tls = (uintptr_t)mine + block_bytes;
    /* The control block starts with its own address, twice. */
    memcpy(mine + block_bytes, &thread->tls, sizeof(thread->tls));
    memcpy(mine + block_bytes + 16, &thread->tls, sizeof(thread->tls));
}

void
hd_tls_switch(const struct hd_thread *thread)
{
    if (image_bytes != 0) {
        pointer_set(thread == NULL ? explorer_pointer : thread->tls);
    }
}
