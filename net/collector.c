#include "collector.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "entropy.h"
#include "wakeup.h"

#define TOKEN_RANDOM_BYTES ((COLLECTOR_TOKEN_BYTES - 1) / 2)
#define CAPACITY_FIRST ((size_t)4096)

/* One connection.  All of it is its own thread's. */
struct collected {
    struct store store; /* first: the store is this */
    struct collector *collector;
    struct collector_slot *slot; /* NULL: nobody's yet */
    uint64_t writes;
};

static void
lock(struct collector *collector)
{
    int error = pthread_mutex_lock(&collector->guard);
    assert(!error);
}

static void
unlock(struct collector *collector)
{
    int error = pthread_mutex_unlock(&collector->guard);
    assert(!error);
}

static struct collected *
collected_of(struct store *store)
{
    return (struct collected *)store;
}

/* Context: under guard. */
static void
enter(struct collector *collector, struct collector_slot *slot,
      enum collector_state state)
{
    slot->report.state = state;
    slot->report.changed_ns = clock_now_ns(NULL);
    if (collector->changed_fd >= 0) {
        wakeup_raise(collector->changed_fd);
    }
}

/* Takes as long for any two tokens, wherever they differ. */
static bool
is_token(const struct collector_slot *slot, const char *token)
{
    const size_t length = strlen(token);
    unsigned different = length != COLLECTOR_TOKEN_BYTES - 1;

    for (size_t i = 0; i < COLLECTOR_TOKEN_BYTES - 1; i++) {
        const char given = token[length ? i % length : 0];
        different |= (unsigned)(given ^ slot->token[i]);
    }
    return different == 0;
}

/* Context: under guard. */
static int
judge_opening(struct collected *collected, struct collector_slot *slot,
              const struct store_opening *opening)
{
    const enum collector_state state = slot->report.state;

    if (state == COLLECTOR_FORGOTTEN) {
        return ECANCELED;
    }
    if (collected->slot == slot && state == COLLECTOR_OPEN && opening->fail) {
        return 0;
    }
    if (collected->slot || state != COLLECTOR_AWAITED) {
        return EALREADY;
    }
    return 0;
}

/* Context: under guard. */
static int
open_slot(struct collected *collected, struct collector_slot *slot,
          const struct store_opening *opening)
{
    struct collector *collector = collected->collector;

    if (opening->fail) {
        slot->report.fail = opening->fail;
        enter(collector, slot, COLLECTOR_FAILED);
        return 0;
    }
    slot->report.type = opening->type;
    slot->announced_bytes = opening->size_bytes;
    if (opening->size_bytes != STORE_ANY_SIZE &&
        opening->size_bytes > collector->result_bytes_max) {
        slot->report.error = EFBIG;
        enter(collector, slot, COLLECTOR_REFUSED);
        return EFBIG;
    }
    collected->slot = slot;
    enter(collector, slot, COLLECTOR_OPEN);
    return 0;
}

static int
begin(struct store *store, const struct store_opening *opening)
{
    struct collected *collected = collected_of(store);
    struct collector *collector = collected->collector;

    if (opening->which >= collector->children) {
        return ENOENT;
    }
    struct collector_slot *slot = &collector->slots[opening->which];
    if (!is_token(slot, opening->token)) {
        return EACCES;
    }
    lock(collector);
    int error = judge_opening(collected, slot, opening);
    if (!error) {
        error = open_slot(collected, slot, opening);
    }
    unlock(collector);
    return error;
}

/* No more is ever reserved than the result may have. */
static int
reserve(struct collected *collected, size_t wanted)
{
    struct collector_slot *slot = collected->slot;
    size_t capacity = slot->capacity_bytes;

    if (wanted <= capacity) {
        return 0;
    }
    if (capacity < CAPACITY_FIRST) {
        capacity = CAPACITY_FIRST;
    }
    while (capacity < wanted) {
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    }
    uint64_t bound = collected->collector->result_bytes_max;
    if (slot->announced_bytes < bound) {
        bound = slot->announced_bytes;
    }
    if (capacity > bound) {
        capacity = (size_t)bound;
    }
    char *grown = realloc(slot->data, capacity);
    if (!grown) {
        return ENOMEM;
    }
    slot->data = grown;
    slot->capacity_bytes = capacity;
    return 0;
}

/* Context: under guard. */
static int
judge_write(struct collected *collected, const struct store_write *request)
{
    const struct collector_slot *slot = collected->slot;
    const uint64_t bytes = slot->report.bytes;

    if (slot->report.state != COLLECTOR_OPEN) {
        return ECANCELED;
    }
    if (request->length_bytes > slot->announced_bytes - bytes) {
        return EMSGSIZE;
    }
    if (request->length_bytes >
        collected->collector->result_bytes_max - bytes) {
        return EFBIG;
    }
    return 0;
}

static void
refuse(struct collected *collected, int error)
{
    struct collector_slot *slot = collected->slot;

    if (error != ECANCELED) {
        slot->report.error = error;
        enter(collected->collector, slot, COLLECTOR_REFUSED);
    }
}

static int
append(struct collected *collected, const struct store_write *request)
{
    struct collector *collector = collected->collector;
    struct collector_slot *slot = collected->slot;

    lock(collector);
    int error = judge_write(collected, request);
    size_t before = (size_t)slot->report.bytes;
    unlock(collector);
    if (!error && request->length_bytes > 0) {
        error = reserve(collected, before + request->length_bytes);
        if (!error) {
            memcpy(slot->data + before, request->data, request->length_bytes);
        }
    }
    lock(collector);
    if (error) {
        refuse(collected, error);
    } else if (slot->report.state != COLLECTOR_OPEN) {
        error = ECANCELED;
    } else {
        slot->report.bytes = before + request->length_bytes;
        slot->report.changed_ns = clock_now_ns(NULL);
    }
    unlock(collector);
    return error;
}

static int
write_result(struct store *store, const struct store_write *request,
             struct store_view *view)
{
    struct collected *collected = collected_of(store);

    if (request->mailbox >= collected->collector->children) {
        return ENOENT;
    }
    if (collected->slot != &collected->collector->slots[request->mailbox]) {
        return EACCES;
    }
    if (request->mode != STORE_APPEND) {
        return ENOTSUP;
    }
    int error = append(collected, request);
    if (error) {
        return error;
    }
    view->version = ++collected->writes;
    view->size_bytes = collected->slot->report.bytes;
    return 0;
}

/* Whoever is nobody has nothing to finish. */
static int
finish(struct store *store)
{
    struct collected *collected = collected_of(store);
    struct collector_slot *slot = collected->slot;
    int error = 0;

    if (!slot) {
        return 0;
    }
    lock(collected->collector);
    if (slot->report.state != COLLECTOR_OPEN) {
        error = ECANCELED;
    } else if (slot->announced_bytes != STORE_ANY_SIZE &&
               slot->report.bytes != slot->announced_bytes) {
        error = ENODATA;
        refuse(collected, error);
    } else {
        /* takes effect here */
        enter(collected->collector, slot, COLLECTOR_COMPLETE);
    }
    unlock(collected->collector);
    return error;
}

static const struct store_ops ops = {
    .write = write_result,
    .begin = begin,
    .finish = finish,
};

static int
open_store(struct store_source *source, uint32_t hint, struct store **store)
{
    struct collector *collector = (struct collector *)source;
    struct collected *collected = calloc(1, sizeof *collected);

    (void)hint;
    if (!collected) {
        return ENOMEM;
    }
    *collected = (struct collected){
        .store = {.ops = &ops,
                  .mailboxes_count = collector->children,
                  .mailbox_bytes = UINT64_MAX}, /* K4 is judged here */
        .collector = collector,
    };
    *store = &collected->store;
    return 0;
}

static void
discard(struct collector_slot *slot)
{
    free(slot->data);
    slot->data = NULL;
    slot->capacity_bytes = 0;
}

static void
close_store(struct store_source *source, struct store *store)
{
    struct collector *collector = (struct collector *)source;
    struct collector_slot *slot = collected_of(store)->slot;

    if (slot) {
        lock(collector);
        if (slot->report.state == COLLECTOR_OPEN) {
            enter(collector, slot, COLLECTOR_CUT_OFF);
        }
        if (slot->report.state != COLLECTOR_COMPLETE) {
            discard(slot);
        }
        unlock(collector);
    }
    free(collected_of(store));
}

/* Nothing here waits. */
static void
cancel(struct store_source *source, struct store *store)
{
    (void)source;
    (void)store;
}

static const struct store_source_ops source_ops = {
    .open = open_store,
    .close = close_store,
    .cancel = cancel,
};

static int
draw_token(struct collector_slot *slot)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[TOKEN_RANDOM_BYTES];

    int error = entropy_draw(random, sizeof random);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < sizeof random; i++) {
        slot->token[2 * i] = digits[random[i] >> 4];
        slot->token[2 * i + 1] = digits[random[i] & 15];
    }
    return 0;
}

int
collector_init(struct collector *collector, uint32_t children,
               uint64_t result_bytes_max, int changed_fd)
{
    assert(children >= 1);
    assert(children <= COLLECTOR_CHILDREN_MAX);
    *collector = (struct collector){
        .source = {.ops = &source_ops},
        .slots = calloc(children, sizeof *collector->slots),
        .children = children,
        .result_bytes_max =
            result_bytes_max < SIZE_MAX ? result_bytes_max : SIZE_MAX,
        .changed_fd = changed_fd,
    };
    if (!collector->slots) {
        return ENOMEM;
    }
    int error = 0;
    for (uint32_t i = 0; i < children && !error; i++) {
        error = draw_token(&collector->slots[i]);
    }
    if (!error) {
        error = pthread_mutex_init(&collector->guard, NULL);
    }
    if (error) {
        free(collector->slots);
    }
    return error;
}

void
collector_fini(struct collector *collector)
{
    for (uint32_t i = 0; i < collector->children; i++) {
        discard(&collector->slots[i]);
    }
    free(collector->slots);
    int error = pthread_mutex_destroy(&collector->guard);
    assert(!error);
}

static struct collector_slot *
slot_at(const struct collector *collector, uint32_t child)
{
    assert(child < collector->children);
    return &collector->slots[child];
}

const char *
collector_token(const struct collector *collector, uint32_t child)
{
    return slot_at(collector, child)->token;
}

struct collector_report
collector_look(struct collector *collector, uint32_t child)
{
    struct collector_slot *slot = slot_at(collector, child);

    lock(collector);
    struct collector_report report = slot->report;
    unlock(collector);
    return report;
}

struct collector_report
collector_forget(struct collector *collector, uint32_t child)
{
    struct collector_slot *slot = slot_at(collector, child);

    lock(collector);
    struct collector_report report = slot->report;
    if (report.state != COLLECTOR_COMPLETE &&
        report.state != COLLECTOR_FAILED) {
        slot->report.state = COLLECTOR_FORGOTTEN;
    }
    unlock(collector);
    return report;
}

void *
collector_take(struct collector *collector, uint32_t child)
{
    struct collector_slot *slot = slot_at(collector, child);
    void *data = slot->data;

    assert(collector_look(collector, child).state == COLLECTOR_COMPLETE);
    slot->data = NULL;
    slot->capacity_bytes = 0;
    return data;
}

static void
check_slot(const struct collector *collector, const struct collector_slot *slot)
{
    const struct collector_report *report = &slot->report;

    assert(report->bytes <= collector->result_bytes_max);
    assert(report->state != COLLECTOR_OPEN);
    assert(report->state != COLLECTOR_AWAITED || !slot->data);
    assert(report->state != COLLECTOR_COMPLETE ||
           slot->announced_bytes == STORE_ANY_SIZE ||
           report->bytes == slot->announced_bytes);
    assert((report->state == COLLECTOR_REFUSED) == (report->error != 0) ||
           report->state == COLLECTOR_FORGOTTEN);
}

void
collector_check(struct collector *collector)
{
    lock(collector);
    for (uint32_t i = 0; i < collector->children; i++) {
        check_slot(collector, &collector->slots[i]);
    }
    unlock(collector);
}
