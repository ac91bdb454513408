#ifndef DIPC_DICE_H
#define DIPC_DICE_H

/*
 * Dice: random numbers that a seed repeats.
 *
 * Who may call.  One thread for each struct.
 *
 * Source.  G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014 (SplitMix).
 */

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* Dice of their own for each number under one seed. */
void dice_init(struct dice *dice, uint64_t seed, uint64_t number);

uint64_t dice_roll(struct dice *dice);

/* 0 .. sides - 1 */
uint64_t dice_below(struct dice *dice, uint64_t sides);

/* True in so many of a hundred cases. */
bool dice_percent(struct dice *dice, unsigned percent);

#endif
