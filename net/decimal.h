#ifndef DIPC_DECIMAL_H
#define DIPC_DECIMAL_H

/*
 * Numbers as decimal digits, as both protocols write them.
 *
 * Who may call.  Any thread; nothing is kept.
 */

#include <stdbool.h>
#include <stdint.h>

/* The most digits of a number of 64 bits. */
#define DECIMAL_DIGITS_MAX 20

/* Write the digits, without a zero in front or behind; returns their end. */
char *decimal_put(char *to, uint64_t number);

/*
 * Put one more digit behind a number.  False, and the number as it was, for
 * what is no digit, and where it would be greater than `last`.
 */
static inline bool
decimal_add_digit(uint64_t *number, char c, uint64_t last)
{
    unsigned digit = (unsigned)(unsigned char)c - '0';

    if (digit > 9 || *number > last / 10 ||
        (*number == last / 10 && digit > last % 10)) {
        return false;
    }
    *number = *number * 10 + digit;
    return true;
}

#endif
