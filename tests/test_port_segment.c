#include "port_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "mailbox.h"

#define PORT ((uint16_t)65000)

/* Of a user whom no machine has, and another in each process: no server's
 * segment is touched, nor that of a test that runs beside this one. */
static uid_t user;

static struct port_segment_request
request(void)
{
    return (struct port_segment_request){
        .user = user,
        .port = PORT,
        .geometry = {.mailboxes_count = 3,
                     .seats_count = 2,
                     .mailbox_bytes = 1024},
        .checked = true,
    };
}

static int
tear_down(void **state)
{
    char name[NAMING_MAX];

    (void)state;
    naming_segment(user, PORT, name);
    (void)shm_unlink(name);
    return 0;
}

/* In a child that writes mailbox 1 and is killed, or that lives until then. */
static pid_t
start_server(const struct port_segment_request *wanted, char spoil)
{
    int said[2];
    char byte = 'n';

    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct port_segment held;
        struct complaint complaint = {""};
        const struct mailbox_write hello = {MAILBOX_REPLACE, 0,
                                            MAILBOX_ANY_VERSION, "hello", 5};
        struct mailbox_view view;
        uint32_t seat = 0;
        if (port_segment_open(&held, wanted, NULL, &complaint) == 0 &&
            segment_sit(&held.segment, 0, &seat) == 0 &&
            mailbox_write(&held.segment, seat, 1, &hello, NULL, &view) == 0) {
            byte = 'y';
        }
        if (spoil == 'l') {
            segment_mailbox(&held.segment, 1)->records[1].length_bytes = 5000;
        } else if (spoil == 'u') {
            memset(held.mapping.memory, 0, sizeof(struct segment_header));
        } else if (spoil == 'h') {
            memset(held.mapping.memory, 0x11, 64);
        }
        (void)!write(said[1], &byte, 1);
        (void)pause();
        _exit(0);
    }
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(said[0]);
    (void)close(said[1]);
    return child;
}

static void
kill_server(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
leave(char spoil)
{
    const struct port_segment_request wanted = request();

    kill_server(start_server(&wanted, spoil));
}

static void
version_of_1_is(struct port_segment *held, uint64_t expected)
{
    uint64_t version = 99;

    assert_int_equal(mailbox_version(&held->segment, 1, &version), 0);
    assert_int_equal(version, expected);
    segment_check(&held->segment);
}

static void
refused(const struct port_segment_request *wanted, const char *word)
{
    struct port_segment held;
    struct complaint complaint = {""};

    assert_int_equal(port_segment_open(&held, wanted, NULL, &complaint),
                     EEXIST);
    if (strstr(complaint.text, word) == NULL) {
        fail_msg("'%s' does not say '%s'", complaint.text, word);
    }
}

static void
a_port_without_a_segment_gets_a_new_one(void **state)
{
    const struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};

    (void)state;
    assert_false(port_segment_exists(user, PORT));
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_false(held.adopted);
    version_of_1_is(&held, 0);
    port_segment_close(&held);
    assert_false(port_segment_exists(user, PORT));
}

static void
what_a_killed_server_left_is_taken_over(void **state)
{
    const struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};

    (void)state;
    leave(0);
    assert_true(port_segment_exists(user, PORT));
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_true(held.adopted);
    assert_int_equal(held.adoption.kept, 1);
    assert_int_equal(held.adoption.reset, 0);
    version_of_1_is(&held, 1);
    port_segment_close(&held);
}

static void
a_mailbox_that_fails_its_check_is_reset(void **state)
{
    const struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};

    (void)state;
    leave('l');
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_int_equal(held.adoption.kept, 0);
    assert_int_equal(held.adoption.reset, 1);
    version_of_1_is(&held, 2);
    port_segment_close(&held);
}

static void
fresh_discards_what_was_left(void **state)
{
    struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};

    (void)state;
    leave('h');
    refused(&wanted, "no segment of dipc");
    wanted.fresh = true;
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_false(held.adopted);
    version_of_1_is(&held, 0);
    port_segment_close(&held);
}

static void
another_geometry_is_refused_with_both_named(void **state)
{
    struct port_segment_request wanted = request();

    (void)state;
    leave(0);
    wanted.geometry.mailboxes_count = 4;
    refused(&wanted, "it has 3 mailboxes of 1 kB for 2 clients, and 4 of 1 kB "
                     "for 2 are asked for");
    refused(&wanted, "--fresh");
    wanted = request();
    wanted.geometry.mailbox_bytes = 2048;
    refused(&wanted, "3 of 2 kB");
    wanted = request();
    wanted.geometry.seats_count = 1;
    refused(&wanted, "for 1 are");
    wanted = request();
    wanted.unclaimed = true;
    refused(&wanted, "killed server");
}

static void
a_living_server_s_segment_is_refused_even_to_fresh(void **state)
{
    struct port_segment_request wanted = request();

    (void)state;
    pid_t child = start_server(&wanted, 0);
    refused(&wanted, "already has it");
    wanted.fresh = true;
    refused(&wanted, "already has it");
    kill_server(child);
}

static void
one_that_others_have_attached_is_refused(void **state)
{
    struct port_segment_request wanted = request();
    struct mapping attached;
    char name[NAMING_MAX];

    (void)state;
    wanted.attachable = true;
    pid_t child = start_server(&wanted, 0);
    naming_segment(user, PORT, name);
    assert_int_equal(mapping_attach(&attached, name), 0);
    kill_server(child);
    refused(&wanted, "attached");
    mapping_destroy(&attached);
    struct port_segment held;
    struct complaint complaint = {""};
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    version_of_1_is(&held, 1);
    port_segment_close(&held);
}

static void
one_whose_creator_died_at_once_is_made_anew(void **state)
{
    const struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};
    char name[NAMING_MAX];

    (void)state;
    naming_segment(user, PORT, name);
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(descriptor >= 0);
    (void)close(descriptor);
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_false(held.adopted);
    port_segment_close(&held);
}

static void
one_that_was_never_finished_is_made_anew(void **state)
{
    const struct port_segment_request wanted = request();
    struct port_segment held;
    struct complaint complaint = {""};

    (void)state;
    leave('u');
    assert_int_equal(port_segment_open(&held, &wanted, NULL, &complaint), 0);
    assert_false(held.adopted);
    version_of_1_is(&held, 0);
    port_segment_close(&held);
}

/* The fields that segment_examine looks at, one spoilt after the other. */
static void
each_flaw_is_named(void **state)
{
    const struct port_segment_request wanted = request();
    const struct {
        size_t offset;
        const char *word;
    } rows[] = {
        {offsetof(struct segment_header, magic), "it is no segment of dipc"},
        {offsetof(struct segment_header, layout), "of another version of dipc"},
        {offsetof(struct segment_header, seats_count),
         "its header contradicts itself"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mapping mapping;
        char name[NAMING_MAX];

        leave('-');
        naming_segment(user, PORT, name);
        assert_int_equal(mapping_attach(&mapping, name), 0);
        ((unsigned char *)mapping.memory)[rows[i].offset] ^= 0x55;
        mapping_destroy(&mapping);
        refused(&wanted, rows[i].word);
        assert_int_equal(mapping_unlink(name), 0);
    }
}

#define SWEEP_MAX 300

/*
 * With nothing there any call, and with what a killed server left any but the
 * unlocking of a byte, which cannot fail.
 */
static void
an_opening_that_fails_anywhere_is_told_and_leaves_nothing_open(void **state)
{
    static const char *const calls[] = {
        NULL,   "shm_open",        "fstat",
        "mmap", "posix_fallocate", "pthread_mutex_init",
    };
    const struct port_segment_request wanted = request();
    char name[NAMING_MAX];

    (void)state;
    naming_segment(user, PORT, name);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const bool left = calls[i] != NULL;
        const char *failed = "";
        for (long n = 1; failed != NULL; n++) {
            struct port_segment held;
            struct complaint complaint = {""};

            assert_true(n < SWEEP_MAX);
            if (left) {
                leave('-');
            }
            int before = fake_calls_descriptors();
            fake_calls_fail(calls[i], n, ENOMEM);
            int error = port_segment_open(&held, &wanted, NULL, &complaint);
            failed = fake_calls_failed();
            assert_true(error == 0 || failed != NULL);
            assert_int_equal(error != 0, complaint.text[0] != '\0');
            if (error == 0) {
                assert_int_equal(held.adopted, left);
                port_segment_close(&held);
            }
            assert_int_equal(fake_calls_descriptors(), before);
            (void)shm_unlink(name);
        }
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_port_without_a_segment_gets_a_new_one),
        TEST(what_a_killed_server_left_is_taken_over),
        TEST(a_mailbox_that_fails_its_check_is_reset),
        TEST(fresh_discards_what_was_left),
        TEST(another_geometry_is_refused_with_both_named),
        TEST(a_living_server_s_segment_is_refused_even_to_fresh),
        TEST(one_that_others_have_attached_is_refused),
        TEST(one_whose_creator_died_at_once_is_made_anew),
        TEST(one_that_was_never_finished_is_made_anew),
        TEST(each_flaw_is_named),
        TEST(an_opening_that_fails_anywhere_is_told_and_leaves_nothing_open),
    };
    char name[NAMING_MAX];

    user = 4000000000U + (uid_t)getpid();
    int failed = cmocka_run_group_tests_name("port_segment", tests, NULL, NULL);
    naming_segment(user, PORT, name);
    (void)shm_unlink(name); /* of a test that failed */
    return failed;
}
