#include "mailbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"
#include "cmocka_all.h"
#include "segment.h"

#define SIZE 100
#define M 1
#define FAR_MS 3600000

/* A segment, and the test's own thread on a seat. */
struct stage {
    struct segment segment;
    uint32_t seat;
    struct mailbox_view view;
    unsigned char buffer[SIZE];
};

static struct stage *
make_stage(uint64_t mailbox_bytes)
{
    const struct segment_geometry geometry = {2, 4, mailbox_bytes};
    uint64_t bytes = 0;
    assert_int_equal(segment_measure(&geometry, &bytes), 0);
    void *memory = aligned_alloc(64, bytes);
    struct stage *stage = malloc(sizeof(*stage));
    assert_non_null(memory);
    assert_non_null(stage);
    memset(memory, 0xa5, bytes);
    const struct segment_options options = {.instance = 1, .checked = true};
    assert_int_equal(segment_init(&stage->segment, memory, &geometry, &options),
                     0);
    assert_int_equal(segment_sit(&stage->segment, 0, &stage->seat), 0);
    return stage;
}

static int
set_up(void **state)
{
    *state = make_stage(SIZE);
    return 0;
}

static int
tear_down(void **state)
{
    struct stage *stage = *state;
    segment_check(&stage->segment);
    segment_stand(&stage->segment, stage->seat);
    segment_fini(&stage->segment);
    free(stage->segment.base);
    free(stage);
    return 0;
}

static int
write_with(struct stage *stage, struct mailbox_write request)
{
    memset(&stage->view, 0x5a, sizeof(stage->view));
    return mailbox_write(&stage->segment, stage->seat, M, &request, NULL,
                         &stage->view);
}

static int
replace(struct stage *stage, const char *text)
{
    return write_with(stage,
                      (struct mailbox_write){.mode = MAILBOX_REPLACE,
                                             .if_version = MAILBOX_ANY_VERSION,
                                             .data = text,
                                             .length_bytes = strlen(text)});
}

static int
append(struct stage *stage, const char *text)
{
    return write_with(stage,
                      (struct mailbox_write){.mode = MAILBOX_APPEND,
                                             .if_version = MAILBOX_ANY_VERSION,
                                             .data = text,
                                             .length_bytes = strlen(text)});
}

static int
overwrite(struct stage *stage, uint64_t offset, const char *text)
{
    return write_with(stage,
                      (struct mailbox_write){.mode = MAILBOX_OVERWRITE,
                                             .offset_bytes = offset,
                                             .if_version = MAILBOX_ANY_VERSION,
                                             .data = text,
                                             .length_bytes = strlen(text)});
}

static int
read_with(struct stage *stage, struct mailbox_read request)
{
    memset(stage->buffer, 0x5a, sizeof(stage->buffer));
    memset(&stage->view, 0x5a, sizeof(stage->view));
    return mailbox_read(&stage->segment, stage->seat, M, &request, NULL,
                        stage->buffer, &stage->view);
}

static void
content_is(struct stage *stage, const char *text, size_t length,
           uint64_t version)
{
    assert_int_equal(
        read_with(stage,
                  (struct mailbox_read){.max_bytes = SIZE,
                                        .if_version = MAILBOX_ANY_VERSION}),
        0);
    assert_int_equal(stage->view.length_bytes, length);
    assert_int_equal(stage->view.size_bytes, length);
    assert_int_equal(stage->view.version, version);
    assert_memory_equal(stage->buffer, text, length);
    mailbox_check(&stage->segment, M);
}

static void
a_new_mailbox_is_empty_and_of_version_0(void **state)
{
    content_is(*state, "", 0, 0);
}

static void
a_replacement_is_read_back(void **state)
{
    assert_int_equal(replace(*state, "hello"), 0);
    content_is(*state, "hello", 5, 1);
    assert_int_equal(replace(*state, "hi"), 0);
    content_is(*state, "hi", 2, 2);
    assert_int_equal(replace(*state, ""), 0);
    content_is(*state, "", 0, 3);
}

static void
one_mailbox_does_not_touch_another(void **state)
{
    struct stage *stage = *state;
    uint64_t version = 99;
    assert_int_equal(replace(stage, "hello"), 0);
    assert_int_equal(mailbox_version(&stage->segment, 0, &version), 0);
    assert_int_equal(version, 0);
    assert_int_equal(mailbox_version(&stage->segment, M, &version), 0);
    assert_int_equal(version, 1);
}

static void
an_append_goes_behind_the_end(void **state)
{
    assert_int_equal(append(*state, "one"), 0);
    assert_int_equal(append(*state, ""), 0);
    assert_int_equal(append(*state, "two"), 0);
    content_is(*state, "onetwo", 6, 3);
}

static void
an_overwrite_leaves_the_rest(void **state)
{
    assert_int_equal(replace(*state, "abcdefgh"), 0);
    assert_int_equal(overwrite(*state, 2, "XY"), 0);
    content_is(*state, "abXYefgh", 8, 2);
    assert_int_equal(overwrite(*state, 5, "Z"), 0);
    content_is(*state, "abXYeZgh", 8, 3);
    assert_int_equal(overwrite(*state, 7, "123"), 0);
    content_is(*state, "abXYeZg123", 10, 4);
    assert_int_equal(overwrite(*state, 0, ""), 0);
    content_is(*state, "abXYeZg123", 10, 5);
}

static void
a_gap_behind_the_end_reads_as_zero(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(replace(stage, "a longer content"), 0);
    assert_int_equal(replace(stage, "ab"), 0);
    assert_int_equal(overwrite(stage, 6, "c"), 0);
    content_is(stage, "ab\0\0\0\0c", 7, 3);
}

static void
an_overwrite_of_no_bytes_grows_nothing(void **state)
{
    assert_int_equal(replace(*state, "ab"), 0);
    assert_int_equal(overwrite(*state, 50, ""), 0);
    content_is(*state, "ab", 2, 2);
    assert_int_equal(overwrite(*state, SIZE, ""), 0);
    content_is(*state, "ab", 2, 3);
    assert_int_equal(overwrite(*state, UINT64_MAX, ""), 0);
    content_is(*state, "ab", 2, 4);
}

static void
what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    struct stage *stage = *state;
    const struct mailbox_write refused[] = {
        {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION, "", SIZE + 1},
        {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION, "", UINT64_MAX},
        {MAILBOX_APPEND, 0, MAILBOX_ANY_VERSION, "", SIZE - 1},
        {MAILBOX_APPEND, 0, MAILBOX_ANY_VERSION, "", UINT64_MAX},
        {MAILBOX_OVERWRITE, SIZE, MAILBOX_ANY_VERSION, "", 1},
        {MAILBOX_OVERWRITE, UINT64_MAX, MAILBOX_ANY_VERSION, "", 1},
        {MAILBOX_OVERWRITE, 1, MAILBOX_ANY_VERSION, "", UINT64_MAX},
    };
    assert_int_equal(replace(stage, "ab"), 0);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(write_with(stage, refused[i]), EFBIG);
        content_is(stage, "ab", 2, 1);
    }
}

static void
a_mailbox_can_be_filled_to_its_last_byte(void **state)
{
    char full[SIZE + 1];
    memset(full, 'f', SIZE);
    full[SIZE] = '\0';
    assert_int_equal(replace(*state, full), 0);
    content_is(*state, full, SIZE, 1);
    assert_int_equal(append(*state, "x"), EFBIG);
    assert_int_equal(overwrite(*state, SIZE - 1, "x"), 0);
    full[SIZE - 1] = 'x';
    content_is(*state, full, SIZE, 2);
}

static void
a_read_answers_the_part_that_exists(void **state)
{
    struct stage *stage = *state;
    const struct {
        uint64_t offset;
        uint64_t max;
        const char *expected;
    } rows[] = {
        {0, SIZE, "hello"}, {0, 2, "he"},        {3, SIZE, "lo"},
        {3, 1, "l"},        {5, SIZE, ""},       {6, SIZE, ""},
        {0, 0, ""},         {UINT64_MAX, 1, ""}, {1, UINT64_MAX, "ello"},
    };
    assert_int_equal(replace(stage, "hello"), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            read_with(stage,
                      (struct mailbox_read){rows[i].offset, rows[i].max, 1}),
            0);
        assert_int_equal(stage->view.length_bytes, strlen(rows[i].expected));
        assert_int_equal(stage->view.size_bytes, 5);
        assert_memory_equal(stage->buffer, rows[i].expected,
                            strlen(rows[i].expected));
        assert_int_equal(stage->buffer[strlen(rows[i].expected)], 0x5a);
    }
}

static void
another_version_is_a_conflict_and_changes_nothing(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(replace(stage, "hello"), 0);
    const struct mailbox_write stale = {MAILBOX_REPLACE, 0, 0, "no", 2};
    assert_int_equal(write_with(stage, stale), ESTALE);
    assert_int_equal(stage->view.version, 1);
    assert_int_equal(stage->view.size_bytes, 5);
    assert_int_equal(stage->view.length_bytes, 0);
    content_is(stage, "hello", 5, 1);
    const struct mailbox_write right = {MAILBOX_REPLACE, 0, 1, "yes", 3};
    assert_int_equal(write_with(stage, right), 0);
    assert_int_equal(stage->view.version, 2);
    assert_int_equal(stage->view.size_bytes, 3);
    assert_int_equal(read_with(stage, (struct mailbox_read){0, SIZE, 1}),
                     ESTALE);
    assert_int_equal(stage->view.version, 2);
    assert_int_equal(stage->view.length_bytes, 0);
}

static void
a_mailbox_that_does_not_exist_is_refused(void **state)
{
    struct stage *stage = *state;
    const struct mailbox_read all = {0, SIZE, MAILBOX_ANY_VERSION};
    const struct mailbox_write none = {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION,
                                       "", 0};
    struct mailbox_figures figures;
    uint64_t version = 0;
    assert_int_equal(mailbox_read(&stage->segment, stage->seat, 2, &all, NULL,
                                  stage->buffer, &stage->view),
                     ENOENT);
    assert_int_equal(mailbox_write(&stage->segment, stage->seat, UINT32_MAX,
                                   &none, NULL, &stage->view),
                     ENOENT);
    assert_int_equal(mailbox_write(&stage->segment, stage->seat, 2, &none, NULL,
                                   &stage->view),
                     ENOENT);
    assert_int_equal(mailbox_wait(&stage->segment, stage->seat, 2, 0, NULL),
                     ENOENT);
    assert_int_equal(mailbox_version(&stage->segment, 2, &version), ENOENT);
    assert_int_equal(
        mailbox_describe(&stage->segment, stage->seat, 2, NULL, &figures),
        ENOENT);
}

/* Overwrites and appends at random, beside a plain array that does the same. */
static void
random_writes_agree_with_a_plain_array(void **state)
{
    struct stage *stage = *state;
    unsigned int seed = 20261121;
    char model[SIZE] = {0};
    uint64_t length = 0;
    for (uint64_t version = 1; version <= 20000; version++) {
        char data[SIZE];
        uint64_t bytes = (uint64_t)(rand_r(&seed) % 12);
        int mode = rand_r(&seed) % 8;
        uint64_t offset = (uint64_t)rand_r(&seed) % (SIZE - 12);
        for (uint64_t i = 0; i < bytes; i++) {
            data[i] = (char)rand_r(&seed);
        }
        struct mailbox_write request = {MAILBOX_OVERWRITE, offset,
                                        MAILBOX_ANY_VERSION, data, bytes};
        if (mode == 0 || (mode == 1 && length + bytes > SIZE)) {
            request.mode = MAILBOX_REPLACE;
            offset = 0;
            length = bytes;
        } else if (mode == 1) {
            request.mode = MAILBOX_APPEND;
            offset = length;
        }
        if (bytes > 0 && offset > length) {
            memset(model + length, 0, offset - length);
        }
        memcpy(model + offset, data, bytes);
        if (bytes > 0 && offset + bytes > length) {
            length = offset + bytes;
        }
        assert_int_equal(write_with(stage, request), 0);
        content_is(stage, model, length, version);
    }
}

#define LARGE (UINT64_C(64) << 20)

static const struct mailbox_record *
valid_record(struct stage *stage)
{
    uint64_t version = 0;
    assert_int_equal(mailbox_version(&stage->segment, M, &version), 0);
    return &segment_mailbox(&stage->segment, M)->records[version & 1];
}

static unsigned char *
spare_bank(struct stage *stage)
{
    return segment_bank(&stage->segment, M, 1 - valid_record(stage)->bank);
}

/* Touched pages tell what an append copies: of 64 MB, its own bytes only. */
static void
an_append_to_a_large_mailbox_leaves_the_spare_bank_alone(void **state)
{
    struct stage *stage = make_stage(LARGE);
    (void)state;
    assert_int_equal(replace(stage, "x"), 0);
    assert_int_equal(overwrite(stage, LARGE - 10, "y"), 0);
    assert_int_equal(valid_record(stage)->length_bytes, LARGE - 9);
    unsigned char *spare = spare_bank(stage);
    memset(spare, 0x77, LARGE);
    assert_int_equal(append(stage, "abc"), 0);
    assert_int_equal(append(stage, "def"), 0);
    assert_ptr_equal(spare_bank(stage), spare);
    for (uint64_t i = 0; i < LARGE; i += 4096) {
        assert_int_equal(spare[i], 0x77);
    }
    assert_int_equal(replace(stage, "x"), 0);
    *state = stage;
    tear_down(state);
}

/* What an overwrite does not copy keeps the marks that are made there. */
static void
an_overwrite_of_a_large_mailbox_copies_what_the_last_one_changed(void **state)
{
    struct stage *stage = make_stage(LARGE);
    (void)state;
    assert_int_equal(overwrite(stage, LARGE - 1, "y"), 0);
    assert_int_equal(overwrite(stage, 0, "z"), 0);
    unsigned char *spare = spare_bank(stage);
    memset(spare + 1, 0x77, LARGE / 2);
    assert_int_equal(overwrite(stage, LARGE - 8, "zz"), 0);
    assert_ptr_equal(
        segment_bank(&stage->segment, M, valid_record(stage)->bank), spare);
    assert_int_equal(spare[0], 'z');
    for (uint64_t i = 1; i < LARGE / 2; i += 4095) {
        assert_int_equal(spare[i], 0x77);
    }
    assert_int_equal(replace(stage, "x"), 0);
    *state = stage;
    tear_down(state);
}

static void
common_but_for(struct stage *stage, uint64_t mirrored, uint64_t begin,
               uint64_t end)
{
    const struct mailbox_record *record = valid_record(stage);
    assert_int_equal(atomic_load(&record->mirrored_bytes), mirrored);
    assert_int_equal(record->stale_begin, begin);
    assert_int_equal(record->stale_end, end);
    mailbox_check(&stage->segment, M);
}

static void
a_record_tells_what_the_banks_have_in_common(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(replace(stage, "abcdefgh"), 0);
    assert_int_equal(atomic_load(&valid_record(stage)->mirrored_bytes), 0);
    assert_int_equal(overwrite(stage, 5, "Z"), 0);
    common_but_for(stage, 8, 5, 6);
    assert_int_equal(append(stage, "ij"), 0);
    common_but_for(stage, 8, 5, 6);
    assert_int_equal(overwrite(stage, 20, "k"), 0);
    common_but_for(stage, 8, 5, 6);
    assert_int_equal(overwrite(stage, 19, "12345"), 0);
    common_but_for(stage, 21, 19, 21);
    content_is(stage,
               "abcdeZghij\0\0\0\0\0\0\0\0\0"
               "12345",
               24, 5);
}

/* What a commit that is not made must leave as it is. */
static void
a_write_leaves_the_record_and_bytes_of_the_version_before(void **state)
{
    struct stage *stage = *state;
    const char *texts[] = {"one", "three", "", "seven"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(replace(stage, texts[i]), 0);
        const struct mailbox_record *before = valid_record(stage);
        const unsigned char *bytes =
            segment_bank(&stage->segment, M, before->bank);
        assert_int_equal(replace(stage, "another"), 0);
        assert_ptr_not_equal(valid_record(stage), before);
        assert_int_equal(before->length_bytes, strlen(texts[i]));
        assert_memory_equal(bytes, texts[i], strlen(texts[i]));
    }
}

struct part {
    struct stage *stage;
    uint32_t seat;
    int torn;
};

static int
sit(void *argument)
{
    struct part *part = argument;
    return segment_sit(&part->stage->segment, 0, &part->seat);
}

static int
stand(void *argument)
{
    struct part *part = argument;
    segment_stand(&part->stage->segment, part->seat);
    return 0;
}

#define ROUNDS 400

/* Every byte of a content is the same letter, its length tells which. */
static int
write_letters(void *argument)
{
    struct part *part = argument;
    unsigned int seed = 5 + part->seat;
    int errors = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char data[SIZE];
        struct mailbox_view view;
        uint64_t length = (uint64_t)(1 + rand_r(&seed) % (SIZE - 1));
        memset(data, (int)('!' + length % 90), length);
        const struct mailbox_write request = {
            MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION, data, length};
        errors += mailbox_write(&part->stage->segment, part->seat, M, &request,
                                NULL, &view) == 0
                      ? 0
                      : 1;
    }
    return errors;
}

static int
read_letters(void *argument)
{
    struct part *part = argument;
    int torn = 0;
    uint64_t last = 0;
    for (int round = 0; round < 2 * ROUNDS; round++) {
        char data[SIZE];
        struct mailbox_view view;
        const struct mailbox_read all = {0, SIZE, MAILBOX_ANY_VERSION};
        int error = mailbox_read(&part->stage->segment, part->seat, M, &all,
                                 NULL, data, &view);
        torn += error != 0 || view.version < last ? 1 : 0;
        last = view.version;
        for (uint64_t i = 0; i < view.length_bytes; i++) {
            torn += data[i] != (char)('!' + view.length_bytes % 90) ? 1 : 0;
        }
    }
    return torn;
}

static void
nobody_sees_half_a_write(void **state)
{
    struct actor actors[3];
    struct part parts[3];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct part){.stage = *state};
        actor_init(&actors[i]);
        assert_int_equal(actor_do(&actors[i], sit, &parts[i]), 0);
    }
    actor_start(&actors[0], write_letters, &parts[0]);
    actor_start(&actors[1], write_letters, &parts[1]);
    actor_start(&actors[2], read_letters, &parts[2]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(actor_finish(&actors[i]), 0);
    }
    uint64_t version = 0;
    assert_int_equal(mailbox_version(&parts[0].stage->segment, M, &version), 0);
    assert_int_equal(version, 2 * ROUNDS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(actor_do(&actors[i], stand, &parts[i]), 0);
        actor_fini(&actors[i]);
    }
}

static int
wait_newer(void *argument)
{
    struct part *part = argument;
    struct timespec far = actor_deadline_ms(FAR_MS);
    return mailbox_wait(&part->stage->segment, part->seat, M, 0, &far);
}

static void
a_write_wakes_a_watcher_and_figures_tell_of_it(void **state)
{
    struct stage *stage = *state;
    struct actor actor;
    struct part part = {.stage = stage};
    struct mailbox_figures figures;
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, sit, &part), 0);
    actor_start(&actor, wait_newer, &part);
    actor_await_state(&stage->segment.seats, part.seat, SEAT_WATCHING);
    assert_int_equal(
        mailbox_describe(&stage->segment, stage->seat, M, NULL, &figures), 0);
    assert_int_equal(figures.watching, 1);
    assert_int_equal(replace(stage, "news"), 0);
    assert_int_equal(actor_finish(&actor), 0);
    content_is(stage, "news", 4, 1);
    assert_int_equal(
        mailbox_describe(&stage->segment, stage->seat, M, NULL, &figures), 0);
    assert_int_equal(figures.watching, 0);
    assert_int_equal(figures.version, 1);
    assert_int_equal(figures.size_bytes, 4);
    assert_int_equal(figures.reads, 1);
    assert_int_equal(figures.readers, 0);
    assert_int_equal(figures.writers, 0);
    assert_int_equal(figures.waiting, 0);
    assert_int_equal(actor_do(&actor, stand, &part), 0);
    actor_fini(&actor);
}

static void
figures_count_recoveries_of_lock_and_watch(void **state)
{
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    struct mailbox_figures figures;
    memset(&figures, 0x5a, sizeof(figures));
    atomic_store(&mailbox->lock.recoveries, 5);
    atomic_store(&mailbox->watch.recoveries, 2);
    assert_int_equal(
        mailbox_describe(&stage->segment, stage->seat, M, NULL, &figures), 0);
    assert_int_equal(figures.recoveries, 7);
    assert_int_equal(figures.readers, 0);
    assert_int_equal(figures.writers, 0);
    assert_int_equal(figures.waiting, 0);
    assert_int_equal(figures.watching, 0);
    assert_int_equal(figures.version, 0);
    assert_int_equal(figures.size_bytes, 0);
    assert_int_equal(figures.reads, 0);
}

static void
what_a_mailbox_may_say_of_itself_has_bounds(void **state)
{
    const struct {
        uint64_t version;
        uint64_t length_bytes;
        uint32_t bank;
        bool sound;
    } rows[] = {
        {0, 0, 0, true},
        {0, 1, 0, false},
        {1, SIZE, 1, true},
        {1, SIZE + 1, 1, false},
        {1, 0, 2, false},
        {MAILBOX_VERSION_MAX, 1, 0, true},
        {MAILBOX_VERSION_MAX + 1, 1, 0, false},
    };
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mailbox_record *record = &mailbox->records[rows[i].version & 1];
        atomic_store(&mailbox->version, rows[i].version);
        record->length_bytes = rows[i].length_bytes;
        record->bank = rows[i].bank;
        assert_int_equal(mailbox_is_sound(mailbox, SIZE), rows[i].sound);
    }
    atomic_store(&mailbox->version, MAILBOX_VERSION_MAX);
    assert_int_equal(mailbox_adopt(mailbox, M, false), 0);
    content_is(stage, "", 0, 1);
    atomic_store(&mailbox->version, MAILBOX_VERSION_MAX - 1);
    assert_int_equal(mailbox_adopt(mailbox, M, false), 0);
    content_is(stage, "", 0, MAILBOX_VERSION_MAX);
}

static int
lock_for_writing(void *argument)
{
    struct part *part = argument;
    struct segment *segment = &part->stage->segment;
    return rwlock_wrlock(&segment->seats, &segment_mailbox(segment, M)->lock,
                         part->seat, NULL);
}

static int
unlock(void *argument)
{
    struct part *part = argument;
    struct segment *segment = &part->stage->segment;
    rwlock_unlock(&segment->seats, &segment_mailbox(segment, M)->lock,
                  part->seat);
    return 0;
}

static void
a_lock_not_had_in_time_is_told_and_changes_nothing(void **state)
{
    struct stage *stage = *state;
    struct actor actor;
    struct part part = {.stage = stage};
    const struct timespec past = {0, 0};
    const struct mailbox_read all = {0, SIZE, MAILBOX_ANY_VERSION};
    const struct mailbox_write none = {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION,
                                       "", 0};
    struct mailbox_figures figures;
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, sit, &part), 0);
    assert_int_equal(actor_do(&actor, lock_for_writing, &part), 0);
    assert_int_equal(mailbox_read(&stage->segment, stage->seat, M, &all, &past,
                                  stage->buffer, &stage->view),
                     ETIMEDOUT);
    assert_int_equal(mailbox_write(&stage->segment, stage->seat, M, &none,
                                   &past, &stage->view),
                     ETIMEDOUT);
    assert_int_equal(
        mailbox_describe(&stage->segment, stage->seat, M, &past, &figures),
        ETIMEDOUT);
    assert_int_equal(mailbox_wait(&stage->segment, stage->seat, M, 0, &past),
                     ETIMEDOUT);
    assert_int_equal(actor_do(&actor, unlock, &part), 0);
    content_is(stage, "", 0, 0);
    assert_int_equal(actor_do(&actor, stand, &part), 0);
    actor_fini(&actor);
}

static int
lock_for_reading(void *argument)
{
    struct part *part = argument;
    struct segment *segment = &part->stage->segment;
    return rwlock_rdlock(&segment->seats, &segment_mailbox(segment, M)->lock,
                         part->seat, NULL);
}

static void
a_write_waits_for_who_reads(void **state)
{
    struct stage *stage = *state;
    struct actor actor;
    struct part part = {.stage = stage};
    const struct timespec past = {0, 0};
    const struct mailbox_write news = {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION,
                                       "news", 4};
    actor_init(&actor);
    assert_int_equal(actor_do(&actor, sit, &part), 0);
    assert_int_equal(actor_do(&actor, lock_for_reading, &part), 0);
    assert_int_equal(mailbox_write(&stage->segment, stage->seat, M, &news,
                                   &past, &stage->view),
                     ETIMEDOUT);
    content_is(stage, "", 0, 0);
    assert_int_equal(actor_do(&actor, unlock, &part), 0);
    assert_int_equal(actor_do(&actor, stand, &part), 0);
    actor_fini(&actor);
}

static int
replace_by_news(void *argument)
{
    struct part *part = argument;
    struct mailbox_view view;
    const struct mailbox_write news = {MAILBOX_REPLACE, 0, MAILBOX_ANY_VERSION,
                                       "news", 4};
    return mailbox_write(&part->stage->segment, part->seat, M, &news, NULL,
                         &view);
}

static int
replace_version_0(void *argument)
{
    struct part *part = argument;
    struct mailbox_view view;
    const struct mailbox_write late = {MAILBOX_REPLACE, 0, 0, "late", 4};
    return mailbox_write(&part->stage->segment, part->seat, M, &late, NULL,
                         &view);
}

/* Torn counts what is not the news. */
static int
read_news(void *argument)
{
    struct part *part = argument;
    struct mailbox_view view;
    char data[SIZE];
    const struct mailbox_read all = {0, SIZE, MAILBOX_ANY_VERSION};
    int error = mailbox_read(&part->stage->segment, part->seat, M, &all, NULL,
                             data, &view);
    part->torn += view.version != 1 || view.length_bytes != 4 ? 1 : 0;
    part->torn += part->torn == 0 && memcmp(data, "news", 4) != 0 ? 1 : 0;
    return error;
}

/* Behind a holder queue a write and then `step`: what does step answer? */
static int
behind_a_queued_write(struct stage *stage, int (*step)(void *),
                      enum seat_state queued, int *torn)
{
    struct actor actors[3];
    struct part parts[3];
    for (int i = 0; i < 3; i++) {
        parts[i] = (struct part){.stage = stage};
        actor_init(&actors[i]);
        assert_int_equal(actor_do(&actors[i], sit, &parts[i]), 0);
    }
    assert_int_equal(actor_do(&actors[0], lock_for_writing, &parts[0]), 0);
    actor_start(&actors[1], replace_by_news, &parts[1]);
    actor_await_state(&stage->segment.seats, parts[1].seat, SEAT_QUEUED_WRITE);
    actor_start(&actors[2], step, &parts[2]);
    actor_await_state(&stage->segment.seats, parts[2].seat, queued);
    assert_int_equal(actor_do(&actors[0], unlock, &parts[0]), 0);
    assert_int_equal(actor_finish(&actors[1]), 0);
    int result = actor_finish(&actors[2]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(actor_do(&actors[i], stand, &parts[i]), 0);
        actor_fini(&actors[i]);
    }
    *torn = parts[2].torn;
    return result;
}

static void
a_read_sees_the_version_of_its_turn_and_not_of_its_arrival(void **state)
{
    int torn = 0;
    assert_int_equal(
        behind_a_queued_write(*state, read_news, SEAT_QUEUED_READ, &torn), 0);
    assert_int_equal(torn, 0);
}

static void
a_compare_and_swap_is_judged_when_its_turn_comes(void **state)
{
    int torn = 0;
    assert_int_equal(behind_a_queued_write(*state, replace_version_0,
                                           SEAT_QUEUED_WRITE, &torn),
                     ESTALE);
    content_is(*state, "news", 4, 1);
}

static void
check_m(void *argument)
{
    struct stage *stage = argument;
    mailbox_check(&stage->segment, M);
}

static void
the_check_finds_a_broken_record(void **state)
{
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    assert_int_equal(replace(stage, "hello"), 0);
    assert_int_equal(overwrite(stage, 1, "a"), 0);
    struct mailbox_record *record = &mailbox->records[0];
    struct mailbox_record sound = *record;
    mailbox_check(&stage->segment, M);
    record->length_bytes = SIZE + 1;
    assert_true(actor_aborts(check_m, stage));
    *record = sound;
    record->bank = 2;
    assert_true(actor_aborts(check_m, stage));
    *record = sound;
    record->stale_end = record->stale_begin;
    assert_true(actor_aborts(check_m, stage));
    record->stale_end = 6;
    assert_true(actor_aborts(check_m, stage));
    *record = sound;
    record->stale_begin = 3;
    assert_true(actor_aborts(check_m, stage));
    *record = sound;
    atomic_store(&record->mirrored_bytes, 6);
    assert_true(actor_aborts(check_m, stage));
    *record = sound;
}

static void
the_check_looks_at_the_lock_and_the_watch_too(void **state)
{
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    mailbox->lock.writers = 1;
    assert_true(actor_aborts(check_m, stage));
    mailbox->lock.writers = 0;
    atomic_store(&mailbox->watch.count, 1);
    assert_true(actor_aborts(check_m, stage));
    atomic_store(&mailbox->watch.count, 0);
    mailbox_check(&stage->segment, M);
}

/* The shortest content of which a byte can differ from the spare bank's. */
static void
the_check_finds_one_byte_that_is_not_common(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(replace(stage, "a"), 0);
    assert_int_equal(overwrite(stage, 0, "b"), 0);
    common_but_for(stage, 1, 0, 1);
    segment_mailbox(&stage->segment, M)->records[0].stale_end = 0;
    assert_true(actor_aborts(check_m, stage));
    segment_mailbox(&stage->segment, M)->records[0].stale_end = 1;
}

static void
finish_m(void *argument)
{
    struct stage *stage = argument;
    mailbox_fini(segment_mailbox(&stage->segment, M));
}

static void
finishing_a_mailbox_in_use_is_a_bug(void **state)
{
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    assert_false(actor_aborts(finish_m, stage));
    mailbox->lock.holders.count = 1;
    assert_true(actor_aborts(finish_m, stage));
    mailbox->lock.holders.count = 0;
    mailbox->watch.watchers.count = 1;
    assert_true(actor_aborts(finish_m, stage));
    mailbox->watch.watchers.count = 0;
}

static int
read_all(void *argument)
{
    struct stage *stage = argument;
    return read_with(stage, (struct mailbox_read){0, SIZE, 0});
}

static void
read_aborting(void *argument)
{
    (void)read_all(argument);
}

static void
a_length_beyond_the_bank_is_never_believed(void **state)
{
    struct stage *stage = *state;
    struct mailbox *mailbox = segment_mailbox(&stage->segment, M);
    mailbox->records[0].length_bytes = SIZE + 1;
    assert_true(actor_aborts(read_aborting, stage));
    mailbox->records[0].length_bytes = 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- What is decided on the content under its lock. ---- */

/* What a decision saw, and what it decides. */
struct decision {
    struct mailbox_content seen;
    unsigned char bytes[SIZE];
    unsigned times;
    int error; /* what it returns */
    struct mailbox_write write;
    bool repeats; /* the write's data is the content itself */
    struct segment *segment;
    uint32_t holders; /* of the lock, while it decides */
};

static void
note_content(struct decision *decision, const struct mailbox_content *content)
{
    struct rwlock_counts counts =
        rwlock_count(&decision->segment->seats,
                     &segment_mailbox(decision->segment, M)->lock);

    decision->times++;
    decision->seen = *content;
    decision->holders = 10 * counts.writers + counts.readers;
    memcpy(decision->bytes, content->bytes, content->size_bytes);
}

static int
look(void *context, const struct mailbox_content *content)
{
    struct decision *decision = context;

    note_content(decision, content);
    return decision->error;
}

static int
decide(void *context, const struct mailbox_content *content,
       struct mailbox_write *write)
{
    struct decision *decision = context;

    assert_int_equal(write->if_version, MAILBOX_ANY_VERSION);
    note_content(decision, content);
    *write = decision->write;
    if (decision->repeats) {
        write->data = content->bytes;
        write->length_bytes = content->size_bytes;
    }
    return decision->error;
}

static int
update(struct stage *stage, struct decision *decision)
{
    decision->segment = &stage->segment;
    return mailbox_update(&stage->segment, stage->seat, M, decide, decision,
                          NULL, &stage->view);
}

static void
a_content_is_inspected_where_it_lies(void **state)
{
    struct stage *stage = *state;
    struct decision decision = {.segment = &stage->segment};

    assert_int_equal(replace(stage, "hello"), 0);
    assert_int_equal(
        mailbox_inspect(&stage->segment, stage->seat, M, look, &decision, NULL),
        0);
    assert_int_equal(decision.times, 1);
    assert_int_equal(decision.holders, 1);
    assert_int_equal(decision.seen.version, 1);
    assert_int_equal(decision.seen.size_bytes, 5);
    assert_memory_equal(decision.bytes, "hello", 5);
    decision.error = EXDEV;
    assert_int_equal(
        mailbox_inspect(&stage->segment, stage->seat, M, look, &decision, NULL),
        EXDEV);
    content_is(stage, "hello", 5, 1);
    assert_int_equal(atomic_load(&segment_mailbox(&stage->segment, M)->reads),
                     2);
}

static void
what_is_decided_on_a_content_is_written(void **state)
{
    struct stage *stage = *state;
    struct decision decision = {.write = {.mode = MAILBOX_APPEND,
                                          .if_version = MAILBOX_ANY_VERSION,
                                          .data = " world",
                                          .length_bytes = 6}};

    assert_int_equal(replace(stage, "hello"), 0);
    assert_int_equal(update(stage, &decision), 0);
    assert_int_equal(decision.holders, 10);
    assert_int_equal(decision.seen.version, 1);
    assert_memory_equal(decision.bytes, "hello", 5);
    assert_int_equal(stage->view.version, 2);
    assert_int_equal(stage->view.size_bytes, 11);
    content_is(stage, "hello world", 11, 2);
    decision.write = (struct mailbox_write){.mode = MAILBOX_OVERWRITE,
                                            .offset_bytes = 1,
                                            .if_version = 2,
                                            .data = "EA",
                                            .length_bytes = 2};
    assert_int_equal(update(stage, &decision), 0);
    content_is(stage, "hEAlo world", 11, 3);
}

static void
a_content_may_be_written_over_itself(void **state)
{
    static const enum mailbox_mode modes[] = {MAILBOX_REPLACE, MAILBOX_APPEND,
                                              MAILBOX_OVERWRITE};
    static const char *const contents[] = {"abc", "abcabc", "aabcabc"};
    struct stage *stage = *state;

    assert_int_equal(replace(stage, "abc"), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct decision decision = {
            .write = {.mode = modes[i],
                      .offset_bytes = 1,
                      .if_version = MAILBOX_ANY_VERSION},
            .repeats = true};
        assert_int_equal(update(stage, &decision), 0);
        content_is(stage, contents[i], strlen(contents[i]), i + 2);
    }
}

static void
a_decision_that_fails_changes_nothing(void **state)
{
    static const struct {
        int error; /* the decision's */
        uint64_t if_version;
        uint64_t length;
        int outcome;
    } failures[] = {
        {EXDEV, MAILBOX_ANY_VERSION, 1, EXDEV},
        {0, 7, 1, ESTALE},
        {0, MAILBOX_ANY_VERSION, SIZE + 1, EFBIG},
    };
    struct stage *stage = *state;
    static const char data[SIZE + 1];

    assert_int_equal(replace(stage, "hello"), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct decision decision = {
            .error = failures[i].error,
            .write = {.mode = MAILBOX_REPLACE,
                      .if_version = failures[i].if_version,
                      .data = data,
                      .length_bytes = failures[i].length}};
        assert_int_equal(update(stage, &decision), failures[i].outcome);
        assert_int_equal(decision.times, 1);
        content_is(stage, "hello", 5, 1);
    }
}

static void
no_mailbox_is_shown_that_is_not_there(void **state)
{
    struct stage *stage = *state;
    struct decision decision = {.segment = &stage->segment};

    assert_int_equal(
        mailbox_inspect(&stage->segment, stage->seat, 2, look, &decision, NULL),
        ENOENT);
    assert_int_equal(mailbox_update(&stage->segment, stage->seat, 2, decide,
                                    &decision, NULL, &stage->view),
                     ENOENT);
    assert_int_equal(decision.times, 0);
}

static void
no_content_is_shown_without_the_lock(void **state)
{
    struct stage *stage = *state;
    struct decision decision = {.segment = &stage->segment};
    struct actor actor;
    struct part part = {.stage = stage};
    const struct timespec past = {0, 0};

    actor_init(&actor);
    assert_int_equal(actor_do(&actor, sit, &part), 0);
    assert_int_equal(actor_do(&actor, lock_for_writing, &part), 0);
    assert_int_equal(mailbox_inspect(&stage->segment, stage->seat, M, look,
                                     &decision, &past),
                     ETIMEDOUT);
    assert_int_equal(mailbox_update(&stage->segment, stage->seat, M, decide,
                                    &decision, &past, &stage->view),
                     ETIMEDOUT);
    assert_int_equal(decision.times, 0);
    assert_int_equal(actor_do(&actor, unlock, &part), 0);
    assert_int_equal(actor_do(&actor, stand, &part), 0);
    actor_fini(&actor);
    content_is(stage, "", 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_mailbox_is_empty_and_of_version_0),
        TEST(a_replacement_is_read_back),
        TEST(one_mailbox_does_not_touch_another),
        TEST(an_append_goes_behind_the_end),
        TEST(an_overwrite_leaves_the_rest),
        TEST(a_gap_behind_the_end_reads_as_zero),
        TEST(an_overwrite_of_no_bytes_grows_nothing),
        TEST(what_does_not_fit_is_refused_and_changes_nothing),
        TEST(a_mailbox_can_be_filled_to_its_last_byte),
        TEST(a_read_answers_the_part_that_exists),
        TEST(another_version_is_a_conflict_and_changes_nothing),
        TEST(a_mailbox_that_does_not_exist_is_refused),
        TEST(random_writes_agree_with_a_plain_array),
        cmocka_unit_test(
            an_append_to_a_large_mailbox_leaves_the_spare_bank_alone),
        cmocka_unit_test(
            an_overwrite_of_a_large_mailbox_copies_what_the_last_one_changed),
        TEST(a_record_tells_what_the_banks_have_in_common),
        TEST(a_write_leaves_the_record_and_bytes_of_the_version_before),
        TEST(nobody_sees_half_a_write),
        TEST(a_write_wakes_a_watcher_and_figures_tell_of_it),
        TEST(figures_count_recoveries_of_lock_and_watch),
        TEST(what_a_mailbox_may_say_of_itself_has_bounds),
        TEST(a_lock_not_had_in_time_is_told_and_changes_nothing),
        TEST(a_write_waits_for_who_reads),
        TEST(a_read_sees_the_version_of_its_turn_and_not_of_its_arrival),
        TEST(a_compare_and_swap_is_judged_when_its_turn_comes),
        TEST(the_check_finds_a_broken_record),
        TEST(the_check_looks_at_the_lock_and_the_watch_too),
        TEST(the_check_finds_one_byte_that_is_not_common),
        TEST(finishing_a_mailbox_in_use_is_a_bug),
        TEST(a_length_beyond_the_bank_is_never_believed),
        cmocka_unit_test_setup_teardown(a_content_is_inspected_where_it_lies,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_decided_on_a_content_is_written,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_content_may_be_written_over_itself,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_decision_that_fails_changes_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_mailbox_is_shown_that_is_not_there,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_content_is_shown_without_the_lock,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
