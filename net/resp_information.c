#include "resp_information.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "resp_commands.h"
#include "resp_keyspace.h"
#include "version.h"

#define TEXT_MAX 4096

/* ---- INFO. ---- */

struct text {
    char bytes[TEXT_MAX];
    size_t length;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
    size_t room = sizeof text->bytes - text->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    if (length > 0) {
        text->length += (size_t)length < room ? (size_t)length : room - 1;
    }
}

static void
add_number(struct text *text, const char *name, uint64_t number)
{
    add(text, "%s:%" PRIu64 "\r\n", name, number);
}

static uint64_t
counted(const _Atomic uint64_t *counter)
{
    return counter == NULL
               ? 0
               : atomic_load_explicit(counter, memory_order_relaxed);
}

static uint64_t
uptime_s(const struct resp *resp)
{
    const struct session_clock *clock = &resp->config->clock;

    return (clock->now_ns(clock->context) -
            resp->config->statistics->started_ns) /
           CLOCK_NS_PER_S;
}

static void
tell_server(struct resp *resp, struct text *text)
{
    uint64_t up_s = uptime_s(resp);

    add(text, "redis_version:%s\r\ndipc_version:%s\r\n", RESP_REDIS_VERSION,
        VERSION_TEXT);
    add(text, "redis_mode:standalone\r\nos:Linux\r\narch_bits:64\r\n");
    add_number(text, "process_id", (uint64_t)getpid());
    add(text, "run_id:%040" PRIx64 "\r\n", resp->config->statistics->instance);
    add_number(text, "uptime_in_seconds", up_s);
    add_number(text, "uptime_in_days", up_s / 86400);
}

static void
tell_clients(struct resp *resp, struct text *text)
{
    const struct statistics *statistics = resp->config->statistics;

    add_number(text, "connected_clients", counted(&statistics->clients));
    add_number(text, "maxclients", statistics->clients_max);
    add_number(text, "blocked_clients", counted(&statistics->waiting));
}

/* Both banks of every mailbox are there from the start. */
static void
tell_memory(struct resp *resp, struct text *text)
{
    uint64_t used =
        2 * resp->store->mailboxes_count * resp->store->mailbox_bytes;

    add_number(text, "used_memory", used);
    add_number(text, "maxmemory", used);
    add(text, "maxmemory_policy:noeviction\r\n");
}

static void
tell_persistence(struct resp *resp, struct text *text)
{
    (void)resp;
    add(text, "loading:0\r\nrdb_bgsave_in_progress:0\r\n"
              "rdb_last_bgsave_status:ok\r\naof_enabled:0\r\n"
              "aof_rewrite_in_progress:0\r\n");
}

static void
tell_stats(struct resp *resp, struct text *text)
{
    const struct statistics *statistics = resp->config->statistics;

    add_number(text, "total_connections_received",
               counted(&statistics->clients_total));
    add_number(text, "total_commands_processed",
               counted(&statistics->requests));
    add_number(text, "total_net_input_bytes", counted(&statistics->bytes_in));
    add_number(text, "total_net_output_bytes", counted(&statistics->bytes_out));
    add_number(text, "total_error_replies", counted(&statistics->bad_requests));
}

static void
tell_replication(struct resp *resp, struct text *text)
{
    (void)resp;
    add(text, "role:master\r\nconnected_slaves:0\r\n");
}

static void
tell_dipc(struct resp *resp, struct text *text)
{
    const struct statistics *statistics = resp->config->statistics;

    add_number(text, "mailboxes", resp->store->mailboxes_count);
    add_number(text, "mailbox_bytes", resp->store->mailbox_bytes);
    add_number(text, "instance", statistics->instance);
    add_number(text, "reads", counted(&statistics->reads));
    add_number(text, "writes", counted(&statistics->writes));
    add_number(text, "conflicts", counted(&statistics->conflicts));
    add_number(text, "timeouts", counted(&statistics->timeouts));
    add_number(text, "lock_timeouts", counted(&statistics->lock_timeouts));
    add_number(text, "lock_recoveries", counted(statistics->lock_recoveries));
}

/* Within an EXEC a mailbox is locked, and no other can be looked at. */
static void
tell_keyspace(struct resp *resp, struct text *text)
{
    uint64_t count = 0;
    uint64_t failed = 0;

    if (resp->transaction.is_executing) {
        return;
    }
    /* Those whose lock is not to be had are not worth waiting for. */
    (void)!resp_keyspace_count(resp, &count, &failed);
    if (count > 0) {
        add(text, "db0:keys=%" PRIu64 ",expires=0,avg_ttl=0\r\n", count);
    }
}

struct section {
    const char *name;
    void (*tell)(struct resp *resp, struct text *text);
};

static const struct section sections[] = {
    {"Server", tell_server}, {"Clients", tell_clients},
    {"Memory", tell_memory}, {"Persistence", tell_persistence},
    {"Stats", tell_stats},   {"Replication", tell_replication},
    {"Dipc", tell_dipc},     {"Keyspace", tell_keyspace},
};

static bool
is_section(struct resp_word word, const char *name)
{
    return word.length == strlen(name) &&
           strncasecmp(word.bytes, name, word.length) == 0;
}

static bool
is_wanted(const struct resp *resp, const char *name)
{
    size_t i;

    for (i = 1; i < resp->arguments.count; i++) {
        struct resp_word word = resp_word(resp, i);

        if (is_section(word, name) || is_section(word, "all") ||
            is_section(word, "everything") || is_section(word, "default")) {
            return true;
        }
    }
    return resp->arguments.count == 1;
}

enum resp_next
resp_information_info(struct resp *resp)
{
    struct text text = {.length = 0};
    size_t i;

    for (i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (is_wanted(resp, sections[i].name)) {
            add(&text, "%s# %s\r\n", text.length > 0 ? "\r\n" : "",
                sections[i].name);
            sections[i].tell(resp, &text);
        }
    }
    resp_reply_verbatim(&resp->reply, text.bytes, text.length);
    return RESP_DONE;
}

enum resp_next
resp_information_time(struct resp *resp)
{
    struct timespec now = {0};
    char number[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    resp_reply_array(&resp->reply, 2);
    (void)snprintf(number, sizeof number, "%lld", (long long)now.tv_sec);
    resp_reply_text(&resp->reply, number);
    (void)snprintf(number, sizeof number, "%ld", now.tv_nsec / 1000);
    resp_reply_text(&resp->reply, number);
    return RESP_DONE;
}

/* ---- CONFIG GET. ---- */

struct setting {
    const char *name;
    const char *text; /* NULL: the number */
    uint64_t number;
    bool is_asked;
};

#define SETTINGS_COUNT 8

static void
read_settings(const struct resp *resp, struct setting settings[SETTINGS_COUNT])
{
    const struct session_config *config = resp->config;
    const struct setting now[SETTINGS_COUNT] = {
        {.name = "appendonly", .text = "no"},
        {.name = "databases", .number = 1},
        {.name = "maxclients", .number = config->statistics->clients_max},
        {.name = "maxmemory", .number = 0},
        {.name = "maxmemory-policy", .text = "noeviction"},
        {.name = "proto-max-bulk-len", .number = resp->store->mailbox_bytes},
        {.name = "save", .text = ""},
        {.name = "timeout",
         .number = config->idle_timeout_ns == SESSION_FOREVER
                       ? 0
                       : config->idle_timeout_ns / CLOCK_NS_PER_S},
    };

    memcpy(settings, now, sizeof now);
}

/*
 * Mark the settings that a pattern asks for.
 * Errors: EINVAL  refused
 */
static int
mark_settings(struct resp *resp, struct setting settings[SETTINGS_COUNT])
{
    struct resp_pattern pattern;
    size_t word;
    size_t i;

    for (word = 2; word < resp->arguments.count; word++) {
        if (resp_word_pattern(resp, word, &pattern) != 0) {
            return EINVAL;
        }
        pattern.ignores_case = true;
        for (i = 0; i < SETTINGS_COUNT; i++) {
            settings[i].is_asked =
                settings[i].is_asked ||
                resp_pattern_matches(&pattern, settings[i].name);
        }
    }
    return 0;
}

static void
answer_setting(struct resp *resp, const struct setting *setting)
{
    char number[32];

    resp_reply_text(&resp->reply, setting->name);
    (void)snprintf(number, sizeof number, "%" PRIu64, setting->number);
    resp_reply_text(&resp->reply,
                    setting->text == NULL ? number : setting->text);
}

enum resp_next
resp_information_config_get(struct resp *resp)
{
    struct setting settings[SETTINGS_COUNT];
    size_t count = 0;
    size_t i;

    read_settings(resp, settings);
    if (mark_settings(resp, settings) != 0) {
        return RESP_DONE;
    }
    for (i = 0; i < SETTINGS_COUNT; i++) {
        count += settings[i].is_asked ? 1 : 0;
    }
    resp_reply_map(&resp->reply, count);
    for (i = 0; i < SETTINGS_COUNT; i++) {
        if (settings[i].is_asked) {
            answer_setting(resp, &settings[i]);
        }
    }
    return RESP_DONE;
}

/* ---- COMMAND. ---- */

static bool
is_shown(const struct resp_command *command)
{
    return (command->flags & RESP_ATTACKS) == 0;
}

static size_t
count_commands(void)
{
    size_t count = 0;
    size_t shown = 0;
    const struct resp_command *commands = resp_table(&count);
    size_t i;

    for (i = 0; i < count; i++) {
        shown += is_shown(&commands[i]) ? 1 : 0;
    }
    return shown;
}

struct flag_name {
    unsigned flag;
    const char *name;
};

static void
answer_flags(struct resp *resp, unsigned flags)
{
    static const struct flag_name names[] = {
        {RESP_WRITES, "write"},      {RESP_READS, "readonly"},
        {RESP_FAST, "fast"},         {RESP_BLOCKS, "blocking"},
        {RESP_NO_MULTI, "no_multi"},
    };
    const size_t names_count = sizeof names / sizeof names[0];
    size_t count = 0;
    size_t i;

    for (i = 0; i < names_count; i++) {
        count += (flags & names[i].flag) != 0 ? 1 : 0;
    }
    resp_reply_set(&resp->reply, count);
    for (i = 0; i < names_count; i++) {
        if ((flags & names[i].flag) != 0) {
            resp_reply_status(&resp->reply, names[i].name);
        }
    }
}

/* Access categories, tips, key specifications, subcommands: none are told. */
static void
answer_info(struct resp *resp, const struct resp_command *command)
{
    resp_reply_array(&resp->reply, 10);
    resp_reply_text(&resp->reply, command->name);
    resp_reply_signed(&resp->reply, command->arity);
    answer_flags(resp, command->flags);
    resp_reply_signed(&resp->reply, command->keys.first);
    resp_reply_signed(&resp->reply, command->keys.last);
    resp_reply_signed(&resp->reply, command->keys.step);
    resp_reply_set(&resp->reply, 0);
    resp_reply_set(&resp->reply, 0);
    resp_reply_set(&resp->reply, 0);
    resp_reply_set(&resp->reply, 0);
}

static void
answer_pair(struct resp *resp, const char *name, const char *value)
{
    resp_reply_text(&resp->reply, name);
    resp_reply_text(&resp->reply, value);
}

static void
answer_usage(struct resp *resp, const char *usage)
{
    resp_reply_text(&resp->reply, "arguments");
    resp_reply_array(&resp->reply, 1);
    resp_reply_map(&resp->reply, 2);
    answer_pair(resp, "name", usage);
    answer_pair(resp, "type", "string");
}

/* What is told of commands and of subcommands alike; `more` pairs follow. */
static void
answer_one_doc(struct resp *resp, const char *name,
               const struct resp_command *command, const char *group,
               size_t more)
{
    resp_reply_text(&resp->reply, name);
    resp_reply_map(&resp->reply, 3 + more + (command->usage != NULL ? 1 : 0));
    answer_pair(resp, "summary", command->summary);
    answer_pair(resp, "since", command->since);
    answer_pair(resp, "group", group);
    if (command->usage != NULL) {
        answer_usage(resp, command->usage);
    }
}

static void
answer_docs(struct resp *resp, const struct resp_command *command)
{
    char name[64];
    size_t i;

    if (command->subcommands_count == 0) {
        answer_one_doc(resp, command->name, command, command->group, 0);
        return;
    }
    answer_one_doc(resp, command->name, command, command->group, 1);

    resp_reply_text(&resp->reply, "subcommands");
    resp_reply_map(&resp->reply, command->subcommands_count);
    for (i = 0; i < command->subcommands_count; i++) {
        (void)snprintf(name, sizeof name, "%s|%s", command->name,
                       command->subcommands[i].name);
        answer_one_doc(resp, name, &command->subcommands[i], command->group, 0);
    }
}

enum resp_next
resp_information_command(struct resp *resp)
{
    size_t count = 0;
    const struct resp_command *commands = resp_table(&count);
    size_t i;

    if (resp->arguments.count > 1) {
        return resp_command_sub(resp);
    }
    resp_reply_array(&resp->reply, count_commands());
    for (i = 0; i < count; i++) {
        if (is_shown(&commands[i])) {
            answer_info(resp, &commands[i]);
        }
    }
    return RESP_DONE;
}

enum resp_next
resp_information_command_count(struct resp *resp)
{
    resp_reply_integer(&resp->reply, count_commands());
    return RESP_DONE;
}

enum resp_next
resp_information_command_list(struct resp *resp)
{
    size_t count = 0;
    const struct resp_command *commands = resp_table(&count);
    size_t i;

    resp_reply_array(&resp->reply, count_commands());
    for (i = 0; i < count; i++) {
        if (is_shown(&commands[i])) {
            resp_reply_text(&resp->reply, commands[i].name);
        }
    }
    return RESP_DONE;
}

/* The command that an argument names, or NULL. */
static const struct resp_command *
named(const struct resp *resp, size_t index)
{
    const struct resp_command *command =
        resp_table_find(resp_word(resp, index));

    return command != NULL && is_shown(command) ? command : NULL;
}

enum resp_next
resp_information_command_info(struct resp *resp)
{
    size_t i;

    if (resp->arguments.count == 2) {
        resp->arguments.count = 1;
        return resp_information_command(resp);
    }
    resp_reply_array(&resp->reply, resp->arguments.count - 2);
    for (i = 2; i < resp->arguments.count; i++) {
        const struct resp_command *command = named(resp, i);

        if (command == NULL) {
            resp_reply_null(&resp->reply);
        } else {
            answer_info(resp, command);
        }
    }
    return RESP_DONE;
}

static enum resp_next
answer_all_docs(struct resp *resp)
{
    size_t count = 0;
    const struct resp_command *commands = resp_table(&count);
    size_t i;

    resp_reply_map(&resp->reply, count_commands());
    for (i = 0; i < count; i++) {
        if (is_shown(&commands[i])) {
            answer_docs(resp, &commands[i]);
        }
    }
    return RESP_DONE;
}

enum resp_next
resp_information_command_docs(struct resp *resp)
{
    size_t known = 0;
    size_t i;

    if (resp->arguments.count == 2) {
        return answer_all_docs(resp);
    }
    for (i = 2; i < resp->arguments.count; i++) {
        known += named(resp, i) != NULL ? 1 : 0;
    }
    resp_reply_map(&resp->reply, known);
    for (i = 2; i < resp->arguments.count; i++) {
        const struct resp_command *command = named(resp, i);

        if (command != NULL) {
            answer_docs(resp, command);
        }
    }
    return RESP_DONE;
}
