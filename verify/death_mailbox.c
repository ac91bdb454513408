/*
 * Recovery of a mailbox (M1, M2): whoever dies, readers see one committed
 * version entire, and what was committed stays.
 *
 * Idea.  main commits version 1.  Each thread notes what it did and was
 * answered.  In the end the writes are done again to a plain array, in the
 * order of the versions that they made.  A version that no living thread made
 * is that of a write in which somebody died: each such write is used once, in
 * one order or the other, and one of the two must explain all that was
 * read.  The mailbox, its lock and its watch assert their invariants too, the
 * mirrored bytes among them.  Then the mailbox must serve as before.
 *
 * Scripts.
 *   r   read all            p   replace by 2 bytes
 *   o   overwrite 1 byte at offset 1       a   append 1 byte
 *   n   wait for a version above 1, which some immortal script must make
 *   R P O A N   the same, but their waits may end at any moment
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <heddle.h>

#include "mailbox.h"
#include "mortals.h"
#include "segment.h"

#define SIZE 4U
#define MEMORY 8192U
#define EVENTS 4U
#define UNANSWERED (-1)

/* What a thread did, and what it was answered. */
struct event {
    char letter; /* lower case */
    int error;   /* UNANSWERED: it died */
    struct mailbox_view view;
    unsigned char bytes[SIZE]; /* written, or read */
    bool used;                 /* a write of the dead that made a version */
};

/* A content, as a plain array has it. */
struct model {
    unsigned char bytes[SIZE];
    uint64_t size;
};

static struct mortals mortals;
static _Alignas(64) unsigned char memory[MEMORY];
static struct segment segment;
static struct event events[MORTALS_MAX + 1][EVENTS]; /* main's are the last */
static uint32_t events_count[MORTALS_MAX + 1];

/* As a thread's last act would be: published to those who join it. */
static struct event *
next_event(uint32_t thread, char letter)
{
    heddle_assert(events_count[thread] < EVENTS);
    struct event *event = &events[thread][events_count[thread]];
    event->letter = (char)tolower((unsigned char)letter);
    event->error = UNANSWERED;
    memset(event->bytes, (int)(16 * (thread + 1) + events_count[thread]),
           sizeof(event->bytes));
    events_count[thread]++;
    atomic_thread_fence(memory_order_release);
    return event;
}

static int
write_some(uint32_t seat, struct event *event, const struct timespec *deadline)
{
    struct mailbox_write write = {
        .mode = event->letter == 'p'   ? MAILBOX_REPLACE
                : event->letter == 'o' ? MAILBOX_OVERWRITE
                                       : MAILBOX_APPEND,
        .offset_bytes = 1,
        .if_version = MAILBOX_ANY_VERSION,
        .data = event->bytes,
        .length_bytes = event->letter == 'p' ? 2 : 1,
    };
    struct mailbox_view view;
    int error = mailbox_write(&segment, seat, 0, &write, deadline, &view);
    event->view = view;
    return error;
}

static int
read_all(uint32_t seat, struct event *event, const struct timespec *deadline)
{
    struct mailbox_read read = {.max_bytes = SIZE,
                                .if_version = MAILBOX_ANY_VERSION};
    return mailbox_read(&segment, seat, 0, &read, deadline, event->bytes,
                        &event->view);
}

static void
act(uint32_t thread, uint32_t seat, char letter)
{
    struct timespec late;
    const struct timespec *deadline = mortals_deadline(letter, &late);
    struct event *event = next_event(thread, letter);
    int error = event->letter == 'r' ? read_all(seat, event, deadline)
                : event->letter == 'n'
                    ? mailbox_wait(&segment, seat, 0, 1, deadline)
                    : write_some(seat, event, deadline);
    heddle_assert(error == 0 || error == ETIMEDOUT || error == EFBIG);
    if (error == ETIMEDOUT) {
        heddle_assert(mortals_may_be_late(letter));
    }
    event->error = error;
    atomic_thread_fence(memory_order_release);
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = SEAT_NONE;
    int error = segment_sit(&segment, thread, &seat);
    heddle_assert(error == 0);
    for (size_t i = 0; i < strlen(script); i++) {
        act(thread, seat, script[i]);
    }
    segment_stand(&segment, seat);
}

static bool
is_write(const struct event *event)
{
    return strchr("poa", event->letter) != NULL;
}

/* False: that content would be too long. */
static bool
redo(struct model *model, const struct event *event)
{
    uint64_t offset = event->letter == 'p'   ? 0
                      : event->letter == 'o' ? 1
                                             : model->size;
    uint64_t end = offset + (event->letter == 'p' ? 2 : 1);
    if (end > SIZE) {
        return false;
    }
    for (uint64_t i = offset; i < end; i++) {
        model->bytes[i] = event->bytes[i - offset];
    }
    model->size = event->letter == 'p' || end > model->size ? end : model->size;
    return true;
}

/* Does what was read at this version agree with the model? */
static bool
agrees(const struct model *model, uint64_t version)
{
    bool good = true;
    for (uint32_t thread = 0; thread <= MORTALS_MAX; thread++) {
        for (uint32_t i = 0; i < events_count[thread]; i++) {
            const struct event *event = &events[thread][i];
            if (event->error == 0 && event->letter == 'r' &&
                event->view.version == version) {
                good = good && event->view.size_bytes == model->size &&
                       event->view.length_bytes == model->size &&
                       memcmp(event->bytes, model->bytes, model->size) == 0;
            }
        }
    }
    return good;
}

/*
 * The write that made this version: a living thread's, or else one in which
 * somebody died, the first or the last of those that are left.
 */
static struct event *
maker(uint64_t version, bool first)
{
    struct event *dead = NULL;
    for (uint32_t thread = 0; thread <= MORTALS_MAX; thread++) {
        for (uint32_t i = 0; i < events_count[thread]; i++) {
            struct event *event = &events[thread][i];
            if (!is_write(event)) {
                continue;
            }
            if (event->error == 0 && event->view.version == version) {
                return event;
            }
            if (event->error == UNANSWERED && !event->used &&
                (dead == NULL || !first)) {
                dead = event;
            }
        }
    }
    return dead;
}

/*
 * Does the history explain all that was read?  With two deaths at most, it is
 * one of two: the dead in one order or in the other.
 */
static bool
explains(uint64_t last, bool first)
{
    struct model model = {.size = 0};
    bool good = agrees(&model, 0);
    for (uint32_t thread = 0; thread <= MORTALS_MAX; thread++) {
        for (uint32_t i = 0; i < events_count[thread]; i++) {
            events[thread][i].used = false;
        }
    }
    for (uint64_t version = 1; good && version <= last; version++) {
        struct event *event = maker(version, first);
        if (event == NULL) {
            return false;
        }
        event->used = true;
        good = redo(&model, event) && agrees(&model, version);
    }
    return good;
}

/* No version that somebody was told of is missing (M2). */
static void
judge(void)
{
    uint64_t last = 0;
    int error = mailbox_version(&segment, 0, &last);
    heddle_assert(error == 0);
    for (uint32_t thread = 0; thread <= MORTALS_MAX; thread++) {
        for (uint32_t i = 0; i < events_count[thread]; i++) {
            const struct event *event = &events[thread][i];
            if (event->error == 0 && event->letter != 'n') {
                heddle_assert(event->view.version <= last);
            }
        }
    }
    bool good = explains(last, true) || explains(last, false);
    heddle_assert(good);
}

static void
init(void)
{
    struct segment_geometry geometry = {.mailboxes_count = 1,
                                        .seats_count = mortals.count,
                                        .mailbox_bytes = SIZE};
    struct segment_options options = {
        .attachable = mortals.futex, .checked = true, .now = mortals_now};
    uint64_t bytes = 0;
    int error = segment_measure(&geometry, &bytes);
    heddle_assert(error == 0);
    heddle_assert(bytes <= MEMORY);
    error = segment_init(&segment, memory, &geometry, &options);
    heddle_assert(error == 0);
}

int
main(int argc, char **argv)
{
    uint32_t seats[MORTALS_MAX];
    mortals_read(&mortals, argc, argv);
    init();
    int error = segment_sit(&segment, 0, &seats[0]);
    heddle_assert(error == 0);
    act(MORTALS_MAX, seats[0], 'p');
    segment_stand(&segment, seats[0]);
    mortals_play(&mortals, play);
    for (uint32_t i = 0; i < mortals.count; i++) {
        error = segment_sit(&segment, i, &seats[i]);
        heddle_assert(error == 0);
    }
    act(MORTALS_MAX, seats[0], 'r');
    segment_check(&segment);
    act(MORTALS_MAX, seats[0], 'o');
    act(MORTALS_MAX, seats[0], 'r');
    segment_check(&segment);
    judge();
    for (uint32_t i = 0; i < mortals.count; i++) {
        segment_stand(&segment, seats[i]);
    }
    segment_fini(&segment);
    return 0;
}
