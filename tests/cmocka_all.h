#ifndef DIPC_CMOCKA_ALL_H
#define DIPC_CMOCKA_ALL_H

/* cmocka with the headers that it wants before itself. */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
