#include "unix_note.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "naming.h"

#define TEXT_MAX (UNIX_SOCKET_PATH_MAX + 48)

static void
encode(const struct unix_socket_file *file, char text[static TEXT_MAX])
{
    (void)snprintf(text, TEXT_MAX, "%ju:%ju:%s", (uintmax_t)file->device,
                   (uintmax_t)file->inode, file->path);
}

int
unix_note_write(int directory, uint16_t port,
                const struct unix_socket_file *file)
{
    char name[NAMING_MAX];
    char text[TEXT_MAX];

    encode(file, text);
    naming_unix_note(port, name);
    if (unlinkat(directory, name, 0) < 0 && errno != ENOENT) {
        return errno;
    }
    return symlinkat(text, directory, name) < 0 ? errno : 0;
}

/* What was read is written again and compared: no other spelling passes. */
static bool
decode(const char *text, struct unix_socket_file *file)
{
    char *end = NULL;
    char again[TEXT_MAX];

    uintmax_t device = strtoumax(text, &end, 10);
    if (*end != ':') {
        return false;
    }
    uintmax_t inode = strtoumax(end + 1, &end, 10);
    if (*end != ':' || strlen(end + 1) >= UNIX_SOCKET_PATH_MAX) {
        return false;
    }
    *file = (struct unix_socket_file){.device = (dev_t)device,
                                      .inode = (ino_t)inode};
    (void)snprintf(file->path, sizeof file->path, "%s", end + 1);
    encode(file, again);
    return !strcmp(text, again) && file->path[0] == '/';
}

int
unix_note_read(int directory, uint16_t port, struct unix_socket_file *file)
{
    char name[NAMING_MAX];
    char text[TEXT_MAX];

    naming_unix_note(port, name);
    ssize_t length = readlinkat(directory, name, text, sizeof text);
    if (length < 0 || (size_t)length == sizeof text) {
        return ENOENT;
    }
    text[length] = '\0';
    return decode(text, file) ? 0 : ENOENT;
}

void
unix_note_remove(int directory, uint16_t port)
{
    char name[NAMING_MAX];

    naming_unix_note(port, name);
    (void)unlinkat(directory, name, 0);
}

unsigned
unix_note_clear(int directory, uint16_t port, uid_t user)
{
    struct unix_socket_file file;
    unsigned cleared = 0;

    if (!unix_note_read(directory, port, &file)) {
        cleared =
            unix_socket_clear(&file, user == 0 ? UNIX_SOCKET_SAME_USER : user);
    }
    unix_note_remove(directory, port);
    return cleared;
}
