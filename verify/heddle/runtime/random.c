/*
 * Idea: schedules at random, and PCT: random priorities of the threads, with
 * d - 1 points at which the running thread's priority drops below all. A bug
 * of depth d in a program of n threads and k steps is found by one schedule
 * of PCT with probability at least 1 / (n * k^(d - 1)).
 *
 * Invariants
 *   1. The schedule is a function of the seed and the execution's number.
 * Who may call: the engine, through hd_policy_random and hd_policy_pct.
 * Source: Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized
 * Scheduler with Probabilistic Guarantees (ASPLOS 2010).
 */
#include "options.h"
#include "policy.h"
#include "shared.h"

static HD_OWN uint64_t state;
static HD_OWN uint64_t done;
static HD_OWN int64_t priority[HD_THREADS_MAX];
static HD_OWN int change[128];
static HD_OWN int longest = 16;

void
hd_random_start(uint64_t number)
{
    done = number;
}

static uint64_t
draw(void)
{
    uint64_t z;

    state += UINT64_C(0x9E3779B97F4A7C15);
    z = state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void
begin(void)
{
    int i;

    state = hd_options.seed * UINT64_C(0x2545F4914F6CDD1D) ^
            (done + 1) * UINT64_C(0xD1342543DE82EF95);
    draw();
    for (i = 0; i < HD_THREADS_MAX; i++) {
        priority[i] = (int64_t)(draw() >> 2);
    }
    for (i = 0; i < hd_options.pct_depth - 1; i++) {
        change[i] = (int)(draw() % (uint64_t)longest);
    }
}

static int
pick_bit(uint64_t mask)
{
    uint64_t skip = draw() % (uint64_t)__builtin_popcountll(mask);

    while (skip > 0) {
        mask &= mask - 1;
        skip--;
    }
    return __builtin_ctzll(mask);
}

static int
outcome(int id)
{
    hd.thread[id].choice = pick_bit(hd_alternatives(&hd.thread[id]));
    return id;
}

static int
choose_random(int depth)
{
    uint64_t enabled = hd_policy_enabled();

    (void)depth;
    if (enabled == 0) {
        return hd_policy_stuck();
    }
    return outcome(pick_bit(enabled));
}

static int
highest(uint64_t enabled)
{
    int best = __builtin_ctzll(enabled);
    int i;

    for (i = best; i < hd.width; i++) {
        if ((enabled >> i & 1) != 0 && priority[i] > priority[best]) {
            best = i;
        }
    }
    return best;
}

static int
choose_pct(int depth)
{
    uint64_t enabled = hd_policy_enabled();
    int i;

    if (enabled == 0) {
        return hd_policy_stuck();
    }
    for (i = 0; i < hd_options.pct_depth - 1; i++) {
        if (change[i] == depth) {
            priority[highest(enabled)] = -(int64_t)i - 1;
        }
    }
    return outcome(highest(enabled));
}

static void
committed(int event)
{
    (void)event;
}

static bool
next(void)
{
    done += (uint64_t)hd_options.jobs;
    if (hd.events > longest) {
        longest = hd.events;
    }
    return done < hd_options.random_count;
}

const struct hd_policy hd_policy_random = {begin, choose_random, committed,
                                           next, NULL};
const struct hd_policy hd_policy_pct = {begin, choose_pct, committed, next,
                                        NULL};
