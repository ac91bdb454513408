#include "model.h"

#include <stdlib.h>
#include <string.h>

/* What a write comes to, before its answer is compared. */
enum effect { EFFECT_DONE, EFFECT_CONFLICT, EFFECT_TOO_LARGE };

static struct model_state *
made(uint64_t version, uint64_t size)
{
    struct model_state *state = malloc(sizeof(*state) + size);
    if (state == NULL) {
        (void)fputs("stress: no memory for a state of the model\n", stderr);
        exit(1);
    }
    *state =
        (struct model_state){.version = version, .size = size, .references = 1};
    return state;
}

struct model_state *
model_keep(struct model_state *state)
{
    state->references++;
    return state;
}

void
model_drop(struct model_state *state)
{
    if (--state->references == 0) {
        free(state);
    }
}

struct model_state *
model_init(const struct operations *history, uint32_t mailbox)
{
    const struct operation_initial *initial =
        operations_initial(history, mailbox);
    if (initial == NULL) {
        return made(0, 0);
    }
    struct model_state *state = made(initial->version, initial->size);
    memcpy(state->content, initial->content, initial->size);
    return state;
}

bool
model_equal(const struct model_state *a, const struct model_state *b)
{
    return a == b || (a->version == b->version && a->size == b->size &&
                      memcmp(a->content, b->content, a->size) == 0);
}

static bool
is_awaited(const struct model_state *state, const struct operation *o)
{
    return o->after_version == OPERATION_ANY ||
           state->version > o->after_version;
}

static bool
is_wanted(const struct model_state *state, const struct operation *o)
{
    return o->if_version == OPERATION_ANY || state->version == o->if_version;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool
accepts_content(const struct operations *history,
                const struct model_state *state, const struct operation *o)
{
    uint64_t begin = least(o->offset, state->size);
    uint64_t length =
        least(least(o->max_bytes, history->packet_bytes), state->size - begin);
    return o->version == state->version && o->size == state->size &&
           operation_data_is(&o->data, state->content + begin, length);
}

static bool
accepts_read(const struct operations *history, const struct model_state *state,
             const struct operation *o)
{
    switch (o->outcome) {
    case OPERATION_OK:
        return is_awaited(state, o) && is_wanted(state, o) &&
               accepts_content(history, state, o);
    case OPERATION_CONFLICT:
        return is_awaited(state, o) && !is_wanted(state, o) &&
               o->version == state->version;
    case OPERATION_TIMEOUT:
        return o->after_version != OPERATION_ANY && !is_awaited(state, o);
    case OPERATION_BUSY:
    case OPERATION_UNKNOWN:
        return true;
    default:
        return false;
    }
}

static bool
accepts_look(const struct model_state *state, const struct operation *o)
{
    return o->outcome == OPERATION_UNKNOWN || o->outcome == OPERATION_BUSY ||
           (o->outcome == OPERATION_OK && o->version == state->version);
}

static enum effect
measure(const struct operations *history, const struct model_state *state,
        const struct operation *o, uint64_t *size)
{
    uint64_t length = o->data.length;
    uint64_t most = history->mailbox_bytes;
    if (length > history->packet_bytes) {
        return EFFECT_TOO_LARGE;
    }
    *size = length;
    if (o->verb == OPERATION_OVERWRITE) {
        if (length > 0 && (length > most || o->offset > most - length)) {
            return EFFECT_TOO_LARGE;
        }
        bool grows = length > 0 && o->offset + length > state->size;
        *size = grows ? o->offset + length : state->size;
    } else if (length > most) {
        return EFFECT_TOO_LARGE;
    }
    if (!is_wanted(state, o)) {
        return EFFECT_CONFLICT;
    }
    if (o->verb == OPERATION_APPEND) {
        *size = state->size + length;
        return *size > most ? EFFECT_TOO_LARGE : EFFECT_DONE;
    }
    return EFFECT_DONE;
}

static bool
accepts_effect(const struct model_state *state, const struct operation *o,
               enum effect effect, uint64_t size)
{
    switch (o->outcome) {
    case OPERATION_OK:
        return effect == EFFECT_DONE && o->version == state->version + 1 &&
               o->size == size;
    case OPERATION_CONFLICT:
        return effect == EFFECT_CONFLICT && o->version == state->version;
    case OPERATION_TOO_LARGE:
        return effect == EFFECT_TOO_LARGE;
    case OPERATION_BUSY:
    case OPERATION_UNKNOWN:
        return true;
    default:
        return false;
    }
}

/* Where the data of a write goes. */
static uint64_t
place(const struct model_state *state, const struct operation *o)
{
    switch (o->verb) {
    case OPERATION_OVERWRITE:
        return o->offset;
    case OPERATION_APPEND:
        return state->size;
    default:
        return 0;
    }
}

static struct model_state *
written(const struct model_state *state, const struct operation *o,
        uint64_t size)
{
    struct model_state *next = made(state->version + 1, size);
    uint64_t kept = o->verb == OPERATION_REPLACE ? 0 : least(state->size, size);
    memcpy(next->content, state->content, kept);
    memset(next->content + kept, 0, size - kept);
    if (o->data.length > 0 &&
        !operation_data_bytes(&o->data, next->content + place(state, o))) {
        model_drop(next);
        return NULL;
    }
    return next;
}

static struct model_state *
step_write(const struct operations *history, struct model_state *state,
           const struct operation *o)
{
    uint64_t size = 0;
    enum effect effect = measure(history, state, o, &size);
    if (!accepts_effect(state, o, effect, size)) {
        return NULL;
    }
    if (effect != EFFECT_DONE || o->outcome == OPERATION_BUSY) {
        return model_keep(state);
    }
    return written(state, o, size);
}

struct model_state *
model_step(const struct operations *history, struct model_state *state,
           const struct operation *o)
{
    switch (o->verb) {
    case OPERATION_READ:
        return accepts_read(history, state, o) ? model_keep(state) : NULL;
    case OPERATION_LOOK:
        return accepts_look(state, o) ? model_keep(state) : NULL;
    default:
        return step_write(history, state, o);
    }
}

/* Every change raises the version by one. */
bool
model_is_spent(const struct model_state *state, const struct operation *o)
{
    switch (o->outcome) {
    case OPERATION_OK:
        return state->version + 1 > o->version - operation_is_change(o);
    case OPERATION_CONFLICT:
        return state->version + 1 > o->version;
    case OPERATION_TIMEOUT:
        return state->version + 1 > o->after_version;
    default:
        return false;
    }
}
