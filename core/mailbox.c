#include "mailbox.h"

#include <errno.h>
#include <string.h>

#include "segment.h"

static struct mailbox_record *
record_of(struct mailbox *mailbox, uint64_t version)
{
    return &mailbox->records[version & 1];
}

/* The length, never believed beyond the bank (S1). */
static uint64_t
length_of(const struct segment *segment, const struct mailbox_record *record)
{
    assert(record->length_bytes <= segment->geometry.mailbox_bytes);
    return record->length_bytes;
}

/*
 * Nothing in the spare bank is to be relied on from here on, should this
 * writer die.  An exchange, so that no later store of ours comes before it.
 */
static void
begin_spare(struct mailbox_record *current)
{
    (void)atomic_exchange(&current->mirrored_bytes, 0);
}

static int
init_objects(struct mailbox *mailbox, uint32_t index)
{
    int error = rwlock_init(&mailbox->lock, segment_lock_place(index));
    if (error != 0) {
        return error;
    }
    error = watch_init(&mailbox->watch, segment_watch_place(index));
    if (error != 0) {
        rwlock_fini(&mailbox->lock);
    }
    return error;
}

int
mailbox_init(struct mailbox *mailbox, uint32_t index)
{
    atomic_init(&mailbox->version, 0);
    atomic_init(&mailbox->reads, 0);
    memset(mailbox->records, 0, sizeof(mailbox->records));
    return init_objects(mailbox, index);
}

bool
mailbox_is_sound(const struct mailbox *mailbox, uint64_t mailbox_bytes)
{
    uint64_t version = atomic_load(&mailbox->version);
    const struct mailbox_record *record = &mailbox->records[version & 1];
    return version <= MAILBOX_VERSION_MAX && record->bank <= 1 &&
           record->length_bytes <= mailbox_bytes &&
           (version > 0 || record->length_bytes == 0);
}

int
mailbox_adopt(struct mailbox *mailbox, uint32_t index, bool keep)
{
    uint64_t version = atomic_load(&mailbox->version);
    if (!keep) {
        version = version < MAILBOX_VERSION_MAX ? version + 1 : 1;
        memset(mailbox->records, 0, sizeof(mailbox->records));
        atomic_store(&mailbox->version, version);
    }
    begin_spare(record_of(mailbox, version));
    return init_objects(mailbox, index);
}

void
mailbox_fini(struct mailbox *mailbox)
{
    watch_fini(&mailbox->watch);
    rwlock_fini(&mailbox->lock);
}

static bool
is_conflict(uint64_t if_version, uint64_t version)
{
    return if_version != MAILBOX_ANY_VERSION && if_version != version;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static int
read_locked(struct segment *segment, uint32_t m,
            const struct mailbox_read *request, void *buffer,
            struct mailbox_view *view)
{
    struct mailbox *mailbox = segment_mailbox(segment, m);
    uint64_t version = atomic_load(&mailbox->version); /* takes effect here */
    const struct mailbox_record *record = record_of(mailbox, version);
    uint64_t length = length_of(segment, record);
    view->version = version;
    view->size_bytes = length;
    view->length_bytes = 0;
    if (is_conflict(request->if_version, version)) {
        return ESTALE;
    }
    if (request->offset_bytes < length) {
        view->length_bytes =
            least(request->max_bytes, length - request->offset_bytes);
        memcpy(buffer,
               segment_bank(segment, m, record->bank) + request->offset_bytes,
               view->length_bytes);
    }
    atomic_fetch_add_explicit(&mailbox->reads, 1, memory_order_relaxed);
    return 0;
}

int
mailbox_read(struct segment *segment, uint32_t seat, uint32_t m,
             const struct mailbox_read *request,
             const struct timespec *deadline, void *buffer,
             struct mailbox_view *view)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct rwlock *lock = &segment_mailbox(segment, m)->lock;
    int error = rwlock_rdlock(&segment->seats, lock, seat, deadline);
    if (error != 0) {
        return error;
    }
    error = read_locked(segment, m, request, buffer, view);
    rwlock_unlock(&segment->seats, lock, seat);
    return error;
}

/*
 * Where a request writes, and how long the content is afterwards.
 * Errors: EFBIG
 */
static int
place_write(const struct segment *segment, const struct mailbox_write *request,
            uint64_t length, uint64_t *offset, uint64_t *new_length)
{
    uint64_t size = segment->geometry.mailbox_bytes;
    *offset = request->mode == MAILBOX_REPLACE     ? 0
              : request->mode == MAILBOX_OVERWRITE ? request->offset_bytes
                                                   : length;
    if (request->length_bytes == 0) {
        *new_length = request->mode == MAILBOX_REPLACE ? 0 : length;
        return 0;
    }
    if (*offset > size || request->length_bytes > size - *offset) {
        return EFBIG;
    }
    *new_length = *offset + request->length_bytes;
    if (request->mode != MAILBOX_REPLACE) {
        *new_length = most(*new_length, length);
    }
    return 0;
}

/* memcpy, but for no bytes at all, whose address may be NULL. */
static void
copy(unsigned char *to, const void *from, uint64_t bytes)
{
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
}

/* Bring bytes [begin, end) of the spare bank up to date. */
static void
mirror(unsigned char *spare, const unsigned char *current, uint64_t begin,
       uint64_t end)
{
    if (begin < end) {
        memcpy(spare + begin, current + begin, end - begin);
    }
}

/* The whole content anew, in the spare bank. */
static void
build_replacement(struct segment *segment, uint32_t m,
                  struct mailbox_record *current, struct mailbox_record *next,
                  const struct mailbox_write *request)
{
    begin_spare(current);
    next->bank = 1 - (current->bank & 1);
    copy(segment_bank(segment, m, next->bank), request->data,
         request->length_bytes);
    atomic_store_explicit(&next->mirrored_bytes, 0, memory_order_relaxed);
    next->stale_begin = 0;
    next->stale_end = 0;
}

/* Behind the end of the current bank, where no reader looks. */
static void
build_extension(struct segment *segment, uint32_t m,
                const struct mailbox_record *current,
                struct mailbox_record *next, uint64_t offset,
                const struct mailbox_write *request)
{
    unsigned char *bank = segment_bank(segment, m, current->bank);
    uint64_t length = length_of(segment, current);
    next->bank = current->bank;
    if (request->length_bytes > 0) {
        memset(bank + length, 0, offset - length);
        copy(bank + offset, request->data, request->length_bytes);
    }
    atomic_store_explicit(
        &next->mirrored_bytes,
        atomic_load_explicit(&current->mirrored_bytes, memory_order_relaxed),
        memory_order_relaxed);
    next->stale_begin = current->stale_begin;
    next->stale_end = current->stale_end;
}

/*
 * In the spare bank: what the last writes changed is copied from the current
 * one, then the new bytes over it.
 */
static void
build_overwrite(struct segment *segment, uint32_t m,
                struct mailbox_record *current, struct mailbox_record *next,
                uint64_t offset, const struct mailbox_write *request)
{
    const unsigned char *old = segment_bank(segment, m, current->bank);
    uint64_t length = length_of(segment, current);
    uint64_t mirrored = least(
        atomic_load_explicit(&current->mirrored_bytes, memory_order_relaxed),
        length);
    begin_spare(current);
    next->bank = 1 - (current->bank & 1);
    unsigned char *spare = segment_bank(segment, m, next->bank);
    mirror(spare, old, current->stale_begin,
           least(current->stale_end, mirrored));
    mirror(spare, old, mirrored, length);
    copy(spare + offset, request->data, request->length_bytes);
    atomic_store_explicit(&next->mirrored_bytes, length, memory_order_relaxed);
    next->stale_begin = offset;
    next->stale_end = least(offset + request->length_bytes, length);
}

static int
write_locked(struct segment *segment, uint32_t m,
             const struct mailbox_write *request, struct mailbox_view *view)
{
    struct mailbox *mailbox = segment_mailbox(segment, m);
    uint64_t version = atomic_load(&mailbox->version);
    struct mailbox_record *current = record_of(mailbox, version);
    struct mailbox_record *next = record_of(mailbox, version + 1);
    uint64_t length = length_of(segment, current);
    uint64_t offset = 0;
    uint64_t new_length = 0;
    view->version = version;
    view->size_bytes = length;
    view->length_bytes = 0;
    if (is_conflict(request->if_version, version)) {
        return ESTALE;
    }
    int error = place_write(segment, request, length, &offset, &new_length);
    if (error != 0) {
        return error;
    }
    if (request->mode == MAILBOX_REPLACE) {
        build_replacement(segment, m, current, next, request);
    } else if (offset >= length || request->length_bytes == 0) {
        build_extension(segment, m, current, next, offset, request);
    } else {
        build_overwrite(segment, m, current, next, offset, request);
    }
    next->length_bytes = new_length;
    atomic_store(&mailbox->version, version + 1); /* takes effect here */
    view->version = version + 1;
    view->size_bytes = new_length;
    return 0;
}

/*
 * Watchers are told before the lock is let go: a writer that dies between the
 * publication and the news still holds the lock, where its death is noticed.
 */
static int
publish(struct segment *segment, uint32_t m,
        const struct mailbox_write *request, struct mailbox_view *view)
{
    int error = write_locked(segment, m, request, view);
    if (error == 0) {
        watch_notify(&segment->seats, &segment_mailbox(segment, m)->watch,
                     view->version);
    }
    return error;
}

int
mailbox_write(struct segment *segment, uint32_t seat, uint32_t m,
              const struct mailbox_write *request,
              const struct timespec *deadline, struct mailbox_view *view)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct mailbox *mailbox = segment_mailbox(segment, m);
    int error = rwlock_wrlock(&segment->seats, &mailbox->lock, seat, deadline);
    if (error != 0) {
        return error;
    }
    error = publish(segment, m, request, view);
    rwlock_unlock(&segment->seats, &mailbox->lock, seat);
    return error;
}

static struct mailbox_content
content_of(const struct segment *segment, uint32_t m)
{
    const struct mailbox *mailbox = segment_mailbox(segment, m);
    uint64_t version = atomic_load(&mailbox->version);
    const struct mailbox_record *record = &mailbox->records[version & 1];
    return (struct mailbox_content){
        .bytes = segment_bank(segment, m, record->bank),
        .size_bytes = length_of(segment, record),
        .version = version,
    };
}

int
mailbox_inspect(struct segment *segment, uint32_t seat, uint32_t m,
                int (*look)(void *context,
                            const struct mailbox_content *content),
                void *context, const struct timespec *deadline)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct mailbox *mailbox = segment_mailbox(segment, m);
    int error = rwlock_rdlock(&segment->seats, &mailbox->lock, seat, deadline);
    if (error != 0) {
        return error;
    }
    const struct mailbox_content content = content_of(segment, m);
    error = look(context, &content);
    if (error == 0) {
        atomic_fetch_add_explicit(&mailbox->reads, 1, memory_order_relaxed);
    }
    rwlock_unlock(&segment->seats, &mailbox->lock, seat);
    return error;
}

int
mailbox_update(struct segment *segment, uint32_t seat, uint32_t m,
               int (*decide)(void *context,
                             const struct mailbox_content *content,
                             struct mailbox_write *write),
               void *context, const struct timespec *deadline,
               struct mailbox_view *view)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct mailbox *mailbox = segment_mailbox(segment, m);
    int error = rwlock_wrlock(&segment->seats, &mailbox->lock, seat, deadline);
    if (error != 0) {
        return error;
    }
    const struct mailbox_content content = content_of(segment, m);
    struct mailbox_write write = {.if_version = MAILBOX_ANY_VERSION};
    error = decide(context, &content, &write);
    if (error == 0) {
        error = publish(segment, m, &write, view);
    }
    rwlock_unlock(&segment->seats, &mailbox->lock, seat);
    return error;
}

int
mailbox_wait(struct segment *segment, uint32_t seat, uint32_t m, uint64_t above,
             const struct timespec *deadline)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct mailbox *mailbox = segment_mailbox(segment, m);
    return watch_wait(&segment->seats, &mailbox->watch, seat, &mailbox->version,
                      above, deadline);
}

int
mailbox_version(const struct segment *segment, uint32_t m, uint64_t *version)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    *version = atomic_load(&segment_mailbox(segment, m)->version);
    return 0;
}

int
mailbox_describe(struct segment *segment, uint32_t seat, uint32_t m,
                 const struct timespec *deadline,
                 struct mailbox_figures *figures)
{
    if (m >= segment->geometry.mailboxes_count) {
        return ENOENT;
    }
    struct mailbox *mailbox = segment_mailbox(segment, m);
    struct rwlock_counts counts = rwlock_count(&segment->seats, &mailbox->lock);
    figures->readers = counts.readers;
    figures->writers = counts.writers;
    figures->waiting = counts.waiting;
    figures->watching = atomic_load(&mailbox->watch.count);
    figures->recoveries = atomic_load(&mailbox->lock.recoveries) +
                          atomic_load(&mailbox->watch.recoveries);
    int error = rwlock_rdlock(&segment->seats, &mailbox->lock, seat, deadline);
    if (error != 0) {
        return error;
    }
    figures->version = atomic_load(&mailbox->version);
    figures->size_bytes =
        length_of(segment, record_of(mailbox, figures->version));
    figures->reads =
        atomic_load_explicit(&mailbox->reads, memory_order_relaxed);
    rwlock_unlock(&segment->seats, &mailbox->lock, seat);
    return 0;
}

static void
check_mirror(const struct segment *segment, uint32_t m,
             const struct mailbox_record *record)
{
    const unsigned char *current = segment_bank(segment, m, record->bank);
    const unsigned char *spare = segment_bank(segment, m, 1 - record->bank);
    uint64_t mirrored = atomic_load(&record->mirrored_bytes);
    if (mirrored == 0) {
        return;
    }
    assert(mirrored <= record->length_bytes); /* R2 */
    assert(record->stale_begin <= record->stale_end);
    assert(record->stale_end <= mirrored);
    assert(memcmp(current, spare, record->stale_begin) == 0); /* R3 */
    assert(memcmp(current + record->stale_end, spare + record->stale_end,
                  mirrored - record->stale_end) == 0);
}

void
mailbox_check(struct segment *segment, uint32_t m)
{
    struct mailbox *mailbox = segment_mailbox(segment, m);
    uint64_t version = atomic_load(&mailbox->version);
    const struct mailbox_record *record = record_of(mailbox, version);
    rwlock_check(&segment->seats, &mailbox->lock);
    watch_check(&segment->seats, &mailbox->watch);
    assert(record->bank <= 1); /* R1 */
    assert(record->length_bytes <= segment->geometry.mailbox_bytes);
    if (version == 0) {
        assert(record->length_bytes == 0);
    }
    check_mirror(segment, m, record);
}
