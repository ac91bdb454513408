#include "census.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "cmocka_all.h"

/* What Redis tells of a connection, and is not counted here. */
#define UNCOUNTED                                                        \
    "qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 " \
    "omem=0 tot-mem=0 events=r "
#define LINE_OF(number, name)                                             \
    "id=" number " addr=a name=" name " age=2 idle=1 flags=N db=0 sub=0 " \
    "psub=0 ssub=0 multi=-1 " UNCOUNTED "cmd=NULL user=default redir=-1 " \
    "resp=2 lib-name= lib-ver= tot-cmds=7\n"

static struct census census;

static void
make_entry(struct census_entry *entry, uint64_t number)
{
    *entry = (struct census_entry){.number = number,
                                   .peer = "a",
                                   .since_ns = 3 * CLOCK_NS_PER_S,
                                   .active_ns = 4 * CLOCK_NS_PER_S,
                                   .requests = 7,
                                   .watching = CENSUS_NONE,
                                   .queued = -1,
                                   .version = 2};
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
                     "id=1 addr=a name=me age=2 idle=1 flags=N db=0 sub=0 "
                     "psub=0 ssub=0 multi=-1 " UNCOUNTED
                     "cmd=NULL user=default redir=-1 resp=3 lib-name=lib "
                     "lib-ver=1.2 tot-cmds=7\n");
    entry.peer = "/a b\n=1";
    entry.active_ns = 6 * CLOCK_NS_PER_S; /* after the clock was read */
    entry.watching = 0;
    census_rename(&census, entry.name, "");
    assert_described(0, 1000,
                     "id=1 addr=/a-b?=1 name= age=2 idle=0 flags=b db=0 sub=0 "
                     "psub=0 ssub=0 multi=-1 " UNCOUNTED
                     "cmd=NULL user=default redir=-1 resp=3 lib-name=lib "
                     "lib-ver=1.2 tot-cmds=7 watching=0\n");
    census_leave(&census, &entry);
    census_fini(&census);
}

static void
the_longest_texts_are_told_whole(void **state)
{
    const struct census_question question = {.now_ns = UINT64_MAX};
    struct census_entry entry;
    char name[CENSUS_NAME_MAX + 1];
    struct buffer said;

    (void)state;
    memset(name, 'x', CENSUS_NAME_MAX);
    name[CENSUS_NAME_MAX] = '\0';
    assert_int_equal(census_init(&census), 0);
    make_entry(&entry, UINT64_MAX);
    entry.requests = UINT64_MAX;
    entry.watching = UINT64_MAX - 1;
    census_rename(&census, entry.name, name);
    census_rename(&census, entry.library_name, name);
    census_rename(&census, entry.library_version, name);
    buffer_init(&said, 1, 10000);
    census_describe(&census, &question, &said);
    assert_true(buffer_length(&said) > 3 * CENSUS_NAME_MAX);
    assert_memory_equal(buffer_tail(&said) - 31,
                        " watching=18446744073709551614\n", 31);
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
        cmocka_unit_test(the_longest_texts_are_told_whole),
        cmocka_unit_test(who_finds_no_room_is_left_out),
    };

    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
