#include "gather_child.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#define DESCRIPTORS_KEPT 24        /* for the server and some connections */
#define LINGER_NS CLOCK_NS_PER_S   /* to end, before a child is asked to */
#define RUDENESS_NS CLOCK_NS_PER_S /* from being asked to being killed */

void
gather_child_init(struct gather_child *child)
{
    *child = (struct gather_child){.process.fd = -1};
}

/* Descriptors that connections will need are not spent on watching. */
void
gather_child_watch(struct gather_child *child, pid_t pid, bool is_group)
{
    struct rlimit limit;

    child->origin = GATHER_CHILD_HERE;
    child->result.pid = pid;
    process_watch(&child->process, pid, is_group);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && child->process.fd >= 0 &&
        (rlim_t)child->process.fd + DESCRIPTORS_KEPT > limit.rlim_cur) {
        process_forget(&child->process);
    }
}

bool
gather_child_is_alive(const struct gather_child *child)
{
    return child->origin == GATHER_CHILD_HERE && !child->process.has_ended;
}

bool
gather_child_is_decided(const struct gather_child *child)
{
    return child->result.outcome != GATHER_RUNNING;
}

void
gather_child_press(struct gather_child *child, bool is_last, uint64_t now_ns,
                   uint64_t *again_ns)
{
    if (!gather_child_is_alive(child) || !gather_child_is_decided(child)) {
        return;
    }
    if (child->ask_ns == 0) {
        const bool has_time = child->result.outcome == GATHER_COMPLETE;
        if (has_time && !is_last) {
            return;
        }
        child->ask_ns = now_ns + (has_time ? LINGER_NS : 0);
    }
    if (now_ns >= child->ask_ns) {
        child->asked = child->asked ? SIGKILL : SIGTERM;
        child->ask_ns = now_ns + RUDENESS_NS;
        process_signal(&child->process, child->asked);
    }
    if (child->ask_ns < *again_ns) {
        *again_ns = child->ask_ns;
    }
}

void
gather_child_fini(struct gather_child *child)
{
    process_forget(&child->process);
    free((void *)child->result.data);
}
