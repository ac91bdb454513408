#ifndef DIPC_RESP_CONNECTION_H
#define DIPC_RESP_CONNECTION_H

/*
 * The commands about a connection: greetings, names, its end.
 *
 * Who may call.  net/resp_table.c
 */

#include "resp.h"

enum resp_next resp_connection_attack(struct resp *resp);
enum resp_next resp_connection_auth(struct resp *resp);
enum resp_next resp_connection_echo(struct resp *resp);
enum resp_next resp_connection_getname(struct resp *resp);
enum resp_next resp_connection_hello(struct resp *resp);
enum resp_next resp_connection_help(struct resp *resp);
enum resp_next resp_connection_id(struct resp *resp);
enum resp_next resp_connection_info(struct resp *resp);
enum resp_next resp_connection_list(struct resp *resp);
enum resp_next resp_connection_ping(struct resp *resp);
enum resp_next resp_connection_quit(struct resp *resp);
enum resp_next resp_connection_reset(struct resp *resp);
enum resp_next resp_connection_select(struct resp *resp);
enum resp_next resp_connection_setinfo(struct resp *resp);
enum resp_next resp_connection_setname(struct resp *resp);

#endif
