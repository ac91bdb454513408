/*
 * The mailbox: whatever the threads do to it, the versions tell one history,
 * and everybody has seen a part of it (M1), within the segment (S1).
 *
 * Idea.  Each thread notes what it did and what it was answered.  In the end
 * the writes are put in the order of the versions that they made, and done
 * again to a plain array: each version is made exactly once, by a write that
 * was right to succeed or fail at the version it named, and each read must
 * equal the array at the version that it answered.  Versions never fall in the
 * eyes of one thread.  Bytes around the segment and around a reader's buffer
 * must stay as they are.  The mailbox asserts its own invariants too.  A write
 * in which the victim died was committed or was not, and nothing between (M2).
 *
 * Scripts; a capital has a deadline that may pass at any moment.
 *   r     read all             b     read one byte from offset 1
 *   i     read all, where it lies
 *   u     read all where it lies, and append 1 byte, or replace by 1 byte if
 *         it is full: nobody may have written in between
 *   p     replace by 2 bytes   e     replace by nothing
 *   o     overwrite 1 byte at offset 1
 *   g     overwrite 1 byte at offset 2, behind a gap perhaps
 *   a     append 1 byte
 *   c     replace by 1 byte, if the version is the last one seen
 *   z     append no byte
 *   w     any of the writes
 *   v     the version          d     the figures
 *   n     wait for a version above 0, which some script must make
 *   xN    cancel the seat of thread N
 *   s     once thread 0 sits, sit down on the first free seat from its seat on,
 *         also on its own if it dies meanwhile, and stand up
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <heddle.h>

#include "cast.h"
#include "mailbox.h"
#include "segment.h"

#define SIZE 3U
#define MARGIN 64U
#define MEMORY 8192U
#define EVENTS 6U
#define FILLER 0xee
#define UNANSWERED (-1) /* the thread died */

enum event_kind { EVENT_READ, EVENT_WRITE };

/* What a thread did, and what it was answered. */
struct event {
    enum event_kind kind;
    int error;
    struct mailbox_read read;
    struct mailbox_write write;
    struct mailbox_view view;
    unsigned char bytes[SIZE + 1]; /* written, or read and one beyond */
};

/* A content, as a plain array has it. */
struct model {
    unsigned char bytes[SIZE];
    uint64_t size;
};

static struct cast cast;
static _Alignas(64) unsigned char memory[MEMORY];
static struct segment segment;
/* The main thread is one more, and reads in the end. */
static struct event events[CAST_MAX + 1][EVENTS];
static _Atomic uint32_t events_count[CAST_MAX + 1];
static uint64_t seen[CAST_MAX + 1]; /* the last version, by its thread */

static void
see(uint32_t thread, uint64_t version)
{
    heddle_assert(version >= seen[thread]);
    seen[thread] = version;
}

static struct event *
next_event(uint32_t thread, enum event_kind kind)
{
    uint32_t index = atomic_load(&events_count[thread]);
    heddle_assert(index < EVENTS);
    struct event *event = &events[thread][index];
    memset(event, FILLER, sizeof(*event));
    event->kind = kind;
    event->error = UNANSWERED;
    return event;
}

/*
 * The event is described, or answered.  A death may undo plain stores that no
 * release has followed, those of this history too.
 */
static void
note(uint32_t thread, const struct event *event)
{
    atomic_store(&events_count[thread], (uint32_t)(event - events[thread]) + 1);
}

static bool
was_refused(int error, char letter)
{
    return (error == ETIMEDOUT && isupper((unsigned char)letter)) ||
           (error == ECANCELED && cast_has(&cast, 'x'));
}

static void
read_some(uint32_t thread, char letter)
{
    struct event *event = next_event(thread, EVENT_READ);
    bool all = tolower((unsigned char)letter) == 'r';
    event->read = (struct mailbox_read){
        .offset_bytes = all ? 0 : 1,
        .max_bytes = all ? SIZE : 1,
        .if_version = MAILBOX_ANY_VERSION,
    };
    note(thread, event);
    event->error =
        mailbox_read(&segment, thread, 0, &event->read, cast_deadline(letter),
                     event->bytes, &event->view);
    note(thread, event);
    if (event->error == 0) {
        see(thread, event->view.version);
    } else {
        heddle_assert(was_refused(event->error, letter));
    }
}

/* What a letter writes; the bytes tell which write of which thread it was. */
static void
describe_write(struct mailbox_write *write, uint32_t thread, char letter)
{
    *write = (struct mailbox_write){.mode = MAILBOX_REPLACE,
                                    .if_version = MAILBOX_ANY_VERSION,
                                    .length_bytes = 1};
    switch (tolower((unsigned char)letter)) {
    case 'p':
        write->length_bytes = 2;
        break;
    case 'e':
        write->length_bytes = 0;
        break;
    case 'o':
    case 'g':
        write->mode = MAILBOX_OVERWRITE;
        write->offset_bytes = tolower((unsigned char)letter) == 'o' ? 1 : 2;
        break;
    case 'c':
        write->if_version = seen[thread];
        break;
    default:
        write->mode = MAILBOX_APPEND;
        write->length_bytes = tolower((unsigned char)letter) == 'a' ? 1 : 0;
        break;
    }
}

static void
write_some(uint32_t thread, char letter)
{
    struct event *event = next_event(thread, EVENT_WRITE);
    uint32_t nth = (uint32_t)(event - events[thread]) + 1;
    if (letter == 'w') {
        letter = "peogacz"[heddle_choose(7)];
    }
    describe_write(&event->write, thread, letter);
    memset(event->bytes, (int)(16 * (thread + 1) + nth), sizeof(event->bytes));
    event->write.data = event->bytes;
    note(thread, event);
    event->error = mailbox_write(&segment, thread, 0, &event->write,
                                 cast_deadline(letter), &event->view);
    note(thread, event);
    if (event->error == 0 || event->error == ESTALE) {
        see(thread, event->view.version);
    } else if (event->error != EFBIG) {
        heddle_assert(was_refused(event->error, letter));
    }
}

/* All of a content, shown under its lock, is a read that has succeeded. */
static void
note_content(uint32_t thread, const struct mailbox_content *content)
{
    struct event *event = next_event(thread, EVENT_READ);
    heddle_assert(content->size_bytes <= SIZE);
    event->read = (struct mailbox_read){.max_bytes = SIZE,
                                        .if_version = MAILBOX_ANY_VERSION};
    event->view = (struct mailbox_view){content->version, content->size_bytes,
                                        content->size_bytes};
    memcpy(event->bytes, content->bytes, content->size_bytes);
    event->error = 0;
    note(thread, event);
    see(thread, content->version);
}

/* Who is shown a content, and the write that it decides. */
struct visitor {
    uint32_t thread;
    struct event *write;
};

static int
take_note(void *context, const struct mailbox_content *content)
{
    const struct visitor *visitor = context;
    note_content(visitor->thread, content);
    return 0;
}

/* For the history it is a write at the very version that was shown. */
static int
decide(void *context, const struct mailbox_content *content,
       struct mailbox_write *write)
{
    struct visitor *visitor = context;
    bool is_full = content->size_bytes == SIZE;
    note_content(visitor->thread, content);
    struct event *event = next_event(visitor->thread, EVENT_WRITE);
    uint32_t nth = (uint32_t)(event - events[visitor->thread]) + 1;
    describe_write(&event->write, visitor->thread, is_full ? 'c' : 'a');
    memset(event->bytes, (int)(16 * (visitor->thread + 1) + nth),
           sizeof(event->bytes));
    event->write.data = event->bytes;
    event->write.if_version = MAILBOX_ANY_VERSION;
    *write = event->write;
    event->write.if_version = content->version;
    note(visitor->thread, event);
    visitor->write = event;
    return 0;
}

static void
visit(uint32_t thread, char letter)
{
    struct visitor visitor = {.thread = thread};
    struct mailbox_view view;
    int error;
    if (tolower((unsigned char)letter) == 'i') {
        error = mailbox_inspect(&segment, thread, 0, take_note, &visitor,
                                cast_deadline(letter));
    } else {
        error = mailbox_update(&segment, thread, 0, decide, &visitor,
                               cast_deadline(letter), &view);
    }
    if (error != 0) {
        heddle_assert(was_refused(error, letter));
        heddle_assert(visitor.write == NULL);
    } else if (visitor.write != NULL) {
        visitor.write->view = view;
        note(thread, visitor.write); /* before it counts as answered */
        visitor.write->error = 0;
        note(thread, visitor.write);
        see(thread, view.version);
    }
}

static void
look(uint32_t thread, char letter)
{
    uint64_t version = seen[thread];
    int error = 0;
    if (letter == 'v') {
        error = mailbox_version(&segment, 0, &version);
        heddle_assert(error == 0);
    } else {
        error = mailbox_wait(&segment, thread, 0, 0, NULL);
        heddle_assert(error == 0 ||
                      (error == ECANCELED && cast_has(&cast, 'x')));
        version = error == 0 && version == 0 ? 1 : version;
    }
    see(thread, version);
}

/* Figures are a read of no byte, as far as the history goes. */
static void
describe(uint32_t thread)
{
    struct event *event = next_event(thread, EVENT_READ);
    struct mailbox_figures figures;
    event->read.offset_bytes = SIZE;
    event->error = mailbox_describe(&segment, thread, 0, NULL, &figures);
    heddle_assert(event->error == 0 ||
                  (event->error == ECANCELED && cast_has(&cast, 'x')));
    if (event->error == 0) {
        event->view =
            (struct mailbox_view){figures.version, figures.size_bytes, 0};
        see(thread, figures.version);
    }
    note(thread, event);
}

static void
sit_down_anywhere(void)
{
    uint32_t seat = SEAT_NONE;
    cast_await_first();
    int error = segment_sit(&segment, 0, &seat);
    heddle_assert(error == 0);
    enum seat_state state = seat_state(&segment.seats, seat);
    heddle_assert(state == SEAT_IDLE);
    segment_stand(&segment, seat);
}

static void
act(uint32_t thread, char letter)
{
    if (strchr("rRbB", letter) != NULL) {
        read_some(thread, letter);
    } else if (strchr("iIuU", letter) != NULL) {
        visit(thread, letter);
    } else if (strchr("vn", letter) != NULL) {
        look(thread, letter);
    } else if (letter == 's') {
        sit_down_anywhere();
    } else if (letter == 'd') {
        describe(thread);
    } else {
        write_some(thread, letter);
    }
}

static void
play(uint32_t thread, const char *script)
{
    uint32_t seat = SEAT_NONE;
    int error = segment_sit(&segment, thread, &seat);
    heddle_assert(error == 0);
    heddle_assert(seat == thread);
    cast_sits(&cast, thread);
    for (size_t i = 0; i < strlen(script); i++) {
        if (script[i] == 'x') {
            i++;
            segment_cancel(&segment, (uint32_t)(script[i] - '0'));
        } else {
            act(thread, script[i]);
        }
    }
    segment_stand(&segment, seat);
}

/* Where the write of an event begins in a content of this size. */
static uint64_t
offset_of(const struct mailbox_write *write, uint64_t size)
{
    return write->mode == MAILBOX_REPLACE     ? 0
           : write->mode == MAILBOX_OVERWRITE ? write->offset_bytes
                                              : size;
}

/* Does it fit? */
static bool
fits(const struct mailbox_write *write, uint64_t size)
{
    return write->length_bytes == 0 ||
           offset_of(write, size) + write->length_bytes <= SIZE;
}

static void
redo(struct model *model, const struct event *event)
{
    const struct mailbox_write *write = &event->write;
    uint64_t offset = offset_of(write, model->size);
    if (write->mode == MAILBOX_REPLACE) {
        memset(model->bytes, 0, SIZE);
        model->size = 0;
    }
    heddle_assert(fits(write, model->size));
    for (uint64_t i = 0; i < write->length_bytes; i++) {
        model->bytes[offset + i] = event->bytes[i];
    }
    if (write->length_bytes > 0 && offset + write->length_bytes > model->size) {
        model->size = offset + write->length_bytes;
    }
    if (event->error != UNANSWERED) {
        heddle_assert(event->view.size_bytes == model->size);
    }
}

static void
judge_read(const struct model *model, const struct event *event)
{
    uint64_t offset = event->read.offset_bytes;
    uint64_t length = model->size > offset ? model->size - offset : 0;
    if (length > event->read.max_bytes) {
        length = event->read.max_bytes;
    }
    heddle_assert(event->view.size_bytes == model->size);
    heddle_assert(event->view.length_bytes == length);
    for (uint64_t i = 0; i < length; i++) {
        heddle_assert(event->bytes[i] == model->bytes[offset + i]);
    }
    for (uint64_t i = length; i < sizeof(event->bytes); i++) {
        heddle_assert(event->bytes[i] == FILLER);
    }
}

/* A write that was answered at this version, and made none. */
static void
judge_refused(const struct model *model, const struct event *event)
{
    heddle_assert(event->view.size_bytes == model->size);
    if (event->error == ESTALE) {
        heddle_assert(event->write.if_version != event->view.version);
    } else {
        heddle_assert(!fits(&event->write, model->size));
    }
}

/* All that was answered at a version; the write that made the next one. */
static const struct event *
judge_version(const struct model *model, uint64_t version)
{
    const struct event *next = NULL;
    for (uint32_t thread = 0; thread <= CAST_MAX; thread++) {
        for (uint32_t i = 0; i < events_count[thread]; i++) {
            const struct event *event = &events[thread][i];
            bool here = event->view.version == version;
            if (event->kind == EVENT_READ) {
                if (event->error == 0 && here) {
                    judge_read(model, event);
                }
            } else if (event->error == 0) {
                if (event->view.version == version + 1) {
                    heddle_assert(next == NULL);
                    next = event;
                }
            } else if ((event->error == ESTALE || event->error == EFBIG) &&
                       here) {
                judge_refused(model, event);
            }
        }
    }
    return next;
}

/* The write that the victim died in, once: it may have been committed. */
static const struct event *
write_of_the_dead(uint64_t version)
{
    static bool used;
    uint32_t count = cast.victim == CAST_MAX ? 0 : events_count[cast.victim];
    if (used || count == 0) {
        return NULL;
    }
    const struct event *event = &events[cast.victim][count - 1];
    used = event->kind == EVENT_WRITE && event->error == UNANSWERED &&
           (event->write.if_version == MAILBOX_ANY_VERSION ||
            event->write.if_version == version);
    return used ? event : NULL;
}

static const struct event *
next_write(const struct model *model, uint64_t version, uint64_t last)
{
    const struct event *next = judge_version(model, version);
    if (next == NULL && version < last) {
        next = write_of_the_dead(version);
    }
    return next;
}

static void
judge(void)
{
    struct model model = {.size = 0};
    uint64_t version = 0;
    uint64_t last = 0;
    int error = mailbox_version(&segment, 0, &last);
    heddle_assert(error == 0);
    const struct event *next = next_write(&model, version, last);
    while (next != NULL) {
        heddle_assert(next->write.if_version == MAILBOX_ANY_VERSION ||
                      next->write.if_version == version);
        redo(&model, next);
        version++;
        next = next_write(&model, version, last);
    }
    heddle_assert(version == last);
}

static void
recover(void)
{
    segment_recover(&segment);
}

int
main(int argc, char **argv)
{
    cast_read(&cast, argc, argv);
    const struct segment_geometry geometry = {
        1, cast.count + (cast_has(&cast, 's') ? 2 : 1), SIZE};
    const struct segment_options options = {
        .instance = 1, .attachable = cast.futex, .checked = true};
    uint64_t bytes = 0;
    int error = segment_measure(&geometry, &bytes);
    heddle_assert(error == 0);
    heddle_assert(bytes + 2 * MARGIN <= MEMORY);
    memset(memory, FILLER, MEMORY);
    error = segment_init(&segment, memory + MARGIN, &geometry, &options);
    heddle_assert(error == 0);
    cast_play(&cast, play, recover);
    segment_check(&segment);
    play(cast.count, cast.victim < cast.count ? "ror" : "r");
    judge();
    for (uint32_t i = 0; i < MARGIN; i++) { /* S1 */
        heddle_assert(memory[i] == FILLER);
        heddle_assert(memory[MARGIN + bytes + i] == FILLER);
    }
    segment_fini(&segment);
    return 0;
}
