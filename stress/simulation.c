#include "simulation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"

#define CLIENTS_MAX 64U
#define MAILBOXES_MAX 64U
#define MAILBOX_BYTES_MAX 4096U

/* What a mailbox holds, and what it held one change earlier. */
struct place {
    uint64_t version;
    uint64_t size;
    uint64_t returned_version; /* the newest that anybody was told of */
    uint64_t old_version;
    uint64_t old_size;
    bool old_is_longer; /* the change was an append */
    unsigned char content[MAILBOX_BYTES_MAX];
    unsigned char old_content[MAILBOX_BYTES_MAX];
};

enum phase { PHASE_IDLE, PHASE_CALLED, PHASE_DONE };

struct actor {
    enum phase phase;
    uint64_t next_ns;
    uint64_t told_version; /* of its mailbox, at the call */
    struct operation operation;
    size_t last; /* its last operation's place in the history, plus one */
};

struct play {
    const struct simulation *simulation;
    struct operations *history;
    struct dice dice;
    struct place *places;
    struct actor actors[CLIENTS_MAX];
    size_t called;
    size_t plant_after;
    bool planted;
};

static const char *const fault_names[SIMULATION_FAULTS] = {
    [SIMULATION_SOUND] = "sound",
    [SIMULATION_STALE_READ] = "stale read",
    [SIMULATION_LOST_APPEND] = "lost append",
    [SIMULATION_TORN_READ] = "torn read",
    [SIMULATION_BLIND_SWAP] = "compare-and-swap that ignores its version",
    [SIMULATION_OUT_OF_ORDER] = "answers out of order"};

const char *
simulation_fault_name(enum simulation_fault fault)
{
    return fault_names[fault];
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void
choose_write(struct play *play, struct operation *o)
{
    uint32_t most = play->simulation->mailbox_bytes;
    uint32_t length = dice_percent(&play->dice, 50)
                          ? (uint32_t)dice_below(&play->dice, 12)
                          : (uint32_t)dice_below(&play->dice, most + 2);
    o->verb = (uint8_t)(OPERATION_REPLACE + dice_below(&play->dice, 3));
    o->offset =
        o->verb == OPERATION_OVERWRITE ? dice_below(&play->dice, most) : 0;
    o->data = operation_data_made(dice_roll(&play->dice) | 1, length);
}

static void
choose(struct play *play, struct operation *o)
{
    struct dice *dice = &play->dice;
    o->mailbox = (uint32_t)dice_below(dice, play->simulation->mailboxes_count);
    const struct place *place = &play->places[o->mailbox];
    if (dice_percent(dice, 50)) {
        o->verb = OPERATION_READ;
        o->max_bytes = play->simulation->mailbox_bytes;
        if (dice_percent(dice, 30)) {
            o->offset = dice_below(dice, o->max_bytes + 2);
            o->max_bytes = dice_below(dice, o->max_bytes + 1);
        }
        if (dice_percent(dice, 15)) {
            o->after_version =
                place->version - dice_below(dice, 2) * (place->version > 0);
        }
    } else if (dice_percent(dice, 5)) {
        o->verb = OPERATION_LOOK;
    } else {
        choose_write(play, o);
    }
    if (o->verb != OPERATION_LOOK && dice_percent(dice, 30)) {
        o->if_version = place->version;
    }
}

static void
copy_read(const struct play *play, struct operation *o,
          const unsigned char *content)
{
    const struct place *place = &play->places[o->mailbox];
    uint64_t begin = least(o->offset, place->size);
    uint64_t length = least(o->max_bytes, place->size - begin);
    o->data = operation_data_of(content + begin, (uint32_t)length);
}

static void
do_read(struct play *play, struct operation *o)
{
    const struct place *place = &play->places[o->mailbox];
    o->version = place->version;
    o->size = place->size;
    o->outcome = OPERATION_OK;
    if (o->after_version != OPERATION_ANY &&
        place->version <= o->after_version) {
        o->outcome = OPERATION_TIMEOUT;
    } else if (o->if_version != OPERATION_ANY &&
               o->if_version != place->version) {
        o->outcome = OPERATION_CONFLICT;
    } else if (o->verb == OPERATION_READ) {
        copy_read(play, o, place->content);
    }
}

static void
change(struct place *place, const struct operation *o, uint64_t begin,
       uint64_t size)
{
    memcpy(place->old_content, place->content, sizeof(place->content));
    place->old_version = place->version;
    place->old_size = place->size;
    place->old_is_longer = o->verb == OPERATION_APPEND && o->data.length > 0;
    if (o->verb == OPERATION_REPLACE) {
        memset(place->content, 0, sizeof(place->content));
    }
    (void)operation_data_bytes(&o->data, place->content + begin);
    place->size = size;
    place->version++;
}

static void
do_write(struct play *play, struct operation *o)
{
    struct place *place = &play->places[o->mailbox];
    uint64_t length = o->data.length;
    uint64_t begin = o->verb == OPERATION_APPEND ? place->size : o->offset;
    uint64_t most = play->simulation->mailbox_bytes;
    bool fits = o->verb == OPERATION_OVERWRITE
                    ? length == 0 || begin + length <= most
                    : length <= most;
    o->version = place->version;
    if (!fits) {
        o->outcome = OPERATION_TOO_LARGE;
    } else if (o->if_version != OPERATION_ANY &&
               o->if_version != place->version) {
        o->outcome = OPERATION_CONFLICT;
    } else if (begin + length > most && length > 0) {
        o->outcome = OPERATION_TOO_LARGE;
    } else {
        uint64_t end = length == 0 ? 0 : begin + length;
        uint64_t size = end > place->size ? end : place->size;
        change(place, o, length == 0 ? 0 : begin,
               o->verb == OPERATION_REPLACE ? length : size);
        o->outcome = OPERATION_OK;
        o->version = place->version;
        o->size = place->size;
    }
}

/* Answer a read of one version with other bytes, if they differ. */
static bool
forge_read(struct play *play, struct operation *o, const unsigned char *content)
{
    struct operation forged = *o;
    copy_read(play, &forged, content);
    if (forged.data.hash == o->data.hash) {
        return false;
    }
    *o = forged;
    return true;
}

static bool
plant_torn(struct play *play, struct operation *o)
{
    const struct place *place = &play->places[o->mailbox];
    unsigned char torn[MAILBOX_BYTES_MAX];
    memcpy(torn, place->content, sizeof(torn));
    memcpy(torn, place->old_content, place->size / 2);
    return forge_read(play, o, torn);
}

static bool
plant_stale(const struct play *play, const struct actor *actor,
            struct operation *o)
{
    const struct place *place = &play->places[o->mailbox];
    if (place->old_version >= actor->told_version) {
        return false;
    }
    o->version = place->old_version;
    o->size = place->old_size;
    uint64_t begin = least(o->offset, o->size);
    o->data = operation_data_of(
        place->old_content + begin,
        (uint32_t)least(o->max_bytes, place->old_size - begin));
    return true;
}

static bool
plant_swap(struct play *play, struct operation *o)
{
    if (o->verb != OPERATION_REPLACE || o->outcome != OPERATION_CONFLICT) {
        return false;
    }
    uint64_t wanted = o->if_version;
    o->if_version = OPERATION_ANY;
    do_write(play, o);
    o->if_version = wanted;
    return true;
}

/* Exchange its answer with that of this client's operation before. */
static bool
plant_exchange(struct play *play, struct actor *actor, struct operation *o)
{
    if (actor->last == 0) {
        return false;
    }
    struct operation *before = &play->history->items[actor->last - 1];
    if (before->verb != OPERATION_READ || before->outcome != OPERATION_OK ||
        before->mailbox != o->mailbox || before->version == o->version) {
        return false;
    }
    struct operation swapped = *o;
    o->version = before->version;
    o->size = before->size;
    o->data = before->data;
    before->version = swapped.version;
    before->size = swapped.size;
    before->data = swapped.data;
    return true;
}

static bool
plant(struct play *play, struct actor *actor, struct operation *o)
{
    bool read = o->verb == OPERATION_READ && o->outcome == OPERATION_OK;
    switch (play->simulation->fault) {
    case SIMULATION_STALE_READ:
        return read && plant_stale(play, actor, o);
    case SIMULATION_LOST_APPEND:
        return read && play->places[o->mailbox].old_is_longer &&
               forge_read(play, o, play->places[o->mailbox].old_content);
    case SIMULATION_TORN_READ:
        return read && plant_torn(play, o);
    case SIMULATION_BLIND_SWAP:
        return plant_swap(play, o);
    case SIMULATION_OUT_OF_ORDER:
        return read && plant_exchange(play, actor, o);
    default:
        return false;
    }
}

static void
take_effect(struct play *play, struct actor *actor)
{
    struct operation *o = &actor->operation;
    bool lost =
        dice_below(&play->dice, 1000) < play->simulation->unknown_per_mille;
    bool happens = !lost || dice_percent(&play->dice, 50);
    if (happens) {
        if (o->verb == OPERATION_READ || o->verb == OPERATION_LOOK) {
            do_read(play, o);
        } else {
            do_write(play, o);
        }
    }
    if (lost) {
        o->outcome = OPERATION_UNKNOWN;
    } else if (!play->planted && play->called > play->plant_after) {
        play->planted = plant(play, actor, o);
    }
}

static void
act(struct play *play, uint32_t client)
{
    struct actor *actor = &play->actors[client];
    struct operation *o = &actor->operation;
    switch (actor->phase) {
    case PHASE_IDLE:
        *o = (struct operation){.client = client,
                                .call_ns = actor->next_ns,
                                .if_version = OPERATION_ANY,
                                .after_version = OPERATION_ANY};
        choose(play, o);
        play->called++;
        actor->told_version = play->places[o->mailbox].returned_version;
        actor->phase = PHASE_CALLED;
        break;
    case PHASE_CALLED:
        take_effect(play, actor);
        actor->phase = PHASE_DONE;
        break;
    case PHASE_DONE:
        o->return_ns = actor->next_ns;
        if (o->outcome == OPERATION_UNKNOWN) {
            o->return_ns = dice_percent(&play->dice, 50) ? OPERATION_FOREVER
                                                         : o->return_ns;
        } else if (o->version > play->places[o->mailbox].returned_version) {
            play->places[o->mailbox].returned_version = o->version;
        }
        operations_add(play->history, o);
        actor->last = play->history->count;
        actor->phase = PHASE_IDLE;
        break;
    }
    actor->next_ns += 1 + dice_below(&play->dice, 1000);
}

static uint32_t
next_to_act(const struct play *play)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < play->simulation->clients_count; i++) {
        if (play->actors[i].next_ns < play->actors[next].next_ns) {
            next = i;
        }
    }
    return next;
}

/* What is under way at the end has no answer yet. */
static void
cut_off(struct play *play)
{
    for (uint32_t i = 0; i < play->simulation->clients_count; i++) {
        struct operation *o = &play->actors[i].operation;
        if (play->actors[i].phase != PHASE_IDLE) {
            o->outcome = OPERATION_UNKNOWN;
            o->return_ns = OPERATION_FOREVER;
            operations_add(play->history, o);
        }
    }
}

bool
simulation_run(const struct simulation *simulation, struct operations *history)
{
    struct play play = {.simulation = simulation, .history = history};
    assert(simulation->clients_count <= CLIENTS_MAX);
    assert(simulation->mailboxes_count <= MAILBOXES_MAX);
    assert(simulation->mailbox_bytes <= MAILBOX_BYTES_MAX);
    history->mailbox_bytes = simulation->mailbox_bytes;
    history->packet_bytes = simulation->mailbox_bytes + 1;
    play.places = calloc(simulation->mailboxes_count, sizeof(*play.places));
    if (play.places == NULL) {
        return false;
    }
    dice_init(&play.dice, simulation->seed, 0);
    play.plant_after = dice_below(&play.dice, simulation->operations_count);
    while (history->count < simulation->operations_count) {
        act(&play, next_to_act(&play));
    }
    cut_off(&play);
    free(play.places);
    return simulation->fault == SIMULATION_SOUND || play.planted;
}
