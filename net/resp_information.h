#ifndef DIPC_RESP_INFORMATION_H
#define DIPC_RESP_INFORMATION_H

/*
 * The commands that tell of the server: its figures, its settings, its
 * commands.
 *
 * Who may call.  net/resp_table.c
 */

#include "resp.h"

enum resp_next resp_information_command(struct resp *resp);
enum resp_next resp_information_command_count(struct resp *resp);
enum resp_next resp_information_command_docs(struct resp *resp);
enum resp_next resp_information_command_info(struct resp *resp);
enum resp_next resp_information_command_list(struct resp *resp);
enum resp_next resp_information_config_get(struct resp *resp);
enum resp_next resp_information_info(struct resp *resp);
enum resp_next resp_information_time(struct resp *resp);

#endif
