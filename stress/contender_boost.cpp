#include "contender.h"

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/sync/interprocess_upgradable_mutex.hpp>

#include <cerrno>
#include <new>

using boost::interprocess::interprocess_upgradable_mutex;

static_assert(sizeof(interprocess_upgradable_mutex) <= CONTENDER_BYTES,
              "a contender fits");

static interprocess_upgradable_mutex *
mutex_of(void *memory)
{
    return static_cast<interprocess_upgradable_mutex *>(memory);
}

static int
init(void *memory)
{
    new (memory) interprocess_upgradable_mutex;
    return 0;
}

static int
attach(void *, uint32_t)
{
    return 0;
}

static int
acquire(void *memory, uint32_t, bool writes, uint64_t timeout_ns)
{
    auto deadline =
        boost::posix_time::microsec_clock::universal_time() +
        boost::posix_time::microseconds(static_cast<long>(timeout_ns / 1000));
    bool had = writes ? mutex_of(memory)->timed_lock(deadline)
                      : mutex_of(memory)->timed_lock_sharable(deadline);
    return had ? 0 : ETIMEDOUT;
}

static void
release(void *memory, uint32_t, bool writes)
{
    if (writes) {
        mutex_of(memory)->unlock();
    } else {
        mutex_of(memory)->unlock_sharable();
    }
}

extern "C" const struct contender contender_boost = {
    "Boost `interprocess_upgradable_mutex`", init, attach, acquire, release};
