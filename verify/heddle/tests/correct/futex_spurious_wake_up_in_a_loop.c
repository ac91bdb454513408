/* clean: a loop looks at the word again, whatever ended the wait. */
/* options: --spurious */
#define _GNU_SOURCE
#include <heddle.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int word;

void
t0(void)
{
    while (atomic_load(&word) == 0) {
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
    }
    heddle_assert(atomic_load(&word) == 1);
}

void
t1(void)
{
    atomic_store(&word, 1);
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
