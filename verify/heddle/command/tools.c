#include "tools.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char scratch[64];

void *
tools_take(size_t length_bytes)
{
    void *got = calloc(1, length_bytes == 0 ? 1 : length_bytes);

    if (got == NULL) {
        tools_fail(2, "%zu bytes of memory are wanted, there are none",
                   length_bytes);
    }
    return got;
}

void
words_add(struct words *words, const char *word)
{
    if (words->count + 1 >= words->room) {
        size_t room = words->room * 2 + 16;
        char **more = tools_take(room * sizeof(*more));

        if (words->count > 0) {
            memcpy(more, words->word, words->count * sizeof(*more));
        }
        free(words->word);
        words->word = more;
        words->room = room;
    }
    words->word[words->count] = (char *)(size_t)word;
    words->count++;
    words->word[words->count] = NULL;
}

void
words_add_all(struct words *words, const struct words *more)
{
    size_t i;

    for (i = 0; i < more->count; i++) {
        words_add(words, more->word[i]);
    }
}

char *
tools_format(const char *format, ...)
{
    va_list list;
    va_list again;
    int length;
    char *text;

    va_start(list, format);
    va_copy(again, list);
    length = vsnprintf(NULL, 0, format, list);
    va_end(list);
    text = tools_take((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void
tools_fail(int status, const char *format, ...)
{
    va_list list;

    fprintf(stderr, "heddle: ");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr, "\n");
    exit(status);
}

static void
json_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            printf("\\%c", *text);
        } else if ((unsigned char)*text < 0x20) {
            printf("\\u%04x", (unsigned)*text);
        } else {
            putchar(*text);
        }
    }
}

void
tools_refuse(bool json, const char *text)
{
    const char *at = text;
    size_t length;

    for (; *at != '\0'; at += length + (at[length] != '\0')) {
        length = strcspn(at, "\n");
        fprintf(stderr, "heddle: %.*s\n", (int)length, at);
    }
    if (json) {
        printf("{\"verdict\":\"unsupported\",\"executions\":0,"
               "\"blocked\":0,\"complete\":false,\"steps\":0,"
               "\"longest\":0,\"seconds\":0,\"memory_kb\":0,"
               "\"cut\":\"\",\"text\":\"");
        json_text(text);
        printf("\",\"schedule\":\"\",\"findings\":[]}\n");
    }
    exit(4);
}

static int
wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return 127;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static _Noreturn void
become(const struct words *words)
{
    execvp(words->word[0], words->word);
    fprintf(stderr, "heddle: %s could not be run: %s\n", words->word[0],
            strerror(errno));
    _exit(127);
}

int
tools_run(const struct words *words)
{
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        become(words);
    }
    return pid < 0 ? 127 : wait_for(pid);
}

static char *
drain(int from)
{
    size_t room = 1 << 16;
    size_t used = 0;
    char *text = tools_take(room);
    ssize_t got;

    while ((got = read(from, text + used, room - used - 1)) > 0) {
        used += (size_t)got;
        if (used + 1 >= room) {
            char *more = tools_take(room * 2);

            memcpy(more, text, used);
            free(text);
            text = more;
            room *= 2;
        }
    }
    text[used] = '\0';
    return text;
}

char *
tools_output(const struct words *words)
{
    int ends[2];
    char *text;
    pid_t pid;

    if (pipe(ends) != 0) {
        tools_fail(2, "no pipe: %s", strerror(errno));
    }
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        become(words);
    }
    close(ends[1]);
    text = drain(ends[0]);
    close(ends[0]);
    if (pid < 0 || wait_for(pid) != 0) {
        tools_fail(2, "%s failed", words->word[0]);
    }
    return text;
}

static char *
beside(const char *const *candidate)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (length <= 0) {
        return NULL;
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    *slash = '\0';
    for (; *candidate != NULL; candidate++) {
        char *file = tools_format("%s/%s", path, *candidate);

        if (access(file, R_OK) == 0) {
            return file;
        }
    }
    return NULL;
}

char *
tools_library(void)
{
    static const char *const candidate[] = {
        "../lib/libheddle.a", "../lib/heddle/libheddle.a", "../libheddle.a",
        "libheddle.a", NULL};
    char *found = beside(candidate);

    if (found == NULL) {
        tools_fail(2, "libheddle.a is wanted in ../lib beside this command's "
                      "folder, and is not there; `make` builds it");
    }
    return found;
}

char *
tools_headers(void)
{
    static const char *const candidate[] = {
        "../include/heddle.h", "../../verify/heddle/heddle.h",
        "../../../verify/heddle/heddle.h", "../../heddle.h", NULL};
    char *found = beside(candidate);

    if (found == NULL) {
        tools_fail(2, "heddle.h is wanted in ../include beside this "
                      "command's folder, and is not there");
    }
    *strrchr(found, '/') = '\0';
    return found;
}

static int
remove_one(const char *path, const struct stat *status, int kind,
           struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static void
scratch_remove(void)
{
    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *
tools_scratch(void)
{
    if (scratch[0] == '\0') {
        snprintf(scratch, sizeof(scratch), "/tmp/heddle.XXXXXX");
        if (mkdtemp(scratch) == NULL) {
            tools_fail(2, "no folder in /tmp could be made: %s",
                       strerror(errno));
        }
        atexit(scratch_remove);
    }
    return scratch;
}

char *
tools_read(const char *file, size_t *length_bytes)
{
    struct stat status;
    FILE *from = fopen(file, "rb");
    long length;
    char *text = NULL;

    if (from != NULL &&
        (fstat(fileno(from), &status) != 0 || !S_ISREG(status.st_mode))) {
        fclose(from);
        from = NULL;
    }
    if (from == NULL) {
        return NULL;
    }
    if (fseek(from, 0, SEEK_END) == 0 && (length = ftell(from)) >= 0) {
        rewind(from);
        text = tools_take((size_t)length + 1);
        *length_bytes = fread(text, 1, (size_t)length, from);
    }
    fclose(from);
    return text;
}

void
tools_write(const char *file, const char *text)
{
    FILE *to = fopen(file, "w");

    if (to == NULL || fputs(text, to) < 0 || fclose(to) != 0) {
        tools_fail(2, "%s could not be written: %s", file, strerror(errno));
    }
}

bool
tools_has_suffix(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t end = strlen(suffix);

    return length >= end && strcmp(text + length - end, suffix) == 0;
}
