#include "content.h"

#include <assert.h>
#include <stddef.h>

#define WORD sizeof(uint64_t)
#define BASE UINT64_C(0x42415345434f4e54)
#define BLOCK UINT64_C(0x424c4f434b434f4e)

/* The words of a base or a block before its body. */
enum word { KIND, STAMP, VERSION, LENGTH, LINK, CHECKSUM, BODY };

static_assert(CONTENT_BASE_BYTES_MIN == BODY * WORD, "a base has a head");
static_assert(CONTENT_BLOCK_BYTES_MIN == BODY * WORD, "a block has a head");

static uint64_t
checksum(const uint64_t *words, uint64_t count)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (uint64_t i = 0; i < count; i++) {
        if (i != CHECKSUM) {
            sum = (sum ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
            sum ^= sum >> 29;
        }
    }
    return sum | 1; /* never 0, which names nothing */
}

static void
fill(uint64_t *words, uint64_t begin, uint64_t end, struct dice *dice)
{
    uint64_t word = dice_roll(dice);
    for (uint64_t i = begin; i < end; i++) {
        words[i] = word + i;
    }
}

static void
build(uint64_t *words, uint64_t kind, uint64_t length_bytes, uint64_t stamp,
      uint64_t version, uint64_t link)
{
    words[KIND] = kind;
    words[STAMP] = stamp;
    words[VERSION] = version;
    words[LENGTH] = length_bytes;
    words[LINK] = link;
    words[CHECKSUM] = checksum(words, length_bytes / WORD);
}

void
content_build_base(void *buffer, uint64_t length_bytes, uint64_t stamp,
                   uint64_t version, struct dice *dice)
{
    assert(length_bytes >= CONTENT_BASE_BYTES_MIN);
    fill(buffer, BODY, length_bytes / WORD, dice);
    build(buffer, BASE, length_bytes, stamp, version, 0);
}

void
content_alter_base(void *buffer, uint64_t changed_bytes, uint64_t stamp,
                   uint64_t version, struct dice *dice)
{
    uint64_t *words = buffer;
    assert(changed_bytes >= CONTENT_BASE_BYTES_MIN);
    assert(changed_bytes <= words[LENGTH]);
    fill(words, BODY, changed_bytes / WORD, dice);
    build(words, BASE, words[LENGTH], stamp, version, 0);
}

void
content_build_block(void *buffer, uint64_t length_bytes, uint64_t stamp,
                    uint64_t version, uint64_t link, struct dice *dice)
{
    assert(length_bytes >= CONTENT_BLOCK_BYTES_MIN);
    fill(buffer, BODY, length_bytes / WORD, dice);
    build(buffer, BLOCK, length_bytes, stamp, version, link);
}

/* Judge the base or block at the front; what follows continues the verdict. */
static void
judge_part(const uint64_t *words, uint64_t room_bytes, uint64_t kind,
           struct content_verdict *verdict)
{
    if (room_bytes < BODY * WORD) {
        verdict->flaw = "it ends inside a head";
    } else if (words[KIND] != kind) {
        verdict->flaw = "a head is of no known kind";
    } else if (words[LENGTH] > room_bytes || words[LENGTH] < BODY * WORD ||
               words[LENGTH] % WORD != 0) {
        verdict->flaw = "a part is longer than what is there";
    } else if (words[CHECKSUM] != checksum(words, words[LENGTH] / WORD)) {
        verdict->flaw = "a checksum is wrong";
    } else if (words[LINK] != 0 && words[LINK] != verdict->link) {
        verdict->flaw = "a block was appended to something else";
    }
    if (verdict->flaw == NULL) {
        verdict->stamp = words[STAMP];
        verdict->version = words[VERSION];
        verdict->link = words[CHECKSUM];
    }
}

struct content_verdict
content_judge(const void *buffer, uint64_t length_bytes, uint64_t version)
{
    const uint64_t *words = buffer;
    struct content_verdict verdict = {.flaw = NULL};
    if (length_bytes == 0) {
        verdict.flaw = version == 0 ? NULL : "it is empty";
        return verdict;
    }
    judge_part(words, length_bytes, BASE, &verdict);
    uint64_t done = verdict.flaw == NULL ? words[LENGTH] : length_bytes;
    verdict.base_bytes = done;
    while (done < length_bytes && verdict.flaw == NULL) {
        const uint64_t *part = words + done / WORD;
        judge_part(part, length_bytes - done, BLOCK, &verdict);
        done += verdict.flaw == NULL ? part[LENGTH] : 0;
        verdict.blocks++;
    }
    if (verdict.flaw == NULL && verdict.version != 0 &&
        verdict.version != version) {
        verdict.flaw = "it was written as another version";
    }
    return verdict;
}
