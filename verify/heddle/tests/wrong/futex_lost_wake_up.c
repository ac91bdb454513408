/* deadlock "futex": the wait names the value that the word has by then, not
 * the one for which it has to wait. */
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint word;

void
t0(void)
{
    if (atomic_load(&word) == 0) {
        syscall(SYS_futex, &word, FUTEX_WAIT, atomic_load(&word), NULL, NULL,
                0);
    }
}

void
t1(void)
{
    atomic_store(&word, 1);
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
