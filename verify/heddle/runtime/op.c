#include "op.h"

static const char *const names[HD_OP_KINDS] = {
    [HD_OP_START] = "start",
    [HD_OP_EXIT] = "thread ends",
    [HD_OP_CREATE] = "create",
    [HD_OP_JOIN] = "join",
    [HD_OP_DETACH] = "detach",
    [HD_OP_PROCESS_EXIT] = "exit",
    [HD_OP_CHOOSE] = "choose",
    [HD_OP_MARK] = "mark",
    [HD_OP_DEATH] = "DIES",
    [HD_OP_LAPSE] = "leaves a mutex",
    [HD_OP_LOAD] = "load",
    [HD_OP_STORE] = "store",
    [HD_OP_RMW] = "rmw",
    [HD_OP_CAS] = "cas",
    [HD_OP_FENCE] = "fence",
    [HD_OP_LOCK] = "lock",
    [HD_OP_TRYLOCK] = "trylock",
    [HD_OP_TIMEDLOCK] = "timedlock",
    [HD_OP_UNLOCK] = "unlock",
    [HD_OP_MUTEX_INIT] = "mutex_init",
    [HD_OP_MUTEX_DESTROY] = "mutex_destroy",
    [HD_OP_CONSISTENT] = "consistent",
    [HD_OP_WAIT] = "wait",
    [HD_OP_WAKE] = "wakes from",
    [HD_OP_RELOCK] = "relock",
    [HD_OP_SIGNAL] = "signal",
    [HD_OP_BROADCAST] = "broadcast",
    [HD_OP_COND_INIT] = "cond_init",
    [HD_OP_COND_DESTROY] = "cond_destroy",
    [HD_OP_RDLOCK] = "rdlock",
    [HD_OP_WRLOCK] = "wrlock",
    [HD_OP_TRYRDLOCK] = "tryrdlock",
    [HD_OP_TRYWRLOCK] = "trywrlock",
    [HD_OP_TIMEDRDLOCK] = "timedrdlock",
    [HD_OP_TIMEDWRLOCK] = "timedwrlock",
    [HD_OP_RWUNLOCK] = "rwunlock",
    [HD_OP_ANNOUNCE] = "wrlock queues",
    [HD_OP_RWLOCK_INIT] = "rwlock_init",
    [HD_OP_RWLOCK_DESTROY] = "rwlock_destroy",
    [HD_OP_SPIN_LOCK] = "spin_lock",
    [HD_OP_SPIN_TRYLOCK] = "spin_trylock",
    [HD_OP_SPIN_UNLOCK] = "spin_unlock",
    [HD_OP_BARRIER] = "barrier arrives",
    [HD_OP_BARRIER_PASS] = "barrier passes",
    [HD_OP_BARRIER_INIT] = "barrier_init",
    [HD_OP_BARRIER_DESTROY] = "barrier_destroy",
    [HD_OP_SEM_WAIT] = "sem_wait",
    [HD_OP_SEM_TRYWAIT] = "sem_trywait",
    [HD_OP_SEM_TIMEDWAIT] = "sem_timedwait",
    [HD_OP_SEM_POST] = "sem_post",
    [HD_OP_SEM_VALUE] = "sem_getvalue",
    [HD_OP_SEM_INIT] = "sem_init",
    [HD_OP_SEM_DESTROY] = "sem_destroy",
    [HD_OP_ONCE] = "once",
    [HD_OP_ONCE_DONE] = "once done",
    [HD_OP_FUTEX_WAIT] = "futex wait",
    [HD_OP_FUTEX_PASS] = "futex wakes from",
    [HD_OP_FUTEX_WAKE] = "futex wake",
    [HD_OP_CLOCK] = "clock",
    [HD_OP_SLEEP] = "sleep",
};

void
hd_op_init(struct hd_op *op, enum hd_kind kind, uint32_t pc)
{
    op->kind = (uint16_t)kind;
    op->accesses = 0;
    op->global = false;
    op->pc = pc;
    op->value = 0;
}

void
hd_op_touch(struct hd_op *op, uint64_t at, uint32_t bytes, enum hd_mode mode)
{
    struct hd_access *access;

    if (op->accesses == HD_ACCESSES_MAX) {
        op->global = true;
        return;
    }
    access = &op->access[op->accesses];
    op->accesses++;
    access->at = at;
    access->bytes = bytes;
    access->mode = mode;
    access->state = 0;
    access->previous = -1;
}

bool
hd_mode_conflict(uint32_t one, uint32_t two)
{
    return one != two || one == HD_WRITE;
}

static bool
clash(const struct hd_access *one, const struct hd_access *two)
{
    if (one->at >= two->at + two->bytes || two->at >= one->at + one->bytes) {
        return false;
    }
    return hd_mode_conflict(one->mode, two->mode);
}

bool
hd_op_conflict(const struct hd_op *one, const struct hd_op *two)
{
    int i;
    int j;

    if (one->global || two->global) {
        return true;
    }
    for (i = 0; i < one->accesses; i++) {
        for (j = 0; j < two->accesses; j++) {
            if (clash(&one->access[i], &two->access[j])) {
                return true;
            }
        }
    }
    return false;
}

void
hd_op_widen(struct hd_op *op)
{
    int i;

    if (op->kind == HD_OP_LOAD) {
        return;
    }
    for (i = 0; i < op->accesses; i++) {
        if (op->access[i].mode == HD_READ) {
            op->access[i].mode = HD_WRITE;
        }
    }
}

const char *
hd_op_name(int kind)
{
    return kind >= 0 && kind < HD_OP_KINDS ? names[kind] : "?";
}

uint64_t
hd_op_signature(const struct hd_op *op)
{
    uint64_t sum = op->kind + ((uint64_t)op->pc << 8);

    if (op->accesses > 0) {
        sum ^= op->access[0].at * UINT64_C(0x9E3779B97F4A7C15);
    }
    return sum;
}
