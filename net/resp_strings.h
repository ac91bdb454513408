#ifndef DIPC_RESP_STRINGS_H
#define DIPC_RESP_STRINGS_H

/*
 * The commands on the content of one mailbox.
 *
 * Idea.  Each works on a box and answers; what it writes, happens together
 * with what it read.  A content of no byte is no value: GET answers null,
 * EXISTS nothing, and DEL writes it.  The versions of mailboxes have the names
 * that Microsoft's Garnet gave to such commands: etags.
 *
 * Who may call.  net/resp_table.c
 */

#include "resp.h"
#include "resp_box.h"

void resp_strings_append(struct resp *resp, struct resp_box *box);
void resp_strings_del(struct resp *resp, struct resp_box *box);
void resp_strings_exists_in_box(struct resp *resp, struct resp_box *box);
void resp_strings_get(struct resp *resp, struct resp_box *box);
void resp_strings_getdel(struct resp *resp, struct resp_box *box);
void resp_strings_getifnotmatch(struct resp *resp, struct resp_box *box);
void resp_strings_getrange(struct resp *resp, struct resp_box *box);
void resp_strings_getset(struct resp *resp, struct resp_box *box);
void resp_strings_getwithetag(struct resp *resp, struct resp_box *box);
void resp_strings_mget_in_box(struct resp *resp, struct resp_box *box);
void resp_strings_mset(struct resp *resp, struct resp_box *box);
void resp_strings_set(struct resp *resp, struct resp_box *box);
void resp_strings_setifmatch(struct resp *resp, struct resp_box *box);
void resp_strings_setrange(struct resp *resp, struct resp_box *box);
void resp_strings_setwithetag(struct resp *resp, struct resp_box *box);
void resp_strings_strlen(struct resp *resp, struct resp_box *box);
void resp_strings_type(struct resp *resp, struct resp_box *box);

/* Of several mailboxes, one after the other. */
enum resp_next resp_strings_exists(struct resp *resp);
enum resp_next resp_strings_mget(struct resp *resp);

#endif
