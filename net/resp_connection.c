#include "resp_connection.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "resp_commands.h"
#include "resp_transaction.h"

/* The longest answer of CLIENT LIST; who does not fit is left out. */
#define LIST_MAX 245760

/* How many connections CLIENT LIST ID may ask for. */
#define NUMBERS_MAX 64

enum resp_next
resp_connection_ping(struct resp *resp)
{
    struct resp_word message;

    if (resp->arguments.count > 2) {
        resp_refuse_arity(resp, "ping");
    } else if (resp->arguments.count == 2) {
        message = resp_word(resp, 1);
        resp_reply_bulk(&resp->reply, message.bytes, message.length);
    } else {
        resp_reply_status(&resp->reply, "PONG");
    }
    return RESP_DONE;
}

enum resp_next
resp_connection_echo(struct resp *resp)
{
    struct resp_word message = resp_word(resp, 1);

    resp_reply_bulk(&resp->reply, message.bytes, message.length);
    return RESP_DONE;
}

enum resp_next
resp_connection_quit(struct resp *resp)
{
    resp_reply_status(&resp->reply, "OK");
    return RESP_CLOSE;
}

/* Whoever sends the words of HTTP may have been talked into it. */
enum resp_next
resp_connection_attack(struct resp *resp)
{
    resp->conversation.complaint =
        "closed: it sent POST or Host:, which are HTTP's and no commands: "
        "perhaps a web page makes a browser talk to this port";
    return RESP_CLOSE;
}

enum resp_next
resp_connection_select(struct resp *resp)
{
    int64_t index = 0;

    if (resp_word_integer(resp, 1, &index) != 0) {
        resp_refuse_integer(resp);
    } else if (index != 0) {
        resp_refuse(resp, "ERR DB index is out of range");
    } else {
        resp_reply_status(&resp->reply, "OK");
    }
    return RESP_DONE;
}

/* There is one user, `default`, and any password is right. */
static bool
is_known_user(const struct resp *resp, size_t index)
{
    struct resp_word user = resp_word(resp, index);

    return user.length == strlen("default") &&
           memcmp(user.bytes, "default", user.length) == 0;
}

static void
refuse_user(struct resp *resp)
{
    resp_refuse(resp, "WRONGPASS invalid username-password pair or user is "
                      "disabled.");
}

enum resp_next
resp_connection_auth(struct resp *resp)
{
    if (resp->arguments.count > 3) {
        resp_refuse_syntax(resp);
    } else if (resp->arguments.count == 2) {
        resp_refuse(resp, "ERR AUTH <password> called without any password "
                          "configured for the default user. Are you sure your "
                          "configuration is correct?");
    } else if (is_known_user(resp, 1)) {
        resp_reply_status(&resp->reply, "OK");
    } else {
        refuse_user(resp);
    }
    return RESP_DONE;
}

/* ---- Names. ---- */

/* Errors: EINVAL  a space, or what no terminal shows; EFBIG  too long */
static int
judge_name(struct resp_word name)
{
    size_t i;

    for (i = 0; i < name.length; i++) {
        if (!isgraph((unsigned char)name.bytes[i])) {
            return EINVAL;
        }
    }
    return name.length > CENSUS_NAME_MAX ? EFBIG : 0;
}

/*
 * Keep a name; what is wrong with it is refused.
 *   what  which name it is, in the words of the refusal
 * Errors: EINVAL
 */
static int
keep_name(struct resp *resp, size_t index, const char *what,
          char name[static CENSUS_NAME_MAX + 1])
{
    struct resp_word given = resp_word(resp, index);
    char copy[CENSUS_NAME_MAX + 1];

    switch (judge_name(given)) {
    case 0:
        memcpy(copy, given.bytes, given.length);
        copy[given.length] = '\0';
        census_rename(resp->config->census, name, copy);
        return 0;
    case EFBIG:
        resp_refuse(resp, "ERR %s cannot be longer than %d bytes.", what,
                    CENSUS_NAME_MAX);
        break;
    default:
        resp_refuse(resp,
                    "ERR %s cannot contain spaces, newlines or special "
                    "characters.",
                    what);
        break;
    }
    return EINVAL;
}

enum resp_next
resp_connection_setname(struct resp *resp)
{
    if (keep_name(resp, 2, "Client names", resp->entry->name) == 0) {
        resp_reply_status(&resp->reply, "OK");
    }
    return RESP_DONE;
}

enum resp_next
resp_connection_getname(struct resp *resp)
{
    if (resp->entry->name[0] == '\0') {
        resp_reply_null(&resp->reply);
    } else {
        resp_reply_text(&resp->reply, resp->entry->name);
    }
    return RESP_DONE;
}

enum resp_next
resp_connection_setinfo(struct resp *resp)
{
    struct resp_word option = resp_word(resp, 2);
    int error = 0;

    if (resp_word_is(resp, 2, "lib-name")) {
        error = keep_name(resp, 3, "lib-name", resp->entry->library_name);
    } else if (resp_word_is(resp, 2, "lib-ver")) {
        error = keep_name(resp, 3, "lib-ver", resp->entry->library_version);
    } else {
        resp_refuse(resp, "ERR Unrecognized option '%.*s'",
                    (int)(option.length < 64 ? option.length : 64),
                    option.bytes);
        return RESP_DONE;
    }
    if (error == 0) {
        resp_reply_status(&resp->reply, "OK");
    }
    return RESP_DONE;
}

enum resp_next
resp_connection_id(struct resp *resp)
{
    resp_reply_integer(&resp->reply, resp->entry->number);
    return RESP_DONE;
}

/* The lines of one connection, or of all: number 0. */
static void
answer_lines(struct resp *resp, const uint64_t *numbers, size_t count)
{
    const struct session_clock *clock = &resp->config->clock;
    struct census_question question = {.now_ns = clock->now_ns(clock->context)};
    struct buffer text;
    size_t i;

    buffer_init(&text, 1024, LIST_MAX);
    for (i = 0; i < count; i++) {
        question.number = numbers[i];
        census_describe(resp->config->census, &question, &text);
    }
    resp_reply_verbatim(&resp->reply, buffer_head(&text), buffer_length(&text));
    buffer_fini(&text);
}

enum resp_next
resp_connection_info(struct resp *resp)
{
    answer_lines(resp, &resp->entry->number, 1);
    return RESP_DONE;
}

/* All connections are of one type. */
static enum resp_next
list_type(struct resp *resp)
{
    static const char *const others[] = {"master", "slave", "replica",
                                         "pubsub"};
    const uint64_t all = 0;
    struct resp_word type = resp_word(resp, 3);
    size_t i;

    if (resp_word_is(resp, 3, "normal")) {
        answer_lines(resp, &all, 1);
        return RESP_DONE;
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (resp_word_is(resp, 3, others[i])) {
            answer_lines(resp, NULL, 0);
            return RESP_DONE;
        }
    }
    resp_refuse(resp, "ERR Unknown client type '%.*s'",
                (int)(type.length < 64 ? type.length : 64), type.bytes);
    return RESP_DONE;
}

static enum resp_next
list_numbers(struct resp *resp)
{
    uint64_t numbers[NUMBERS_MAX];
    size_t count = resp->arguments.count - 3;
    size_t found = 0;
    size_t i;

    if (count > NUMBERS_MAX) {
        resp_refuse(resp, "ERR more than %d client IDs", NUMBERS_MAX);
        return RESP_DONE;
    }
    for (i = 0; i < count; i++) {
        int64_t number = 0;

        if (resp_word_integer(resp, 3 + i, &number) != 0) {
            resp_refuse(resp, "ERR Invalid client ID");
            return RESP_DONE;
        }
        if (number > 0) { /* no other was ever given */
            numbers[found++] = (uint64_t)number;
        }
    }
    answer_lines(resp, numbers, found);
    return RESP_DONE;
}

enum resp_next
resp_connection_list(struct resp *resp)
{
    const uint64_t all = 0;

    if (resp->arguments.count == 2) {
        answer_lines(resp, &all, 1);
    } else if (resp->arguments.count == 4 && resp_word_is(resp, 2, "type")) {
        return list_type(resp);
    } else if (resp->arguments.count > 3 && resp_word_is(resp, 2, "id")) {
        return list_numbers(resp);
    } else {
        resp_refuse_syntax(resp);
    }
    return RESP_DONE;
}

/* ---- Greetings. ---- */

/* What HELLO is told, to be done only if all of it is right. */
struct greeting {
    int64_t version;
    size_t name; /* its place; 0: not given */
};

/* Errors: EINVAL  refused */
static int
read_version(struct resp *resp, int64_t *version)
{
    if (resp->arguments.count < 2) {
        return 0;
    }
    if (resp_word_integer(resp, 1, version) != 0) {
        resp_refuse(resp, "ERR Protocol version is not an integer or out of "
                          "range");
        return EINVAL;
    }
    if (*version < 2 || *version > 3) {
        resp_refuse(resp, "NOPROTO unsupported protocol version");
        return EINVAL;
    }
    return 0;
}

/* Errors: EINVAL  refused */
static int
read_greeting(struct resp *resp, struct greeting *greeting)
{
    size_t i;

    if (read_version(resp, &greeting->version) != 0) {
        return EINVAL;
    }
    for (i = 2; i < resp->arguments.count; i++) {
        struct resp_word option = resp_word(resp, i);
        size_t left = resp->arguments.count - 1 - i;

        if (resp_word_is(resp, i, "auth") && left >= 2) {
            if (!is_known_user(resp, i + 1)) {
                refuse_user(resp);
                return EINVAL;
            }
            i += 2;
        } else if (resp_word_is(resp, i, "setname") && left >= 1) {
            i += 1;
            greeting->name = i;
        } else {
            resp_refuse(resp, "ERR Syntax error in HELLO option '%.*s'",
                        (int)(option.length < 64 ? option.length : 64),
                        option.bytes);
            return EINVAL;
        }
    }
    return greeting->name == 0 ? 0
                               : keep_name(resp, greeting->name, "Client names",
                                           resp->entry->name);
}

static void
answer_text(struct resp *resp, const char *name, const char *value)
{
    resp_reply_text(&resp->reply, name);
    resp_reply_text(&resp->reply, value);
}

static void
answer_number(struct resp *resp, const char *name, uint64_t value)
{
    resp_reply_text(&resp->reply, name);
    resp_reply_integer(&resp->reply, value);
}

static void
set_version(struct resp *resp, int version)
{
    resp->reply.version = version;
    census_set_version(resp->config->census, resp->entry, version);
}

enum resp_next
resp_connection_hello(struct resp *resp)
{
    struct greeting greeting = {.version = resp->reply.version};

    if (read_greeting(resp, &greeting) != 0) {
        return RESP_DONE;
    }
    set_version(resp, (int)greeting.version);
    resp_reply_map(&resp->reply, 7);
    answer_text(resp, "server", "dipc");
    answer_text(resp, "version", RESP_REDIS_VERSION);
    answer_number(resp, "proto", (uint64_t)greeting.version);
    answer_number(resp, "id", resp->entry->number);
    answer_text(resp, "mode", "standalone");
    answer_text(resp, "role", "master");
    resp_reply_text(&resp->reply, "modules");
    resp_reply_array(&resp->reply, 0);
    return RESP_DONE;
}

enum resp_next
resp_connection_reset(struct resp *resp)
{
    resp_transaction_reset(resp);
    set_version(resp, 2);
    census_rename(resp->config->census, resp->entry->name, "");
    resp_reply_status(&resp->reply, "RESET");
    return RESP_DONE;
}

/* The subcommands of the command under way. */
enum resp_next
resp_connection_help(struct resp *resp)
{
    const struct resp_command *command = resp->command;
    char name[RESP_TABLE_NAME_MAX];
    char line[128];
    size_t i;

    resp_reply_array(&resp->reply, 1 + 2 * command->subcommands_count);
    (void)snprintf(line, sizeof line,
                   "%s <subcommand> [<arg> ...]. Subcommands are:",
                   resp_command_in_capitals(command->name, name));
    resp_reply_status(&resp->reply, line);
    for (i = 0; i < command->subcommands_count; i++) {
        const struct resp_command *sub = &command->subcommands[i];
        const char *usage = sub->usage == NULL ? "" : sub->usage;

        (void)snprintf(line, sizeof line, "%s%s%s",
                       resp_command_in_capitals(sub->name, name),
                       sub->usage == NULL ? "" : " ", usage);
        resp_reply_status(&resp->reply, line);
        (void)snprintf(line, sizeof line, "    %s.", sub->summary);
        resp_reply_status(&resp->reply, line);
    }
    return RESP_DONE;
}
