#include "ctl_commands.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "ctl_input.h"
#include "ctl_json.h"
#include "ctl_top.h"

#define WATCH_BYTES ((size_t)65536) /* larger contents take another request */
#define READ_TRIES 100

/* A command under way. */
struct ctl {
    const struct ctl_arguments *arguments;
    struct dipc_connection *connection;
    struct dipc_error error;
};

static enum ctl_status
fail(const struct ctl *ctl)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "dipcctl: %s\n", ctl->error.message);
    return ctl_status_of(&ctl->error);
}

static uint32_t
mailbox_of(const struct ctl *ctl)
{
    return (uint32_t)ctl->arguments->mailbox;
}

static uint64_t
condition_of(const struct ctl *ctl)
{
    return ctl->arguments->condition == CTL_NONE ? DIPC_ANY_VERSION
                                                 : ctl->arguments->condition;
}

static void
print_content(const struct ctl *ctl, const void *data,
              const struct dipc_answer *answer)
{
    if (!ctl->arguments->json) {
        (void)fwrite(data, 1, answer->length, stdout);
        return;
    }
    (void)printf("{\"mailbox\": %" PRIu32 ", \"version\": %" PRIu64
                 ", \"size\": %" PRIu64 ", ",
                 mailbox_of(ctl), answer->version, answer->size);
    ctl_json_data(stdout, data, answer->length);
    (void)printf("}\n");
}

static bool
wants_part(const struct ctl_arguments *arguments)
{
    return arguments->at != CTL_NONE || arguments->max != CTL_NONE ||
           arguments->condition != CTL_NONE;
}

/* So many bytes of a content, from an offset on, all of one version. */
static enum dipc_status
read_pinned(struct ctl *ctl, uint64_t at, char *data, size_t length,
            struct dipc_answer *answer)
{
    const uint64_t version = answer->version;
    enum dipc_status status = DIPC_OK;
    size_t got = 0;

    do {
        status =
            dipc_read_at(ctl->connection, mailbox_of(ctl), at + got, version,
                         data + got, length - got, answer, &ctl->error);
        if (status == DIPC_OK) {
            got += answer->length;
        }
    } while (status == DIPC_OK && got < length && answer->length > 0);
    answer->length = got;
    return status;
}

static enum dipc_status
read_part_once(struct ctl *ctl, void **data, struct dipc_answer *answer)
{
    const struct ctl_arguments *arguments = ctl->arguments;
    const uint64_t at = arguments->at == CTL_NONE ? 0 : arguments->at;

    enum dipc_status status =
        dipc_read_at(ctl->connection, mailbox_of(ctl), 0, condition_of(ctl),
                     NULL, 0, answer, &ctl->error);
    if (status != DIPC_OK) {
        return status;
    }
    uint64_t length = answer->size > at ? answer->size - at : 0;
    if (length > arguments->max) {
        length = arguments->max;
    }
    *data = malloc((size_t)length + 1);
    if (!*data) {
        ctl->error = (struct dipc_error){.status = DIPC_NO_MEMORY,
                                         .message = "no memory for it"};
        return DIPC_NO_MEMORY;
    }
    return read_pinned(ctl, at, *data, (size_t)length, answer);
}

/* What changes meanwhile is read anew, unless one version is asked for. */
static enum dipc_status
read_part(struct ctl *ctl, void **data, struct dipc_answer *answer)
{
    enum dipc_status status = DIPC_CONFLICT;

    for (int i = 0; i < READ_TRIES && status == DIPC_CONFLICT; i++) {
        free(*data);
        *data = NULL;
        status = read_part_once(ctl, data, answer);
        if (condition_of(ctl) != DIPC_ANY_VERSION) {
            break;
        }
    }
    return status;
}

static enum ctl_status
run_read(struct ctl *ctl)
{
    struct dipc_answer answer;
    void *data = NULL;
    enum dipc_status status;

    if (wants_part(ctl->arguments)) {
        status = read_part(ctl, &data, &answer);
    } else {
        status = dipc_read_whole(ctl->connection, mailbox_of(ctl), &data,
                                 &answer, &ctl->error);
    }
    if (status == DIPC_OK) {
        print_content(ctl, data, &answer);
    }
    free(data);
    return status == DIPC_OK ? CTL_STATUS_DONE : fail(ctl);
}

static uint64_t
place_of(const struct ctl_arguments *arguments)
{
    if (arguments->command == CTL_APPEND || arguments->at == CTL_END) {
        return DIPC_END;
    }
    return arguments->at == CTL_NONE ? DIPC_REPLACE : arguments->at;
}

static void
print_written(const struct ctl *ctl, const struct dipc_answer *answer)
{
    if (ctl->arguments->json) {
        (void)printf("{\"mailbox\": %" PRIu32 ", \"version\": %" PRIu64
                     ", \"size\": %" PRIu64 ", \"written\": %zu}\n",
                     mailbox_of(ctl), answer->version, answer->size,
                     answer->length);
    } else if (!ctl->arguments->quiet) {
        (void)printf("%" PRIu64 "\n", answer->version);
    }
}

/* What a person can do about it, and how far it came. */
static enum ctl_status
fail_to_write(const struct ctl *ctl, const struct ctl_input *input,
              const struct dipc_answer *answer)
{
    const enum ctl_status status = fail(ctl);

    if (answer->length > 0) {
        (void)fprintf(stderr,
                      "dipcctl: %zu of %zu bytes are written, as version "
                      "%" PRIu64 "\n",
                      answer->length, input->length, answer->version);
    } else if (ctl->error.status == DIPC_TOO_LARGE &&
               strstr(ctl->error.message, "packet") &&
               !ctl->arguments->pieces) {
        (void)fprintf(stderr, "dipcctl: --pieces writes it in pieces, which "
                              "together are not atomic\n");
    }
    return status;
}

static enum ctl_status
run_write(struct ctl *ctl, const struct ctl_input *input)
{
    const uint64_t version = ctl->arguments->command == CTL_CAS
                                 ? ctl->arguments->version
                                 : condition_of(ctl);
    struct dipc_answer answer = {0};
    enum dipc_status (*const write_it)(
        struct dipc_connection *, uint32_t, uint64_t, uint64_t, const void *,
        size_t, struct dipc_answer *, struct dipc_error *) =
        ctl->arguments->pieces ? dipc_write_pieces : dipc_write_at;

    if (write_it(ctl->connection, mailbox_of(ctl), place_of(ctl->arguments),
                 version, input->data, input->length, &answer,
                 &ctl->error) != DIPC_OK) {
        return fail_to_write(ctl, input, &answer);
    }
    print_written(ctl, &answer);
    return CTL_STATUS_DONE;
}

/* The version that a mailbox is at. */
static enum dipc_status
learn_version(struct ctl *ctl, uint64_t *version)
{
    struct dipc_answer answer = {0};

    enum dipc_status status = dipc_read(ctl->connection, mailbox_of(ctl), NULL,
                                        0, &answer, &ctl->error);
    *version = answer.version;
    return status;
}

/*
 * Wait for what is newer, all of it.
 *   *data  from the heap
 */
static enum dipc_status
await_newer(struct ctl *ctl, uint64_t version, int wait_ms, void **data,
            struct dipc_answer *answer)
{
    *data = malloc(WATCH_BYTES);
    if (!*data) {
        ctl->error = (struct dipc_error){.status = DIPC_NO_MEMORY,
                                         .message = "no memory for it"};
        return DIPC_NO_MEMORY;
    }
    enum dipc_status status =
        dipc_wait(ctl->connection, mailbox_of(ctl), version, wait_ms, *data,
                  WATCH_BYTES, answer, &ctl->error);
    if (status == DIPC_OK && answer->length < answer->size) {
        free(*data);
        *data = NULL;
        status = dipc_read_whole(ctl->connection, mailbox_of(ctl), data, answer,
                                 &ctl->error);
    }
    return status;
}

static enum ctl_status
run_wait(struct ctl *ctl)
{
    struct dipc_answer answer;
    void *data = NULL;
    uint64_t version = ctl->arguments->version;
    enum dipc_status status = DIPC_OK;

    if (version == CTL_NONE) {
        status = learn_version(ctl, &version);
    }
    if (status == DIPC_OK) {
        status =
            await_newer(ctl, version, ctl->arguments->wait_ms, &data, &answer);
    }
    if (status == DIPC_OK) {
        print_content(ctl, data, &answer);
    }
    free(data);
    return status == DIPC_OK ? CTL_STATUS_DONE : fail(ctl);
}

/* Contents without a newline at their end get one, so that lines stay lines. */
static void
print_version(const struct ctl *ctl, uint64_t before, const char *data,
              const struct dipc_answer *answer)
{
    const uint64_t missed = answer->version - before - 1;

    if (ctl->arguments->json) {
        print_content(ctl, data, answer);
        return;
    }
    (void)printf("version %" PRIu64 ", %zu bytes", answer->version,
                 answer->length);
    if (missed > 0) {
        (void)printf(", %" PRIu64 " missed", missed);
    }
    (void)printf("\n");
    (void)fwrite(data, 1, answer->length, stdout);
    if (answer->length > 0 && data[answer->length - 1] != '\n') {
        (void)printf("\n");
    }
}

static bool
flush_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}

static enum ctl_status
run_watch(struct ctl *ctl)
{
    uint64_t version = ctl->arguments->from;
    enum dipc_status status = DIPC_OK;
    bool is_told = true;

    if (version == CTL_NONE) {
        status = learn_version(ctl, &version);
    }
    for (uint64_t seen = 0;
         status == DIPC_OK && is_told && seen < ctl->arguments->count; seen++) {
        struct dipc_answer answer;
        void *data = NULL;
        status = await_newer(ctl, version, DIPC_FOREVER, &data, &answer);
        if (status == DIPC_OK) {
            print_version(ctl, version, data, &answer);
            is_told = flush_output();
            version = answer.version;
        }
        free(data);
    }
    return status == DIPC_OK ? CTL_STATUS_DONE : fail(ctl);
}

static bool
is_digits(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void
print_value(const char *value)
{
    if (is_digits(value)) {
        (void)fputs(value, stdout);
    } else {
        ctl_json_string(stdout, value, strlen(value));
    }
}

static void
print_statistics(const struct ctl *ctl,
                 const struct dipc_statistics *statistics)
{
    const size_t count = dipc_statistics_count(statistics);

    for (size_t i = 0; i < count; i++) {
        const char *name = dipc_statistics_name(statistics, i);
        const char *value = dipc_statistics_value(statistics, i);
        if (!ctl->arguments->json) {
            (void)printf("%-16s %s\n", name, value);
            continue;
        }
        (void)fputs(i == 0 ? "{" : ", ", stdout);
        ctl_json_string(stdout, name, strlen(name));
        (void)fputs(": ", stdout);
        print_value(value);
    }
    if (ctl->arguments->json) {
        (void)printf("%s}\n", count == 0 ? "{" : "");
    }
}

static enum ctl_status
run_stat(struct ctl *ctl)
{
    struct dipc_statistics *statistics;
    const uint32_t mailbox =
        ctl->arguments->mailbox == CTL_NONE ? DIPC_SERVER : mailbox_of(ctl);

    if (dipc_stat(ctl->connection, mailbox, &statistics, &ctl->error) !=
        DIPC_OK) {
        return fail(ctl);
    }
    print_statistics(ctl, statistics);
    dipc_statistics_free(statistics);
    return CTL_STATUS_DONE;
}

/* The time between two of a series. */
static void
pause_between(const struct ctl *ctl)
{
    (void)!poll(NULL, 0, ctl->arguments->interval_ms);
}

static enum ctl_status
run_ping(struct ctl *ctl)
{
    const uint64_t count =
        ctl->arguments->count == CTL_NONE ? 1 : ctl->arguments->count;

    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) {
            pause_between(ctl);
        }
        const uint64_t asked_ns = clock_now_ns(NULL);
        if (dipc_ping(ctl->connection, &ctl->error) != DIPC_OK) {
            return fail(ctl);
        }
        const double ms =
            (double)(clock_now_ns(NULL) - asked_ns) / (double)CLOCK_NS_PER_MS;
        if (ctl->arguments->json) {
            (void)printf("{\"ms\": %.3f}\n", ms);
        } else {
            (void)printf("%s answers in %.3f ms\n", ctl->arguments->server, ms);
        }
        if (!flush_output()) {
            break;
        }
    }
    return CTL_STATUS_DONE;
}

/* On a terminal each table covers the one before; the cursor stays below. */
static void
show(const struct ctl *ctl, const struct ctl_top_sample *before,
     struct ctl_top_sample *now)
{
    struct winsize size = {0};

    if (ctl->arguments->json) {
        ctl_top_print_json(stdout, before, now);
    } else if (isatty(STDOUT_FILENO) &&
               ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
               size.ws_row > 1 && size.ws_col > 0) {
        (void)fputs(before ? "\033[H" : "\033[H\033[2J", stdout);
        ctl_top_print(stdout, ctl->arguments->server, before, now, size.ws_col,
                      (size_t)size.ws_row - 1, "\033[K\n");
        (void)fputs("\033[J", stdout);
    } else {
        ctl_top_print(stdout, ctl->arguments->server, before, now, 1000, 0,
                      "\n");
    }
}

static enum ctl_status
run_top_over(struct ctl *ctl, struct ctl_clients_link *link)
{
    static struct ctl_top_sample samples[2];
    const struct ctl_top_sample *before = NULL;
    uint64_t count = ctl->arguments->count;

    if (count == CTL_NONE && !isatty(STDOUT_FILENO)) {
        count = 1;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct ctl_top_sample *now = &samples[i % 2];
        if (i > 0) {
            pause_between(ctl);
        }
        if (ctl_top_take(ctl->connection, link, now, &ctl->error) != DIPC_OK) {
            return fail(ctl);
        }
        show(ctl, before, now);
        if (!flush_output()) {
            break;
        }
        before = now;
    }
    return CTL_STATUS_DONE;
}

static enum ctl_status
run_top(struct ctl *ctl)
{
    struct ctl_clients_link link;

    ctl_clients_open(&link, dipc_descriptor(ctl->connection),
                     ctl->arguments->timeout_ms);
    enum ctl_status status = run_top_over(ctl, &link);
    ctl_clients_close(&link);
    return status;
}

static enum ctl_status
run_command(struct ctl *ctl, const struct ctl_input *input)
{
    switch (ctl->arguments->command) {
    case CTL_READ:
        return run_read(ctl);
    case CTL_WRITE:
    case CTL_APPEND:
    case CTL_CAS:
        return run_write(ctl, input);
    case CTL_WAIT:
        return run_wait(ctl);
    case CTL_WATCH:
        return run_watch(ctl);
    case CTL_STAT:
        return run_stat(ctl);
    case CTL_TOP:
        return run_top(ctl);
    case CTL_PING:
        return run_ping(ctl);
    case CTL_COMMANDS:
        break;
    }
    return CTL_STATUS_USAGE;
}

static bool
has_input(enum ctl_command command)
{
    return command == CTL_WRITE || command == CTL_APPEND || command == CTL_CAS;
}

enum ctl_status
ctl_commands_run(const struct ctl_arguments *arguments)
{
    struct ctl ctl = {.arguments = arguments};
    struct ctl_input input = {0};
    struct complaint complaint;

    if (has_input(arguments->command) &&
        ctl_input_open(&input, arguments->data, arguments->file, &complaint)) {
        (void)fprintf(stderr, "dipcctl: %s\n", complaint.text);
        return CTL_STATUS_FAILED;
    }
    enum ctl_status status;
    if (dipc_connect_server(arguments->server, arguments->timeout_ms,
                            &ctl.connection, &ctl.error) == DIPC_OK) {
        status = run_command(&ctl, &input);
        dipc_close(ctl.connection);
    } else {
        status = fail(&ctl);
    }
    ctl_input_close(&input);
    return status;
}
