#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "fake_calls.h"
#include "fake_file.h"

static char name[64];

static int
set_up(void **state)
{
    (void)state;
    snprintf(name, sizeof(name), "/dipc-test-%ld", (long)getpid());
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    (void)shm_unlink(name);
    return 0;
}

static void
memory_is_reserved_zero_and_private_to_the_user(void **state)
{
    struct mapping mapping;
    struct stat status;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, 100000), 0);
    assert_int_equal(fstat(mapping.descriptor, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(status.st_size == 100000);
    assert_true(status.st_blocks * 512 >= 100000);
    const unsigned char *bytes = mapping.memory;
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(bytes[i], 0);
    }
    mapping_destroy(&mapping);
}

static void
a_taken_name_is_refused(void **state)
{
    struct mapping mapping;
    struct mapping second;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    assert_int_equal(mapping_create(&second, name, 1000), EEXIST);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
    assert_int_equal(mapping_unlink(name), ENOENT);
}

static void
what_has_no_room_is_refused_and_leaves_nothing(void **state)
{
    struct mapping mapping;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, UINT64_C(1) << 45), ENOSPC);
    pid_t owner = 0;
    assert_int_equal(mapping_owner(name, &owner), ENOENT);
}

/* It is not even tried, for that would fill the memory first. */
static void
what_cannot_have_room_is_refused_before_it_takes_any(void **state)
{
    struct mapping mapping;
    (void)state;
    fake_file_interrupt(0);
    fake_file_full(1);
    int error = mapping_create(&mapping, name, 1000);
    fake_file_full(-1);
    assert_int_equal(error, ENOSPC);
    assert_int_equal(fake_file_reservations(), 0);
    fake_file_full(0); /* a file system that does not say how large it is */
    error = mapping_create(&mapping, name, 1000);
    fake_file_full(-1);
    assert_int_equal(error, 0);
    mapping_destroy(&mapping);
}

static void
an_interrupted_reservation_is_taken_up_again_a_hundred_times(void **state)
{
    struct mapping mapping;
    (void)state;
    fake_file_interrupt(99);
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    assert_int_equal(fake_file_reservations(), 100);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
    fake_file_interrupt(1000);
    int error = mapping_create(&mapping, name, 1000);
    long tried = fake_file_reservations();
    fake_file_interrupt(0);
    assert_int_equal(error, EINTR);
    assert_int_equal(tried, 100);
}

/* POSIX has two names for a lock that another process has. */
static void
a_lock_of_another_is_told_from_a_lock_that_cannot_be(void **state)
{
    const struct {
        int from_fcntl;
        int expected;
    } rows[] = {{EACCES, EBUSY}, {EAGAIN, EBUSY}, {ENOLCK, ENOLCK}};
    struct mapping mapping;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    mapping_destroy(&mapping);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fake_file_lock_error(rows[i].from_fcntl);
        assert_int_equal(mapping_clear(name), rows[i].expected);
    }
    assert_int_equal(mapping_clear(name), 0);
}

/* The memory's name is free, and nobody holds it. */
static void
nothing_is_there(void)
{
    pid_t owner = 0;
    assert_int_equal(mapping_owner(name, &owner), ENOENT);
}

static void
what_cannot_be_claimed_is_not_created(void **state)
{
    struct mapping mapping;
    (void)state;
    fake_calls_fail("fstat", 1, EIO);
    assert_int_equal(mapping_create(&mapping, name, 1000), EIO);
    nothing_is_there();
    fake_calls_fail("fstatvfs", 1, EIO);
    assert_int_equal(mapping_create(&mapping, name, 1000), EIO);
    nothing_is_there();
    fake_file_lock_error(ENOLCK);
    assert_int_equal(mapping_create(&mapping, name, 1000), ENOLCK);
    nothing_is_there();
}

/* Who has the lock is removing it: the name is theirs to unlink. */
static void
memory_that_another_locks_first_is_left_to_them(void **state)
{
    struct mapping mapping;
    (void)state;
    fake_file_lock_error(EAGAIN);
    assert_int_equal(mapping_create(&mapping, name, 1000), EAGAIN);
    assert_int_equal(mapping_clear(name), 0);
}

static void
what_cannot_be_locked_or_looked_at_is_neither_adopted_nor_attached(void **state)
{
    struct mapping mapping;
    struct mapping second;
    pid_t owner = 0;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    fake_calls_fail("fcntl", 2, ENOLCK);
    assert_int_equal(mapping_adopt(&second, name), ENOLCK);
    fake_file_lock_error(ENOLCK);
    assert_int_equal(mapping_attach(&second, name), ENOLCK);
    fake_calls_fail("fstat", 1, EIO);
    assert_int_equal(mapping_attach(&second, name), EIO);
    fake_file_lock_error(ENOLCK);
    assert_int_equal(mapping_owner(name, &owner), ENOLCK);
    fake_file_interrupt(1000);
    assert_int_equal(mapping_attach(&second, name), EINTR);
    fake_file_interrupt(0);
    assert_int_equal(mapping_attach(&second, name), 0);
    mapping_destroy(&second);
    mapping_destroy(&mapping);
}

/* A child that creates the memory, says so, and lives until told. */
static pid_t
start_owner(int *control)
{
    int said[2];
    int told[2];
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct mapping mapping;
        char byte = mapping_create(&mapping, name, 1000) == 0 ? 'y' : 'n';
        (void)close(told[1]);
        (void)!write(said[1], &byte, 1);
        (void)!read(told[0], &byte, 1);
        _exit(0);
    }
    char byte = 0;
    (void)close(told[0]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(said[0]);
    (void)close(said[1]);
    *control = told[1];
    return child;
}

static void
the_owner_is_known_while_it_lives(void **state)
{
    int control = -1;
    pid_t owner = 0;
    (void)state;
    pid_t child = start_owner(&control);
    assert_int_equal(mapping_owner(name, &owner), 0);
    assert_int_equal(owner, child);
    assert_int_equal(mapping_clear(name), EBUSY);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(mapping_owner(name, &owner), 0);
    assert_int_equal(owner, 0);
    assert_int_equal(mapping_clear(name), 0);
    assert_int_equal(mapping_clear(name), ENOENT);
    (void)close(control);
}

/* A child that attaches the memory, says whether, and lives until told. */
static pid_t
start_user(int *control, char expected)
{
    int said[2];
    int told[2];
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct mapping mapping;
        int error = mapping_attach(&mapping, name);
        char byte = error == 0 ? 'y' : error == EBUSY ? 'b' : 'n';
        if (error == 0) {
            memcpy(mapping.memory, "user", 4);
        }
        (void)close(told[1]);
        (void)!write(said[1], &byte, 1);
        (void)!read(told[0], &byte, 1);
        _exit(0);
    }
    char byte = 0;
    (void)close(told[0]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, expected);
    (void)close(said[0]);
    (void)close(said[1]);
    *control = told[1];
    return child;
}

static void
end(pid_t child, int control)
{
    (void)close(control);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
an_attached_process_sees_the_same_bytes(void **state)
{
    struct mapping mapping;
    int control = -1;
    (void)state;
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    pid_t child = start_user(&control, 'y');
    assert_memory_equal(mapping.memory, "user", 4);
    end(child, control);
    mapping_destroy(&mapping);
}

static void
a_descriptor_serves_as_well_as_a_name(void **state)
{
    struct mapping mapping;
    int control = -1;
    (void)state;
    pid_t child = start_owner(&control);
    int descriptor = shm_open(name, O_RDWR, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(mapping_attach_descriptor(&mapping, descriptor), 0);
    (void)close(descriptor);
    assert_int_equal(mapping.bytes, 1000);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_attach_descriptor(&mapping, -1), ENOENT);
    end(child, control);
}

static void
what_a_dead_owner_left_is_adopted_when_nobody_uses_it(void **state)
{
    struct mapping mapping;
    int owner_control = -1;
    int user_control = -1;
    int late_control = -1;
    (void)state;
    assert_int_equal(mapping_adopt(&mapping, name), ENOENT);
    assert_int_equal(mapping_attach(&mapping, name), ENOENT);
    pid_t owner = start_owner(&owner_control);
    pid_t user = start_user(&user_control, 'y');
    assert_int_equal(mapping_adopt(&mapping, name), EBUSY);
    end(owner, owner_control);
    assert_int_equal(mapping_adopt(&mapping, name), EUSERS);
    end(user, user_control);
    assert_int_equal(mapping_adopt(&mapping, name), 0);
    assert_memory_equal(mapping.memory, "user", 4);
    pid_t late = start_user(&late_control, 'b');
    end(late, late_control);
    mapping_share(&mapping);
    late = start_user(&late_control, 'y');
    end(late, late_control);
    mapping_destroy(&mapping);
}

static void
memory_of_no_bytes_is_neither_adopted_nor_attached(void **state)
{
    struct mapping mapping;
    (void)state;
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(descriptor >= 0);
    (void)close(descriptor);
    assert_int_equal(mapping_adopt(&mapping, name), ENODATA);
    assert_int_equal(mapping_attach(&mapping, name), ENODATA);
    assert_int_equal(mapping_clear(name), 0);
}

static int
open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 1024; i++) {
        count += fcntl(i, F_GETFD) >= 0 ? 1 : 0;
    }
    return count;
}

static void
nothing_stays_open_or_mapped(void **state)
{
    struct mapping mapping;
    struct mapping second;
    unsigned char resident[1];
    pid_t owner = 0;
    int control = -1;
    (void)state;
    pid_t child = start_owner(&control);
    int before = open_descriptors();
    assert_int_equal(mapping_create(&second, name, 1000), EEXIST);
    assert_int_equal(mapping_adopt(&second, name), EBUSY);
    assert_int_equal(mapping_owner(name, &owner), 0);
    assert_int_equal(mapping_clear(name), EBUSY);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(mapping_attach(&mapping, name), 0);
    assert_int_equal(open_descriptors(), before + 1);
    void *memory = mapping.memory;
    mapping_destroy(&mapping);
    assert_int_equal(open_descriptors(), before);
    assert_null(mapping.memory);
    assert_int_equal(mapping.descriptor, -1);
    assert_int_equal(mincore(memory, 1, resident), -1);
    assert_int_equal(errno, ENOMEM);
    end(child, control);
    before = open_descriptors();
    assert_int_equal(mapping_clear(name), 0);
    assert_int_equal(mapping_create(&mapping, name, UINT64_C(1) << 45), ENOSPC);
    assert_int_equal(mapping_create(&mapping, name, 0), EINVAL);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(mapping_owner(name, &owner), ENOENT);
}

/* The memory of a creator that died before it had reserved any. */
static void
make_sparse(off_t bytes)
{
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, bytes), 0);
    (void)close(descriptor);
}

static void
memory_that_was_not_reserved_is_reserved_when_adopted(void **state)
{
    struct mapping mapping;
    struct stat status;
    (void)state;
    make_sparse(1 << 20);
    assert_int_equal(mapping_adopt(&mapping, name), 0);
    assert_int_equal(fstat(mapping.descriptor, &status), 0);
    assert_true(status.st_blocks * 512 >= 1 << 20);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
}

static void
what_cannot_be_attached_does_not_stay_open(void **state)
{
    struct mapping mapping;
    (void)state;
    make_sparse(0);
    int before = open_descriptors();
    assert_int_equal(mapping_attach(&mapping, name), ENODATA);
    assert_int_equal(mapping_adopt(&mapping, name), ENODATA);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(mapping_unlink(name), 0);
}

/* In a process of its own: the number of the first step that fails, or 0. */
static int
use_descriptor_0(void)
{
    struct mapping mapping;
    pid_t owner = 0;
    (void)close(0);
    if (mapping_create(&mapping, name, 1000) != 0 || mapping.descriptor != 0) {
        return 1;
    }
    mapping_destroy(&mapping);
    if (mapping_owner(name, &owner) != 0 || owner != 0) {
        return 2;
    }
    if (mapping_attach(&mapping, name) != 0 || mapping.descriptor != 0) {
        return 3;
    }
    int other = dup(mapping.descriptor);
    mapping_destroy(&mapping);
    if (mapping_attach_descriptor(&mapping, other) != 0 ||
        mapping.descriptor != 0) {
        return 4;
    }
    mapping_destroy(&mapping);
    (void)close(other);
    if (mapping_adopt(&mapping, name) != 0 || mapping.descriptor != 0) {
        return 5;
    }
    mapping_destroy(&mapping);
    return mapping_clear(name) == 0 ? 0 : 6;
}

static void
descriptor_0_is_as_good_as_any(void **state)
{
    int status = 0;
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(use_descriptor_0());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A process that does one thing to the name, stopped before it locks. */
static pid_t
stopped_before_it_locks(int (*step)(void))
{
    struct user_regs_struct registers = {.orig_rax = 0};
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        _exit(step());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    while (registers.orig_rax != SYS_fcntl) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSTOPPED(status));
        assert_int_equal(ptrace(PTRACE_GETREGS, child, NULL, &registers), 0);
    }
    return child;
}

static int
status_of(pid_t child)
{
    int status = 0;
    assert_int_equal(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
create_step(void)
{
    struct mapping mapping;
    return mapping_create(&mapping, name, 1000);
}

static int
adopt_step(void)
{
    struct mapping mapping;
    return mapping_adopt(&mapping, name);
}

static int
clear_step(void)
{
    return mapping_clear(name);
}

/* The name goes, and is somebody else's, between the opening and the lock. */
static void
a_name_that_goes_before_it_is_locked_is_noticed(void **state)
{
    struct mapping mapping;
    (void)state;
    pid_t child = stopped_before_it_locks(create_step);
    assert_int_equal(mapping_clear(name), 0);
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    assert_int_equal(status_of(child), EAGAIN);
    child = stopped_before_it_locks(adopt_step);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    assert_int_equal(status_of(child), ENOENT);
    child = stopped_before_it_locks(clear_step);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
    assert_int_equal(mapping_create(&mapping, name, 1000), 0);
    assert_int_equal(status_of(child), ENOENT);
    mapping_destroy(&mapping);
    assert_int_equal(mapping_unlink(name), 0);
}

static int
create_and_clear(uint64_t bytes)
{
    struct mapping mapping;
    int error = mapping_create(&mapping, name, bytes);
    if (error == 0) {
        mapping_destroy(&mapping);
        error = mapping_unlink(name);
    }
    return error;
}

static bool
mount_memory(const char *options)
{
    return mount("tmpfs", "/dev/shm", "tmpfs", 0, options) == 0;
}

/* In a process that sees a /dev/shm of its own; 77: it may not. */
static int
use_small_memory(void)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        !mount_memory("size=64k")) {
        return 77;
    }
    if (create_and_clear(65536) != 0) {
        return 1;
    }
    if (create_and_clear(65536 + 4096) != ENOSPC) {
        return 2;
    }
    if (!mount_memory("size=0")) {
        return 77;
    }
    return create_and_clear(1 << 20) == 0 ? 0 : 3;
}

static void
memory_of_any_size_is_used_to_its_last_byte(void **state)
{
    int status = 0;
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(use_small_memory());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("skipped: no memory file system may be mounted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define LARGE_BYTES (UINT64_C(32) << 20)

/* In a process of its own, whose address space is full. */
static int
create_without_address_space(void)
{
    struct mapping mapping;
    struct rlimit none = {LARGE_BYTES / 2, LARGE_BYTES / 2};
    (void)setrlimit(RLIMIT_AS, &none);
    return mapping_create(&mapping, name, LARGE_BYTES);
}

static void
what_cannot_be_mapped_is_refused_and_leaves_nothing(void **state)
{
    int status = 0;
    pid_t owner = 0;
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(create_without_address_space() == ENOMEM ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(mapping_owner(name, &owner), ENOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            memory_is_reserved_zero_and_private_to_the_user, tear_down),
        cmocka_unit_test_teardown(a_taken_name_is_refused, tear_down),
        cmocka_unit_test_teardown(
            what_has_no_room_is_refused_and_leaves_nothing, tear_down),
        cmocka_unit_test_teardown(
            what_cannot_have_room_is_refused_before_it_takes_any, tear_down),
        cmocka_unit_test_teardown(
            an_interrupted_reservation_is_taken_up_again_a_hundred_times,
            tear_down),
        cmocka_unit_test_teardown(
            a_lock_of_another_is_told_from_a_lock_that_cannot_be, tear_down),
        cmocka_unit_test_teardown(what_cannot_be_claimed_is_not_created,
                                  tear_down),
        cmocka_unit_test_teardown(
            memory_that_another_locks_first_is_left_to_them, tear_down),
        cmocka_unit_test_teardown(
            what_cannot_be_locked_or_looked_at_is_neither_adopted_nor_attached,
            tear_down),
        cmocka_unit_test_teardown(the_owner_is_known_while_it_lives, tear_down),
        cmocka_unit_test_teardown(an_attached_process_sees_the_same_bytes,
                                  tear_down),
        cmocka_unit_test_teardown(a_descriptor_serves_as_well_as_a_name,
                                  tear_down),
        cmocka_unit_test_teardown(
            what_a_dead_owner_left_is_adopted_when_nobody_uses_it, tear_down),
        cmocka_unit_test_teardown(
            memory_of_no_bytes_is_neither_adopted_nor_attached, tear_down),
        cmocka_unit_test_teardown(nothing_stays_open_or_mapped, tear_down),
        cmocka_unit_test_teardown(
            memory_that_was_not_reserved_is_reserved_when_adopted, tear_down),
        cmocka_unit_test_teardown(what_cannot_be_attached_does_not_stay_open,
                                  tear_down),
        cmocka_unit_test_teardown(descriptor_0_is_as_good_as_any, tear_down),
        cmocka_unit_test_teardown(
            a_name_that_goes_before_it_is_locked_is_noticed, tear_down),
        cmocka_unit_test_teardown(memory_of_any_size_is_used_to_its_last_byte,
                                  tear_down),
        cmocka_unit_test_teardown(
            what_cannot_be_mapped_is_refused_and_leaves_nothing, tear_down),
    };
    return cmocka_run_group_tests_name("mapping", tests, set_up, NULL);
}
