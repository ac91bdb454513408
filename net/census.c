#include "census.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define LINE_MAX_BYTES 512
#define PEER_MAX 128

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

/* An address is one word, whatever a Unix socket is called. */
static void
copy_word(char word[static PEER_MAX], const char *text)
{
    size_t i;

    for (i = 0; i < PEER_MAX - 1 && text[i] != '\0'; i++) {
        word[i] = isgraph((unsigned char)text[i]) ? text[i] : '?';
    }
    word[i] = '\0';
}

static void
describe(const struct census_entry *entry, uint64_t now_ns, struct buffer *text)
{
    char line[LINE_MAX_BYTES];
    char peer[PEER_MAX];
    int length;

    copy_word(peer, entry->peer);
    length =
        snprintf(line, sizeof line,
                 "id=%" PRIu64 " addr=%s name=%s age=%" PRIu64
                 " flags=N db=0 sub=0 psub=0 resp=%d lib-name=%s "
                 "lib-ver=%s\n",
                 entry->number, peer, entry->name,
                 (now_ns - entry->since_ns) / CLOCK_NS_PER_S, entry->version,
                 entry->library_name, entry->library_version);

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
