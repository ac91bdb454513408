#ifndef DIPC_FAKE_PEER_H
#define DIPC_FAKE_PEER_H

/*
 * A server that follows a script, for what a real one never says: for one
 * client, in a thread, on a Unix socket.
 *
 * Idea.  Each step receives exactly the bytes that it expects and sends its
 * answer, in pieces if so wanted: the next piece leaves when the client has
 * taken the one before, so that it arrives alone.  Nothing is awaited by
 * sleeping.
 *
 * Who may call.  The test's main thread; the peer's thread asserts nothing but
 * keeps what it saw.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum peer_end {
    PEER_GOES_ON,
    PEER_CLOSES,
    PEER_STAYS_SILENT, /* until the client has closed */
    PEER_READS_NOTHING /* the same, and lets what it is sent lie */
};

struct peer_step {
    const char *expects;  /* NULL: nothing */
    const char *answers;  /* NULL: nothing */
    size_t answers_bytes; /* 0: all of the text */
    size_t piece_bytes;   /* 0: in one piece */
    enum peer_end end;
};

struct fake_peer {
    char directory[32];
    char path[64];
    int listener;
    pthread_t thread;
    const struct peer_step *steps;
    size_t steps_count;
    bool differed;      /* something else came than a step expected */
    char received[512]; /* there */
};

/* The steps stay the caller's; after the last one the peer closes. */
void fake_peer_start(struct fake_peer *peer, const struct peer_step *steps,
                     size_t steps_count);

/* Wait for its end; all must have come as expected. */
void fake_peer_end(struct fake_peer *peer);

#endif
