#include "operation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const verb_names[OPERATION_VERBS] = {
    [OPERATION_READ] = "read",
    [OPERATION_REPLACE] = "replace",
    [OPERATION_OVERWRITE] = "overwrite",
    [OPERATION_APPEND] = "append",
    [OPERATION_LOOK] = "look"};

static const char *const outcome_names[OPERATION_OUTCOMES] = {
    [OPERATION_UNKNOWN] = "unknown",   [OPERATION_OK] = "ok",
    [OPERATION_CONFLICT] = "conflict", [OPERATION_TOO_LARGE] = "too-large",
    [OPERATION_TIMEOUT] = "timeout",   [OPERATION_BUSY] = "busy",
    [OPERATION_NEVER] = "never"};

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
operation_make(uint64_t seed, unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        uint64_t word = mix(seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15));
        size_t rest = length - i;
        memcpy(bytes + i, &word, rest < sizeof(word) ? rest : sizeof(word));
    }
}

uint64_t
operation_hash(const unsigned char *bytes, size_t length)
{
    uint64_t hash = length * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t rest = length - i;
        memcpy(&word, bytes + i, rest < sizeof(word) ? rest : sizeof(word));
        hash = (hash ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 29;
    }
    return mix(hash);
}

struct operation_data
operation_data_of(const unsigned char *bytes, uint32_t length)
{
    struct operation_data data = {.length = length};
    data.hash = operation_hash(bytes, length);
    if (length <= OPERATION_SHORT) {
        memcpy(data.bytes, bytes, length);
    }
    return data;
}

struct operation_data
operation_data_made(uint64_t seed, uint32_t length)
{
    struct operation_data data = {.seed = seed, .length = length};
    if (length <= OPERATION_SHORT) {
        operation_make(seed, data.bytes, length);
        data.hash = operation_hash(data.bytes, length);
    }
    return data;
}

bool
operation_data_bytes(const struct operation_data *data, unsigned char *bytes)
{
    if (data->length <= OPERATION_SHORT) {
        memcpy(bytes, data->bytes, data->length);
        return true;
    }
    if (data->seed == 0) {
        return false;
    }
    operation_make(data->seed, bytes, data->length);
    return true;
}

bool
operation_data_is(const struct operation_data *data, const unsigned char *bytes,
                  uint64_t length)
{
    if (data->length != length) {
        return false;
    }
    if (length <= OPERATION_SHORT) {
        return memcmp(data->bytes, bytes, length) == 0;
    }
    return operation_hash(bytes, length) == data->hash;
}

const char *
operation_verb_name(enum operation_verb verb)
{
    return verb_names[verb];
}

const char *
operation_outcome_name(enum operation_outcome outcome)
{
    return outcome_names[outcome];
}

bool
operation_is_change(const struct operation *operation)
{
    return operation->outcome == OPERATION_OK &&
           operation->verb != OPERATION_READ &&
           operation->verb != OPERATION_LOOK;
}

void
operations_init(struct operations *all)
{
    *all = (struct operations){.mailbox_bytes = 0};
}

void
operations_fini(struct operations *all)
{
    for (size_t i = 0; i < all->initials_count; i++) {
        free(all->initials[i].content);
    }
    free(all->initials);
    free(all->items);
    operations_init(all);
}

static void *
grown(void *memory, size_t bytes)
{
    void *more = realloc(memory, bytes);
    if (more == NULL) {
        (void)fputs("stress: no memory for the history\n", stderr);
        exit(1);
    }
    return more;
}

void
operations_add(struct operations *all, const struct operation *operation)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity == 0 ? 1024 : 2 * all->capacity;
        all->items = grown(all->items, all->capacity * sizeof(*all->items));
    }
    all->items[all->count++] = *operation;
}

void
operations_add_initial(struct operations *all, uint32_t mailbox,
                       uint64_t version, const unsigned char *content,
                       uint64_t size)
{
    all->initials = grown(all->initials,
                          (all->initials_count + 1) * sizeof(*all->initials));
    struct operation_initial *initial = &all->initials[all->initials_count++];
    *initial = (struct operation_initial){
        .mailbox = mailbox, .version = version, .size = size};
    initial->content = grown(NULL, size + 1);
    memcpy(initial->content, content, size);
}

const struct operation_initial *
operations_initial(const struct operations *all, uint32_t mailbox)
{
    for (size_t i = 0; i < all->initials_count; i++) {
        if (all->initials[i].mailbox == mailbox) {
            return &all->initials[i];
        }
    }
    return NULL;
}

static bool
is_plain(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] <= ' ' || bytes[i] > '~' || bytes[i] == '"' ||
            bytes[i] == '\\') {
            return false;
        }
    }
    return true;
}

static void
print_hex(const unsigned char *bytes, size_t length, FILE *stream)
{
    for (size_t i = 0; i < length; i++) {
        (void)fprintf(stream, "%02x", bytes[i]);
    }
}

static void
print_data(const struct operation_data *data, FILE *stream)
{
    if (data->length > OPERATION_SHORT) {
        (void)fprintf(stream, "%s:%016" PRIx64 ":%" PRIu32,
                      data->seed != 0 ? "made" : "hash",
                      data->seed != 0 ? data->seed : data->hash, data->length);
    } else if (is_plain(data->bytes, data->length)) {
        (void)fprintf(stream, "\"%.*s\"", (int)data->length,
                      (const char *)data->bytes);
    } else {
        (void)fputs("hex:", stream);
        print_hex(data->bytes, data->length, stream);
    }
}

static void
print_condition(const char *key, uint64_t version, FILE *stream)
{
    if (version != OPERATION_ANY) {
        (void)fprintf(stream, " %s=%" PRIu64, key, version);
    }
}

static void
print_request(const struct operation *o, FILE *stream)
{
    (void)fputs(verb_names[o->verb], stream);
    if (o->verb == OPERATION_READ) {
        (void)fprintf(stream, " at=%" PRIu64 " max=%" PRIu64, o->offset,
                      o->max_bytes);
    } else if (o->verb == OPERATION_OVERWRITE) {
        (void)fprintf(stream, " at=%" PRIu64, o->offset);
    }
    if (o->verb != OPERATION_READ && o->verb != OPERATION_LOOK) {
        (void)fputc(' ', stream);
        print_data(&o->data, stream);
    }
    print_condition("if", o->if_version, stream);
    print_condition("after", o->after_version, stream);
}

static void
print_answer(const struct operation *o, FILE *stream)
{
    (void)fputs(outcome_names[o->outcome], stream);
    if (o->outcome == OPERATION_CONFLICT) {
        (void)fprintf(stream, " version=%" PRIu64, o->version);
    } else if (o->outcome == OPERATION_OK) {
        if (o->verb == OPERATION_READ) {
            (void)fputc(' ', stream);
            print_data(&o->data, stream);
        }
        (void)fprintf(stream, " version=%" PRIu64, o->version);
        if (o->verb != OPERATION_LOOK) {
            (void)fprintf(stream, " size=%" PRIu64, o->size);
        }
    }
}

void
operation_print(const struct operation *operation, FILE *stream)
{
    (void)fprintf(stream, "%" PRIu32 " %" PRIu32 " %" PRIu64, operation->client,
                  operation->mailbox, operation->call_ns);
    if (operation->return_ns == OPERATION_FOREVER) {
        (void)fputs(" - ", stream);
    } else {
        (void)fprintf(stream, " %" PRIu64 " ", operation->return_ns);
    }
    print_request(operation, stream);
    (void)fputs(" -> ", stream);
    print_answer(operation, stream);
}

void
operations_print_head(const struct operations *all, FILE *stream)
{
    (void)fprintf(
        stream, "history mailbox-bytes=%" PRIu64 " packet-bytes=%" PRIu64 "\n",
        all->mailbox_bytes, all->packet_bytes);
    for (size_t i = 0; i < all->initials_count; i++) {
        const struct operation_initial *initial = &all->initials[i];
        (void)fprintf(stream,
                      "initial %" PRIu32 " version=%" PRIu64 " content=",
                      initial->mailbox, initial->version);
        print_hex(initial->content, initial->size, stream);
        (void)fputc('\n', stream);
    }
}

void
operations_print(const struct operations *all, FILE *stream)
{
    operations_print_head(all, stream);
    for (size_t i = 0; i < all->count; i++) {
        operation_print(&all->items[i], stream);
        (void)fputc('\n', stream);
    }
}

/* A line that is taken apart, word by word. */
struct words {
    char *rest;
    bool bad;
};

static char *
next_word(struct words *words)
{
    char *word = words->rest + strspn(words->rest, " ");
    char *end = word + strcspn(word, " ");
    words->rest = end;
    if (*end != '\0') {
        *end = '\0';
        words->rest = end + 1;
    }
    return word;
}

static uint64_t
number(struct words *words, const char *text, int base)
{
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, base);
    if (errno != 0 || end == text || *end != '\0' || *text == '-') {
        words->bad = true;
    }
    return value;
}

static uint64_t
next_number(struct words *words)
{
    return number(words, next_word(words), 10);
}

/* The value of the next word if it is key=value. */
static bool
has_key(struct words *words, const char *key, uint64_t *value)
{
    size_t length = strlen(key);
    char *word = words->rest + strspn(words->rest, " ");
    if (strncmp(word, key, length) != 0 || word[length] != '=') {
        return false;
    }
    *value = number(words, next_word(words) + length + 1, 10);
    return true;
}

static uint64_t
next_key(struct words *words, const char *key)
{
    uint64_t value = 0;
    if (!has_key(words, key, &value)) {
        words->bad = true;
    }
    return value;
}

static size_t
parse_hex(struct words *words, const char *text, unsigned char *bytes,
          size_t most)
{
    size_t length = strlen(text) / 2;
    if (strlen(text) % 2 != 0 || length > most) {
        words->bad = true;
        return 0;
    }
    for (size_t i = 0; i < length; i++) {
        char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        bytes[i] = (unsigned char)number(words, pair, 16);
    }
    return length;
}

static struct operation_data
parse_long_data(struct words *words, char *word)
{
    struct operation_data data = {.length = 0};
    char *colon = strchr(word + 5, ':');
    if (colon == NULL) {
        words->bad = true;
        return data;
    }
    *colon = '\0';
    uint64_t value = number(words, word + 5, 16);
    uint64_t length = number(words, colon + 1, 10);
    words->bad |= length > UINT32_MAX;
    if (word[0] == 'm') {
        return operation_data_made(value, (uint32_t)length);
    }
    words->bad |= length <= OPERATION_SHORT;
    data.hash = value;
    data.length = (uint32_t)length;
    return data;
}

static struct operation_data
next_data(struct words *words)
{
    unsigned char bytes[OPERATION_SHORT] = {0};
    char *word = next_word(words);
    size_t length = strlen(word);
    if (strncmp(word, "made:", 5) == 0 || strncmp(word, "hash:", 5) == 0) {
        return parse_long_data(words, word);
    }
    if (strncmp(word, "hex:", 4) == 0) {
        length = parse_hex(words, word + 4, bytes, sizeof(bytes));
    } else if (length >= 2 && length <= sizeof(bytes) + 2 && word[0] == '"' &&
               word[length - 1] == '"') {
        length -= 2;
        memcpy(bytes, word + 1, length);
    } else {
        words->bad = true;
        length = 0;
    }
    return operation_data_of(bytes, (uint32_t)length);
}

static uint8_t
next_name(struct words *words, const char *const *names, unsigned count)
{
    const char *word = next_word(words);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, names[i]) == 0) {
            return (uint8_t)i;
        }
    }
    words->bad = true;
    return 0;
}

static void
parse_request(struct words *words, struct operation *o)
{
    o->verb = next_name(words, verb_names, OPERATION_VERBS);
    if (o->verb == OPERATION_READ) {
        o->offset = next_key(words, "at");
        o->max_bytes = next_key(words, "max");
    } else if (o->verb == OPERATION_OVERWRITE) {
        o->offset = next_key(words, "at");
    }
    if (o->verb != OPERATION_READ && o->verb != OPERATION_LOOK) {
        o->data = next_data(words);
    }
    (void)has_key(words, "if", &o->if_version);
    (void)has_key(words, "after", &o->after_version);
}

static void
parse_answer(struct words *words, struct operation *o)
{
    o->outcome = next_name(words, outcome_names, OPERATION_NEVER);
    if (o->outcome == OPERATION_CONFLICT) {
        o->version = next_key(words, "version");
    } else if (o->outcome == OPERATION_OK) {
        if (o->verb == OPERATION_READ) {
            o->data = next_data(words);
        }
        o->version = next_key(words, "version");
        if (o->verb != OPERATION_LOOK) {
            o->size = next_key(words, "size");
        }
    }
}

static bool
parse_operation(struct operations *all, struct words *words)
{
    struct operation o = {.if_version = OPERATION_ANY,
                          .after_version = OPERATION_ANY};
    o.client = (uint32_t)next_number(words);
    o.mailbox = (uint32_t)next_number(words);
    o.call_ns = next_number(words);
    const char *until = next_word(words);
    bool forever = strcmp(until, "-") == 0;
    o.return_ns = forever ? OPERATION_FOREVER : number(words, until, 10);
    parse_request(words, &o);
    words->bad |= strcmp(next_word(words), "->") != 0;
    parse_answer(words, &o);
    words->bad |= *next_word(words) != '\0' || o.return_ns < o.call_ns;
    words->bad |= forever && o.outcome != OPERATION_UNKNOWN;
    if (!words->bad) {
        operations_add(all, &o);
    }
    return !words->bad;
}

static bool
parse_head(struct operations *all, struct words *words)
{
    all->mailbox_bytes = next_key(words, "mailbox-bytes");
    all->packet_bytes = next_key(words, "packet-bytes");
    return !words->bad;
}

static bool
parse_initial(struct operations *all, struct words *words)
{
    uint32_t mailbox = (uint32_t)next_number(words);
    uint64_t version = next_key(words, "version");
    const char *content = next_word(words);
    if (words->bad || strncmp(content, "content=", 8) != 0) {
        return false;
    }
    size_t most = strlen(content) / 2;
    unsigned char *bytes = grown(NULL, most + 1);
    size_t size = parse_hex(words, content + 8, bytes, most);
    if (!words->bad) {
        operations_add_initial(all, mailbox, version, bytes, size);
    }
    free(bytes);
    return !words->bad;
}

static bool
parse_line(struct operations *all, char *line)
{
    struct words words = {.rest = line};
    if (*line == '#' || *line == '\0') {
        return true;
    }
    if (strncmp(line, "history ", 8) == 0) {
        words.rest += 8;
        return parse_head(all, &words);
    }
    if (strncmp(line, "initial ", 8) == 0) {
        words.rest += 8;
        return parse_initial(all, &words);
    }
    return all->mailbox_bytes > 0 && parse_operation(all, &words);
}

int
operations_read(struct operations *all, FILE *stream, size_t *line)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length = 0;
    bool good = true;
    *line = 0;
    while (good && (length = getline(&text, &capacity, stream)) != -1) {
        if (length > 0 && text[length - 1] == '\n') {
            text[length - 1] = '\0';
        }
        ++*line;
        good = parse_line(all, text);
    }
    free(text);
    if (!good) {
        return EINVAL;
    }
    return ferror(stream) ? EIO : 0;
}
