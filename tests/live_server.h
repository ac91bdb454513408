#ifndef DIPC_LIVE_SERVER_H
#define DIPC_LIVE_SERVER_H

/*
 * A server inside the test: a thread runs it, over a segment in plain memory,
 * on a free port of the loopback.
 *
 * Idea.  The test is the client.  Nothing is awaited by sleeping: a test waits
 * for an answer, for the end of a connection, or for a figure that the server
 * itself tells.
 *
 * Who may call.  The test's main thread.
 */

#include <pthread.h>

#include "segment.h"
#include "segment_store.h"
#include "server.h"

#define LIVE_PACKET_BYTES 4096
#define LIVE_MAILBOX_BYTES 8192
#define LIVE_MAILBOXES 4
#define LIVE_PATIENCE_S 30

struct live_server {
    struct server_config config; /* the defaults; a test changes them before
                                    live_server_start */
    struct listener listener;
    void *memory;
    struct segment segment;
    struct segment_source source;
    struct server *server;
    pthread_t thread;
    int result; /* of server_run */
};

void live_server_init(struct live_server *live);
void live_server_start(struct live_server *live);

/* Stop it, and wait for its end; server_run's result. */
int live_server_end(struct live_server *live);

/* A connection to it, whose calls give up after LIVE_PATIENCE_S. */
int live_server_connect(const struct live_server *live);

/* The same in two steps: the second needs no descriptor. */
int live_server_socket(void);
void live_server_connect_socket(const struct live_server *live, int fd);

/* Send all of a text. */
void live_server_say(int fd, const char *text);

/* Receive exactly as many bytes as the text has, and compare. */
void live_server_expect(int fd, const char *text);

/* Receive to the end of the connection; how many bytes came before it. */
size_t live_server_drain(int fd);

/* Wait until so many clients are connected. */
void live_server_await_clients(const struct live_server *live, uint64_t count);

/* Wait until a mailbox has so many watchers. */
void live_server_await_watchers(const struct live_server *live,
                                uint32_t mailbox, uint32_t count);

#endif
