#include "census.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"

#define UNCOUNTED                                                        \
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 " \
    "omem=0 "                                                            \
    "tot-mem=0 events=r "
#define LINE_OF(number, name)                                             \
    "id=" number " addr=a name=" name " age=2 idle=2 flags=N db=0 sub=0 " \
    "psub=0 ssub=0 multi=-1 " UNCOUNTED "cmd=NULL user=default redir=-1 " \
    "resp=2 lib-name= lib-ver=\n"

static struct census census;

static void
make_entry(struct census_entry *entry, uint64_t number)
{
    *entry = (struct census_entry){.number = number,
                                   .peer = "a",
                                   .since_ns = 3 * CLOCK_NS_PER_S,
                                   .version = 2,
                                   .active_ns = 3 * CLOCK_NS_PER_S,
                                   .queued = -1};
    census_enter(&census, entry);
}

static void
assert_described(uint64_t number, size_t room_bytes, const char *text)
{
    const struct census_question question = {.number = number,
                                             .now_ns = 5 * CLOCK_NS_PER_S};
    struct buffer said;

    buffer_init(&said, 1, room_bytes);
    census_describe(&census, &question, &said);
    assert_int_equal(buffer_length(&said), strlen(text));
    assert_memory_equal(buffer_head(&said), text, strlen(text));
    buffer_fini(&said);
}

static void
whoever_has_entered_is_described_until_it_leaves(void **state)
{
    struct census_entry entries[3];

    (void)state;
    assert_int_equal(census_init(&census), 0);
    for (uint64_t i = 0; i < 3; i++) {
        make_entry(&entries[i], i + 1);
    }
    assert_described(0, 1000,
                     LINE_OF("3", "") LINE_OF("2", "") LINE_OF("1", ""));
    census_leave(&census, &entries[1]);
    assert_described(0, 1000, LINE_OF("3", "") LINE_OF("1", ""));
    assert_described(1, 1000, LINE_OF("1", ""));
    assert_described(2, 1000, "");
    census_leave(&census, &entries[2]);
    assert_described(0, 1000, LINE_OF("1", ""));
    census_leave(&census, &entries[0]);
    assert_described(0, 1000, "");
    census_fini(&census);
}

static void
what_it_says_of_itself_is_told(void **state)
{
    struct census_entry entry;

    (void)state;
    assert_int_equal(census_init(&census), 0);
    make_entry(&entry, 1);
    census_rename(&census, entry.name, "me");
    assert_described(0, 1000, LINE_OF("1", "me"));
    census_rename(&census, entry.library_name, "lib");
    census_rename(&census, entry.library_version, "1.2");
    census_set_version(&census, &entry, 3);
    assert_described(0, 1000,
                     "id=1 addr=a name=me age=2 idle=2 flags=N db=0 sub=0 "
                     "psub=0 ssub=0 multi=-1 " UNCOUNTED
                     "cmd=NULL user=default redir=-1 "
                     "resp=3 lib-name=lib lib-ver=1.2\n");
    entry.peer = "/a b\n=1";
    census_rename(&census, entry.name, "");
    assert_described(0, 1000,
                     "id=1 addr=/a?b?=1 name= age=2 idle=2 flags=N db=0 sub=0 "
                     "psub=0 ssub=0 multi=-1 " UNCOUNTED
                     "cmd=NULL user=default redir=-1 "
                     "resp=3 lib-name=lib lib-ver=1.2\n");
    census_leave(&census, &entry);
    census_fini(&census);
}

static void
what_it_does_is_told(void **state)
{
    const struct census_doing waits = {.now_ns = 4 * CLOCK_NS_PER_S,
                                       .command = "dipc.wait",
                                       .queued = -1,
                                       .is_waiting = true};
    const struct census_doing queues = {
        .now_ns = 6 * CLOCK_NS_PER_S, .command = "get", .queued = 7};
    struct census_entry entry;

    (void)state;
    assert_int_equal(census_init(&census), 0);
    make_entry(&entry, 1);
    census_tell(&entry, &waits);
    assert_described(0, 1000,
                     "id=1 addr=a name= age=2 idle=1 flags=b db=0 sub=0 "
                     "psub=0 ssub=0 multi=-1 " UNCOUNTED
                     "cmd=dipc.wait user=default redir=-1 "
                     "resp=2 lib-name= lib-ver=\n");
    census_tell(&entry, &queues); /* after the question's now */
    assert_described(0, 1000,
                     "id=1 addr=a name= age=2 idle=0 flags=x db=0 sub=0 "
                     "psub=0 ssub=0 multi=7 " UNCOUNTED
                     "cmd=get user=default redir=-1 "
                     "resp=2 lib-name= lib-ver=\n");
    census_leave(&census, &entry);
    census_fini(&census);
}

static void
the_longest_names_are_told_whole(void **state)
{
    struct census_entry entry;
    char name[CENSUS_NAME_MAX + 1];
    struct buffer said;

    (void)state;
    memset(name, 'x', CENSUS_NAME_MAX);
    name[CENSUS_NAME_MAX] = '\0';
    assert_int_equal(census_init(&census), 0);
    make_entry(&entry, UINT64_MAX);
    census_rename(&census, entry.name, name);
    census_rename(&census, entry.library_name, name);
    census_rename(&census, entry.library_version, name);
    buffer_init(&said, 1, 10000);
    census_describe(&census, &(struct census_question){.now_ns = UINT64_MAX},
                    &said);
    assert_true(buffer_length(&said) > 3 * CENSUS_NAME_MAX);
    assert_memory_equal(buffer_tail(&said) - 6, "xxxxx\n", 6);
    buffer_fini(&said);
    census_leave(&census, &entry);
    census_fini(&census);
}

static void
who_finds_no_room_is_left_out(void **state)
{
    struct census_entry entries[3];

    (void)state;
    assert_int_equal(census_init(&census), 0);
    for (uint64_t i = 0; i < 3; i++) {
        make_entry(&entries[i], i + 1);
    }
    assert_described(0, 2 * strlen(LINE_OF("1", "")) + 10,
                     LINE_OF("3", "") LINE_OF("2", ""));
    for (uint64_t i = 0; i < 3; i++) {
        census_leave(&census, &entries[i]);
    }
    census_fini(&census);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_has_entered_is_described_until_it_leaves),
        cmocka_unit_test(what_it_says_of_itself_is_told),
        cmocka_unit_test(what_it_does_is_told),
        cmocka_unit_test(the_longest_names_are_told_whole),
        cmocka_unit_test(who_finds_no_room_is_left_out),
    };

    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
