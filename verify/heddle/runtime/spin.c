#include "spin.h"

#include "depend.h"
#include "object.h"

HD_OWN uint64_t hd_entry[7];

static uint64_t
mix(uint64_t sum, uint64_t word)
{
    sum ^= word;
    sum *= UINT64_C(0x9E3779B97F4A7C15);
    return sum ^ (sum >> 29);
}

uint64_t
hd_spin_local(void)
{
    const struct hd_thread *self = hd.self;
    const uint64_t *word = (const uint64_t *)hd_entry[6] + 1;
    const uint64_t *end = (const uint64_t *)self->stack_high;
    uint64_t sum = hd_entry[6];
    uint64_t other = hd_entry[5];
    int i;

    for (i = 0; i < 5; i++) {
        sum = mix(sum, hd_entry[i]);
    }
    for (; word + 1 < end; word += 2) {
        sum = mix(sum, word[0]);
        other = mix(other, word[1]);
    }
    return mix(sum, other);
}

/* Does this event of the thread let go of a lock that it holds now? */
static bool
gives_back(const struct hd_op *op, int thread)
{
    const struct hd_object *lock;

    switch (op->kind) {
    case HD_OP_UNLOCK:
    case HD_OP_WAIT:
        lock = hd_object_raw(op->access[0].at, HD_TYPE_MUTEX);
        break;
    case HD_OP_RWUNLOCK:
        lock = hd_object_raw(op->access[0].at, HD_TYPE_RWLOCK);
        break;
    case HD_OP_SPIN_UNLOCK:
        lock = hd_object_raw(op->access[0].at, HD_TYPE_SPIN);
        break;
    default:
        return false;
    }
    return lock->owner == thread || lock->holds[thread] > 0;
}

/* Gather what the thread's operations since event `from` touched. False if
 * somebody else wrote one of them meanwhile, or there are too many. */
static bool
gather(struct hd_thread *self, int from)
{
    int e = self->last;
    int i;
    int j;

    self->spin_objects = 0;
    for (; e >= from; e = hd.event[e].earlier) {
        const struct hd_op *op = &hd.event[e].op;

        if (gives_back(op, self->id)) {
            return false;
        }
        for (i = 0; i < op->accesses; i++) {
            uint64_t at = op->access[i].at;

            for (j = 0; j < self->spin_objects; j++) {
                if (self->spin_object[j] == at) {
                    break;
                }
            }
            if (j < self->spin_objects) {
                continue;
            }
            if (j == HD_SPIN_OBJECTS ||
                hd_depend_foreign(at, self->id) >= from) {
                return false;
            }
            self->spin_object[j] = at;
            self->spin_objects++;
        }
    }
    return self->spin_objects > 0;
}

static bool
eager(const struct hd_op *op)
{
    return op->kind != HD_OP_LOCK;
}

static struct hd_site *
site_of(struct hd_thread *self)
{
    uint64_t place = self->next.pc | (uint64_t)self->next.kind << 32;
    struct hd_site *site =
        &self->site[(place ^ (place >> 5) ^ (place >> 32)) % HD_SPIN_SITES];

    if (site->place != place) {
        *site = (struct hd_site){place, 0, 0, 0, hd.events};
    }
    site->visits++;
    return site;
}

static bool
visit(struct hd_thread *self, struct hd_site *site, uint64_t local)
{
    bool again = site->visits > 1 && site->local == local &&
                 site->progress == self->progress;

    if (again && self->last >= site->event && gather(self, site->event)) {
        self->spinning = true;
        self->spin_since = hd.events;
    }
    site->local = local;
    site->progress = self->progress;
    site->event = hd.events;
    return again;
}

bool
hd_spin_visit(void)
{
    struct hd_site *site = site_of(hd.self);

    if (site->visits > 1 || eager(&hd.self->next)) {
        return visit(hd.self, site, hd_spin_local());
    }
    return false;
}

void
hd_spin_visit_in(uint64_t local)
{
    visit(hd.self, site_of(hd.self), local);
}

bool
hd_spin_over(const struct hd_thread *thread)
{
    int i;

    for (i = 0; i < thread->spin_objects; i++) {
        if (hd_depend_foreign(thread->spin_object[i], thread->id) >=
            thread->spin_since) {
            return true;
        }
    }
    return false;
}
