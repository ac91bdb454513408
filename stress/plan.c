#include "plan.h"

const char *
plan_manner_name(enum plan_manner manner)
{
    static const char *const names[PLAN_MANNERS] = {
        [PLAN_WHOLE] = "whole",       [PLAN_PIECES] = "pieces",
        [PLAN_UNFRAMED] = "unframed", [PLAN_NO_NEWLINE] = "no-newline",
        [PLAN_QUIT] = "quit",         [PLAN_CUT] = "cut",
        [PLAN_RESET] = "reset",       [PLAN_HALF_CLOSE] = "half-close",
        [PLAN_STALL] = "stall",       [PLAN_DEAF] = "deaf"};
    return names[manner];
}

void
plan_init(struct plan *plan, uint64_t seed, uint64_t client)
{
    dice_init(&plan->dice, seed, client);
}

static uint32_t
some_length(struct plan *plan)
{
    uint64_t kind = dice_below(&plan->dice, 100);
    uint64_t most = kind < 55   ? 17
                    : kind < 90 ? 600
                                : (uint64_t)plan->packet_bytes + 2;
    return (uint32_t)dice_below(&plan->dice, most);
}

static enum plan_verb
some_verb(struct plan *plan)
{
    uint64_t kind = dice_below(&plan->dice, 100);
    return kind < 48   ? PLAN_READ
           : kind < 60 ? PLAN_REPLACE
           : kind < 75 ? PLAN_OVERWRITE
           : kind < 93 ? PLAN_APPEND
           : kind < 97 ? PLAN_LOOK
           : kind < 99 ? PLAN_STATISTICS
                       : PLAN_EMPTY_LINE;
}

static void
choose_read(struct plan *plan, struct plan_step *step)
{
    struct dice *dice = &plan->dice;
    step->max_bytes = plan->packet_bytes;
    if (dice_percent(dice, 40)) {
        step->offset = dice_below(dice, plan->mailbox_bytes + 2U);
        step->max_bytes = dice_below(dice, plan->packet_bytes + 2U);
    }
    if (dice_percent(dice, 3)) {
        step->after_version =
            dice_percent(dice, 50) ? PLAN_SEEN : PLAN_BEFORE_SEEN;
        step->wait_ms = (uint32_t)dice_below(dice, 40);
    }
}

static void
choose(struct plan *plan, struct plan_step *step)
{
    struct dice *dice = &plan->dice;
    *step = (struct plan_step){.verb = some_verb(plan)};
    step->mailbox = (uint32_t)dice_below(dice, plan->mailboxes_count);
    step->data_seed = dice_roll(dice) | 1;
    if (step->verb == PLAN_READ) {
        choose_read(plan, step);
    } else {
        step->length = some_length(plan);
    }
    if (step->verb == PLAN_OVERWRITE) {
        step->offset =
            dice_below(dice, dice_percent(dice, 5) ? 2U * plan->mailbox_bytes
                                                   : plan->mailbox_bytes / 2);
    }
    if (step->verb <= PLAN_APPEND && dice_percent(dice, 30)) {
        step->if_version =
            dice_percent(dice, 85) ? PLAN_SEEN : PLAN_BEFORE_SEEN;
    }
}

static enum plan_manner
some_manner(struct plan *plan)
{
    struct dice *dice = &plan->dice;
    if (dice_percent(dice, plan->rude_percent)) {
        uint64_t kind = dice_below(dice, 100);
        return kind < 30   ? PLAN_CUT
               : kind < 60 ? PLAN_RESET
               : kind < 85 ? PLAN_HALF_CLOSE
               : kind < 92 ? PLAN_STALL
                           : PLAN_DEAF;
    }
    uint64_t kind = dice_below(dice, 1000);
    return kind < 880                   ? PLAN_WHOLE
           : kind < 980 || !plan->timed ? PLAN_PIECES
           : kind < 988                 ? PLAN_UNFRAMED
           : kind < 994                 ? PLAN_NO_NEWLINE
                                        : PLAN_QUIT;
}

static uint32_t
some_depth(struct plan *plan)
{
    return dice_percent(&plan->dice, 50)
               ? 1
               : 1 + (uint32_t)dice_below(&plan->dice, plan->depth_max);
}

void
plan_next(struct plan *plan, struct plan_batch *batch)
{
    batch->manner = some_manner(plan);
    batch->whim = dice_roll(&plan->dice);
    batch->count = some_depth(plan);
    for (uint32_t i = 0; i < batch->count; i++) {
        choose(plan, &batch->steps[i]);
    }
    struct plan_step *first = &batch->steps[0];
    if (batch->manner == PLAN_UNFRAMED || batch->manner == PLAN_NO_NEWLINE) {
        batch->count = 1;
        *first = (struct plan_step){
            .verb = batch->manner == PLAN_UNFRAMED ? PLAN_REPLACE : PLAN_READ,
            .mailbox = first->mailbox,
            .length = first->length % 500,
            .max_bytes = plan->packet_bytes,
            .data_seed = first->data_seed};
    }
}
