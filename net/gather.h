#ifndef DIPC_GATHER_H
#define DIPC_GATHER_H

/*
 * Gathering: a parent has children work in parallel, and gets each one's
 * result, a byte string of any size, or the reason why there is none.
 *
 * Idea.  The parent listens first, on a Unix socket in a private directory of
 * its own (or where it is told), then makes its children, and serves them when
 * it is ready to: threads start only then.  A child sends its result through
 * a sender (gather_sender.h) and says when it is whole.  The parent watches
 * both the connections and the processes, so that neither a child that dies
 * before, while or after it connects, nor one that hangs (with a timeout)
 * holds it up.
 *
 *     static int
 *     child(struct gather_sender *sender, unsigned which, void *context)
 *     {
 *         ... work, gather_sender_send(sender, bytes, count) ...
 *         return 0;
 *     }
 *
 *     struct gather_options options = {.children = 20};
 *     gather_create(&options, &gather, &message);
 *     for (unsigned i = 0; i < 20; i++) {
 *         gather_fork(gather, i, child, NULL);
 *     }
 *     gather_serve(gather);
 *     for (unsigned i = 0; i < 20; i++) {
 *         const struct gather_result *result = gather_result(gather, i);
 *         ...
 *     }
 *     gather_destroy(gather);
 *
 * Who is believed.  Each child has a token, 128 random bits that the parent
 * hands it in memory; whoever connects and cannot tell a child's token is
 * nobody.  A child begins once.
 *
 * What the program must leave alone.  It neither ignores SIGCHLD nor waits for
 * children of any number (waitpid(-1, ...)) while gathering: where it does,
 * results arrive all the same, but the reasons of those that fail are lost.
 *
 * Who may call.  One thread, the same from gather_create to gather_destroy;
 * gather_stop: any thread, and a signal handler.  gather_fork and gather_spawn
 * are called before the program has threads of its own, as fork wants.  There
 * is no state outside: a program may gather several times, also at once.
 *
 * Source.  Mark Sitkowski, "Inter-Process Communication Using TCP/IP"; the
 * protocol is in docs/protocol.md, "Gathering".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gather_sender.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most children of one gathering. */
#define GATHER_CHILDREN_MAX 16384

/* The most data that one request carries. */
#define GATHER_PACKET_BYTES ((size_t)65536)

/* The most that one result may have, unless told. */
#define GATHER_RESULT_MAX ((uint64_t)256 << 20)

/*
 * How long, in milliseconds, a child may take to finish a request that it has
 * begun, unless told.
 */
#define GATHER_STALL_MS 30000

struct gather;

struct gather_options {
    unsigned children; /* 1 .. GATHER_CHILDREN_MAX */

    /*
     * Where to listen: an address or a host name of this machine, and a port
     * (0: any).  NULL: on a Unix socket in a private directory.
     */
    const char *address;
    uint16_t port;

    /* All in milliseconds; 0 is what stands behind it. */
    uint64_t timeout_ms; /* for gather_serve as a whole; no limit */
    uint64_t stall_ms;   /* GATHER_STALL_MS */

    uint64_t result_bytes_max; /* of each result; 0: GATHER_RESULT_MAX */

    /* The first child that fails ends the whole; the others are stopped. */
    bool fail_fast;

    /*
     * A signal, SIGUSR1 say, by which a child may declare a fatal error:
     * kill(getppid(), SIGUSR1).  It is blocked in the calling thread from
     * gather_create to gather_destroy.  One that is not from a child of this
     * gathering is ignored.  As signals of one number do not queue up, of two
     * children that send it at once one may be known only by how it ends.
     * 0: none.
     */
    int fatal_signal;

    /* Called by gather_serve after changes, at most ten times a second. */
    void (*progress)(void *context, const struct gather *gather);
    void *context;
};

/* Why there is a result or none. */
enum gather_outcome {
    GATHER_RUNNING,    /* none yet: before gather_serve has returned */
    GATHER_COMPLETE,   /* all of it is there */
    GATHER_EXITED,     /* number: the exit status, not 0 */
    GATHER_KILLED,     /* number: the signal */
    GATHER_FAILED,     /* declared an error; number: the child's for it */
    GATHER_ABSENT,     /* never connected */
    GATHER_CUT_OFF,    /* the connection ended in mid-result */
    GATHER_TOO_SLOW,   /* not done within the timeout */
    GATHER_TOO_LARGE,  /* more than was announced or is taken */
    GATHER_NO_MEMORY,  /* this process has none for it */
    GATHER_STOPPED,    /* the whole was ended first */
    GATHER_NOT_STARTED /* number: errno's, when it was started; or 0 */
};

struct gather_result {
    enum gather_outcome outcome;
    uint64_t number;     /* see the outcome */
    uint64_t type;       /* COMPLETE: as announced by the child; 0 else */
    const void *data;    /* COMPLETE: until gather_destroy; NULL if empty */
    size_t length_bytes; /* COMPLETE; else what had come */
    pid_t pid;           /* 0: no process of this parent's */
};

/* What has come so far. */
struct gather_progress {
    unsigned children;
    unsigned connected; /* in the middle of their results */
    unsigned complete;
    unsigned failed; /* whatever the reason */
    uint64_t bytes;  /* of all results, so far */
};

/*
 * Listen.  Nothing is served yet: whoever connects waits.
 *   message  NULL, or where to put a sentence about what went wrong
 * Errors: EINVAL, ENOMEM, and those of the socket calls
 */
#define GATHER_MESSAGE_MAX 512
int gather_create(const struct gather_options *options, struct gather **gather,
                  char message[GATHER_MESSAGE_MAX])
    __attribute__((warn_unused_result));

/*
 * Make child `which`: a process that calls run, sends that the result is whole
 * if it returns 0, and exits with what it returns (0 to 255).  It ends without
 * the functions that the program has registered with atexit.
 * What stdio holds is written out before.
 * Errors: those of fork.  gather_serve then reports NOT_STARTED.
 */
int gather_fork(struct gather *gather, unsigned which,
                int (*run)(struct gather_sender *sender, unsigned which,
                           void *context),
                void *context);

/* A command to be run. */
struct gather_command {
    /* NULL after the last; found as execvp finds it. */
    char *const *arguments;
    bool keeps_input;         /* else its standard input is empty */
    uint64_t descriptors_max; /* its soft limit (RLIMIT_NOFILE); 0: as is */
};

/*
 * Make child `which`: a command, whose standard output is the result, whole
 * when the command has exited with 0 and nobody holds its standard output
 * open any more.  The command finds its number in DIPC_CHILD and how many
 * there are in DIPC_CHILDREN, and is in a process group of its own.  One that
 * sends SIGUSR1 to its parent process has declared a fatal error, of that
 * signal's number.  One that cannot be run has exited with 127 (not found) or
 * 126.
 * Errors: those of fork
 */
int gather_spawn(struct gather *gather, unsigned which,
                 const struct gather_command *command);

/*
 * Await child `which` from elsewhere: somebody starts it who is told
 * gather_address and gather_token.  What becomes of its process is not known.
 */
void gather_expect(struct gather *gather, unsigned which);

/*
 * Where this parent is reached: "unix:PATH", or "HOST:PORT".  A listener on all
 * addresses is named by this machine's name.
 */
const char *gather_address(const struct gather *gather);

/* A child's secret.  It must not become anybody's argument. */
const char *gather_token(const struct gather *gather, unsigned which);

/*
 * Serve until each child has reported, failed or run out of time, and every
 * process that was made has ended and been waited for.  A child without a
 * result that does not end by itself is asked to (SIGTERM), and killed a second
 * later; one with a result has a second to end.
 * Called once.
 * Returns 0 when every result is there; else
 *   ENODATA    some are not; gather_result tells which
 *   ECANCELED  the same, by gather_stop
 *   any other  it could not serve: every child has been stopped
 */
int gather_serve(struct gather *gather) __attribute__((warn_unused_result));

/* End the whole, also before gather_serve. */
void gather_stop(struct gather *gather);

/* What became of a child.  Context: gather_serve has returned. */
const struct gather_result *
gather_result(const struct gather *gather, unsigned which);

/*
 * The same data, the caller's from now on, to free; NULL when there is none or
 * it is empty.
 */
void *gather_take(struct gather *gather, unsigned which);

struct gather_progress gather_progress(const struct gather *gather);

#define GATHER_TEXT_MAX 128

/* "killed by signal 9 (Killed) after 4096 bytes"; returns text. */
const char *
gather_describe(const struct gather_result *result, char text[GATHER_TEXT_MAX]);

/*
 * Give everything back.  Children that were made and never served are ended.
 * NULL is allowed.
 */
void gather_destroy(struct gather *gather);

#ifdef __cplusplus
}
#endif

#endif
