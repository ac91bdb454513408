#ifndef DIPC_CGROUP_H
#define DIPC_CGROUP_H

/*
 * Control groups: how much memory this process's own, and all above it, can
 * still give.
 *
 * Idea.  A machine with memory to spare may have given a container or a service
 * a limit; who exceeds it is killed.  So the limits are looked at beforehand,
 * each with what is used of it, the cache of files apart, which would be given
 * back.  Both versions of control groups are known.
 *
 * Who may call.  Any thread.
 *
 * Source.  The kernel's cgroup-v1/memory.rst and cgroup-v2.rst.
 */

#include <stdint.h>

#define CGROUP_LIST "/proc/self/cgroup"
#define CGROUP_MOUNT "/sys/fs/cgroup"

/*
 * What is left of the nearest limit; UINT64_MAX: there is none that is told.
 *   list   where the process's groups are listed
 *   mount  where the groups' directories are
 */
uint64_t cgroup_memory_left(const char *list, const char *mount);

#endif
