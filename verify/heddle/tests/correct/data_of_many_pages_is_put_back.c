/* clean: each execution finds the program's data as it was, atomics, objects
 * and what functions of the library wrote included. */
#include <heddle.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 4000 };

static atomic_int number[MANY];
static int plain[MANY];
static char text[8 * MANY];
static pthread_mutex_t lock[MANY / 10];

void
pre(void)
{
    heddle_assert(atomic_load(&number[MANY / 2]) == 0);
    heddle_assert(plain[MANY / 2] == 0);
    heddle_assert(text[MANY] == 0);
    heddle_assert(text[2 * MANY] == 0);
    heddle_assert(text[3 * MANY] == 0);
    heddle_assert(text[4 * MANY] == 0);
    pthread_mutex_init(&lock[MANY / 20], NULL);
}

static void
use(int place)
{
    atomic_fetch_add(&number[MANY / 2], 1);
    pthread_mutex_lock(&lock[MANY / 20]);
    plain[MANY / 2]++;
    if (plain[MANY / 2] == 2) {
        stpcpy(&text[place], "copied");
        sscanf("read", "%7s", &text[place + MANY]);
    }
    pthread_mutex_unlock(&lock[MANY / 20]);
}

void
t0(void)
{
    use(MANY);
}

void
t1(void)
{
    use(3 * MANY);
}

void
post(void)
{
    heddle_assert(plain[MANY / 2] == 2);
}
