#include "resp_transaction.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "resp_commands.h"

/* The most commands of a transaction: all are done under one lock. */
#define QUEUED_MAX 4096

/*
 * A command in the queue: this, the places of its words, its bytes, and filling
 * up to a boundary on which the next one may begin.
 */
struct queued {
    const struct resp_command *command;
    size_t words_count;
    size_t bytes_count;
};

static size_t
filled_up(size_t bytes)
{
    const size_t boundary = sizeof(struct queued);

    return (bytes + boundary - 1) / boundary * boundary;
}

static size_t
places_bytes(const struct queued *queued)
{
    return queued->words_count * sizeof(struct resp_argument);
}

static size_t
whole_bytes(const struct queued *queued)
{
    return filled_up(sizeof *queued + places_bytes(queued) +
                     queued->bytes_count);
}

void
resp_transaction_refuse_slot(struct resp *resp)
{
    resp_refuse(resp, "CROSSSLOT Keys in request don't hash to the same slot");
}

/* How far it is, for CLIENT LIST. */
static void
tell_progress(struct resp *resp)
{
    const struct resp_transaction *transaction = &resp->transaction;

    atomic_store_explicit(&resp->entry->queued,
                          transaction->is_open ? (int)transaction->count : -1,
                          memory_order_relaxed);
}

void
resp_transaction_reset(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;

    transaction->is_open = false;
    transaction->is_spoilt = false;
    transaction->is_executing = false;
    transaction->writes = false;
    transaction->has_mailbox = false;
    transaction->is_watching = false;
    transaction->count = 0;
    tell_progress(resp);
    buffer_consume(&transaction->queue, buffer_length(&transaction->queue));
}

void
resp_transaction_spoil(struct resp *resp)
{
    resp->transaction.is_spoilt = resp->transaction.is_open;
}

enum resp_next
resp_transaction_multi(struct resp *resp)
{
    if (resp->transaction.is_open) {
        resp_refuse(resp, "ERR MULTI calls can not be nested");
        return RESP_DONE;
    }
    resp->transaction.is_open = true;
    tell_progress(resp);
    resp_reply_status(&resp->reply, "OK");
    return RESP_DONE;
}

enum resp_next
resp_transaction_discard(struct resp *resp)
{
    if (!resp->transaction.is_open) {
        resp_refuse(resp, "ERR DISCARD without MULTI");
        return RESP_DONE;
    }
    resp_transaction_reset(resp);
    resp_reply_status(&resp->reply, "OK");
    return RESP_DONE;
}

/*
 * One mailbox is watched at a time: one lock cannot keep two as they are.
 * Watched again, it is the first version that counts.
 */
enum resp_next
resp_transaction_watch(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    uint64_t mailbox = 0;
    uint64_t version = 0;
    int error;

    if (transaction->is_open) {
        resp_refuse(resp, "ERR WATCH inside MULTI is not allowed");
        return RESP_DONE;
    }
    if (resp_command_mailbox(resp, &mailbox) != 0) {
        return RESP_DONE;
    }
    if (transaction->is_watching) {
        if (transaction->watched_mailbox != mailbox) {
            resp_transaction_refuse_slot(resp);
            return RESP_DONE;
        }
    } else {
        error = resp->store->ops->version(resp->store, mailbox, &version);
        if (error != 0) {
            return resp_fail(resp, error, mailbox);
        }
        transaction->is_watching = true;
        transaction->watched_mailbox = mailbox;
        transaction->watched_version = version;
    }
    resp_reply_status(&resp->reply, "OK");
    return RESP_DONE;
}

enum resp_next
resp_transaction_unwatch(struct resp *resp)
{
    if (!resp->transaction.is_executing) {
        resp->transaction.is_watching = false;
    }
    resp_reply_status(&resp->reply, "OK");
    return RESP_DONE;
}

/* ---- The queue. ---- */

/*
 * The command's mailbox, if it has one, becomes the transaction's.
 * Errors: ENOENT, EXDEV  refused
 */
static int
join_mailbox(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    uint64_t mailbox = 0;

    if (resp_command_keys(resp) == 0) {
        return 0;
    }
    int error = resp_command_mailbox(resp, &mailbox);
    if (error != 0) {
        return error;
    }
    if ((transaction->has_mailbox && transaction->mailbox != mailbox) ||
        (transaction->is_watching && transaction->watched_mailbox != mailbox)) {
        resp_transaction_refuse_slot(resp);
        return EXDEV;
    }
    transaction->has_mailbox = true;
    transaction->mailbox = mailbox;
    return 0;
}

static void
copy_command(struct resp *resp, const struct queued *queued)
{
    char *to = buffer_tail(&resp->transaction.queue);

    memcpy(to, queued, sizeof *queued);
    to += sizeof *queued;
    memcpy(to, resp->arguments.places, places_bytes(queued));
    to += places_bytes(queued);
    memcpy(to, resp->arguments.bytes, queued->bytes_count);
    buffer_append(&resp->transaction.queue, whole_bytes(queued));
}

/*
 * Errors: ENOENT, EXDEV  of another mailbox, or of none; EAGAIN  too many
 *         commands; ENOBUFS  too long: refused; ENOMEM
 */
static int
queue_command(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    const struct queued queued = {.command = resp->command,
                                  .words_count = resp->arguments.count,
                                  .bytes_count = resp->parser.at};
    int error = join_mailbox(resp);

    if (error != 0) {
        return error;
    }
    if (transaction->count == QUEUED_MAX) {
        resp_refuse(resp, "ERR the transaction has more than %d commands",
                    QUEUED_MAX);
        return EAGAIN;
    }
    error = buffer_reserve(&transaction->queue, whole_bytes(&queued));
    if (error == ENOBUFS) {
        resp_refuse(resp, "ERR the transaction is longer than %zu bytes",
                    transaction->queue.bound_bytes);
    }
    if (error != 0) {
        return error;
    }
    copy_command(resp, &queued);
    transaction->count++;
    tell_progress(resp);
    if ((resp->command->flags & RESP_WRITES) != 0) {
        transaction->writes = true;
    }
    return 0;
}

enum resp_next
resp_transaction_queue(struct resp *resp)
{
    int error = queue_command(resp);

    if (error == 0) {
        resp_reply_status(&resp->reply, "QUEUED");
        return RESP_DONE;
    }
    resp_transaction_spoil(resp);
    return error == ENOMEM ? resp_fail(resp, error, 0) : RESP_DONE;
}

/* Make the command at this place of the queue the one under way. */
static size_t
take_queued(struct resp *resp, size_t at)
{
    const char *from = buffer_head(&resp->transaction.queue) + at;
    const struct queued *queued = (const void *)from;
    const void *places = from + sizeof *queued;

    resp->command = queued->command;
    resp->arguments = (struct resp_arguments){.bytes = from + sizeof *queued +
                                                       places_bytes(queued),
                                              .places = places,
                                              .count = queued->words_count};
    return at + whole_bytes(queued);
}

/* ---- EXEC. ---- */

/* Do what was queued, on the mailbox if there is one, until it is in vain. */
static void
run_queue(struct resp *resp, struct resp_box *box)
{
    size_t length = buffer_length(&resp->transaction.queue);
    size_t at = 0;

    resp_reply_array(&resp->reply, resp->transaction.count);
    while (at < length && resp->reply.error == 0) {
        at = take_queued(resp, at);
        if (resp->command->work != NULL) {
            assert(box != NULL);
            resp->command->work(resp, box);
        } else {
            (void)resp->command->run(resp);
        }
    }
}

/*
 * Errors: ESTALE  the watched version has passed; RESP_NOTHING_WRITTEN; ENOMEM,
 *         ENOBUFS  the answers do not fit
 */
static int
execute(struct resp *resp, const struct store_content *content,
        struct store_write *write)
{
    struct resp_transaction *transaction = &resp->transaction;
    struct resp_box box;

    resp_reply_take_back(&resp->reply);
    resp->is_conflict = false;
    resp->is_refused = false;
    if (transaction->is_watching &&
        transaction->watched_version != content->version) {
        resp->is_conflict = true;
        return ESTALE;
    }
    resp_box_init(&box, content, resp->store->mailbox_bytes, write,
                  &transaction->work);
    run_queue(resp, &box);
    if (resp->reply.error != 0) {
        return resp->reply.error;
    }
    resp_box_finish(&box);
    return box.is_changed ? 0 : RESP_NOTHING_WRITTEN;
}

static int
look(void *context, const struct store_content *content)
{
    int error = execute(context, content, NULL);

    return error == RESP_NOTHING_WRITTEN ? 0 : error;
}

static int
decide(void *context, const struct store_content *content,
       struct store_write *write)
{
    return execute(context, content, write);
}

/* Outside a mailbox's lock, for the queue is about none. */
static int
execute_without_mailbox(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    uint64_t version = 0;
    int error = 0;

    if (transaction->is_watching) {
        error = resp->store->ops->version(
            resp->store, transaction->watched_mailbox, &version);
        if (error == 0 && version != transaction->watched_version) {
            error = ESTALE;
        }
    }
    if (error == 0) {
        run_queue(resp, NULL);
        error = resp->reply.error;
    }
    return error;
}

static int
execute_queue(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    const struct store_ops *ops = resp->store->ops;
    struct store_view view = {0};
    int error;

    if (!transaction->has_mailbox) {
        return execute_without_mailbox(resp);
    }
    if (transaction->writes) {
        error =
            ops->update(resp->store, transaction->mailbox, decide, resp, &view);
    } else {
        error = ops->inspect(resp->store, transaction->mailbox, look, resp);
        error = error == 0 ? RESP_NOTHING_WRITTEN : error;
    }
    if (error == 0 || error == RESP_NOTHING_WRITTEN || error == ESTALE) {
        resp_command_count(resp, error);
    }
    return error == RESP_NOTHING_WRITTEN ? 0 : error;
}

static enum resp_next
answer_outcome(struct resp *resp, int error, uint64_t mailbox)
{
    switch (error) {
    case 0:
        return RESP_DONE;
    case ESTALE:
        resp_reply_take_back(&resp->reply);
        resp_reply_null_array(&resp->reply);
        return RESP_DONE;
    case ENOBUFS:
        resp_reply_take_back(&resp->reply);
        resp_refuse(resp,
                    "EXECABORT Transaction discarded because its answers "
                    "would be longer than %zu bytes",
                    resp->reply.output->bound_bytes);
        return RESP_DONE;
    default:
        return resp_fail(resp, error, mailbox);
    }
}

enum resp_next
resp_transaction_exec(struct resp *resp)
{
    struct resp_transaction *transaction = &resp->transaction;
    uint64_t mailbox = transaction->mailbox;
    int error;

    if (!transaction->is_open) {
        resp_refuse(resp, "ERR EXEC without MULTI");
        return RESP_DONE;
    }
    if (transaction->is_spoilt) {
        resp_transaction_reset(resp);
        resp_reply_error(&resp->reply,
                         "EXECABORT Transaction discarded because of "
                         "previous errors.");
        return RESP_DONE;
    }
    transaction->is_executing = true;
    error = execute_queue(resp);
    resp_transaction_reset(resp);
    return answer_outcome(resp, error, mailbox);
}
