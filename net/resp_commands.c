#include "resp_commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "resp_transaction.h"

/* How much of a word that is no command is quoted. */
#define QUOTED_MAX 128

static size_t
last_key(const struct resp *resp)
{
    int last = resp->command->keys.last;

    return last < 0 ? resp->arguments.count - (size_t)-last : (size_t)last;
}

size_t
resp_command_keys(const struct resp *resp)
{
    const struct resp_keys *keys = &resp->command->keys;

    return keys->first == 0
               ? 0
               : (last_key(resp) - (size_t)keys->first) / (size_t)keys->step +
                     1;
}

size_t
resp_command_key(const struct resp *resp, size_t key)
{
    const struct resp_keys *keys = &resp->command->keys;

    return (size_t)keys->first + key * (size_t)keys->step;
}

int
resp_command_mailbox(struct resp *resp, uint64_t *mailbox)
{
    size_t count = resp_command_keys(resp);
    uint64_t other = 0;
    int error = resp_mailbox(resp, resp_command_key(resp, 0), mailbox);
    size_t i;

    for (i = 1; i < count && error == 0; i++) {
        error = resp_mailbox(resp, resp_command_key(resp, i), &other);
        if (error == 0 && other != *mailbox) {
            resp_transaction_refuse_slot(resp);
            error = EXDEV;
        }
    }
    return error;
}

/* ---- Refusals. ---- */

const char *
resp_command_in_capitals(const char *name,
                         char text[static RESP_TABLE_NAME_MAX])
{
    size_t i;

    for (i = 0; i < RESP_TABLE_NAME_MAX - 1 && name[i] != '\0'; i++) {
        text[i] = (char)toupper((unsigned char)name[i]);
    }
    text[i] = '\0';
    return text;
}

/* Quote the words behind the name, as many as are worth it. */
static void
quote_words(const struct resp *resp, char text[static 2 * QUOTED_MAX])
{
    size_t length = 0;
    size_t i;

    text[0] = '\0';
    for (i = 1; i < resp->arguments.count && length < QUOTED_MAX; i++) {
        struct resp_word word = resp_word(resp, i);
        size_t left = QUOTED_MAX - length;
        size_t shown = word.length < left ? word.length : left;

        length +=
            (size_t)snprintf(text + length, (size_t)2 * QUOTED_MAX - length,
                             "'%.*s' ", (int)shown, word.bytes);
    }
}

static void
refuse_unknown(struct resp *resp)
{
    struct resp_word name = resp_word(resp, 0);
    size_t shown = name.length < QUOTED_MAX ? name.length : QUOTED_MAX;
    char words[2 * QUOTED_MAX];

    quote_words(resp, words);
    resp_refuse(resp,
                "ERR unknown command '%.*s', with args beginning with: %s",
                (int)shown, name.bytes, words);
}

/* An EXEC that is refused ends its transaction, as any other does. */
static void
refuse_arity(struct resp *resp)
{
    if (resp->command->run != resp_transaction_exec) {
        resp_refuse_arity(resp, resp->command->name);
        return;
    }
    resp_transaction_reset(resp);
    resp_refuse(resp, "EXECABORT Transaction discarded because of: wrong "
                      "number of arguments for 'exec' command");
}

static void
refuse_subcommand(struct resp *resp)
{
    struct resp_word name = resp_word(resp, 1);
    size_t shown = name.length < QUOTED_MAX ? name.length : QUOTED_MAX;
    char container[RESP_TABLE_NAME_MAX];

    resp_refuse(resp, "ERR unknown subcommand '%.*s'. Try %s HELP.", (int)shown,
                name.bytes,
                resp_command_in_capitals(resp->command->name, container));
}

/* ---- Running. ---- */

/* A command on one mailbox, alone. */
static int
work_on(struct resp *resp, const struct store_content *content,
        struct store_write *write)
{
    struct resp_box box;

    resp_reply_take_back(&resp->reply);
    resp->is_conflict = false;
    resp->is_refused = false;
    resp_box_init(&box, content, resp->store->mailbox_bytes, write, NULL);
    resp->command->work(resp, &box);
    if (resp->reply.error != 0) {
        return resp->reply.error;
    }
    resp_box_finish(&box);
    return box.is_changed ? 0 : RESP_NOTHING_WRITTEN;
}

static int
look(void *context, const struct store_content *content)
{
    int error = work_on(context, content, NULL);

    return error == RESP_NOTHING_WRITTEN ? 0 : error;
}

static int
decide(void *context, const struct store_content *content,
       struct store_write *write)
{
    return work_on(context, content, write);
}

void
resp_command_count(struct resp *resp, int error)
{
    struct statistics *statistics = resp->config->statistics;

    if (error == 0) {
        statistics_add(&statistics->writes, 1);
    } else if (error == RESP_NOTHING_WRITTEN) {
        statistics_add(&statistics->reads, 1);
    }
    if (resp->is_conflict) {
        statistics_add(&statistics->conflicts, 1);
    }
}

static enum resp_next
run_on_mailbox(struct resp *resp)
{
    const struct store_ops *ops = resp->store->ops;
    struct store_view view = {0};
    uint64_t mailbox = 0;
    int error = resp_command_mailbox(resp, &mailbox);

    if (error != 0) {
        return RESP_DONE;
    }
    if ((resp->command->flags & RESP_WRITES) != 0) {
        error = ops->update(resp->store, mailbox, decide, resp, &view);
    } else {
        error = ops->inspect(resp->store, mailbox, look, resp);
        error = error == 0 ? RESP_NOTHING_WRITTEN : error;
    }
    if (error != 0 && error != RESP_NOTHING_WRITTEN) {
        return resp_fail(resp, error, mailbox);
    }
    resp_command_count(resp, error);
    return RESP_DONE;
}

enum resp_next
resp_command_continue(struct resp *resp)
{
    return resp->command->run != NULL ? resp->command->run(resp)
                                      : run_on_mailbox(resp);
}

/* The subcommand that the second word names; NULL: it is refused. */
static const struct resp_command *
understand_subcommand(struct resp *resp)
{
    const struct resp_command *sub =
        resp_table_find_sub(resp->command, resp_word(resp, 1));
    char name[2 * RESP_TABLE_NAME_MAX];

    if (sub == NULL) {
        refuse_subcommand(resp);
        return NULL;
    }
    if (!resp_table_takes(sub, resp->arguments.count)) {
        (void)snprintf(name, sizeof name, "%s|%s", resp->command->name,
                       sub->name);
        resp_refuse_arity(resp, name);
        return NULL;
    }
    return sub;
}

/* Can it be begun or queued?  If not, it is refused. */
static bool
is_understood(struct resp *resp)
{
    const struct resp_command *command = resp->command;

    if (command == NULL) {
        refuse_unknown(resp);
        return false;
    }
    if (!resp_table_takes(command, resp->arguments.count)) {
        refuse_arity(resp);
        return false;
    }
    if (resp->transaction.is_open && (command->flags & RESP_NO_MULTI) != 0) {
        resp_refuse(resp, "ERR Command not allowed inside a transaction");
        return false;
    }
    return command->subcommands_count == 0 || resp->arguments.count < 2 ||
           understand_subcommand(resp) != NULL;
}

enum resp_next
resp_command_begin(struct resp *resp)
{
    resp->command = resp_table_find(resp_word(resp, 0));
    if (!is_understood(resp)) {
        resp_transaction_spoil(resp);
        return RESP_DONE;
    }
    atomic_store_explicit(&resp->entry->command, resp->command->name,
                          memory_order_relaxed);
    if (resp->transaction.is_open &&
        (resp->command->flags & RESP_IMMEDIATE) == 0) {
        return resp_transaction_queue(resp);
    }
    return resp_command_continue(resp);
}

enum resp_next
resp_command_sub(struct resp *resp)
{
    const struct resp_command *sub = understand_subcommand(resp);

    return sub == NULL ? RESP_DONE : sub->run(resp);
}
