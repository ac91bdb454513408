/*
 * dipcgather: run a command many times at once, and gather the results.
 */

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "daemon.h"
#include "dipcgather_arguments.h"
#include "dipcgather_report.h"
#include "gather.h"
#include "version.h"

#define PROGRAM "dipcgather"
#define EXIT_USAGE 2
#define DESCRIPTORS_BESIDE 128
#define PLACEHOLDER "{}"

/* A signal handler has no argument. */
static struct gather *_Atomic stoppable;
static volatile sig_atomic_t caught;

struct show {
    uint64_t began_ns;
    bool is_shown;
};

static void catch (int signal)
{
    struct gather *gather = atomic_load(&stoppable);

    caught = signal;
    if (gather) {
        gather_stop(gather);
    }
}

/* What whoever started this wanted ignored stays so. */
static void
catch_signals(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    const struct sigaction action = {.sa_handler = catch};
    struct sigaction before;

    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++) {
        if (sigaction(ending[i], NULL, &before) == 0 &&
            before.sa_handler != SIG_IGN) {
            (void)sigaction(ending[i], &action, NULL);
        }
    }
    (void)signal(SIGCHLD, SIG_DFL);
}

/* Room for a connection and a pidfd of each; the commands get the old limit. */
static uint64_t
raise_descriptors(unsigned children)
{
    const rlim_t wanted = 2 * (rlim_t)children + DESCRIPTORS_BESIDE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) {
        return 0;
    }
    uint64_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : before;
}

/* ---- Progress. ---- */

static void
show(void *context, const struct gather *gather)
{
    struct show *shown = context;
    const struct gather_progress progress = gather_progress(gather);
    char line[DIPCGATHER_REPORT_LINE];

    (void)fprintf(stderr, "\r%s: %s\033[K", PROGRAM,
                  dipcgather_report_progress(
                      &progress, clock_now_ns(NULL) - shown->began_ns, line));
    (void)fflush(stderr);
    shown->is_shown = true;
}

static void
hide(const struct show *shown)
{
    if (shown->is_shown) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
}

/* ---- Children. ---- */

/* Where {} stands, put the number. */
static char *
fill_in(const char *argument, const char *number)
{
    const size_t step = strlen(PLACEHOLDER);
    size_t room = strlen(argument) + 1;

    for (const char *at = argument; (at = strstr(at, PLACEHOLDER));
         at += step) {
        room += strlen(number);
    }
    char *filled = calloc(room, 1);
    if (!filled) {
        return NULL;
    }
    const char *at;
    char *to = filled;
    while ((at = strstr(argument, PLACEHOLDER))) {
        memcpy(to, argument, (size_t)(at - argument));
        to = stpcpy(to + (at - argument), number);
        argument = at + step;
    }
    memcpy(to, argument, strlen(argument) + 1);
    return filled;
}

static void
free_command(char **command)
{
    for (size_t i = 0; command && command[i]; i++) {
        free(command[i]);
    }
    free(command);
}

static char **
make_command(char *const *arguments, unsigned which)
{
    char number[16];
    size_t count = 0;

    (void)snprintf(number, sizeof number, "%u", which);
    while (arguments[count]) {
        count++;
    }
    char **made = calloc(count + 1, sizeof *made);
    for (size_t i = 0; made && i < count; i++) {
        made[i] = fill_in(arguments[i], number);
        if (!made[i]) {
            free_command(made);
            return NULL;
        }
    }
    return made;
}

static int
start(struct gather *gather, const struct dipcgather_arguments *arguments,
      unsigned which, uint64_t descriptors_max)
{
    char **made = make_command(arguments->command, which);
    const struct gather_command command = {
        .arguments = made,
        .descriptors_max = descriptors_max,
    };

    if (!made) {
        return ENOMEM;
    }
    int error = gather_spawn(gather, which, &command);
    free_command(made);
    return error;
}

/* Those that cannot be started are reported with the others. */
static void
start_all(struct gather *gather, const struct dipcgather_arguments *arguments,
          uint64_t descriptors_max)
{
    const unsigned here = arguments->children - arguments->remote;
    int error = 0;

    for (unsigned i = 0; i < here && !caught; i++) {
        error = start(gather, arguments, i, descriptors_max);
        if (error && arguments->fail_fast) {
            gather_stop(gather);
            return;
        }
    }
}

/* ---- Children from elsewhere. ---- */

static int
hand_out(struct gather *gather, const struct dipcgather_arguments *arguments,
         unsigned which, struct complaint *complaint)
{
    const char *token = gather_token(gather, which);
    const char *address = gather_address(gather);

    gather_expect(gather, which);
    if (!arguments->tokens) {
        (void)fprintf(stderr, "%s=%s dipcsend %s %u\n", GATHER_SENDER_TOKEN,
                      token, address, which);
        return 0;
    }
    int error =
        dipcgather_report_write(arguments->tokens, which, arguments->children,
                                token, strlen(token), true, complaint);
    if (!error) {
        (void)fprintf(stderr, "dipcsend --token-file %s/%0*u %s %u\n",
                      arguments->tokens,
                      dipcgather_report_digits(arguments->children), which,
                      address, which);
    }
    return error;
}

static int
hand_out_all(struct gather *gather,
             const struct dipcgather_arguments *arguments,
             struct complaint *complaint)
{
    int error = 0;

    if (arguments->tokens) {
        error = dipcgather_report_make_directory(arguments->tokens, complaint);
    }
    for (unsigned i = arguments->children - arguments->remote;
         i < arguments->children && !error; i++) {
        error = hand_out(gather, arguments, i, complaint);
    }
    return error;
}

/* ---- The whole. ---- */

static int
deliver(const struct gather *gather,
        const struct dipcgather_arguments *arguments,
        struct complaint *complaint)
{
    return arguments->output
               ? dipcgather_report_save(gather, arguments->children,
                                        arguments->output, complaint)
               : dipcgather_report_print(gather, arguments->children,
                                         complaint);
}

static int
complain(const struct complaint *complaint)
{
    (void)fprintf(stderr, "%s: %s\n", PROGRAM, complaint->text);
    return EXIT_FAILURE;
}

static int
conclude(const struct gather *gather,
         const struct dipcgather_arguments *arguments, int error)
{
    struct complaint complaint;
    const struct gather_progress progress = gather_progress(gather);

    if (caught) {
        (void)fprintf(stderr, "%s: ended by signal %d, with %u of %u done\n",
                      PROGRAM, (int)caught, progress.complete,
                      progress.children);
        return EXIT_FAILURE;
    }
    if (error && error != ENODATA && error != ECANCELED) {
        complaint_set(&complaint, "cannot serve: %s", strerror(error));
        return complain(&complaint);
    }
    if (error) {
        dipcgather_report_failures(gather, arguments->children);
    }
    if (error && arguments->fail_fast) {
        return EXIT_FAILURE;
    }
    if (deliver(gather, arguments, &complaint)) {
        return complain(&complaint);
    }
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run(struct gather *gather, const struct dipcgather_arguments *arguments,
    const struct show *shown, uint64_t descriptors_max)
{
    struct complaint complaint;

    start_all(gather, arguments, descriptors_max);
    if (hand_out_all(gather, arguments, &complaint)) {
        return complain(&complaint);
    }
    int error = gather_serve(gather);
    hide(shown);
    return conclude(gather, arguments, error);
}

static int
gather_all(const struct dipcgather_arguments *arguments)
{
    struct show shown = {.began_ns = clock_now_ns(NULL)};
    const bool shows = !arguments->quiet && isatty(STDERR_FILENO);
    const struct gather_options options = {
        .children = arguments->children,
        .address = arguments->listens ? arguments->host : NULL,
        .port = arguments->port,
        .timeout_ms = arguments->timeout_ns / CLOCK_NS_PER_MS,
        .result_bytes_max = arguments->result_bytes_max,
        .fail_fast = arguments->fail_fast,
        .fatal_signal = SIGUSR1,
        .progress = shows ? show : NULL,
        .context = &shown,
    };
    char message[GATHER_MESSAGE_MAX];
    struct complaint complaint;
    struct gather *gather;

    if (arguments->output &&
        dipcgather_report_make_directory(arguments->output, &complaint)) {
        return complain(&complaint);
    }
    catch_signals();
    uint64_t descriptors_max = raise_descriptors(arguments->children);
    int error = gather_create(&options, &gather, message);
    if (error) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, message);
        return error == EADDRNOTAVAIL ? EXIT_USAGE : EXIT_FAILURE;
    }
    atomic_store(&stoppable, gather);
    if (caught) {
        gather_stop(gather);
    }
    int status = run(gather, arguments, &shown, descriptors_max);
    atomic_store(&stoppable, NULL);
    gather_destroy(gather);
    return status;
}

/* Whoever waits for this process is to know that a signal ended it. */
static void
end_by_signal(int number)
{
    (void)fflush(NULL);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

int
main(int argc, char **argv)
{
    struct dipcgather_arguments arguments;
    struct complaint complaint;

    daemon_occupy_standard_descriptors();
    if (dipcgather_arguments_parse(argc, argv, &arguments, &complaint)) {
        (void)complain(&complaint);
        return EXIT_USAGE;
    }
    switch (arguments.action) {
    case DIPCGATHER_HELP:
        dipcgather_arguments_print_help(stdout);
        return daemon_finish_output(PROGRAM);
    case DIPCGATHER_VERSION:
        (void)printf("%s %s\n", PROGRAM, VERSION_TEXT);
        return daemon_finish_output(PROGRAM);
    case DIPCGATHER_GATHER:
        break;
    }
    int status = gather_all(&arguments);
    if (caught) {
        end_by_signal(caught);
    }
    return status;
}
