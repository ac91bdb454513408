/*
 * Idea: wakeup trees: sequences of steps that some execution must still start
 * with, from a node of the search. A race of an execution is reversed by the
 * events that do not happen after its first, followed by its second; the
 * sequence is put into the tree of the first one's node, unless the node's
 * sleep set or the tree shows that an equivalent start is explored anyway.
 *
 * Invariants
 *   1. A branch belongs to one list; the branches below it are its own.
 *   2. Of the children of a branch the first is followed first; one without
 *      children stands for all that can follow it.
 * Who may call: the reduced search.
 * Source: Abdulla, Aronis, Jonsson, Sagonas: Source Sets: A Foundation for
 * Optimal Dynamic Partial Order Reduction (JACM 64, 2017), section 6.
 */
#ifndef HEDDLE_WAKEUP_H
#define HEDDLE_WAKEUP_H

#include "model.h"

struct hd_branch {
    int16_t thread;
    int16_t choice;
    uint32_t first; /* child */
    uint32_t next;  /* sibling */
    struct hd_op op;
};

/* All branches; a list is named by the index of its first, 0 is empty. */
extern struct hd_branch *hd_branch;
/* There was no room for another branch: the search cannot be completed. */
extern bool hd_wakeup_full;

void hd_wakeup_init(void);
/* Give back a list of branches with all below them. */
void hd_wakeup_free(uint32_t list);
/* Put what reverses the race between two events of the execution, which has
 * so many events, into the tree of the first one's node. Threads in sleeping
 * sleep there; those in foreign as well cover only sequences they are in. */
void hd_wakeup_reverse(int first, int second, int events, uint64_t sleeping,
                       uint64_t foreign, uint32_t *tree);

#endif
