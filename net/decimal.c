#include "decimal.h"

char *
decimal_put(char *to, uint64_t number)
{
    uint64_t rest = number;
    char *end = to + 1;
    char *at;

    for (; rest > 9; rest /= 10) {
        end++;
    }
    at = end;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return end;
}
