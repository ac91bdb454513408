#include "linearizability.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOTS 64U
#define NOBODY UINT32_MAX

const struct linearizability_specification linearizability_mailboxes = {
    model_init, model_step, model_equal, model_is_spent};

/* Operations are called by their place among those of the mailbox. */
struct list {
    uint32_t *items;
    uint32_t count;
    uint32_t capacity;
};

/* One way in which everything so far can have happened. */
struct configuration {
    struct model_state *state;
    struct list done; /* under way and already in effect; ascending */
};

struct configurations {
    struct configuration *items;
    uint32_t count;
    uint32_t capacity;
};

/* A moment when only one configuration was possible. */
struct snapshot {
    uint64_t at_ns;
    struct configuration was;
    uint32_t certain_count;
};

struct event {
    uint64_t at_ns;
    uint32_t operation;
    bool is_return;
};

struct search {
    const struct linearizability_specification *specification;
    const struct operations *history;
    size_t *places; /* where the mailbox's operations are in the history */
    uint32_t count;
    struct event *events;
    size_t events_count;
    struct list known; /* under way, by outcome */
    struct list unknown;
    struct list certain; /* of unknown outcome once, and past */
    struct configurations now;
    struct configurations next;
    struct configurations work; /* of one expansion */
    struct snapshot snapshots[SNAPSHOTS];
    uint64_t snapshots_count; /* ever taken */
    struct linearizability_result result;
};

const char *
linearizability_verdict_name(enum linearizability_verdict verdict)
{
    static const char *const names[] = {[LINEARIZABILITY_GOOD] = "good",
                                        [LINEARIZABILITY_BAD] = "bad",
                                        [LINEARIZABILITY_UNDECIDED] =
                                            "undecided"};
    return names[verdict];
}

static void *
grown(void *memory, size_t count, size_t item_bytes)
{
    void *more = realloc(memory, (count == 0 ? 1 : count) * item_bytes);
    if (more == NULL) {
        (void)fputs("stress: no memory for the checker\n", stderr);
        exit(1);
    }
    return more;
}

static void
list_reserve(struct list *list, uint32_t count)
{
    if (count > list->capacity) {
        list->capacity = 2 * count + 6;
        list->items = grown(list->items, list->capacity, sizeof(*list->items));
    }
}

static void
list_push(struct list *list, uint32_t item)
{
    list_reserve(list, list->count + 1);
    list->items[list->count++] = item;
}

static uint32_t
list_find(const struct list *list, uint32_t item)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i] == item) {
            return i;
        }
    }
    return NOBODY;
}

static bool
list_has(const struct list *list, uint32_t item)
{
    return list_find(list, item) != NOBODY;
}

static void
list_remove(struct list *list, uint32_t item)
{
    uint32_t i = list_find(list, item);
    if (i != NOBODY) {
        list->count--;
        memmove(list->items + i, list->items + i + 1,
                (list->count - i) * sizeof(*list->items));
    }
}

static void
list_insert(struct list *list, uint32_t item)
{
    list_push(list, item);
    uint32_t i = list->count - 1;
    for (; i > 0 && list->items[i - 1] > item; i--) {
        list->items[i] = list->items[i - 1];
    }
    list->items[i] = item;
}

static void
list_copy(struct list *to, const struct list *from)
{
    list_reserve(to, from->count);
    if (from->count > 0) {
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    }
    to->count = from->count;
}

static const struct operation *
operation_at(const struct search *search, uint32_t o)
{
    return &search->history->items[search->places[o]];
}

static bool
is_known(const struct search *search, uint32_t o)
{
    return operation_at(search, o)->outcome != OPERATION_UNKNOWN;
}

static struct model_state *
step(struct search *search, const struct configuration *from, uint32_t o)
{
    search->result.steps++;
    return search->specification->step(search->history, from->state,
                                       operation_at(search, o));
}

/* What takes effect now puts an end to what could only have come before. */
static void
retire(const struct search *search, struct configuration *configuration,
       uint32_t now)
{
    uint64_t call_ns = operation_at(search, now)->call_ns;
    for (uint32_t i = 0; i < search->unknown.count; i++) {
        uint32_t o = search->unknown.items[i];
        if (operation_at(search, o)->return_ns < call_ns &&
            !list_has(&configuration->done, o)) {
            list_insert(&configuration->done, o);
        }
    }
}

static bool
is_spent(const struct search *search, const struct configuration *configuration,
         uint32_t last)
{
    return search->specification->is_spent != NULL &&
           search->specification->is_spent(configuration->state,
                                           operation_at(search, last));
}

/* Could something that had to be over before this one began come first? */
static bool
is_pressed(const struct search *search,
           const struct configuration *configuration, uint32_t last)
{
    uint64_t call_ns = operation_at(search, last)->call_ns;
    bool pressed = false;
    for (uint32_t i = 0; !pressed && i < search->unknown.count; i++) {
        uint32_t o = search->unknown.items[i];
        pressed = operation_at(search, o)->return_ns < call_ns &&
                  !list_has(&configuration->done, o);
    }
    return pressed && !is_spent(search, configuration, last);
}

/* Take effect now if that changes nothing, and shuts nothing out. */
static void
settle_one(struct search *search, struct configuration *configuration,
           uint32_t o)
{
    struct model_state *state = step(search, configuration, o);
    if (state == NULL) {
        return;
    }
    if (search->specification->equal(state, configuration->state) &&
        !is_pressed(search, configuration, o)) {
        retire(search, configuration, o);
        list_insert(&configuration->done, o);
    }
    model_drop(state);
}

/* Whatever is under way and fits the state without changing it is done. */
static void
settle(struct search *search, struct configuration *configuration, uint32_t but)
{
    for (uint32_t i = 0; i < search->known.count; i++) {
        uint32_t o = search->known.items[i];
        if (o != but && !list_has(&configuration->done, o)) {
            settle_one(search, configuration, o);
        }
    }
}

static bool
is_equal(const struct search *search, const struct configuration *a,
         const struct configuration *b)
{
    return a->done.count == b->done.count &&
           (a->done.count == 0 ||
            memcmp(a->done.items, b->done.items,
                   a->done.count * sizeof(*a->done.items)) == 0) &&
           search->specification->equal(a->state, b->state);
}

static void
discard(struct configuration *configuration)
{
    model_drop(configuration->state);
    free(configuration->done.items);
}

/* Add it, unless an equal one is there; it is given away either way. */
static void
add(struct search *search, struct configurations *all,
    struct configuration *configuration)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (is_equal(search, &all->items[i], configuration)) {
            discard(configuration);
            return;
        }
    }
    if (all->count == LINEARIZABILITY_CONFIGURATIONS_MAX) {
        search->result.verdict = LINEARIZABILITY_UNDECIDED;
        discard(configuration);
        return;
    }
    if (all->count == all->capacity) {
        all->capacity = 2 * all->capacity + 4;
        all->items = grown(all->items, all->capacity, sizeof(*all->items));
    }
    all->items[all->count++] = *configuration;
}

static void
clear(struct configurations *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        discard(&all->items[i]);
    }
    all->count = 0;
}

/* After one more operation, which is added to those done. */
static struct configuration
successor(const struct search *search, const struct configuration *from,
          struct model_state *state, uint32_t o)
{
    struct configuration next = {.state = state};
    list_copy(&next.done, &from->done);
    retire(search, &next, o);
    list_insert(&next.done, o);
    return next;
}

/* Let each of these come before `last`, if it makes a difference. */
static void
try_before(struct search *search, uint32_t from, const struct list *under_way,
           uint32_t last)
{
    for (uint32_t i = 0; i < under_way->count; i++) {
        uint32_t o = under_way->items[i];
        struct configuration *was = &search->work.items[from];
        if (o == last || list_has(&was->done, o)) {
            continue;
        }
        struct model_state *state = step(search, was, o);
        if (state == NULL) {
            continue;
        }
        if (!is_known(search, o) &&
            search->specification->equal(state, was->state)) {
            model_drop(state);
            continue;
        }
        struct configuration next = successor(search, was, state, o);
        settle(search, &next, last);
        add(search, &search->work, &next);
    }
}

/* `last` takes effect here.  True if nothing need be tried to come before. */
static bool
conclude(struct search *search, const struct configuration *was, uint32_t last)
{
    struct model_state *state = step(search, was, last);
    if (state == NULL) {
        return is_spent(search, was, last);
    }
    bool settled = search->specification->equal(state, was->state) &&
                   !is_pressed(search, was, last);
    struct configuration next = successor(search, was, state, last);
    list_remove(&next.done, last);
    settle(search, &next, last);
    add(search, &search->next, &next);
    return settled;
}

/* All ways in which `last` takes effect now, after others or at once. */
static void
expand(struct search *search, const struct configuration *from, uint32_t last)
{
    struct configuration first = {.state = model_keep(from->state)};
    list_copy(&first.done, &from->done);
    add(search, &search->work, &first);
    for (uint32_t i = 0; i < search->work.count; i++) {
        if (!conclude(search, &search->work.items[i], last)) {
            bool spent = is_spent(search, &search->work.items[i], last);
            try_before(search, i, &search->known, last);
            if (!spent) {
                try_before(search, i, &search->unknown, last);
            }
        }
    }
    clear(&search->work);
}

/* What is in effect in any case, or can be no more, is past. */
static void
forget_certain(struct search *search)
{
    for (uint32_t i = search->unknown.count; i-- > 0;) {
        uint32_t o = search->unknown.items[i];
        bool certain = true;
        for (uint32_t k = 0; certain && k < search->now.count; k++) {
            certain = list_has(&search->now.items[k].done, o);
        }
        if (!certain) {
            continue;
        }
        list_remove(&search->unknown, o);
        list_push(&search->certain, o);
        for (uint32_t k = 0; k < search->now.count; k++) {
            list_remove(&search->now.items[k].done, o);
        }
    }
}

static void
take_snapshot(struct search *search, uint64_t at_ns)
{
    struct snapshot *snapshot =
        &search->snapshots[search->snapshots_count % SNAPSHOTS];
    const struct configuration *only = &search->now.items[0];
    if (search->snapshots_count >= SNAPSHOTS) {
        model_drop(snapshot->was.state);
    }
    snapshot->at_ns = at_ns;
    snapshot->certain_count = search->certain.count;
    snapshot->was.state = model_keep(only->state);
    list_copy(&snapshot->was.done, &only->done);
    search->snapshots_count++;
}

static void
walk_call(struct search *search, uint32_t o)
{
    if (!is_known(search, o)) {
        list_push(&search->unknown, o);
        return;
    }
    list_push(&search->known, o);
    for (uint32_t i = 0; i < search->now.count; i++) {
        settle_one(search, &search->now.items[i], o);
    }
}

static void
walk_return(struct search *search, uint32_t o)
{
    for (uint32_t i = 0; i < search->now.count; i++) {
        struct configuration *was = &search->now.items[i];
        if (list_has(&was->done, o)) {
            list_remove(&was->done, o);
            add(search, &search->next, was);
        } else {
            expand(search, was, o);
            discard(was);
        }
    }
    search->now.count = 0;
    struct configurations empty = search->now;
    search->now = search->next;
    search->next = empty;
    list_remove(&search->known, o);
    forget_certain(search);
}

/* A return at the moment of a call comes after it: they are concurrent. */
static int
compare_events(const void *a, const void *b)
{
    const struct event *x = a;
    const struct event *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    if (x->is_return != y->is_return) {
        return x->is_return ? 1 : -1;
    }
    return (x->operation > y->operation) - (x->operation < y->operation);
}

static void
gather(struct search *search, uint32_t mailbox)
{
    const struct operations *history = search->history;
    uint32_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        count += history->items[i].mailbox == mailbox;
    }
    search->places = grown(NULL, count, sizeof(*search->places));
    search->events = grown(NULL, 2 * (size_t)count, sizeof(*search->events));
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *o = &history->items[i];
        if (o->mailbox != mailbox) {
            continue;
        }
        search->events[search->events_count++] =
            (struct event){o->call_ns, search->count, false};
        if (o->outcome != OPERATION_UNKNOWN) {
            search->events[search->events_count++] =
                (struct event){o->return_ns, search->count, true};
        }
        search->places[search->count++] = i;
    }
    qsort(search->events, search->events_count, sizeof(*search->events),
          compare_events);
}

/* The newest snapshot before the culprit's call but one. */
static const struct snapshot *
telling_snapshot(const struct search *search, uint64_t call_ns)
{
    uint64_t least = search->snapshots_count > SNAPSHOTS
                         ? search->snapshots_count - SNAPSHOTS
                         : 0;
    uint64_t i = search->snapshots_count - 1;
    while (i > least && search->snapshots[i % SNAPSHOTS].at_ns > call_ns) {
        i--;
    }
    return &search->snapshots[(i > least ? i - 1 : i) % SNAPSHOTS];
}

static void
convict(struct search *search, uint32_t o)
{
    struct linearizability_result *result = &search->result;
    const struct snapshot *snapshot =
        telling_snapshot(search, operation_at(search, o)->call_ns);
    result->verdict = LINEARIZABILITY_BAD;
    result->culprit = search->places[o];
    result->since_ns = snapshot->at_ns;
    result->since = model_keep(snapshot->was.state);
    result->since_done =
        grown(NULL, snapshot->was.done.count + snapshot->certain_count,
              sizeof(*result->since_done));
    for (uint32_t i = 0; i < snapshot->was.done.count; i++) {
        result->since_done[result->since_done_count++] =
            search->places[snapshot->was.done.items[i]];
    }
    for (uint32_t i = 0; i < snapshot->certain_count; i++) {
        result->since_done[result->since_done_count++] =
            search->places[search->certain.items[i]];
    }
}

static void
walk(struct search *search)
{
    struct model_state *newest = search->now.items[0].state;
    take_snapshot(search, 0);
    for (size_t i = 0; i < search->events_count; i++) {
        const struct event *event = &search->events[i];
        if (!event->is_return) {
            walk_call(search, event->operation);
            continue;
        }
        walk_return(search, event->operation);
        search->result.checked++;
        if (search->result.verdict == LINEARIZABILITY_UNDECIDED) {
            return;
        }
        if (search->now.count == 0) {
            convict(search, event->operation);
            return;
        }
        if (search->now.count > search->result.widest) {
            search->result.widest = search->now.count;
        }
        if (search->now.count == 1 && search->now.items[0].state != newest) {
            newest = search->now.items[0].state;
            take_snapshot(search, event->at_ns);
        }
    }
}

static void
finish(struct search *search)
{
    clear(&search->now);
    clear(&search->next);
    clear(&search->work);
    free(search->now.items);
    free(search->next.items);
    free(search->work.items);
    free(search->known.items);
    free(search->unknown.items);
    free(search->certain.items);
    for (uint32_t i = 0; i < SNAPSHOTS; i++) {
        if (i < search->snapshots_count) {
            discard(&search->snapshots[i].was);
        }
    }
    free(search->places);
    free(search->events);
}

struct linearizability_result
linearizability_check(const struct linearizability_specification *specification,
                      const struct operations *history, uint32_t mailbox)
{
    struct search search = {.specification = specification, .history = history};
    struct configuration first = {.state =
                                      specification->init(history, mailbox)};
    gather(&search, mailbox);
    add(&search, &search.now, &first);
    walk(&search);
    finish(&search);
    return search.result;
}

void
linearizability_forget(struct linearizability_result *result)
{
    if (result->since != NULL) {
        model_drop(result->since);
        result->since = NULL;
    }
    free(result->since_done);
    result->since_done = NULL;
}
