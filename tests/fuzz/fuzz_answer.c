/*
 * Any line of a server: the client library takes it for an answer or not, reads
 * no byte beyond it, and what it points to lies inside.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libdipc_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void
check(const char *line, size_t length, const struct libdipc_answer *answer)
{
    assert(!strncmp(line, "ok", 2) || !strncmp(line, "err", 3));
    assert((line[0] == 'o') == (answer->status == DIPC_OK));
    assert(answer->version <= INT64_MAX);
    assert(answer->size <= INT64_MAX);
    assert(answer->length <= INT64_MAX);
    assert(answer->status != DIPC_CONFLICT || answer->has_version);
    if (answer->status != DIPC_OK) {
        assert(answer->length == 0);
        assert(answer->text >= line);
        assert(answer->text_length > 0);
        assert(answer->text + answer->text_length <= line + length);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct libdipc_answer answer;

    if (length > LIBDIPC_LINE_MAX) {
        return 0;
    }
    /* In a place of its own: a byte read beyond its end is noticed. */
    char *line = malloc(length ? length : 1);
    assert(line);
    memcpy(line, data, length);
    if (!libdipc_answer_decode(line, length, &answer)) {
        assert(length >= 2);
        check(line, length, &answer);
    }
    free(line);
    return 0;
}
