/* clean: a mutex from a futex word: 0 free, 1 held, 2 held and perhaps waited
 * for. */
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint word;
static int count;

static void
lock(void)
{
    unsigned was = 0;

    if (atomic_compare_exchange_strong(&word, &was, 1)) {
        return;
    }
    while (atomic_exchange(&word, 2) != 0) {
        syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    }
}

static void
unlock(void)
{
    if (atomic_exchange(&word, 0) == 2) {
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static void
add(void)
{
    lock();
    count++;
    unlock();
}

void
t0(void)
{
    add();
}

void
t1(void)
{
    add();
}

void
t2(void)
{
    add();
}

void
post(void)
{
    heddle_assert(count == 3);
}
