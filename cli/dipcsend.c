/*
 * dipcsend: send one result to a dipcgather.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "dipcsend_arguments.h"
#include "gather.h"
#include "gather_command.h"
#include "version.h"

#define PROGRAM "dipcsend"
#define EXIT_USAGE 2
#define EXIT_COMMAND 3
#define TOKEN_MAX 80

__attribute__((format(printf, 1, 2))) static int
complain(const char *format, ...)
{
    struct complaint complaint;
    va_list arguments;

    va_start(arguments, format);
    complaint_set_list(&complaint, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, PROGRAM ": %s\n", complaint.text);
    return EXIT_FAILURE;
}

/* The first line of the file. */
static int
read_token(const char *path, char token[static TOKEN_MAX])
{
    FILE *file = fopen(path, "re");

    if (!file) {
        return complain("cannot read the token in %s: %s", path,
                        strerror(errno));
    }
    size_t length = fread(token, 1, TOKEN_MAX - 1, file);
    (void)fclose(file);
    token[length] = '\0';
    token[strcspn(token, "\r\n")] = '\0';
    if (token[0] == '\0') {
        return complain("there is no token in %s", path);
    }
    return 0;
}

/* It is nobody else's: a command does not find it in its environment. */
static int
take_token(const struct dipcsend_arguments *arguments,
           char token[static TOKEN_MAX])
{
    const char *variable = getenv(GATHER_SENDER_TOKEN);
    int status = 0;

    if (arguments->token_file) {
        status = read_token(arguments->token_file, token);
    } else if (!variable || variable[0] == '\0') {
        status = complain("no token: %s holds it, or --token-file names a "
                          "file",
                          GATHER_SENDER_TOKEN);
    } else {
        (void)snprintf(token, TOKEN_MAX, "%s", variable);
    }
    (void)unsetenv(GATHER_SENDER_TOKEN);
    return status;
}

/* A file says beforehand how much it is. */
static uint64_t
size_of_input(const struct dipcsend_arguments *arguments)
{
    struct stat status;

    if (arguments->size_bytes == GATHER_SENDER_ANY_SIZE &&
        !arguments->command && fstat(STDIN_FILENO, &status) == 0 &&
        S_ISREG(status.st_mode)) {
        const off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
        if (at >= 0 && at <= status.st_size) {
            return (uint64_t)(status.st_size - at);
        }
    }
    return arguments->size_bytes;
}

/* Whoever gathers sees no process from here: tell it. */
static int
tell_failure(struct gather_sender *sender, const char *command, int status)
{
    if (WIFSIGNALED(status)) {
        (void)complain("%s was ended by a signal (%s): it has no result",
                       command, strsignal(WTERMSIG(status)));
    } else {
        (void)complain("%s exited %d: it has no result", command,
                       WEXITSTATUS(status));
    }
    uint64_t number = WIFSIGNALED(status) ? 128 + (uint64_t)WTERMSIG(status)
                                          : (uint64_t)WEXITSTATUS(status);
    if (gather_sender_fail(sender, number)) {
        (void)complain("%s", gather_sender_error(sender));
    }
    return EXIT_COMMAND;
}

static int
run_command(struct gather_sender *sender, char *const *arguments)
{
    const struct gather_command command = {
        .arguments = arguments,
        .keeps_input = true,
    };
    int status = 0;

    int error = gather_command_run(sender, &command, false, &status);
    if (error) {
        const char *why = gather_sender_error(sender);
        return complain("%s", why[0] != '\0' ? why : strerror(error));
    }
    return status ? tell_failure(sender, arguments[0], status) : EXIT_SUCCESS;
}

static int
send_input(struct gather_sender *sender)
{
    int error = gather_sender_copy(sender, STDIN_FILENO);
    if (!error) {
        error = gather_sender_finish(sender);
    }
    return error ? complain("%s", gather_sender_error(sender)) : EXIT_SUCCESS;
}

static int
send_result(struct gather_sender *sender,
            const struct dipcsend_arguments *arguments)
{
    gather_sender_announce(sender, arguments->type, size_of_input(arguments));
    if (arguments->fail) {
        return gather_sender_fail(sender, arguments->fail)
                   ? complain("%s", gather_sender_error(sender))
                   : EXIT_SUCCESS;
    }
    return arguments->command ? run_command(sender, arguments->command)
                              : send_input(sender);
}

static int
send_once(const struct dipcsend_arguments *arguments)
{
    struct gather_sender *sender;
    char token[TOKEN_MAX];

    if (take_token(arguments, token)) {
        return EXIT_FAILURE;
    }
    int error = gather_sender_create(arguments->address, arguments->which,
                                     token, &sender);
    if (error == EINVAL) {
        (void)complain("'%s' is not HOST:PORT, [IPV6]:PORT or unix:PATH",
                       arguments->address);
        return EXIT_USAGE;
    }
    if (error == EACCES) {
        return complain("the token is not one that dipcgather gives");
    }
    if (error) {
        return complain("%s", strerror(error));
    }
    int status = send_result(sender, arguments);
    gather_sender_destroy(sender);
    return status;
}

int
main(int argc, char **argv)
{
    struct dipcsend_arguments arguments;
    struct complaint complaint;

    daemon_occupy_standard_descriptors();
    if (dipcsend_arguments_parse(argc, argv, &arguments, &complaint)) {
        (void)complain("%s", complaint.text);
        return EXIT_USAGE;
    }
    switch (arguments.action) {
    case DIPCSEND_HELP:
        dipcsend_arguments_print_help(stdout);
        return daemon_finish_output(PROGRAM);
    case DIPCSEND_VERSION:
        (void)printf("%s %s\n", PROGRAM, VERSION_TEXT);
        return daemon_finish_output(PROGRAM);
    case DIPCSEND_SEND:
        break;
    }
    return send_once(&arguments);
}
