#include "naming.h"

#include <stdio.h>
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
    unsigned long user_read;
    unsigned port_read;
    char again[NAMING_MAX];

    if (sscanf(name, "dipc-%10lu-%5u", &user_read, &port_read) != 2) {
        return false;
    }
    *user = (uid_t)user_read;
    *port = (uint16_t)port_read;
    naming_segment(*user, *port, again);
    return !strcmp(name, again + 1);
}
