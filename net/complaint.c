#include "complaint.h"

#include <stdio.h>
#include <string.h>

void
complaint_set(struct complaint *complaint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complaint_set_list(complaint, format, arguments);
    va_end(arguments);
}

void
complaint_set_list(struct complaint *complaint, const char *format,
                   va_list arguments)
{
    int wanted = vsnprintf(complaint->text, COMPLAINT_MAX, format, arguments);

    if (wanted < 0) {
        memcpy(complaint->text, "unknown", sizeof "unknown");
    }
    for (char *at = complaint->text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = '?';
        }
    }
}
