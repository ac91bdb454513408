#include "resp_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "resp_commands.h"
#include "resp_connection.h"
#include "resp_information.h"
#include "resp_keyspace.h"
#include "resp_strings.h"
#include "resp_transaction.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ONE_KEY \
    {           \
        1, 1, 1 \
    }
#define ALL_KEYS \
    {            \
        1, -1, 1 \
    }

/* clang-format off */
static const struct resp_command client_commands[] = {
    {.name = "getname", .arity = 2, .since = "2.6.9",
     .summary = "The name of this connection", .run = resp_connection_getname},
    {.name = "help", .arity = 2, .since = "5.0.0",
     .summary = "The subcommands", .run = resp_connection_help},
    {.name = "id", .arity = 2, .since = "5.0.0",
     .summary = "The number of this connection", .run = resp_connection_id},
    {.name = "info", .arity = 2, .since = "6.2.0",
     .summary = "What is known of this connection",
     .run = resp_connection_info},
    {.name = "list", .arity = -2, .since = "2.4.0",
     .summary = "What is known of all connections",
     .run = resp_connection_list},
    {.name = "setinfo", .arity = 4, .since = "7.2.0",
     .usage = "LIB-NAME|LIB-VER value",
     .summary = "Name the client's library, or its version",
     .run = resp_connection_setinfo},
    {.name = "setname", .arity = 3, .since = "2.6.9",
     .usage = "name",
     .summary = "Name this connection", .run = resp_connection_setname},
};

static const struct resp_command command_commands[] = {
    {.name = "count", .arity = 2, .since = "2.8.13",
     .summary = "How many commands there are",
     .run = resp_information_command_count},
    {.name = "docs", .arity = -2, .since = "7.0.0",
     .usage = "[command ...]",
     .summary = "What commands are for",
     .run = resp_information_command_docs},
    {.name = "help", .arity = 2, .since = "5.0.0",
     .summary = "The subcommands", .run = resp_connection_help},
    {.name = "info", .arity = -2, .since = "2.8.13",
     .usage = "[command ...]",
     .summary = "How commands are called",
     .run = resp_information_command_info},
    {.name = "list", .arity = 2, .since = "7.0.0",
     .summary = "The names of the commands",
     .run = resp_information_command_list},
};

static const struct resp_command config_commands[] = {
    {.name = "get", .arity = -3, .since = "2.0.0",
     .usage = "pattern [pattern ...]",
     .summary = "The settings whose names match",
     .run = resp_information_config_get},
    {.name = "help", .arity = 2, .since = "5.0.0",
     .summary = "The subcommands", .run = resp_connection_help},
};

static const struct resp_command commands[] = {
    {.name = "append", .arity = 3, .group = "string", .since = "2.0.0",
     .usage = "key value",
     .summary = "Append to the content of a mailbox",
     .work = resp_strings_append,
     .flags = RESP_WRITES | RESP_FAST, .keys = ONE_KEY},
    {.name = "auth", .arity = -2, .group = "connection", .since = "1.0.0",
     .usage = "[username] password",
     .summary = "There are no passwords: say so",
     .run = resp_connection_auth, .flags = RESP_FAST | RESP_CONNECTION},
    {.name = "client", .arity = -2, .group = "connection", .since = "2.4.0",
     .usage = "subcommand",
     .summary = "About connections", .run = resp_command_sub,
     .subcommands = client_commands,
     .subcommands_count = COUNT(client_commands), .flags = RESP_CONNECTION},
    {.name = "command", .arity = -1, .group = "server", .since = "2.8.13",
     .usage = "[subcommand]",
     .summary = "How all commands are called", .run = resp_information_command,
     .subcommands = command_commands,
     .subcommands_count = COUNT(command_commands), .flags = RESP_CONNECTION},
    {.name = "config", .arity = -2, .group = "server", .since = "2.0.0",
     .usage = "subcommand",
     .summary = "About the server's settings", .run = resp_command_sub,
     .subcommands = config_commands,
     .subcommands_count = COUNT(config_commands)},
    {.name = "dbsize", .arity = 1, .group = "server", .since = "1.0.0",
     .summary = "How many mailboxes hold a value", .run = resp_keyspace_dbsize,
     .flags = RESP_READS | RESP_NO_MULTI},
    {.name = "del", .arity = -2, .group = "generic", .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "Write a mailbox empty, if it is not",
     .work = resp_strings_del, .flags = RESP_WRITES, .keys = ALL_KEYS},
    {.name = "dipc.wait", .arity = 4, .group = "generic", .since = "-",
     .usage = "key version timeout-ms",
     .summary = "Wait for a newer version of a mailbox; it and the content",
     .run = resp_keyspace_wait,
     .flags = RESP_READS | RESP_BLOCKS | RESP_NO_MULTI, .keys = ONE_KEY},
    {.name = "discard", .arity = 1, .group = "transactions", .since = "2.0.0",
     .summary = "Forget what was queued", .run = resp_transaction_discard,
     .flags = RESP_FAST | RESP_IMMEDIATE},
    {.name = "echo", .arity = 2, .group = "connection", .since = "1.0.0",
     .usage = "message",
     .summary = "The message itself", .run = resp_connection_echo,
     .flags = RESP_FAST | RESP_CONNECTION},
    {.name = "exec", .arity = 1, .group = "transactions", .since = "1.2.0",
     .summary = "Do what was queued, as one operation",
     .run = resp_transaction_exec, .flags = RESP_IMMEDIATE},
    {.name = "exists", .arity = -2, .group = "generic", .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "How many of the mailboxes hold a value",
     .run = resp_strings_exists, .work = resp_strings_exists_in_box,
     .flags = RESP_READS | RESP_FAST, .keys = ALL_KEYS},
    {.name = "get", .arity = 2, .group = "string", .since = "1.0.0",
     .usage = "key",
     .summary = "The content of a mailbox", .work = resp_strings_get,
     .flags = RESP_READS | RESP_FAST, .keys = ONE_KEY},
    {.name = "getdel", .arity = 2, .group = "string", .since = "6.2.0",
     .usage = "key",
     .summary = "The content of a mailbox, which is then empty",
     .work = resp_strings_getdel, .flags = RESP_WRITES | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "getifnotmatch", .arity = 3, .group = "string", .since = "-",
     .usage = "key version",
     .summary = "The version of a mailbox, and its content if that is another",
     .work = resp_strings_getifnotmatch, .flags = RESP_READS | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "getrange", .arity = 4, .group = "string", .since = "2.4.0",
     .usage = "key start end",
     .summary = "A part of the content of a mailbox",
     .work = resp_strings_getrange, .flags = RESP_READS, .keys = ONE_KEY},
    {.name = "getset", .arity = 3, .group = "string", .since = "1.0.0",
     .usage = "key value",
     .summary = "Replace the content of a mailbox; the one before",
     .work = resp_strings_getset, .flags = RESP_WRITES | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "getwithetag", .arity = 2, .group = "string", .since = "-",
     .usage = "key",
     .summary = "The version and the content of a mailbox",
     .work = resp_strings_getwithetag, .flags = RESP_READS | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "hello", .arity = -1, .group = "connection", .since = "6.0.0",
     .usage = "[protover [AUTH username password] [SETNAME clientname]]",
     .summary = "Choose the version of the protocol",
     .run = resp_connection_hello, .flags = RESP_FAST | RESP_CONNECTION},
    {.name = "host:", .run = resp_connection_attack,
     .arity = -1, .flags = RESP_IMMEDIATE | RESP_ATTACKS},
    {.name = "info", .arity = -1, .group = "server", .since = "1.0.0",
     .usage = "[section ...]",
     .summary = "The server's figures", .run = resp_information_info},
    {.name = "keys", .arity = 2, .group = "generic", .since = "1.0.0",
     .usage = "pattern",
     .summary = "The numbers of the mailboxes that hold a value",
     .run = resp_keyspace_keys, .flags = RESP_READS | RESP_NO_MULTI},
    {.name = "mget", .arity = -2, .group = "string", .since = "1.0.0",
     .usage = "key [key ...]",
     .summary = "The contents of mailboxes, read one after the other",
     .run = resp_strings_mget, .work = resp_strings_mget_in_box,
     .flags = RESP_READS | RESP_FAST, .keys = ALL_KEYS},
    {.name = "mset", .arity = -3, .group = "string", .since = "1.0.1",
     .usage = "key value [key value ...]",
     .summary = "Replace the content of one mailbox",
     .work = resp_strings_mset, .flags = RESP_WRITES, .keys = {1, -1, 2}},
    {.name = "multi", .arity = 1, .group = "transactions", .since = "1.2.0",
     .summary = "Queue what follows until EXEC", .run = resp_transaction_multi,
     .flags = RESP_FAST | RESP_IMMEDIATE},
    {.name = "ping", .arity = -1, .group = "connection", .since = "1.0.0",
     .usage = "[message]",
     .summary = "A sign of life", .run = resp_connection_ping,
     .flags = RESP_FAST | RESP_CONNECTION},
    {.name = "post", .run = resp_connection_attack,
     .arity = -1, .flags = RESP_IMMEDIATE | RESP_ATTACKS},
    {.name = "quit", .arity = -1, .group = "connection", .since = "1.0.0",
     .summary = "End this connection", .run = resp_connection_quit,
     .flags = RESP_FAST | RESP_CONNECTION | RESP_IMMEDIATE},
    {.name = "reset", .arity = 1, .group = "connection", .since = "6.2.0",
     .summary = "Begin this connection anew", .run = resp_connection_reset,
     .flags = RESP_FAST | RESP_CONNECTION | RESP_IMMEDIATE},
    {.name = "scan", .arity = -2, .group = "generic", .since = "2.8.0",
     .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type]",
     .summary = "The numbers of some mailboxes that hold a value",
     .run = resp_keyspace_scan, .flags = RESP_READS | RESP_NO_MULTI},
    {.name = "select", .arity = 2, .group = "connection", .since = "1.0.0",
     .usage = "index",
     .summary = "There is one database: 0", .run = resp_connection_select,
     .flags = RESP_FAST | RESP_CONNECTION},
    {.name = "set", .arity = -3, .group = "string", .since = "1.0.0",
     .usage = "key value [NX|XX|IFEQ comparison-value] [GET] [KEEPTTL]",
     .summary = "Replace the content of a mailbox",
     .work = resp_strings_set, .flags = RESP_WRITES, .keys = ONE_KEY},
    {.name = "setifmatch", .arity = -4, .group = "string", .since = "-",
     .usage = "key value version [NOGET]",
     .summary = "Replace the content of a mailbox of this version",
     .work = resp_strings_setifmatch, .flags = RESP_WRITES, .keys = ONE_KEY},
    {.name = "setrange", .arity = 4, .group = "string", .since = "2.2.0",
     .usage = "key offset value",
     .summary = "Overwrite a part of the content of a mailbox",
     .work = resp_strings_setrange, .flags = RESP_WRITES, .keys = ONE_KEY},
    {.name = "setwithetag", .arity = 3, .group = "string", .since = "-",
     .usage = "key value",
     .summary = "Replace the content of a mailbox; its new version",
     .work = resp_strings_setwithetag, .flags = RESP_WRITES, .keys = ONE_KEY},
    {.name = "strlen", .arity = 2, .group = "string", .since = "2.2.0",
     .usage = "key",
     .summary = "The length of the content of a mailbox",
     .work = resp_strings_strlen, .flags = RESP_READS | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "time", .arity = 1, .group = "server", .since = "2.6.0",
     .summary = "The server's clock", .run = resp_information_time,
     .flags = RESP_FAST},
    {.name = "type", .arity = 2, .group = "generic", .since = "1.0.0",
     .usage = "key",
     .summary = "string, or none for an empty mailbox",
     .work = resp_strings_type, .flags = RESP_READS | RESP_FAST,
     .keys = ONE_KEY},
    {.name = "unwatch", .arity = 1, .group = "transactions", .since = "2.2.0",
     .summary = "Forget what is watched", .run = resp_transaction_unwatch,
     .flags = RESP_FAST},
    {.name = "watch", .arity = -2, .group = "transactions", .since = "2.2.0",
     .usage = "key [key ...]",
     .summary = "Let EXEC do nothing if this mailbox is written before",
     .run = resp_transaction_watch, .flags = RESP_FAST | RESP_IMMEDIATE,
     .keys = ALL_KEYS},
};
/* clang-format on */

const struct resp_command *
resp_table(size_t *count)
{
    *count = COUNT(commands);
    return commands;
}

const struct resp_command *
resp_table_find_sub(const struct resp_command *command, struct resp_word name)
{
    size_t i;

    for (i = 0; i < command->subcommands_count; i++) {
        if (resp_is_word(name.bytes, name.length,
                         command->subcommands[i].name)) {
            return &command->subcommands[i];
        }
    }
    return NULL;
}

static int
compare_names(const void *name, const void *command)
{
    const char *left = name;
    const char *right = ((const struct resp_command *)command)->name;

    return left[0] != right[0] ? left[0] - right[0] : strcmp(left, right);
}

const struct resp_command *
resp_table_find(struct resp_word name)
{
    char lower[RESP_TABLE_NAME_MAX];
    size_t i;

    if (name.length >= sizeof lower) {
        return NULL;
    }
    for (i = 0; i < name.length; i++) {
        lower[i] = (char)tolower((unsigned char)name.bytes[i]);
    }
    lower[i] = '\0';
    return strlen(lower) < name.length
               ? NULL
               : bsearch(lower, commands, COUNT(commands), sizeof commands[0],
                         compare_names);
}

bool
resp_table_takes(const struct resp_command *command, size_t words_count)
{
    size_t arity =
        (size_t)(command->arity < 0 ? -command->arity : command->arity);
    size_t step = (size_t)command->keys.step;

    if (words_count < arity || (command->arity > 0 && words_count > arity)) {
        return false;
    }
    return step < 2 || (words_count - (size_t)command->keys.first) % step == 0;
}
