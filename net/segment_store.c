#include "segment_store.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "mailbox.h"

struct segment_store {
    struct store store; /* first: the store is this */
    struct segment *segment;
    struct segment_source *source;
    uint64_t lock_timeout_ns;
    uint32_t seat;
};

static struct segment_store *
of(struct store *store)
{
    return (struct segment_store *)store;
}

static struct timespec
timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / CLOCK_NS_PER_S),
                             .tv_nsec = (long)(ns % CLOCK_NS_PER_S)};
}

/* For every operation, and looked at only by one that has to wait. */
static struct timespec
lock_deadline(const struct segment_store *store)
{
    return timespec_of(clock_add_ns(clock_recent_ns() + CLOCK_TICK_NS,
                                    store->lock_timeout_ns));
}

/* A lock that was not had in time is "busy"; a timeout is a wait's outcome. */
static int
lock_error(int error)
{
    return error == ETIMEDOUT ? EBUSY : error;
}

/* Whoever finds more recoveries than the log knows of tells it, once. */
static void
tell_recoveries(const struct segment_store *self)
{
    uint64_t now = segment_recoveries(self->segment);
    uint64_t told =
        atomic_load_explicit(&self->source->told, memory_order_relaxed);

    if (now > told &&
        atomic_compare_exchange_strong(&self->source->told, &told, now)) {
        log_warning(self->source->log,
                    "%llu dead owners' locks recovered (%llu in all)",
                    (unsigned long long)(now - told), (unsigned long long)now);
    }
}

static void
set_view(struct store_view *view, const struct mailbox_view *found)
{
    view->version = found->version;
    view->size_bytes = found->size_bytes;
    view->length_bytes = (size_t)found->length_bytes;
}

static bool
has_mailbox(const struct store *store, uint64_t mailbox)
{
    return mailbox < store->mailboxes_count;
}

static uint64_t
version_of(uint64_t if_version)
{
    return if_version == STORE_ANY_VERSION ? MAILBOX_ANY_VERSION : if_version;
}

static int
read_mailbox(struct store *store, const struct store_read *request,
             void *buffer, struct store_view *view)
{
    struct segment_store *self = of(store);
    struct timespec deadline = lock_deadline(self);
    struct mailbox_view found = {0};
    const struct mailbox_read wanted = {
        .offset_bytes = request->offset_bytes,
        .max_bytes = request->max_bytes,
        .if_version = version_of(request->if_version),
    };

    if (!has_mailbox(store, request->mailbox)) {
        return ENOENT;
    }
    int error =
        mailbox_read(self->segment, self->seat, (uint32_t)request->mailbox,
                     &wanted, &deadline, buffer, &found);
    set_view(view, &found);
    tell_recoveries(self);
    return lock_error(error);
}

static enum mailbox_mode
mode_of(enum store_mode mode)
{
    switch (mode) {
    case STORE_OVERWRITE:
        return MAILBOX_OVERWRITE;
    case STORE_APPEND:
        return MAILBOX_APPEND;
    case STORE_REPLACE:
        break;
    }
    return MAILBOX_REPLACE;
}

static struct mailbox_write
mailbox_write_of(const struct store_write *request)
{
    return (struct mailbox_write){
        .mode = mode_of(request->mode),
        .offset_bytes = request->offset_bytes,
        .if_version = version_of(request->if_version),
        .data = request->data,
        .length_bytes = request->length_bytes,
    };
}

static int
write_mailbox(struct store *store, const struct store_write *request,
              struct store_view *view)
{
    struct segment_store *self = of(store);
    struct timespec deadline = lock_deadline(self);
    struct mailbox_view found = {0};
    const struct mailbox_write wanted = mailbox_write_of(request);

    if (!has_mailbox(store, request->mailbox)) {
        return ENOENT;
    }
    int error =
        mailbox_write(self->segment, self->seat, (uint32_t)request->mailbox,
                      &wanted, &deadline, &found);
    set_view(view, &found);
    tell_recoveries(self);
    return lock_error(error);
}

static struct store_content
content_of(const struct mailbox_content *content)
{
    return (struct store_content){
        .bytes = content->bytes,
        .size_bytes = content->size_bytes,
        .version = content->version,
    };
}

/* What a caller of ours gave, on its way through the mailbox. */
struct visit {
    uint64_t mailbox;
    int (*look)(void *context, const struct store_content *content);
    int (*decide)(void *context, const struct store_content *content,
                  struct store_write *write);
    void *context;
};

static int
look_at(void *context, const struct mailbox_content *content)
{
    const struct visit *visit = context;
    const struct store_content shown = content_of(content);

    return visit->look(visit->context, &shown);
}

static int
decide_on(void *context, const struct mailbox_content *content,
          struct mailbox_write *write)
{
    const struct visit *visit = context;
    const struct store_content shown = content_of(content);
    struct store_write wanted = {.mailbox = visit->mailbox,
                                 .if_version = STORE_ANY_VERSION};

    int error = visit->decide(visit->context, &shown, &wanted);
    *write = mailbox_write_of(&wanted);
    return error;
}

static int
inspect_mailbox(struct store *store, uint64_t mailbox,
                int (*look)(void *context, const struct store_content *content),
                void *context)
{
    struct segment_store *self = of(store);
    struct timespec deadline = lock_deadline(self);
    struct visit visit = {.look = look, .context = context};

    if (!has_mailbox(store, mailbox)) {
        return ENOENT;
    }
    int error = mailbox_inspect(self->segment, self->seat, (uint32_t)mailbox,
                                look_at, &visit, &deadline);
    tell_recoveries(self);
    return lock_error(error);
}

static int
update_mailbox(struct store *store, uint64_t mailbox,
               int (*decide)(void *context, const struct store_content *content,
                             struct store_write *write),
               void *context, struct store_view *view)
{
    struct segment_store *self = of(store);
    struct timespec deadline = lock_deadline(self);
    struct mailbox_view found = {0};
    struct visit visit = {
        .mailbox = mailbox, .decide = decide, .context = context};

    if (!has_mailbox(store, mailbox)) {
        return ENOENT;
    }
    int error = mailbox_update(self->segment, self->seat, (uint32_t)mailbox,
                               decide_on, &visit, &deadline, &found);
    set_view(view, &found);
    tell_recoveries(self);
    return lock_error(error);
}

static int
read_version(struct store *store, uint64_t mailbox, uint64_t *version)
{
    if (!has_mailbox(store, mailbox)) {
        return ENOENT;
    }
    return mailbox_version(of(store)->segment, (uint32_t)mailbox, version);
}

static int
wait_for_version(struct store *store, uint64_t mailbox, uint64_t version,
                 uint64_t deadline_ns)
{
    struct segment_store *self = of(store);
    struct timespec deadline = timespec_of(deadline_ns);

    if (!has_mailbox(store, mailbox)) {
        return ENOENT;
    }
    return mailbox_wait(self->segment, self->seat, (uint32_t)mailbox, version,
                        deadline_ns == CLOCK_NEVER ? NULL : &deadline);
}

static int
describe(struct store *store, uint64_t mailbox, char *text, size_t room_bytes,
         size_t *length_bytes)
{
    struct segment_store *self = of(store);
    struct timespec deadline = lock_deadline(self);
    struct mailbox_figures figures;

    if (!has_mailbox(store, mailbox)) {
        return ENOENT;
    }
    int error = mailbox_describe(self->segment, self->seat, (uint32_t)mailbox,
                                 &deadline, &figures);
    if (error) {
        return lock_error(error);
    }
    /* The version counts the successful writes: it is their number. */
    int length = snprintf(
        text, room_bytes,
        "version %llu\nsize %llu\nreads %llu\nwrites %llu\nreaders %u\n"
        "waiting %u\nwatching %u\nlock-recoveries %llu\n",
        (unsigned long long)figures.version,
        (unsigned long long)figures.size_bytes,
        (unsigned long long)figures.reads, (unsigned long long)figures.version,
        figures.readers, figures.waiting, figures.watching,
        (unsigned long long)figures.recoveries);
    if (length < 0 || (size_t)length >= room_bytes) {
        return ENOBUFS;
    }
    *length_bytes = (size_t)length;
    return 0;
}

static const struct store_ops store_ops = {
    .read = read_mailbox,
    .write = write_mailbox,
    .inspect = inspect_mailbox,
    .update = update_mailbox,
    .version = read_version,
    .wait = wait_for_version,
    .describe = describe,
};

static struct segment_source *
source_of(struct store_source *source)
{
    return (struct segment_source *)source;
}

static int
open_store(struct store_source *source, uint32_t hint, struct store **store)
{
    struct segment *segment = source_of(source)->segment;
    struct segment_store *made = malloc(sizeof *made);

    if (!made) {
        return ENOMEM;
    }
    *made = (struct segment_store){
        .store = {.ops = &store_ops,
                  .mailboxes_count = segment->geometry.mailboxes_count,
                  .mailbox_bytes = segment->geometry.mailbox_bytes},
        .segment = segment,
        .source = source_of(source),
        .lock_timeout_ns = source_of(source)->lock_timeout_ns,
    };
    int error = segment_sit(segment, hint, &made->seat);
    if (error) {
        free(made);
        return error;
    }
    *store = &made->store;
    return 0;
}

static void
close_store(struct store_source *source, struct store *store)
{
    segment_stand(source_of(source)->segment, of(store)->seat);
    free(of(store));
}

static void
cancel_store(struct store_source *source, struct store *store)
{
    segment_cancel(source_of(source)->segment, of(store)->seat);
}

static const struct store_source_ops source_ops = {
    .open = open_store,
    .close = close_store,
    .cancel = cancel_store,
};

void
segment_store_init(struct segment_source *source, struct segment *segment,
                   uint64_t lock_timeout_ns, struct log *log)
{
    *source = (struct segment_source){
        .source = {.ops = &source_ops},
        .segment = segment,
        .lock_timeout_ns = lock_timeout_ns,
        .log = log,
        .told = segment_recoveries(segment),
    };
}
