/*
 * Idea: getopt and its relatives are the C library's own. Their variables
 * (optind, optarg, opterr, optopt) are part of the program's data and are put
 * back; what the library remembers beside them is made to begin anew when an
 * execution calls for the first time.
 * Who may call: the code under test.
 */
#include <getopt.h>
#include <unistd.h>

#include "access.h"
#include "options.h"

int __posix_getopt(int count, char *const *word, const char *letters);

enum kind { SHORT, POSIX_SHORT, LONG, LONG_ONLY };

static HD_OWN uint32_t begun;

static void
begin_anew(void)
{
    static HD_OWN char nothing[1];
    char *const none[] = {nothing, NULL};
    int wanted = optind;

    if (begun == hd.stamp) {
        return;
    }
    begun = hd.stamp;
    optind = 0;
    (void)getopt(1, none, "");
    optind = wanted;
}

static int
parse(enum kind kind, int count, char *const *word, const char *letters,
      const struct option *names, int *which, const void *pc)
{
    int says = opterr;
    int got;

    hd_access_plain(&optind, sizeof(optind), true, pc);
    hd_access_plain(&optarg, sizeof(optarg), true, pc);
    hd_access_plain(&optopt, sizeof(optopt), true, pc);
    begin_anew();
    if (!hd_options.output) {
        opterr = 0;
    }
    switch (kind) {
    case SHORT:
        got = getopt(count, word, letters);
        break;
    case POSIX_SHORT:
        got = __posix_getopt(count, word, letters);
        break;
    case LONG:
        got = getopt_long(count, word, letters, names, which);
        break;
    default:
        got = getopt_long_only(count, word, letters, names, which);
        break;
    }
    opterr = says;
    if (which != NULL) {
        hd_access_plain(which, sizeof(*which), true, pc);
    }
    return got;
}

HD_LIBC(int, getopt, int count, char *const *word, const char *letters)
{
    return parse(SHORT, count, word, letters, NULL, NULL, HD_CALLER);
}

HD_LIBC(int, __posix_getopt, int count, char *const *word, const char *letters)
{
    return parse(POSIX_SHORT, count, word, letters, NULL, NULL, HD_CALLER);
}

HD_LIBC(int, getopt_long, int count, char *const *word, const char *letters,
        const struct option *names, int *which)
{
    return parse(LONG, count, word, letters, names, which, HD_CALLER);
}

HD_LIBC(int, getopt_long_only, int count, char *const *word,
        const char *letters, const struct option *names, int *which)
{
    return parse(LONG_ONLY, count, word, letters, names, which, HD_CALLER);
}
