#ifndef DIPC_RESP_TABLE_H
#define DIPC_RESP_TABLE_H

/*
 * The commands of Redis's protocol that mailboxes understand.
 *
 * Idea.  One table: how a command is called, how many words it has, where its
 * keys stand, what it does.  It serves those who run commands and those who
 * ask about them (COMMAND).
 *
 * Who may call.  Any thread: it never changes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "resp.h"
#include "resp_box.h"

/* Longer than the name of any command. */
#define RESP_TABLE_NAME_MAX 32

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
const struct resp_command *resp_table(size_t *count);

/* The command of this name, or NULL. */
const struct resp_command *resp_table_find(struct resp_word name);

/* The subcommand of this name, or NULL. */
const struct resp_command *
resp_table_find_sub(const struct resp_command *command, struct resp_word name);

/* May it have so many words? */
bool resp_table_takes(const struct resp_command *command, size_t words_count);

#endif
