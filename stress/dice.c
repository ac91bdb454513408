#include "dice.h"

#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
dice_init(struct dice *dice, uint64_t seed, uint64_t number)
{
    dice->state = mix(seed + GAMMA) ^ mix(number * GAMMA + 1);
}

uint64_t
dice_roll(struct dice *dice)
{
    dice->state += GAMMA;
    return mix(dice->state);
}

uint64_t
dice_below(struct dice *dice, uint64_t sides)
{
    return dice_roll(dice) % sides;
}

bool
dice_percent(struct dice *dice, unsigned percent)
{
    return dice_below(dice, 100) < percent;
}
