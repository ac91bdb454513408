#include "libdipc_resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"
#include "dipc.h"
#include "fake_heap.h"
#include "fake_resolver.h"

static struct addrinfo *found;
static int number;

static uint64_t
in_ms(uint64_t ms)
{
    return clock_add_ns(clock_now_ns(NULL), ms * CLOCK_NS_PER_MS);
}

static void
assert_found(uint16_t port)
{
    assert_non_null(found);
    const struct sockaddr_in *address = (const void *)found->ai_addr;
    assert_int_equal(ntohs(address->sin_port), port);
    freeaddrinfo(found);
    found = NULL;
}

static void
names_and_numbers_are_found(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    static const uint64_t patience_ms[] = {30000, UINT64_MAX / CLOCK_NS_PER_MS};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(libdipc_resolver_find(hosts[i], "7000",
                                                   in_ms(patience_ms[j]),
                                                   &found, &number),
                             0);
            assert_found(7000);
        }
    }
    assert_int_equal(libdipc_resolver_find("127.0.0.1", "7000", CLOCK_NEVER,
                                           &found, &number),
                     0);
    assert_found(7000);
}

static void
what_is_not_there_is_told(void **state)
{
    (void)state;
    assert_int_equal(libdipc_resolver_find("127.0.0.1", "no such service",
                                           in_ms(30000), &found, &number),
                     EAI_SERVICE);
    assert_int_equal(libdipc_resolver_find("127.0.0.1", "no such service",
                                           CLOCK_NEVER, &found, &number),
                     EAI_SERVICE);
}

/* It would never return, were it to wait for the resolver. */
static void
a_resolver_that_does_not_answer_is_left_at_the_deadline(void **state)
{
    struct dipc_connection *c;
    struct dipc_error error;

    (void)state;
    fake_resolver_hold();
    assert_int_equal(
        libdipc_resolver_find("localhost", "7000", in_ms(20), &found, &number),
        EAI_INPROGRESS);
    assert_int_equal(dipc_connect("localhost", "7000", 20, &c, &error),
                     DIPC_TIMED_OUT);
    assert_string_equal(error.message,
                        "localhost port 7000: the name was not resolved within "
                        "the timeout");
    assert_null(c);
    fake_resolver_release(2);
}

static void
numbers_are_not_held_up_by_the_resolver(void **state)
{
    (void)state;
    fake_resolver_hold();
    assert_int_equal(libdipc_resolver_find("127.0.0.1", "7000", in_ms(30000),
                                           &found, &number),
                     0);
    assert_found(7000);
    fake_resolver_release(0);
}

static void
without_memory_nothing_is_asked(void **state)
{
    (void)state;
    fake_heap_set(0);
    int failed = libdipc_resolver_find("localhost", "7000", in_ms(30000),
                                       &found, &number);
    fake_heap_set(FAKE_HEAP_ENDLESS);
    assert_int_equal(failed, EAI_MEMORY);
}

static void
the_caller_has_its_signals_as_before(void **state)
{
    sigset_t wanted;
    sigset_t now;

    (void)state;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGUSR2);
    (void)pthread_sigmask(SIG_SETMASK, &wanted, NULL);
    assert_int_equal(libdipc_resolver_find("localhost", "7000", in_ms(30000),
                                           &found, &number),
                     0);
    assert_found(7000);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_int_equal(sigismember(&now, SIGUSR2), 1);
    assert_int_equal(sigismember(&now, SIGUSR1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_numbers_are_found),
        cmocka_unit_test(what_is_not_there_is_told),
        cmocka_unit_test(
            a_resolver_that_does_not_answer_is_left_at_the_deadline),
        cmocka_unit_test(numbers_are_not_held_up_by_the_resolver),
        cmocka_unit_test(without_memory_nothing_is_asked),
        cmocka_unit_test(the_caller_has_its_signals_as_before),
    };

    return cmocka_run_group_tests_name("libdipc_resolver", tests, NULL, NULL);
}
