/* The limits of control groups, of both versions, in a tree of the test's. */

#include "cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"

#define NONE UINT64_MAX
#define FILES_MAX 32

static char top[] = "/tmp/dipc-test-cgroup-XXXXXX";
static char list[64];
static char made[FILES_MAX][128]; /* in their order */
static size_t made_count;

static int
make_top(void **state)
{
    (void)state;
    if (!mkdtemp(top)) {
        return -1;
    }
    (void)snprintf(list, sizeof list, "%s/list", top);
    return 0;
}

static void
make(const char *name, const char *content)
{
    char *path = made[made_count++];

    (void)snprintf(path, sizeof made[0], "%s/%s", top, name);
    if (!content) {
        assert_int_equal(mkdir(path, 0700), 0);
        return;
    }
    FILE *stream = fopen(path, "we");
    assert_non_null(stream);
    assert_true(fputs(content, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static int
remove_made(void **state)
{
    (void)state;
    while (made_count > 0) {
        (void)remove(made[--made_count]);
    }
    return 0;
}

static int
remove_top(void **state)
{
    (void)state;
    return rmdir(top);
}

static uint64_t
left(void)
{
    return cgroup_memory_left(list, top);
}

static void
the_nearest_limit_counts_wherever_it_stands(void **state)
{
    (void)state;
    make("list", "0::/a/b\n");
    make("a", NULL);
    make("a/b", NULL);
    assert_true(left() == NONE);
    make("a/b/memory.max", "max\n");
    make("a/b/memory.current", "7\n");
    assert_true(left() == NONE);
    make("a/memory.max", "1000\n");
    assert_true(left() == NONE); /* what is used is not known */
    make("a/memory.current", "600\n");
    assert_int_equal(left(), 400);
    make("memory.max", "900\n");
    make("memory.current", "800\n");
    assert_int_equal(left(), 100);
}

static void
the_cache_of_files_is_given_back(void **state)
{
    (void)state;
    make("list", "0::/\n");
    make("memory.max", "1000\n");
    make("memory.current", "900\n");
    make("memory.stat", "anon 5\ninactive_file 100\nactive_file 50\nshmem 9\n");
    assert_int_equal(left(), 250);
    make("memory.stat", "inactive_file 5000\n");
    assert_int_equal(left(), 1000);
    make("memory.max", "800\n");
    make("memory.stat", "shmem 5000\n");
    assert_int_equal(left(), 0);
}

static void
version_1_is_known_too(void **state)
{
    (void)state;
    make("list", "9:name=systemd:/x\n4:cpu,memory:/a\nnonsense\n0::/\n");
    make("memory", NULL);
    make("memory/a", NULL);
    make("memory/memory.limit_in_bytes", "9223372036854771712\n");
    make("memory/memory.usage_in_bytes", "5000\n");
    make("memory/a/memory.limit_in_bytes", "4096\n");
    make("memory/a/memory.usage_in_bytes", "4000\n");
    make("memory/a/memory.stat", "total_active_file 4\ninactive_file 90\n");
    assert_int_equal(left(), 100);
}

static void
without_groups_there_is_no_limit(void **state)
{
    (void)state;
    assert_true(left() == NONE);
    make("list", "");
    assert_true(left() == NONE);
    assert_true(cgroup_memory_left(CGROUP_LIST, CGROUP_MOUNT) > 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_made)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_nearest_limit_counts_wherever_it_stands),
        TEST(the_cache_of_files_is_given_back),
        TEST(version_1_is_known_too),
        TEST(without_groups_there_is_no_limit),
    };

    return cmocka_run_group_tests_name("cgroup", tests, make_top, remove_top);
}
