#include "entropy.h"

#include <assert.h>
#include <errno.h>
#include <sys/random.h>

#define INTERRUPTIONS_MAX 100

int
entropy_draw(void *room, size_t bytes)
{
    ssize_t got = -1;
    int error = EINTR;

    assert(bytes <= ENTROPY_BYTES_MAX);
    for (int i = 0; i < INTERRUPTIONS_MAX && error == EINTR; i++) {
        got = getrandom(room, bytes, 0);
        error = got < 0 ? errno : 0;
    }
    assert(error || (size_t)got == bytes);
    return error;
}
