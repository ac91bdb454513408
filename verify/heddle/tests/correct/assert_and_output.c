/* clean: output is no step and no failure; the assertion holds. */
#include <assert.h>
#include <heddle.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int count;

static void
add(const char *who)
{
    char text[40];
    int seen = atomic_fetch_add(&count, 1);

    snprintf(text, sizeof(text), "%s saw %d\n", who, seen);
    printf("%s", text);
    fputs(text, stderr);
    heddle_mark("added");
}

void
t0(void)
{
    add("one");
}

void
t1(void)
{
    add("two");
}

void
post(void)
{
    assert(atomic_load(&count) == 2);
}
