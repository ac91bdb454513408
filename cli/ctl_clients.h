#ifndef DIPC_CTL_CLIENTS_H
#define DIPC_CTL_CLIENTS_H

/*
 * The clients of a server, one by one.
 *
 * Idea.  DIPC's own protocol tells how many there are, and Redis's, on the same
 * port, who they are: CLIENT LIST.  So a second connection goes where the first
 * one does, for as long as the list is wanted.  A server that has no place for
 * it, or no such list, is no failure: then the list is not known.
 *
 * Who may call.  One thread for each link.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"

#define CTL_CLIENTS_MAX 1024
#define CTL_CLIENTS_NAME_MAX 65
#define CTL_CLIENTS_NONE UINT64_MAX

struct ctl_client {
    uint64_t number;
    char address[ENDPOINT_TEXT_MAX];
    char name[CTL_CLIENTS_NAME_MAX]; /* what it calls itself; "": nothing */
    uint64_t protocol; /* 0: DIPC's own; else version of Redis's */
    uint64_t age_s;
    uint64_t idle_s;
    uint64_t requests;
    uint64_t watching; /* the mailbox it waits for, or CTL_CLIENTS_NONE */
    bool is_own;       /* it is whoever asks */
};

struct ctl_clients {
    bool is_known;
    size_t count;
    struct ctl_client rows[CTL_CLIENTS_MAX]; /* in the server's order */
};

struct ctl_clients_link {
    int fd; /* -1: there is none */
    int timeout_ms;
    char own[2][ENDPOINT_TEXT_MAX]; /* the addresses of both connections */
};

/*
 * Connect to where another socket is connected to.
 *   timeout_ms  for that, and then for each list; less than 0: none
 */
void ctl_clients_open(struct ctl_clients_link *link, int other, int timeout_ms);
void ctl_clients_close(struct ctl_clients_link *link);

/* Ask for the list; what does not answer is not asked again. */
void
ctl_clients_take(struct ctl_clients_link *link, struct ctl_clients *clients);

/* Read the lines of CLIENT LIST; what is not known in them is passed over. */
void
ctl_clients_parse(struct ctl_clients *clients, const char *text, size_t length);

#endif
