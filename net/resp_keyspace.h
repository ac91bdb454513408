#ifndef DIPC_RESP_KEYSPACE_H
#define DIPC_RESP_KEYSPACE_H

/*
 * The commands on all mailboxes together, and the one that waits.
 *
 * Idea.  A key is listed by the plain number of its mailbox, and only while
 * that holds a value.  Mailboxes of version 0 are passed over without their
 * locks.  They are looked at one after the other, so what is told of all of
 * them is of no one moment.
 *
 * Who may call.  net/resp_table.c, net/resp_information.c
 */

#include "resp.h"

enum resp_next resp_keyspace_dbsize(struct resp *resp);
enum resp_next resp_keyspace_keys(struct resp *resp);
enum resp_next resp_keyspace_scan(struct resp *resp);
enum resp_next resp_keyspace_wait(struct resp *resp);

/*
 * How many mailboxes hold a value.
 *   count   of those before the one that failed, where one did
 *   failed  that one
 * Errors: what the store returned
 */
int resp_keyspace_count(struct resp *resp, uint64_t *count, uint64_t *failed)
    __attribute__((warn_unused_result));

#endif
