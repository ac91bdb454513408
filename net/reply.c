#include "reply.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What is allocated first, if the bound allows. */
#define OUTPUT_FIRST 2048

void
reply_init(struct reply *reply, size_t bound_bytes,
           struct statistics *statistics)
{
    *reply = (struct reply){.statistics = statistics};
    buffer_init(&reply->output, OUTPUT_FIRST, bound_bytes);
}

void
reply_fini(struct reply *reply)
{
    buffer_fini(&reply->output);
}

int
reply_make_room(struct reply *reply, size_t data_bytes)
{
    int error = buffer_reserve(&reply->output, CODEC_ANSWER_MAX + data_bytes);

    if (error == 0) {
        return 0;
    }
    if (buffer_length(&reply->output) > 0) {
        return EAGAIN;
    }
    assert(error == ENOMEM);
    return error;
}

void
reply_ok(struct reply *reply, const char *data, size_t length_bytes)
{
    char *tail = buffer_tail(&reply->output);
    size_t line_bytes = codec_encode_ok(tail, length_bytes);

    if (length_bytes > 0) {
        memcpy(tail + line_bytes, data, length_bytes);
    }
    buffer_append(&reply->output, line_bytes + length_bytes);
}

void
reply_view(struct reply *reply, const struct store_view *view)
{
    char *tail = buffer_tail(&reply->output);

    buffer_append(&reply->output, codec_encode_view(tail, 0, view));
}

static void
count(struct statistics *statistics, enum codec_error error)
{
    if (error == CODEC_BAD_REQUEST) {
        statistics_add(&statistics->bad_requests, 1);
    } else if (error == CODEC_BUSY) {
        statistics_add(&statistics->lock_timeouts, 1);
    }
}

void
reply_error(struct reply *reply, enum codec_error error, const char *format,
            ...)
{
    char *tail = buffer_tail(&reply->output);
    char text[CODEC_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append(&reply->output, codec_encode_error(tail, error, text));
    count(reply->statistics, error);
}

void
reply_conflict(struct reply *reply, uint64_t version, uint64_t expected)
{
    char *tail = buffer_tail(&reply->output);

    buffer_append(&reply->output,
                  codec_encode_conflict(tail, version, expected));
    statistics_add(&reply->statistics->conflicts, 1);
}

char *
reply_data(const struct reply *reply)
{
    return buffer_tail(&reply->output) + reply->line_guess_bytes;
}

void
reply_read(struct reply *reply, const struct store_view *view)
{
    char *tail = buffer_tail(&reply->output);
    char line[CODEC_ANSWER_MAX];
    size_t line_bytes = codec_encode_view(line, view->length_bytes, view);

    if (line_bytes != reply->line_guess_bytes) {
        memmove(tail + line_bytes, reply_data(reply), view->length_bytes);
        reply->line_guess_bytes = line_bytes;
    }
    memcpy(tail, line, line_bytes);
    buffer_append(&reply->output, line_bytes + view->length_bytes);
}

void
reply_last_words(struct reply *reply, const char *text)
{
    assert(*text != '\0');
    reply->last_words = text;
}

bool
reply_is_empty(const struct reply *reply)
{
    return buffer_length(&reply->output) == 0 && reply->last_words == NULL;
}

void
reply_pending(const struct reply *reply, const void **data,
              size_t *length_bytes)
{
    *data = buffer_head(&reply->output);
    *length_bytes = buffer_length(&reply->output);
    if (*length_bytes == 0 && reply->last_words != NULL) {
        *data = reply->last_words;
        *length_bytes = strlen(reply->last_words);
    }
}

void
reply_sent(struct reply *reply, size_t bytes)
{
    if (buffer_length(&reply->output) > 0) {
        buffer_consume(&reply->output, bytes);
        return;
    }
    assert(reply->last_words != NULL);
    assert(bytes <= strlen(reply->last_words));
    reply->last_words += bytes;
    if (*reply->last_words == '\0') {
        reply->last_words = NULL;
    }
}
