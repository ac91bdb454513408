#include "fake_resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool holds;     /* under guard */
static unsigned asked; /* while it holds; under guard */

int __real_getaddrinfo(const char *host, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);

int
__wrap_getaddrinfo(const char *host, const char *service,
                   const struct addrinfo *hints, struct addrinfo **found)
{
    if (!hints || !(hints->ai_flags & AI_NUMERICHOST)) {
        (void)pthread_mutex_lock(&guard);
        if (holds) {
            asked++;
            (void)pthread_cond_broadcast(&changed);
        }
        while (holds) {
            (void)pthread_cond_wait(&changed, &guard);
        }
        (void)pthread_mutex_unlock(&guard);
    }
    return __real_getaddrinfo(host, service, hints, found);
}

void
fake_resolver_hold(void)
{
    (void)pthread_mutex_lock(&guard);
    holds = true;
    asked = 0;
    (void)pthread_mutex_unlock(&guard);
}

void
fake_resolver_release(unsigned count)
{
    (void)pthread_mutex_lock(&guard);
    while (asked < count) {
        (void)pthread_cond_wait(&changed, &guard);
    }
    holds = false;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&guard);
}
