#ifndef DIPC_WAKEUP_H
#define DIPC_WAKEUP_H

/*
 * A wake-up: an eventfd that somebody sleeps on is raised.
 *
 * Idea.  A wake-up that is lost is a sleeper that never wakes, so a write that
 * fails, interrupted or for any other reason, is made again.  A counter that is
 * full is as good as a raised one.
 *
 * Who may call.  Any thread, and a signal handler: errno is left as it was.
 */

/* How often at most. */
#define WAKEUP_TRIES 100

void wakeup_raise(int eventfd);

#endif
