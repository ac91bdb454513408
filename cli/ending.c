#include "ending.h"

#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "removal.h"

#define TIME_NS (4500 * CLOCK_NS_PER_MS)
#define EXIT_USAGE 2

static int
fail(int status, const struct complaint *complaint)
{
    (void)fprintf(stderr, "dipcrm: %s\n", complaint->text);
    return status;
}

static bool
may_end(uid_t user)
{
    return user == geteuid() || geteuid() == 0;
}

/* Without --user one's own comes first; root may end the only other. */
static int
find_user(const struct removal_arguments *arguments, uid_t *user,
          struct complaint *complaint)
{
    int error = removal_find_user(arguments->port, geteuid(), user, complaint);
    if (!may_end(*user) && *user != REMOVAL_NO_USER) {
        char name[REMOVAL_USER_MAX];
        removal_describe_user(*user, name);
        complaint_set(complaint,
                      "port %u: the server there is %s's; only %s or root "
                      "may end it",
                      (unsigned)arguments->port, name, name);
        return EXIT_FAILURE;
    }
    if (*user == REMOVAL_NO_USER) {
        *user = geteuid();
    }
    return error && geteuid() == 0 ? EXIT_FAILURE : 0;
}

static int
choose_user(const struct removal_arguments *arguments, uid_t *user,
            struct complaint *complaint)
{
    if (!arguments->user) {
        return find_user(arguments, user, complaint);
    }
    if (removal_arguments_user(arguments->user, user, complaint)) {
        return EXIT_USAGE;
    }
    if (!may_end(*user)) {
        complaint_set(complaint,
                      "--user %s: only root may end another "
                      "user's server",
                      arguments->user);
        return EXIT_FAILURE;
    }
    return 0;
}

static void
tell(enum removal_outcome outcome, uint16_t port)
{
    switch (outcome) {
    case REMOVAL_ENDED:
        break;
    case REMOVAL_KILLED:
        (void)printf("dipcrm: killed the server on port %u, which did not "
                     "answer\n",
                     (unsigned)port);
        break;
    case REMOVAL_CLEARED:
        (void)printf("dipcrm: cleared what a killed server left on port %u\n",
                     (unsigned)port);
        break;
    }
}

int
ending_run(const struct removal_arguments *arguments)
{
    struct complaint complaint;
    enum removal_outcome outcome;
    struct removal_request request = {
        .port = arguments->port,
        .force = arguments->force,
        .time_ns = TIME_NS,
    };

    int status = choose_user(arguments, &request.user, &complaint);
    if (status) {
        return fail(status, &complaint);
    }
    if (removal_run(&request, &outcome, &complaint)) {
        return fail(EXIT_FAILURE, &complaint);
    }
    tell(outcome, arguments->port);
    return EXIT_SUCCESS;
}
