#include "value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define PORT_MAX 65535
#define DURATION_TEXT_MAX 32
#define USER_TEXT_MAX 64

/* Errors: EINVAL  no digit, or another character; ERANGE  beyond 64 bits */
static int
read_digits(const char **text, uint64_t *number)
{
    const char *at = *text;
    uint64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (UINT64_MAX - digit) / 10) {
            return ERANGE;
        }
        sum = sum * 10 + digit;
    }
    if (at == *text) {
        return EINVAL;
    }
    *text = at;
    *number = sum;
    return 0;
}

static bool
is_number(const char *text, uint64_t *number)
{
    return !read_digits(&text, number) && *text == '\0';
}

int
value_number(const char *name, const char *text, uint64_t min, uint64_t max,
             uint64_t *number, struct complaint *complaint)
{
    uint64_t found;

    if (is_number(text, &found) && found >= min && found <= max) {
        *number = found;
        return 0;
    }
    complaint_set(complaint, "%s '%s' is not one of %llu to %llu", name, text,
                  (unsigned long long)min, (unsigned long long)max);
    return EINVAL;
}

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"", CLOCK_NS_PER_S},         {"ms", CLOCK_NS_PER_MS},
    {"s", CLOCK_NS_PER_S},        {"m", 60 * CLOCK_NS_PER_S},
    {"h", 3600 * CLOCK_NS_PER_S},
};

static uint64_t
unit_ns(const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!strcmp(name, units[i].name)) {
            return units[i].ns;
        }
    }
    return 0;
}

/* The digits behind the point, as so many parts of a unit; more are dropped. */
static uint64_t
read_fraction(const char **text, uint64_t unit)
{
    uint64_t part_ns = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++) {
        unit /= 10;
        part_ns += (uint64_t)(**text - '0') * unit;
    }
    return part_ns;
}

static bool
is_duration(const char *text, uint64_t *duration_ns)
{
    uint64_t whole;
    const char *fraction = NULL;

    if (read_digits(&text, &whole)) {
        return false;
    }
    if (*text == '.') {
        fraction = ++text;
        text += strspn(text, "0123456789");
        if (text == fraction) {
            return false;
        }
    }
    uint64_t unit = unit_ns(text);
    if (unit == 0 || whole > UINT64_MAX / unit - 1) {
        return false;
    }
    *duration_ns =
        whole * unit + (fraction ? read_fraction(&fraction, unit) : 0);
    return true;
}

static void
describe_duration(uint64_t ns, char text[static DURATION_TEXT_MAX])
{
    const char *unit = "ms";
    uint64_t count = ns / CLOCK_NS_PER_MS;

    for (size_t i = 2; i < sizeof units / sizeof units[0]; i++) {
        if (ns >= units[i].ns && ns % units[i].ns == 0) {
            unit = units[i].name;
            count = ns / units[i].ns;
        }
    }
    (void)snprintf(text, DURATION_TEXT_MAX, "%llu%s", (unsigned long long)count,
                   unit);
}

int
value_duration(const char *name, const char *text, uint64_t min_ns,
               uint64_t max_ns, uint64_t *duration_ns,
               struct complaint *complaint)
{
    uint64_t found;
    char min[DURATION_TEXT_MAX];
    char max[DURATION_TEXT_MAX];

    if (is_duration(text, &found) && found >= min_ns && found <= max_ns) {
        *duration_ns = found;
        return 0;
    }
    describe_duration(min_ns, min);
    describe_duration(max_ns, max);
    complaint_set(complaint,
                  "%s '%s' is not a time of %s to %s: seconds, or a number "
                  "with ms, s, m or h",
                  name, text, min, max);
    return EINVAL;
}

static bool
is_service(const char *text, uint16_t *port)
{
    const struct servent *service = getservbyname(text, "tcp");

    if (!service) {
        return false;
    }
    *port = ntohs((uint16_t)service->s_port);
    return true;
}

static bool
looks_like_a_number(const char *text)
{
    return text[strspn(text, "+-0123456789.")] == '\0';
}

int
value_port(const char *text, bool any_allowed, uint16_t *port,
           struct complaint *complaint)
{
    uint64_t number;

    if (any_allowed && !strcmp(text, "any")) {
        *port = VALUE_ANY_PORT;
        return 0;
    }
    if (is_number(text, &number) && number >= 1 && number <= PORT_MAX) {
        *port = (uint16_t)number;
        return 0;
    }
    if (looks_like_a_number(text)) {
        complaint_set(complaint, "port '%s' is not one of 1 to %d", text,
                      PORT_MAX);
        return EINVAL;
    }
    if (is_service(text, port)) {
        return 0;
    }
    complaint_set(complaint,
                  "port '%s' is no service in /etc/services; 1 to %d%s would "
                  "be right",
                  text, PORT_MAX, any_allowed ? " or 'any'" : "");
    return EINVAL;
}

int
value_mode(const char *name, const char *text, mode_t *mode,
           struct complaint *complaint)
{
    const size_t length = strlen(text);
    mode_t found = 0;

    for (size_t i = 0; i < length && i < 4; i++) {
        found = found * 8 + (mode_t)(text[i] - '0');
    }
    if (text[strspn(text, "01234567")] != '\0' ||
        (length != 3 && (length != 4 || text[0] != '0'))) {
        complaint_set(complaint,
                      "%s '%s' is not a mode of three octal digits, such as "
                      "600 or 660",
                      name, text);
        return EINVAL;
    }
    *mode = found;
    return 0;
}

static bool
is_user(const char *text, uid_t *user)
{
    uint64_t number;
    const struct passwd *entry = getpwnam(text);

    if (entry) {
        *user = entry->pw_uid;
        return true;
    }
    if (!is_number(text, &number) || number >= VALUE_NO_USER) {
        return false;
    }
    *user = (uid_t)number;
    return true;
}

static bool
is_group(const char *text, gid_t *group)
{
    uint64_t number;
    const struct group *entry = getgrnam(text);

    if (entry) {
        *group = entry->gr_gid;
        return true;
    }
    if (!is_number(text, &number) || number >= VALUE_NO_GROUP) {
        return false;
    }
    *group = (gid_t)number;
    return true;
}

int
value_owner(const char *name, const char *text, uid_t *user, gid_t *group,
            struct complaint *complaint)
{
    char who[USER_TEXT_MAX];
    const size_t length = strcspn(text, ":");
    const char *rest = text + length;

    *user = VALUE_NO_USER;
    *group = VALUE_NO_GROUP;
    (void)snprintf(who, sizeof who, "%.*s", (int)length, text);
    if (length >= sizeof who || (length > 0 && !is_user(who, user)) ||
        (length == 0 && rest[0] == '\0')) {
        complaint_set(complaint, "%s '%s': there is no such user here", name,
                      text);
        return EINVAL;
    }
    if (rest[0] == ':' && !is_group(rest + 1, group)) {
        complaint_set(complaint, "%s '%s': there is no such group here", name,
                      text);
        return EINVAL;
    }
    return 0;
}
