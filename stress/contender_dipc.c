#include "contender.h"

#include <assert.h>
#include <errno.h>

#include "dipccore.h"
#include "moment.h"

struct shared {
    struct seat_totals totals;
    struct rwlock lock;
    struct seat seats[CONTENDER_PROCESSES_MAX];
};

static_assert(sizeof(struct shared) <= CONTENDER_BYTES, "a contender fits");

/* This process's own; each process has one. */
static uint32_t own_seat;

static struct seat_table
table_of(struct shared *shared)
{
    struct seat_table table = {
        .seats = shared->seats,
        .totals = &shared->totals,
        .count = CONTENDER_PROCESSES_MAX,
        .parking = PARKING_FUTEX,
        .now = moment_now,
    };
    return table;
}

static int
init(void *memory)
{
    struct shared *shared = memory;
    struct seat_table table = table_of(shared);
    int error = seat_table_init(&table);
    return error != 0 ? error : rwlock_init(&shared->lock, 0);
}

static int
attach(void *memory, uint32_t process)
{
    struct shared *shared = memory;
    struct seat_table table = table_of(shared);
    return rwlock_sit(&table, &shared->lock, process, &own_seat);
}

static int
acquire(void *memory, uint32_t process, bool writes, uint64_t timeout_ns)
{
    struct shared *shared = memory;
    struct seat_table table = table_of(shared);
    struct timespec deadline = moment_deadline(moment_now_ns() + timeout_ns);
    (void)process;
    return writes ? rwlock_wrlock(&table, &shared->lock, own_seat, &deadline)
                  : rwlock_rdlock(&table, &shared->lock, own_seat, &deadline);
}

static void
release(void *memory, uint32_t process, bool writes)
{
    struct shared *shared = memory;
    struct seat_table table = table_of(shared);
    (void)process;
    (void)writes;
    rwlock_unlock(&table, &shared->lock, own_seat);
}

const struct contender contender_dipc = {
    .name = "this lock",
    .init = init,
    .attach = attach,
    .acquire = acquire,
    .release = release,
};
