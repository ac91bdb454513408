#ifndef DIPC_VERSION_H
#define DIPC_VERSION_H

/* The program's version, as --version and the statistics tell it. */
#define VERSION_TEXT "1.0.0"

#endif
