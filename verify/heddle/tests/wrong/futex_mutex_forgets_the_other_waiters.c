/* deadlock "futex": who is woken takes the word as if nobody else waited, so
 * that its unlock wakes nobody. */
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint word;

static void
lock(void)
{
    unsigned was = 0;

    while (!atomic_compare_exchange_strong(&word, &was, 1)) {
        atomic_compare_exchange_strong(&word, &(unsigned){1}, 2);
        syscall(SYS_futex, &word, FUTEX_WAIT, 2, NULL, NULL, 0);
        was = 0;
    }
}

static void
unlock(void)
{
    if (atomic_exchange(&word, 0) == 2) {
        syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

void
t0(void)
{
    lock();
    unlock();
}

void
t1(void)
{
    lock();
    unlock();
}

void
t2(void)
{
    lock();
    unlock();
}
