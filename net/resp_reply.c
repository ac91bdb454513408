#include "resp_reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "decimal.h"

/* The longest header of an answer: its kind, a number and the end of line. */
#define HEADER_MAX 32

/* The longest line of an error. */
#define ERROR_MAX 512

void
resp_reply_init(struct resp_reply *reply, struct buffer *output)
{
    *reply = (struct resp_reply){.output = output, .version = 2};
}

void
resp_reply_mark(struct resp_reply *reply)
{
    reply->mark = buffer_length(reply->output);
    reply->error = 0;
}

void
resp_reply_take_back(struct resp_reply *reply)
{
    buffer_cut(reply->output, reply->mark);
    reply->error = 0;
}

static void
write_bytes(struct resp_reply *reply, const char *bytes, uint64_t length)
{
    if (reply->error != 0 || length == 0) {
        return;
    }
    reply->error = buffer_reserve(reply->output, (size_t)length);
    if (reply->error == 0) {
        memcpy(buffer_tail(reply->output), bytes, (size_t)length);
        buffer_append(reply->output, (size_t)length);
    }
}

static void
write_header(struct resp_reply *reply, char kind, uint64_t number)
{
    char header[HEADER_MAX] = {kind};
    char *end = decimal_put(header + 1, number);

    *end++ = '\r';
    *end++ = '\n';
    write_bytes(reply, header, (uint64_t)(end - header));
}

static void
write_line(struct resp_reply *reply, const char *line)
{
    write_bytes(reply, line, strlen(line));
    write_bytes(reply, "\r\n", 2);
}

void
resp_reply_status(struct resp_reply *reply, const char *text)
{
    write_bytes(reply, "+", 1);
    write_line(reply, text);
}

/* Whatever a client sent that is quoted in it, an error is one line (W2). */
static void
make_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\r' || *text == '\n') {
            *text = ' ';
        }
    }
}

void
resp_reply_error(struct resp_reply *reply, const char *format, ...)
{
    char text[ERROR_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    make_one_line(text);
    write_bytes(reply, "-", 1);
    write_line(reply, text);
}

void
resp_reply_integer(struct resp_reply *reply, uint64_t number)
{
    write_header(reply, ':', number);
}

void
resp_reply_signed(struct resp_reply *reply, int number)
{
    char line[HEADER_MAX];

    (void)snprintf(line, sizeof line, ":%d", number);
    write_line(reply, line);
}

void
resp_reply_bulk(struct resp_reply *reply, const char *bytes,
                uint64_t length_bytes)
{
    /* All at once, so that a long one makes the buffer grow only once. */
    if (reply->error == 0 && length_bytes > HEADER_MAX) {
        reply->error = buffer_reserve(reply->output, (size_t)2 * HEADER_MAX +
                                                         (size_t)length_bytes);
    }
    write_header(reply, '$', length_bytes);
    write_bytes(reply, bytes, length_bytes);
    write_bytes(reply, "\r\n", 2);
}

void
resp_reply_text(struct resp_reply *reply, const char *text)
{
    resp_reply_bulk(reply, text, strlen(text));
}

void
resp_reply_verbatim(struct resp_reply *reply, const char *text,
                    size_t length_bytes)
{
    static const char format[] = "txt:";
    const size_t format_bytes = sizeof format - 1;

    if (reply->version < 3) {
        resp_reply_bulk(reply, text, length_bytes);
        return;
    }
    write_header(reply, '=', format_bytes + length_bytes);
    write_bytes(reply, format, format_bytes);
    write_bytes(reply, text, length_bytes);
    write_bytes(reply, "\r\n", 2);
}

void
resp_reply_null(struct resp_reply *reply)
{
    write_line(reply, reply->version < 3 ? "$-1" : "_");
}

void
resp_reply_null_array(struct resp_reply *reply)
{
    write_line(reply, reply->version < 3 ? "*-1" : "_");
}

void
resp_reply_array(struct resp_reply *reply, size_t count)
{
    write_header(reply, '*', count);
}

void
resp_reply_set(struct resp_reply *reply, size_t count)
{
    write_header(reply, reply->version < 3 ? '*' : '~', count);
}

void
resp_reply_map(struct resp_reply *reply, size_t pairs_count)
{
    if (reply->version < 3) {
        write_header(reply, '*', 2 * pairs_count);
    } else {
        write_header(reply, '%', pairs_count);
    }
}
