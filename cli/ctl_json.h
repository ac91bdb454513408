#ifndef DIPC_CTL_JSON_H
#define DIPC_CTL_JSON_H

/*
 * JSON, as far as `dipcctl` prints it: strings and bytes.
 *
 * Idea.  Bytes that are UTF-8 are a string, which a person can read; others are
 * base64, under another name, so that nobody takes one for the other.
 *
 * Who may call.  One thread for each stream.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Is this well-formed UTF-8 (no surrogates, nothing longer than needed)? */
bool ctl_json_is_utf8(const void *data, size_t length);

/* The string in quotation marks.  Context: it is UTF-8. */
void ctl_json_string(FILE *stream, const void *data, size_t length);

/* `"data": "..."`, or `"base64": "..."` where it is not UTF-8. */
void ctl_json_data(FILE *stream, const void *data, size_t length);

#endif
