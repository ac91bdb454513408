#include "scratch_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char scratch_directory[] = "/tmp/dipc-test-XXXXXX";

int
scratch_directory_make(void)
{
    if (!mkdtemp(scratch_directory)) {
        return -1;
    }
    return setenv("XDG_RUNTIME_DIR", scratch_directory, 1);
}

int
scratch_directory_remove(void **state)
{
    char inner[sizeof scratch_directory + sizeof "/dipc"];

    (void)state;
    (void)snprintf(inner, sizeof inner, "%s/dipc", scratch_directory);
    (void)rmdir(inner);
    return rmdir(scratch_directory);
}
