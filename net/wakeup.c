#include "wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

void
wakeup_raise(int eventfd)
{
    const uint64_t one = 1;
    const int before = errno;
    ssize_t written = -1;

    for (int i = 0; i < WAKEUP_TRIES && written < 0; i++) {
        written = write(eventfd, &one, sizeof one);
    }
    errno = before;
}
