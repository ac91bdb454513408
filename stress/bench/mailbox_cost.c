/*
 * What a read and a write of a mailbox cost in process, when nobody else is
 * there, against memcpy of as many bytes.
 *
 * One round: for each size the three take turns, slice after slice, and of the
 * slices of each the median is told, in lines of `size what nanoseconds`.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailbox.h"
#include "moment.h"
#include "segment.h"

#define BYTES_MAX 65536U
#define SLICES 15U
#define SLICE_BYTES 2000000U /* an operation is taken for so many more bytes */
#define OPERATION_BYTES 1000U

static struct segment segment;
static uint32_t seat;
static unsigned char source[BYTES_MAX];
static unsigned char target[BYTES_MAX];

static void
demand(int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "mailbox_cost: %s\n", strerror(error));
        exit(1);
    }
}

static void
read_mailbox(size_t bytes)
{
    const struct mailbox_read request = {.max_bytes = bytes,
                                         .if_version = MAILBOX_ANY_VERSION};
    struct mailbox_view view;
    demand(mailbox_read(&segment, seat, 0, &request, NULL, target, &view));
    demand(view.length_bytes == bytes ? 0 : EPROTO);
}

static void
write_mailbox(size_t bytes)
{
    const struct mailbox_write request = {.mode = MAILBOX_REPLACE,
                                          .if_version = MAILBOX_ANY_VERSION,
                                          .data = source,
                                          .length_bytes = bytes};
    struct mailbox_view view;
    demand(mailbox_write(&segment, seat, 0, &request, NULL, &view));
}

/* The compiler must neither leave it out nor put its own in its place. */
static void
copy(size_t bytes)
{
    memcpy(target, source, bytes);
    __asm__ __volatile__("" : : "r"(target), "r"(source) : "memory");
}

struct contender {
    const char *name;
    void (*act)(size_t bytes);
    double slices_ns[SLICES];
};

static double
measure(void (*act)(size_t bytes), size_t bytes)
{
    uint32_t times = SLICE_BYTES / (OPERATION_BYTES + (uint32_t)bytes);
    uint64_t began_ns = moment_now_ns();
    for (uint32_t i = 0; i < times; i++) {
        act(bytes);
    }
    return (double)(moment_now_ns() - began_ns) / times;
}

static int
compare_spans(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static void
compare(size_t bytes)
{
    /* The write is first: a read is of what it wrote. */
    struct contender contenders[] = {{.name = "write", .act = write_mailbox},
                                     {.name = "read", .act = read_mailbox},
                                     {.name = "memcpy", .act = copy}};
    const size_t count = sizeof(contenders) / sizeof(contenders[0]);
    for (uint32_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < count; i++) {
            contenders[i].slices_ns[slice] = measure(contenders[i].act, bytes);
        }
    }
    for (size_t i = 0; i < count; i++) {
        double *slices = contenders[i].slices_ns;
        qsort(slices, SLICES, sizeof(*slices), compare_spans);
        printf("%zu %s %.2f\n", bytes, contenders[i].name, slices[SLICES / 2]);
    }
}

/* glibc leaves atomic instructions out in a process of one thread. */
static void *
stand_by(void *argument)
{
    demand(pthread_mutex_lock(argument));
    demand(pthread_mutex_unlock(argument));
    return NULL;
}

int
main(void)
{
    const struct segment_geometry geometry = {
        .mailboxes_count = 1, .seats_count = 2, .mailbox_bytes = BYTES_MAX};
    const struct segment_options options = {.instance = 1, .now = moment_now};
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t other;
    uint64_t bytes = 0;
    demand(segment_measure(&geometry, &bytes));
    bytes = (bytes + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    demand(memory == NULL ? ENOMEM : 0);
    memset(memory, 0, bytes);
    demand(segment_init(&segment, memory, &geometry, &options));
    demand(segment_sit(&segment, 0, &seat));
    demand(pthread_mutex_lock(&gate));
    demand(pthread_create(&other, NULL, stand_by, &gate));
    for (size_t size = 64; size <= BYTES_MAX; size *= 4) {
        compare(size);
    }
    demand(pthread_mutex_unlock(&gate));
    demand(pthread_join(other, NULL));
    segment_stand(&segment, seat);
    segment_fini(&segment);
    free(memory);
    return 0;
}
