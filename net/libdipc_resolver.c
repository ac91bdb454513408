#include "libdipc_resolver.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"

/* One question to the resolver. */
struct question {
    atomic_int holders;      /* who asked and who answers; the last one frees */
    atomic_bool is_answered; /* and then what follows is set */
    int failed;
    int number;
    struct addrinfo *found;
    sem_t answered;
    char *service; /* behind the host's end */
    char host[];
};

static int
ask(const char *host, const char *service, int flags, struct addrinfo **found,
    int *number)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};

    int failed = getaddrinfo(host, service, &hints, found);
    *number = errno;
    return failed;
}

static struct question *
create(const char *host, const char *service)
{
    const size_t host_bytes = strlen(host) + 1;
    const size_t service_bytes = strlen(service) + 1;
    struct question *question =
        calloc(1, sizeof *question + host_bytes + service_bytes);

    if (!question) {
        return NULL;
    }
    memcpy(question->host, host, host_bytes);
    question->service = question->host + host_bytes;
    memcpy(question->service, service, service_bytes);
    atomic_init(&question->holders, 2);
    (void)sem_init(&question->answered, 0, 0);
    return question;
}

static void
let_go(struct question *question)
{
    if (atomic_fetch_sub(&question->holders, 1) > 1) {
        return;
    }
    if (question->found) {
        freeaddrinfo(question->found);
    }
    (void)sem_destroy(&question->answered);
    free(question);
}

static void *
answer(void *argument)
{
    struct question *question = argument;

    question->failed = ask(question->host, question->service, 0,
                           &question->found, &question->number);
    if (question->failed) {
        question->found = NULL;
    }
    atomic_store(&question->is_answered, true);
    (void)sem_post(&question->answered);
    let_go(question);
    return NULL;
}

/* The program's signals are not for this thread to handle. */
static int
start(struct question *question, pthread_t *thread)
{
    sigset_t all;
    sigset_t before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, answer, question);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void
await(struct question *question, uint64_t deadline_ns)
{
    const struct timespec deadline = {
        .tv_sec = (time_t)(deadline_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(deadline_ns % CLOCK_NS_PER_S),
    };

    while (!atomic_load(&question->is_answered)) {
        if (sem_clockwait(&question->answered, CLOCK_MONOTONIC, &deadline) <
                0 &&
            errno != EINTR) {
            return;
        }
    }
}

static int
ask_by(const char *host, const char *service, uint64_t deadline_ns,
       struct addrinfo **found, int *number)
{
    int failed = EAI_INPROGRESS;
    pthread_t thread;
    struct question *question = create(host, service);

    if (!question) {
        return EAI_MEMORY;
    }
    if (start(question, &thread)) {
        atomic_store(&question->holders, 1); /* there is no thread */
        let_go(question);
        return EAI_MEMORY;
    }
    await(question, deadline_ns);
    if (atomic_load(&question->is_answered)) {
        failed = question->failed;
        *number = question->number;
        *found = question->found;
        question->found = NULL;
        (void)pthread_join(thread, NULL);
    } else {
        (void)pthread_detach(thread);
    }
    let_go(question);
    return failed;
}

static bool
is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

int
libdipc_resolver_find(const char *host, const char *service,
                      uint64_t deadline_ns, struct addrinfo **found,
                      int *number)
{
    if (deadline_ns == CLOCK_NEVER) {
        return ask(host, service, 0, found, number);
    }
    if (is_number(service) &&
        ask(host, service, AI_NUMERICHOST, found, number) == 0) {
        return 0;
    }
    return ask_by(host, service, deadline_ns, found, number);
}
