#include "ctl_json.h"

#include <stdint.h>
#include <string.h>

/* How many bytes a character has that begins like this; 0: none does. */
static size_t
length_of(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        return 3;
    }
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* The second byte says whether it is too long, a surrogate or too large. */
static bool
is_second_right(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

static bool
is_character(const unsigned char *at, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return false;
        }
    }
    return length < 2 || is_second_right(at[0], at[1]);
}

bool
ctl_json_is_utf8(const void *data, size_t length)
{
    const unsigned char *bytes = data;
    size_t at = 0;

    while (at < length) {
        const size_t more = length_of(bytes[at]);
        if (more == 0 || more > length - at ||
            !is_character(bytes + at, more)) {
            return false;
        }
        at += more;
    }
    return true;
}

static void
put(FILE *stream, unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        (void)fprintf(stream, "\\%c", byte);
        break;
    case '\n':
        (void)fputs("\\n", stream);
        break;
    case '\t':
        (void)fputs("\\t", stream);
        break;
    case '\r':
        (void)fputs("\\r", stream);
        break;
    default:
        if (byte < ' ' || byte == 0x7f) {
            (void)fprintf(stream, "\\u%04x", byte);
        } else {
            (void)fputc(byte, stream);
        }
    }
}

void
ctl_json_string(FILE *stream, const void *data, size_t length)
{
    const unsigned char *bytes = data;

    (void)fputc('"', stream);
    for (size_t i = 0; i < length; i++) {
        put(stream, bytes[i]);
    }
    (void)fputc('"', stream);
}

/* Three bytes become four characters; what is missing at the end, '='. */
static void
put_base64(FILE *stream, const unsigned char *bytes, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < length; at += 3) {
        const size_t left = length - at;
        const uint32_t group = (uint32_t)bytes[at] << 16 |
                               (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) |
                               (left > 2 ? bytes[at + 2] : 0);
        (void)fputc(alphabet[group >> 18], stream);
        (void)fputc(alphabet[group >> 12 & 63], stream);
        (void)fputc(left > 1 ? alphabet[group >> 6 & 63] : '=', stream);
        (void)fputc(left > 2 ? alphabet[group & 63] : '=', stream);
    }
}

void
ctl_json_data(FILE *stream, const void *data, size_t length)
{
    if (ctl_json_is_utf8(data, length)) {
        (void)fputs("\"data\": ", stream);
        ctl_json_string(stream, data, length);
        return;
    }
    (void)fputs("\"base64\": \"", stream);
    put_base64(stream, data, length);
    (void)fputc('"', stream);
}
