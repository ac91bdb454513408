#include "history.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
history_init(struct history *history)
{
    *history = (struct history){.count = 0};
    history->entries = malloc(HISTORY_FULL * sizeof(*history->entries));
    if (history->entries == NULL) {
        perror("malloc");
        exit(1);
    }
}

void
history_fini(struct history *history)
{
    free(history->entries);
}

static int
compare_tickets(const void *a, const void *b)
{
    const struct history_entry *left = a;
    const struct history_entry *right = b;
    return left->ticket < right->ticket   ? -1
           : left->ticket > right->ticket ? 1
                                          : 0;
}

static const char *
judge_pair(const struct history_entry *before, const struct history_entry *now)
{
    if (now->ticket == before->ticket) {
        return "two had the same ticket";
    }
    if (now->version < before->version) {
        return "the version went back";
    }
    if (now->writes == 1 && now->version == before->version) {
        return "a write made a version that was seen before";
    }
    if (now->version == before->version && now->stamp != before->stamp &&
        now->stamp != 0 && before->stamp != 0) {
        return "one version had two contents";
    }
    return NULL;
}

static void
complain(struct history *history, const char *flaw,
         const struct history_entry *before, const struct history_entry *now)
{
    (void)snprintf(history->flaw, sizeof(history->flaw),
                   "mailbox %" PRIu32 ": %s: ticket %" PRIu64 " %s version "
                   "%" PRIu64 " of %" PRIx64 ", ticket %" PRIu64 " %s version "
                   "%" PRIu64 " of %" PRIx64,
                   now->mailbox, flaw, before->ticket,
                   before->writes == 1 ? "made" : "saw", before->version,
                   before->stamp, now->ticket,
                   now->writes == 1 ? "made" : "saw", now->version, now->stamp);
}

bool
history_judge(struct history *history)
{
    struct history_entry *entries = history->entries;
    qsort(entries, history->count, sizeof(*entries), compare_tickets);
    for (uint64_t i = 1; i < history->count && history->flaw[0] == '\0'; i++) {
        const char *flaw = judge_pair(&entries[i - 1], &entries[i]);
        if (flaw != NULL) {
            complain(history, flaw, &entries[i - 1], &entries[i]);
        }
        if (entries[i].version == entries[i - 1].version &&
            entries[i].stamp == 0) {
            entries[i].stamp = entries[i - 1].stamp;
        }
    }
    return history->flaw[0] == '\0';
}

static void
keep_end(struct history *history)
{
    uint64_t gone = history->count - HISTORY_KEPT;
    (void)history_judge(history);
    history->floor = history->entries[gone].ticket;
    memmove(history->entries, history->entries + gone,
            HISTORY_KEPT * sizeof(*history->entries));
    history->count = HISTORY_KEPT;
}

void
history_add(struct history *history, const struct history_entry *entry)
{
    if (entry->ticket < history->floor) {
        history->late++;
        return;
    }
    history->entries[history->count] = *entry;
    history->count++;
    history->judged++;
    if (history->count == HISTORY_FULL) {
        keep_end(history);
    }
}
