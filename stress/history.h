#ifndef DIPC_HISTORY_H
#define DIPC_HISTORY_H

/*
 * A history: what the users of one mailbox saw, judged in the order of their
 * tickets.
 *
 * Idea.  Every user of a lock takes a ticket as it arrives.  If nobody is
 * overtaken, and every write is committed under the lock and stays, then in
 * ticket order the versions never go back, each write makes one that is greater
 * than all before it, and whoever sees a version sees what its writer wrote.
 * Users that died have left no entry; that leaves gaps, which are allowed.
 * Entries come in batches; the end of each is kept and judged again with the
 * next, since the entries of two users come in any order.
 *
 * Who may call.  One thread for each struct.
 */

#include <stdbool.h>
#include <stdint.h>

#define HISTORY_FULL 200000U
#define HISTORY_KEPT 50000U

struct history_entry {
    uint64_t ticket;
    uint64_t version;
    uint64_t stamp; /* of who wrote it; 0: not known */
    uint32_t mailbox;
    uint32_t writes; /* 1: this entry made the version */
};

struct history {
    struct history_entry *entries;
    uint64_t count;
    uint64_t judged; /* entries, each once */
    uint64_t late;   /* came too late to be judged */
    uint64_t floor;  /* the least ticket that can still be judged */
    char flaw[256];  /* empty: none found */
};

void history_init(struct history *history);
void history_fini(struct history *history);

/* Add an entry; judge when enough have come together. */
void history_add(struct history *history, const struct history_entry *entry);

/* Judge what there is.  True when it is in order. */
bool history_judge(struct history *history);

#endif
