#include "census.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define PEER_MAX 128
#define WAIT_TEXT_MAX 32

/* The texts that a client chooses, and all the rest. */
#define LINE_MAX_BYTES (3 * CENSUS_NAME_MAX + PEER_MAX + 512)

int
census_init(struct census *census)
{
    census->first = NULL;
    return pthread_mutex_init(&census->guard, NULL);
}

void
census_fini(struct census *census)
{
    (void)pthread_mutex_destroy(&census->guard);
}

void
census_enter(struct census *census, struct census_entry *entry)
{
    (void)pthread_mutex_lock(&census->guard);
    entry->prev = NULL;
    entry->next = census->first;
    if (entry->next != NULL) {
        entry->next->prev = entry;
    }
    census->first = entry;
    (void)pthread_mutex_unlock(&census->guard);
}

void
census_leave(struct census *census, struct census_entry *entry)
{
    (void)pthread_mutex_lock(&census->guard);
    if (entry->prev == NULL) {
        census->first = entry->next;
    } else {
        entry->prev->next = entry->next;
    }
    if (entry->next != NULL) {
        entry->next->prev = entry->prev;
    }
    (void)pthread_mutex_unlock(&census->guard);
}

void
census_rename(struct census *census, char name[static CENSUS_NAME_MAX + 1],
              const char *text)
{
    (void)pthread_mutex_lock(&census->guard);
    (void)snprintf(name, CENSUS_NAME_MAX + 1, "%s", text);
    (void)pthread_mutex_unlock(&census->guard);
}

void
census_set_version(struct census *census, struct census_entry *entry,
                   int version)
{
    (void)pthread_mutex_lock(&census->guard);
    entry->version = version;
    (void)pthread_mutex_unlock(&census->guard);
}

/* An address is one word, whatever stands in it. */
static void
copy_word(char word[static PEER_MAX], const char *text)
{
    size_t i;

    for (i = 0; i < PEER_MAX - 1 && text[i] != '\0'; i++) {
        word[i] = isgraph((unsigned char)text[i]) ? text[i]
                  : text[i] == ' '                ? '-'
                                                  : '?';
    }
    word[i] = '\0';
}

static uint64_t
load(const _Atomic uint64_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

/* What has happened since the clock was read happened just now. */
static uint64_t
seconds_since(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? (now_ns - then_ns) / CLOCK_NS_PER_S : 0;
}

/* " watching=3" where it waits for that mailbox, or nothing. */
static void
describe_wait(uint64_t mailbox, char text[static WAIT_TEXT_MAX])
{
    text[0] = '\0';
    if (mailbox != CENSUS_NONE) {
        (void)snprintf(text, WAIT_TEXT_MAX, " watching=%" PRIu64, mailbox);
    }
}

/* Redis's letter for it: blocked, in a transaction, or nothing of note. */
static char
flag_of(uint64_t watching, int queued)
{
    if (watching != CENSUS_NONE) {
        return 'b';
    }
    return queued >= 0 ? 'x' : 'N';
}

/*
 * Clients look for all the numbers that Redis tells: 0 stands for those that
 * are not counted here.
 */
static void
describe(const struct census_entry *entry, uint64_t now_ns, struct buffer *text)
{
    char line[LINE_MAX_BYTES];
    char peer[PEER_MAX];
    char wait[WAIT_TEXT_MAX];
    const uint64_t watching = load(&entry->watching);
    const char *command =
        atomic_load_explicit(&entry->command, memory_order_relaxed);
    const int queued =
        atomic_load_explicit(&entry->queued, memory_order_relaxed);
    int length;

    copy_word(peer, entry->peer);
    describe_wait(watching, wait);
    length = snprintf(
        line, sizeof line,
        "id=%" PRIu64 " addr=%s name=%s age=%" PRIu64 " idle=%" PRIu64
        " flags=%c db=0 sub=0 psub=0 ssub=0 multi=%d qbuf=0 qbuf-free=0 "
        "argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 "
        "events=r cmd=%s user=default redir=-1 resp=%d lib-name=%s "
        "lib-ver=%s tot-cmds=%" PRIu64 "%s\n",
        entry->number, peer, entry->name,
        seconds_since(entry->since_ns, now_ns),
        seconds_since(load(&entry->active_ns), now_ns),
        flag_of(watching, queued), queued, command == NULL ? "NULL" : command,
        entry->version, entry->library_name, entry->library_version,
        load(&entry->requests), wait);

    if (buffer_reserve(text, (size_t)length) == 0) {
        memcpy(buffer_tail(text), line, (size_t)length);
        buffer_append(text, (size_t)length);
    }
}

void
census_describe(struct census *census, const struct census_question *question,
                struct buffer *text)
{
    const struct census_entry *entry;

    (void)pthread_mutex_lock(&census->guard);
    for (entry = census->first; entry != NULL; entry = entry->next) {
        if (question->number == 0 || question->number == entry->number) {
            describe(entry, question->now_ns, text);
        }
    }
    (void)pthread_mutex_unlock(&census->guard);
}
