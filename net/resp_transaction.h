#ifndef DIPC_RESP_TRANSACTION_H
#define DIPC_RESP_TRANSACTION_H

/*
 * MULTI and EXEC, WATCH and their relatives.
 *
 * Idea.  What follows MULTI is copied to a queue.  EXEC locks the one mailbox
 * that the queue is about, compares its version with the watched one, does
 * everything in memory and writes the outcome as one new version.  Whatever
 * does not fit into that (another mailbox, a command that was refused, more
 * than the queue or the answers may hold) is refused, and nothing has happened.
 *
 * Invariants.
 *   T1  the commands of one EXEC see one version, change it together or not at
 *       all, and nobody reads or writes the mailbox in between
 *   T2  no more than the queue's bound is held; it is empty outside MULTI
 *
 * Who may call.  net/resp_table.c, net/resp_commands.c, net/resp_connection.c
 */

#include "resp.h"

enum resp_next resp_transaction_multi(struct resp *resp);
enum resp_next resp_transaction_exec(struct resp *resp);
enum resp_next resp_transaction_discard(struct resp *resp);
enum resp_next resp_transaction_watch(struct resp *resp);
enum resp_next resp_transaction_unwatch(struct resp *resp);

/* Queue the command under way. */
enum resp_next resp_transaction_queue(struct resp *resp);

/* A command of it was lost: EXEC, if one is open, does nothing. */
void resp_transaction_spoil(struct resp *resp);

/* Forget a transaction, and what is watched. */
void resp_transaction_reset(struct resp *resp);

/* More than one mailbox, in the words of Redis Cluster. */
void resp_transaction_refuse_slot(struct resp *resp);

#endif
