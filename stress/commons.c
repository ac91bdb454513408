#include "commons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "moment.h"

static void
demand(const char *what, int error)
{
    if (error != 0) {
        (void)fprintf(stderr, "%s: %s\n", what, strerror(error));
        _exit(1);
    }
}

void
commons_create(struct commons *commons, const struct segment_geometry *geometry,
               bool checked)
{
    char name[64];
    uint64_t bytes = 0;
    struct segment_options options = {
        .instance = moment_now_ns(),
        .attachable = true,
        .checked = checked,
        .now = moment_now,
    };
    (void)snprintf(name, sizeof(name), "/dipc-stress-%d", (int)getpid());
    demand("segment_measure", segment_measure(geometry, &bytes));
    demand("mapping_create", mapping_create(&commons->mapping, name, bytes));
    demand("mapping_unlink", mapping_unlink(name));
    demand("segment_init",
           segment_init(&commons->segment, commons->mapping.memory, geometry,
                        &options));
}

void
commons_attach(struct commons *commons)
{
    struct mapping inherited = commons->mapping;
    bool checked = commons->segment.seats.checked;
    struct segment_options options = {.checked = checked, .now = moment_now};
    enum segment_flaw flaw;
    int error =
        mapping_attach_descriptor(&commons->mapping, inherited.descriptor);
    demand("mapping_attach_descriptor", error);
    mapping_destroy(&inherited);
    error = segment_attach(&commons->segment, commons->mapping.memory,
                           commons->mapping.bytes, &options, &flaw);
    demand("segment_attach", error);
}

void
commons_destroy(struct commons *commons)
{
    segment_fini(&commons->segment);
    mapping_destroy(&commons->mapping);
}
