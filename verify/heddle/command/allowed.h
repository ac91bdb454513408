/*
 * Idea: which functions of the C library a program under test may use. What
 * libheddle.a defines is modelled; what is listed here keeps nothing from one
 * call to the next and is used as it is; everything else is refused when the
 * program is linked, with a reason where people often ask.
 * Who may call: heddle cc.
 */
#ifndef HEDDLE_ALLOWED_H
#define HEDDLE_ALLOWED_H

#include <stdbool.h>

bool allowed_is(const char *symbol);
/* Why not, and what to do instead. */
const char *allowed_reason(const char *symbol);

#endif
