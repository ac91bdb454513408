#include "ctl_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_MIN ((size_t)65536)

/* Room for at least one byte more; one beyond the most shows an excess. */
static int
reserve(struct ctl_input *input, size_t *room)
{
    if (input->length < *room) {
        return 0;
    }
    if (*room > CTL_INPUT_MAX) {
        return EFBIG;
    }
    size_t larger = *room > 0 ? 2 * *room : ROOM_MIN;
    if (larger > CTL_INPUT_MAX) {
        larger = CTL_INPUT_MAX + 1;
    }
    char *memory = realloc(input->memory, larger);
    if (!memory) {
        return ENOMEM;
    }
    input->memory = memory;
    *room = larger;
    return 0;
}

static int
read_all(struct ctl_input *input, int fd)
{
    size_t room = 0;

    for (;;) {
        int error = reserve(input, &room);
        if (error) {
            return error;
        }
        ssize_t got =
            read(fd, input->memory + input->length, room - input->length);
        if (got < 0 && errno != EINTR) {
            return errno;
        }
        if (got == 0) {
            return input->length > CTL_INPUT_MAX ? EFBIG : 0;
        }
        input->length += got > 0 ? (size_t)got : 0;
    }
}

static int
complain(const char *file, int error, struct complaint *complaint)
{
    const char *name = file ? file : "standard input";

    if (error == EFBIG) {
        complaint_set(complaint,
                      "%s has more than 1 GiB, the most that is "
                      "read",
                      name);
    } else {
        complaint_set(complaint, "%s cannot be read: %s", name,
                      strerror(error));
    }
    return error;
}

int
ctl_input_open(struct ctl_input *input, const char *argument, const char *file,
               struct complaint *complaint)
{
    int fd = STDIN_FILENO;

    *input = (struct ctl_input){.data = argument};
    if (argument) {
        input->length = strlen(argument);
        return 0;
    }
    if (file && !strcmp(file, "-")) {
        file = NULL;
    }
    if (file) {
        fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return complain(file, errno, complaint);
        }
    }
    int error = read_all(input, fd);
    if (file) {
        (void)close(fd);
    }
    if (error) {
        ctl_input_close(input);
        return complain(file, error, complaint);
    }
    input->data = input->memory;
    return 0;
}

void
ctl_input_close(struct ctl_input *input)
{
    free(input->memory);
    *input = (struct ctl_input){0};
}
