#include "fake_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct fake_store *
of(struct store *store)
{
    return (struct fake_store *)store;
}

static int
find(struct fake_store *fake, uint64_t mailbox, uint64_t if_version,
     struct fake_mailbox **found, struct store_view *view)
{
    if (mailbox >= FAKE_STORE_MAILBOXES) {
        return ENOENT;
    }
    *found = &fake->mailboxes[mailbox];
    view->version = (*found)->version;
    view->size_bytes = (*found)->size_bytes;
    if (if_version != STORE_ANY_VERSION && if_version != (*found)->version) {
        return ESTALE;
    }
    return 0;
}

static int
fake_read(struct store *store, const struct store_read *request, void *buffer,
          struct store_view *view)
{
    struct fake_store *fake = of(store);
    struct fake_mailbox *mailbox;
    int error =
        find(fake, request->mailbox, request->if_version, &mailbox, view);
    size_t left = 0;

    if (error == 0) {
        error = fake->read_error;
    }
    if (error != 0) {
        return error;
    }
    if (request->offset_bytes < mailbox->size_bytes) {
        left = mailbox->size_bytes - (size_t)request->offset_bytes;
    }
    view->length_bytes = left < request->max_bytes ? left : request->max_bytes;
    if (view->length_bytes > 0) {
        memcpy(buffer, mailbox->content + request->offset_bytes,
               view->length_bytes);
    }
    return 0;
}

/* Where the data goes, and how long the content is afterwards. */
static int
place(const struct fake_store *fake, const struct fake_mailbox *mailbox,
      const struct store_write *request, uint64_t *offset, uint64_t *size)
{
    *offset = request->mode == STORE_APPEND      ? mailbox->size_bytes
              : request->mode == STORE_OVERWRITE ? request->offset_bytes
                                                 : 0;
    *size = request->mode == STORE_REPLACE ? 0 : mailbox->size_bytes;
    if (request->length_bytes == 0) {
        return 0;
    }
    if (*offset > fake->store.mailbox_bytes ||
        request->length_bytes > fake->store.mailbox_bytes - *offset) {
        return EFBIG;
    }
    if (*size < *offset + request->length_bytes) {
        *size = *offset + request->length_bytes;
    }
    return 0;
}

static void
apply(struct fake_mailbox *mailbox, const struct store_write *request,
      uint64_t offset, uint64_t size)
{
    size_t old = mailbox->size_bytes;

    if (size > old) {
        memset(mailbox->content + old, 0, (size_t)size - old);
    }
    if (request->length_bytes > 0) {
        memcpy(mailbox->content + offset, request->data, request->length_bytes);
    }
    mailbox->size_bytes = (size_t)size;
    mailbox->version++;
}

static int
fake_write(struct store *store, const struct store_write *request,
           struct store_view *view)
{
    struct fake_store *fake = of(store);
    struct fake_mailbox *mailbox;
    uint64_t offset;
    uint64_t size;
    int error =
        find(fake, request->mailbox, request->if_version, &mailbox, view);

    if (error == 0) {
        error = place(fake, mailbox, request, &offset, &size);
    }
    if (error == 0 && (fake->write_error == 0 || fake->writes_anyway)) {
        apply(mailbox, request, offset, size);
        view->version = mailbox->version;
        view->size_bytes = mailbox->size_bytes;
    }
    return error == 0 ? fake->write_error : error;
}

static struct store_content
content_of(const struct fake_mailbox *mailbox)
{
    return (struct store_content){.bytes = mailbox->content,
                                  .size_bytes = mailbox->size_bytes,
                                  .version = mailbox->version};
}

static int
fake_inspect(struct store *store, uint64_t mailbox,
             int (*look)(void *context, const struct store_content *content),
             void *context)
{
    struct fake_store *fake = of(store);
    struct store_content content;

    if (mailbox >= FAKE_STORE_MAILBOXES) {
        return ENOENT;
    }
    if (fake->read_error != 0) {
        return fake->read_error;
    }
    content = content_of(&fake->mailboxes[mailbox]);
    return look(context, &content);
}

/* As a store that tries anew whenever somebody else was faster. */
static int
fake_update(struct store *store, uint64_t mailbox,
            int (*decide)(void *context, const struct store_content *content,
                          struct store_write *write),
            void *context, struct store_view *view)
{
    struct fake_store *fake = of(store);
    int times = fake->asks_again ? 2 : 1;
    struct store_write write;
    int error = ENOENT;

    while (mailbox < FAKE_STORE_MAILBOXES && times-- > 0) {
        struct store_content content = content_of(&fake->mailboxes[mailbox]);

        if (fake->write_error != 0 && !fake->writes_anyway) {
            return fake->write_error;
        }
        write = (struct store_write){.mailbox = mailbox,
                                     .if_version = STORE_ANY_VERSION};
        error = decide(context, &content, &write);
    }
    return error == 0 ? fake_write(store, &write, view) : error;
}

static int
fake_version(struct store *store, uint64_t mailbox, uint64_t *version)
{
    struct fake_store *fake = of(store);

    if (mailbox >= FAKE_STORE_MAILBOXES) {
        return ENOENT;
    }
    *version = fake->mailboxes[mailbox].version + fake->version_lead;
    return fake->version_error;
}

static int
fake_wait(struct store *store, uint64_t mailbox, uint64_t version,
          uint64_t deadline_ns)
{
    struct fake_store *fake = of(store);

    if (mailbox >= FAKE_STORE_MAILBOXES) {
        return ENOENT;
    }
    if (fake->mailboxes[mailbox].version > version) {
        return 0;
    }
    if (fake->now_ns < deadline_ns) {
        fake->now_ns = deadline_ns;
    }
    return ETIMEDOUT;
}

static int
fake_describe(struct store *store, uint64_t mailbox, char *text,
              size_t room_bytes, size_t *length_bytes)
{
    struct fake_store *fake = of(store);

    if (fake->describe_error != 0) {
        return fake->describe_error;
    }
    *length_bytes = (size_t)snprintf(text, room_bytes, "version %d\nsize %d\n",
                                     (int)fake->mailboxes[mailbox].version,
                                     (int)fake->mailboxes[mailbox].size_bytes);
    return 0;
}

static const struct store_ops fake_ops = {.read = fake_read,
                                          .write = fake_write,
                                          .inspect = fake_inspect,
                                          .update = fake_update,
                                          .version = fake_version,
                                          .wait = fake_wait,
                                          .describe = fake_describe};

void
fake_store_init(struct fake_store *fake, size_t mailbox_bytes)
{
    memset(fake, 0, sizeof *fake);
    fake->store.ops = &fake_ops;
    fake->store.mailboxes_count = FAKE_STORE_MAILBOXES;
    fake->store.mailbox_bytes = mailbox_bytes;
    fake->now_ns = 1000;
}

static uint64_t
fake_now_ns(void *context)
{
    return ((struct fake_store *)context)->now_ns;
}

struct session_clock
fake_store_clock(struct fake_store *fake)
{
    return (struct session_clock){.now_ns = fake_now_ns, .context = fake};
}

void
fake_store_put(struct fake_store *fake, uint64_t mailbox, const char *text)
{
    struct fake_mailbox *to = &fake->mailboxes[mailbox];

    to->size_bytes = strlen(text);
    memcpy(to->content, text, to->size_bytes);
    to->version++;
}
