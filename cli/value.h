#ifndef DIPC_VALUE_H
#define DIPC_VALUE_H

/*
 * Values: what stands behind an option or an argument, read strictly.
 *
 * Idea.  Every reader takes the name by which a person knows the argument, and
 * complains with it: what was given, and what would be right.
 *
 * Who may call.  One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "complaint.h"

#define VALUE_ANY_PORT 0
#define VALUE_NO_USER ((uid_t)-1)
#define VALUE_NO_GROUP ((gid_t)-1)

/*
 * Decimal digits alone, min to max.
 * Errors: EINVAL
 */
int value_number(const char *name, const char *text, uint64_t min, uint64_t max,
                 uint64_t *number, struct complaint *complaint)
    __attribute__((warn_unused_result));

/*
 * Seconds, or a number with its unit: ms, s, m or h; a fraction is allowed.
 *   min_ns, max_ns  the range; the complaint tells it
 * Errors: EINVAL
 */
int
value_duration(const char *name, const char *text, uint64_t min_ns,
               uint64_t max_ns, uint64_t *duration_ns,
               struct complaint *complaint) __attribute__((warn_unused_result));

/*
 * 1 to 65535, the name of a TCP service, or, where the caller has a use for
 * it, `any` (VALUE_ANY_PORT).
 * Errors: EINVAL
 */
int value_port(const char *text, bool any_allowed, uint16_t *port,
               struct complaint *complaint) __attribute__((warn_unused_result));

/*
 * The rights to a file: three octal digits, or four with a leading 0.
 * Errors: EINVAL
 */
int value_mode(const char *name, const char *text, mode_t *mode,
               struct complaint *complaint) __attribute__((warn_unused_result));

/*
 * USER, USER:GROUP or :GROUP, names or numbers of this machine.
 *   user, group  VALUE_NO_USER, VALUE_NO_GROUP: it is not named
 * Errors: EINVAL
 */
int
value_owner(const char *name, const char *text, uid_t *user, gid_t *group,
            struct complaint *complaint) __attribute__((warn_unused_result));

#endif
