/*
 * The wrapped calls that a sanitizer makes before it is ready: nothing here may
 * be instrumented (see Makefile), nor may anything that is, until a test has
 * asked for a failure.
 */

#include <sys/resource.h>

#include "fake_calls.h"

#define CALL(name, parameters, arguments)                                \
    int __real_##name parameters;                                        \
    int __wrap_##name parameters;                                        \
    int __wrap_##name parameters                                         \
    {                                                                    \
        return atomic_load(&fake_calls_armed) && fake_calls_fails(#name) \
                   ? -1                                                  \
                   : __real_##name arguments;                            \
    }

CALL(getrlimit, (int which, struct rlimit *limit), (which, limit))
CALL(setrlimit, (int which, const struct rlimit *limit), (which, limit))
