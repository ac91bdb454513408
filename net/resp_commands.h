#ifndef DIPC_RESP_COMMANDS_H
#define DIPC_RESP_COMMANDS_H

/*
 * How commands are begun, gone on with and counted.
 *
 * Idea.  Whatever the table tells of a command is looked at before it runs:
 * its words, its keys, whether it may stand in a transaction.  One on a single
 * mailbox works on a box, under the mailbox's lock.
 *
 * Who may call.  The conversation, and the functions of commands.
 */

#include <errno.h>
#include <stdint.h>

#include "resp.h"
#include "resp_table.h"

/* Begin with the command whose words are resp->arguments. */
enum resp_next resp_command_begin(struct resp *resp);

/* Go on with the one that has begun. */
enum resp_next resp_command_continue(struct resp *resp);

/*
 * The one mailbox that the keys of the command under way name; refused where
 * there is none, or more than one.
 * Errors: ENOENT; EXDEV  more than one
 */
int resp_command_mailbox(struct resp *resp, uint64_t *mailbox)
    __attribute__((warn_unused_result));

/* How many keys the command under way has, and where each stands. */
size_t resp_command_keys(const struct resp *resp);
size_t resp_command_key(const struct resp *resp, size_t key);

/* What an update returns that only read: no error. */
#define RESP_NOTHING_WRITTEN ENODATA

/*
 * Count an operation on a mailbox, which wrote (error 0), only read
 * (RESP_NOTHING_WRITTEN) or failed, and whether it met another version.
 */
void resp_command_count(struct resp *resp, int error);

/* A command's name as people write it. */
const char *resp_command_in_capitals(const char *name,
                                     char text[static RESP_TABLE_NAME_MAX]);

/* Run a subcommand of the command under way: its second word. */
enum resp_next resp_command_sub(struct resp *resp);

#endif
