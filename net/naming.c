#include "naming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
naming_segment(uid_t user, uint16_t port, char name[static NAMING_MAX])
{
    (void)snprintf(name, NAMING_MAX, "/dipc-%lu-%u", (unsigned long)user,
                   (unsigned)port);
}

void
naming_socket(uint16_t port, char name[static NAMING_MAX])
{
    (void)snprintf(name, NAMING_MAX, "%u.sock", (unsigned)port);
}

void
naming_unix_note(uint16_t port, char name[static NAMING_MAX])
{
    (void)snprintf(name, NAMING_MAX, "%u.unix", (unsigned)port);
}

/* What was read is written again and compared: no other spelling passes. */
bool
naming_is_segment(const char *name, uid_t *user, uint16_t *port)
{
    char *end = NULL;
    char again[NAMING_MAX];

    if (strncmp(name, "dipc-", 5) != 0) {
        return false;
    }
    *user = (uid_t)strtoul(name + 5, &end, 10);
    if (*end != '-') {
        return false;
    }
    *port = (uint16_t)strtoul(end + 1, NULL, 10);
    naming_segment(*user, *port, again);
    return !strcmp(name, again + 1);
}
