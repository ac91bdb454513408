/*
 * Whatever a killed server left: taking it over works or is refused, touches no
 * byte outside the segment (S1), and what was taken over serves.
 *
 * A good segment with content is spoiled as the input says: first its length,
 * then any of its bytes.  It stands against a page that may not be touched, at
 * its end or at its beginning.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mailbox.h"
#include "segment.h"

#define CANARY 0x5a
#define FAR_S 3600

static const struct segment_geometry geometry = {
    .mailboxes_count = 3, .seats_count = 2, .mailbox_bytes = 200};

static void
monotonic_now(struct timespec *now)
{
    int failed = clock_gettime(CLOCK_MONOTONIC, now);
    assert(!failed);
}

static struct {
    unsigned char *pages; /* between two that may not be touched */
    size_t pages_bytes;
    unsigned char *good[2]; /* of threads, of processes */
    uint64_t bytes;
} place;

/* What is left of the input. */
struct input {
    const uint8_t *data;
    size_t length;
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static uint64_t
take(struct input *input, size_t bytes)
{
    uint64_t value = 0;

    for (; bytes > 0 && input->length > 0; bytes--) {
        value = value << 8 | *input->data++;
        input->length--;
    }
    return value;
}

static void
must(int error)
{
    assert(error == 0);
}

static struct timespec
far_away(void)
{
    struct timespec deadline;

    monotonic_now(&deadline);
    deadline.tv_sec += FAR_S;
    return deadline;
}

static void
fill(struct segment *segment)
{
    const struct timespec deadline = far_away();
    struct mailbox_view view;
    char content[150];
    uint32_t seat;

    memset(content, 'c', sizeof content);
    must(segment_sit(segment, 0, &seat));
    for (uint32_t m = 0; m < 2; m++) {
        struct mailbox_write write = {.mode = MAILBOX_REPLACE,
                                      .if_version = MAILBOX_ANY_VERSION,
                                      .data = content,
                                      .length_bytes = sizeof content};
        must(mailbox_write(segment, seat, m, &write, &deadline, &view));
        write.mode = MAILBOX_OVERWRITE;
        write.offset_bytes = 20;
        write.length_bytes = 10 + m;
        must(mailbox_write(segment, seat, m, &write, &deadline, &view));
    }
    segment_stand(segment, seat);
}

/* As a server that is killed leaves it: somebody still sits. */
static unsigned char *
make_good(bool attachable)
{
    const struct segment_options options = {
        .instance = 7, .attachable = attachable, .now = monotonic_now};
    struct segment segment;
    uint32_t seat;

    unsigned char *copy = malloc(place.bytes);
    assert(copy);
    must(segment_init(&segment, place.pages, &geometry, &options));
    fill(&segment);
    must(segment_sit(&segment, 1, &seat));
    memcpy(copy, place.pages, place.bytes);
    segment_stand(&segment, seat);
    return copy;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);

    (void)argc;
    (void)argv;
    must(segment_measure(&geometry, &place.bytes));
    place.pages_bytes = (place.bytes + page - 1) / page * page;
    unsigned char *all =
        mmap(NULL, place.pages_bytes + 2 * page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(all != MAP_FAILED);
    must(mprotect(all, page, PROT_NONE));
    must(mprotect(all + page + place.pages_bytes, page, PROT_NONE));
    place.pages = all + page;
    place.good[0] = make_good(false);
    place.good[1] = make_good(true);
    return 0;
}

static void
spoil(struct input *input, unsigned char *memory, size_t bytes)
{
    while (input->length > 0 && bytes > 0) {
        uint64_t where = take(input, 2);
        size_t width = (size_t)1 << (where & 3);
        where = where / 4 % bytes;
        for (size_t i = 0; i < width && where + i < bytes && input->length;
             i++) {
            memory[where + i] = (unsigned char)take(input, 1);
        }
    }
}

static bool
is_untouched(const unsigned char *from, const unsigned char *to)
{
    while (from < to && *from == CANARY) {
        from++;
    }
    return from == to;
}

/* What was taken over is as good as new. */
static void
use(struct segment *segment)
{
    const struct timespec deadline = far_away();
    char *content = malloc(segment->geometry.mailbox_bytes);
    uint32_t seat;

    assert(content);
    memset(content, 'x', segment->geometry.mailbox_bytes);
    must(segment_sit(segment, 0, &seat));
    for (uint32_t m = 0; m < segment->geometry.mailboxes_count; m++) {
        struct mailbox_view view;
        struct mailbox_figures figures;
        const struct mailbox_read read = {.max_bytes =
                                              segment->geometry.mailbox_bytes,
                                          .if_version = MAILBOX_ANY_VERSION};
        struct mailbox_write write = {.mode = MAILBOX_OVERWRITE,
                                      .offset_bytes = 1,
                                      .if_version = MAILBOX_ANY_VERSION,
                                      .data = content,
                                      .length_bytes = 7};
        must(mailbox_read(segment, seat, m, &read, &deadline, content, &view));
        assert(view.size_bytes <= segment->geometry.mailbox_bytes);
        assert(view.length_bytes == view.size_bytes);
        uint64_t version = view.version;
        must(mailbox_write(segment, seat, m, &write, &deadline, &view));
        assert(view.version == version + 1);
        write.mode = MAILBOX_REPLACE;
        write.length_bytes = segment->geometry.mailbox_bytes;
        must(mailbox_write(segment, seat, m, &write, &deadline, &view));
        must(mailbox_wait(segment, seat, m, version + 1, &deadline));
        must(mailbox_describe(segment, seat, m, &deadline, &figures));
        assert(figures.version == version + 2);
    }
    segment_stand(segment, seat);
    segment_check(segment);
    free(content);
}

static void
count_reset(void *context, uint32_t m)
{
    (void)m;
    ++*(uint32_t *)context;
}

static void
try_adopt(void *memory, size_t bytes)
{
    const struct segment_options options = {.checked = true,
                                            .now = monotonic_now};
    struct segment segment;
    struct segment_geometry found;
    struct segment_adoption adoption = {0};
    enum segment_flaw flaw = SEGMENT_SOUND;
    uint32_t reset = 0;

    enum segment_flaw seen = segment_examine(memory, bytes, &found);
    int error = segment_adopt(&segment, memory, bytes, &options, &flaw,
                              &adoption, count_reset, &reset);
    assert((seen == SEGMENT_SOUND) == (error == 0));
    if (error == 0) {
        assert(adoption.reset == reset);
        assert(segment.total_bytes <= bytes);
        use(&segment);
        segment_fini(&segment);
    } else {
        assert(flaw == seen);
    }
}

/* A live attach trusts what is inside, once the header is sound. */
static void
try_attach(void *memory, size_t bytes)
{
    const struct segment_options options = {.now = monotonic_now};
    struct segment segment;
    struct segment_geometry found;
    enum segment_flaw flaw = SEGMENT_SOUND;

    int error = segment_attach(&segment, memory, bytes, &options, &flaw);
    if (error == 0) {
        assert(segment_examine(memory, bytes, &found) == SEGMENT_SOUND);
        assert(segment.total_bytes <= bytes);
    } else {
        assert(flaw != SEGMENT_SOUND);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct input input = {data, length};

    const uint64_t how = take(&input, 1);
    size_t bytes = place.bytes;
    if (how & 4) {
        bytes -= take(&input, 2) % (bytes + 1) / 64 * 64;
    }
    /* Against the page behind it, or against the one before it. */
    unsigned char *memory =
        how & 1 ? place.pages : place.pages + place.pages_bytes - bytes;
    memset(place.pages, CANARY, place.pages_bytes);
    memcpy(memory, place.good[how >> 1 & 1], bytes);
    spoil(&input, memory, bytes);
    try_attach(memory, bytes);
    try_adopt(memory, bytes);
    assert(is_untouched(place.pages, memory));
    assert(is_untouched(memory + bytes, place.pages + place.pages_bytes));
    return 0;
}
