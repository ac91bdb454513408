#ifndef DIPC_RESP_COMMANDS_H
#define DIPC_RESP_COMMANDS_H

/*
 * The commands of Redis's protocol that mailboxes understand.
 *
 * Idea.  One table: how a command is called, how many words it has, where its
 * keys stand, what it does.  It serves those who run commands and those who
 * ask about them (COMMAND).
 *
 * Who may call.  The conversation, and the functions of commands.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "resp.h"
#include "resp_box.h"

enum resp_flag {
    RESP_WRITES = 1,      /* it may write a mailbox */
    RESP_READS = 2,       /* it reads mailboxes */
    RESP_FAST = 4,        /* its time does not depend on what is stored */
    RESP_BLOCKS = 8,      /* it may wait */
    RESP_NO_MULTI = 16,   /* it cannot be queued */
    RESP_IMMEDIATE = 32,  /* it is not queued, but done at once */
    RESP_CONNECTION = 64, /* it is about the connection */
    RESP_ATTACKS = 128    /* no command, but a word of another protocol */
};

/*
 * Which arguments are keys: first, first + step .. last; last counts from the
 * end where it is negative.  first 0: none.
 */
struct resp_keys {
    int first;
    int last;
    int step;
};

/*
 * With a `work`, the command is done on the one mailbox that its keys name,
 * while that is locked.  With a `run`, it is done as that likes; what has both
 * is only worked on a box in a transaction.
 */
struct resp_command {
    const char *name;    /* lower case */
    const char *usage;   /* its arguments, for a person */
    const char *summary; /* for a person */
    const char *group;   /* as Redis groups commands */
    const char *since;   /* the version of Redis that had it first */
    enum resp_next (*run)(struct resp *resp);
    void (*work)(struct resp *resp, struct resp_box *box);
    const struct resp_command *subcommands; /* subcommands_count of them */
    size_t subcommands_count;
    unsigned flags;        /* enum resp_flag, or-ed */
    struct resp_keys keys; /* their places */
    int arity;             /* words, the name too; negative: at least */
};

/* All commands, in the order of the alphabet. */
const struct resp_command *resp_commands(size_t *count);

/* The command of this name, or NULL. */
const struct resp_command *resp_command_find(struct resp_word name);

bool resp_command_takes(const struct resp_command *command, size_t words_count);

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

/* Run a subcommand of the command under way: its second word. */
enum resp_next resp_command_sub(struct resp *resp);

#endif
