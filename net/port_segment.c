#include "port_segment.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "entropy.h"

#define TRIES 8

static void
monotonic_now(struct timespec *now)
{
    (void)clock_gettime(CLOCK_MONOTONIC, now);
}

static struct segment_options
options_of(const struct port_segment_request *request)
{
    return (struct segment_options){
        .attachable = request->attachable,
        .checked = request->checked,
        .now = monotonic_now,
    };
}

int
port_segment_complain(uid_t user, uint16_t port, struct complaint *complaint)
{
    pid_t owner = 0;
    char name[NAMING_MAX];

    naming_segment(user, port, name);
    int error = mapping_owner(name, &owner);
    if (error) {
        return error;
    }
    if (owner > 0) {
        complaint_set(complaint,
                      "port %u: a server of yours (process %d) already has "
                      "it; 'dipcrm %u' ends it",
                      (unsigned)port, (int)owner, (unsigned)port);
    } else {
        complaint_set(complaint,
                      "port %u: a killed server left its mailboxes behind "
                      "(%s%s); 'dipcrm %u' clears them",
                      (unsigned)port, NAMING_SHARED_MEMORY, name,
                      (unsigned)port);
    }
    return 0;
}

/* Somebody else's, or no memory at all, or somebody else is quicker. */
static int
refuse_taken(const struct port_segment *held,
             const struct port_segment_request *request,
             struct complaint *complaint)
{
    int error = port_segment_complain(request->user, request->port, complaint);

    if (error) {
        complaint_set(complaint,
                      "%s%s is in the way and cannot be looked into: %s",
                      NAMING_SHARED_MEMORY, held->name, strerror(error));
    }
    return EEXIST;
}

bool
port_segment_exists(uid_t user, uint16_t port)
{
    pid_t owner = 0;
    char name[NAMING_MAX];

    naming_segment(user, port, name);
    return mapping_owner(name, &owner) != ENOENT;
}

static const char *
describe_flaw(enum segment_flaw flaw)
{
    switch (flaw) {
    case SEGMENT_SHORT:
        return "it ends too early";
    case SEGMENT_FOREIGN:
        return "it is no segment of dipc";
    case SEGMENT_LAYOUT_OTHER:
        return "it is of another version of dipc";
    default:
        assert(flaw == SEGMENT_GEOMETRY_BAD);
        return "its header contradicts itself";
    }
}

/* What the user can do about it stands in every refusal. */
static int
refuse(const struct port_segment *held,
       const struct port_segment_request *request, struct complaint *complaint,
       const char *why)
{
    complaint_set(complaint,
                  "port %u: what a killed server left (%s%s) is not taken "
                  "over: %s; 'dipc --fresh' discards it, 'dipcrm %u' clears it",
                  (unsigned)request->port, NAMING_SHARED_MEMORY, held->name,
                  why, (unsigned)request->port);
    return EEXIST;
}

static int
refuse_geometry(const struct port_segment *held,
                const struct port_segment_request *request,
                const struct segment_geometry *left,
                struct complaint *complaint)
{
    const struct segment_geometry *wanted = &request->geometry;
    struct complaint why;

    complaint_set(&why,
                  "it has %lu mailboxes of %llu kB for %lu clients, and %lu "
                  "of %llu kB for %lu are asked for",
                  (unsigned long)left->mailboxes_count,
                  (unsigned long long)left->mailbox_bytes / 1024,
                  (unsigned long)left->seats_count,
                  (unsigned long)wanted->mailboxes_count,
                  (unsigned long long)wanted->mailbox_bytes / 1024,
                  (unsigned long)wanted->seats_count);
    return refuse(held, request, complaint, why.text);
}

static bool
is_same_geometry(const struct segment_geometry *a,
                 const struct segment_geometry *b)
{
    return a->mailboxes_count == b->mailboxes_count &&
           a->seats_count == b->seats_count &&
           a->mailbox_bytes == b->mailbox_bytes;
}

static void
log_reset(void *context, uint32_t m)
{
    log_warning(context,
                "mailbox %lu of the killed server failed its check and is "
                "empty now",
                (unsigned long)m);
}

/* Look before anything is changed. */
static int
examine(const struct port_segment *held,
        const struct port_segment_request *request, struct complaint *complaint)
{
    struct segment_geometry left = {0};
    enum segment_flaw flaw =
        segment_examine(held->mapping.memory, held->mapping.bytes, &left);

    if (flaw == SEGMENT_UNFINISHED) {
        return ENODATA;
    }
    if (flaw != SEGMENT_SOUND) {
        return refuse(held, request, complaint, describe_flaw(flaw));
    }
    if (!is_same_geometry(&left, &request->geometry)) {
        return refuse_geometry(held, request, &left, complaint);
    }
    return 0;
}

static int
adopt_mapped(struct port_segment *held,
             const struct port_segment_request *request, struct log *log,
             struct complaint *complaint)
{
    const struct segment_options options = options_of(request);
    enum segment_flaw flaw = SEGMENT_SOUND;

    int error = examine(held, request, complaint);
    if (error) {
        return error;
    }
    error =
        segment_adopt(&held->segment, held->mapping.memory, held->mapping.bytes,
                      &options, &flaw, &held->adoption, log_reset, log);
    if (error) {
        return refuse(held, request, complaint, strerror(error));
    }
    mapping_share(&held->mapping);
    held->adopted = true;
    return 0;
}

/* Errors: ENODATA  its creator died before there was anything in it */
static int
adopt(struct port_segment *held, const struct port_segment_request *request,
      struct log *log, struct complaint *complaint)
{
    int error = mapping_adopt(&held->mapping, held->name);

    if (error == EBUSY) {
        return refuse_taken(held, request, complaint);
    }
    if (error == EUSERS) {
        return refuse(held, request, complaint,
                      "other processes have it attached");
    }
    if (error) {
        return error;
    }
    error = adopt_mapped(held, request, log, complaint);
    if (error) {
        mapping_destroy(&held->mapping);
    }
    return error;
}

static int
make_segment(struct port_segment *held,
             const struct port_segment_request *request)
{
    struct segment_options options = options_of(request);

    int error = entropy_draw(&options.instance, sizeof options.instance);
    if (error) {
        return error;
    }
    options.instance >>= 1; /* the protocol's numbers fit 63 bits */
    return segment_init(&held->segment, held->mapping.memory,
                        &request->geometry, &options);
}

static int
create(struct port_segment *held, const struct port_segment_request *request)
{
    uint64_t bytes = 0;

    int error = segment_measure(&request->geometry, &bytes);
    if (!error) {
        error = mapping_create(&held->mapping, held->name, bytes);
    }
    if (error) {
        return error;
    }
    error = make_segment(held, request);
    if (error) {
        port_segment_unlink(held);
        mapping_destroy(&held->mapping);
    }
    return error;
}

/*
 * The name may come and go under our hands: whoever clears it or creates it
 * at the same time makes us look again.
 */
static int
open_once(struct port_segment *held, const struct port_segment_request *request,
          struct log *log, struct complaint *complaint)
{
    int error = create(held, request);

    if (error != EEXIST) {
        return error;
    }
    if (request->unclaimed) {
        return refuse_taken(held, request, complaint);
    }
    if (!request->fresh) {
        error = adopt(held, request, log, complaint);
    }
    if (request->fresh || error == ENODATA) {
        error = mapping_clear(held->name);
        if (error == EBUSY) {
            return refuse_taken(held, request, complaint);
        }
        return error == 0 || error == ENOENT ? EAGAIN : error;
    }
    return error == ENOENT ? EAGAIN : error;
}

int
port_segment_open(struct port_segment *held,
                  const struct port_segment_request *request, struct log *log,
                  struct complaint *complaint)
{
    int error = EAGAIN;

    complaint->text[0] = '\0';
    *held = (struct port_segment){.attachable = request->attachable};
    naming_segment(request->user, request->port, held->name);
    for (int i = 0; i < TRIES && error == EAGAIN; i++) {
        error = open_once(held, request, log, complaint);
    }
    if (error && error != ENOSPC && complaint->text[0] == '\0') {
        complaint_set(complaint, "the mailboxes' memory %s%s cannot be had: %s",
                      NAMING_SHARED_MEMORY, held->name, strerror(error));
    }
    return error;
}

void
port_segment_unlink(struct port_segment *held)
{
    (void)!mapping_unlink(held->name);
}

/* What others have attached is not taken apart under their hands. */
void
port_segment_close(struct port_segment *held)
{
    if (!held->attachable) {
        segment_fini(&held->segment);
    }
    port_segment_unlink(held);
    mapping_destroy(&held->mapping);
}

void
port_segment_abandon(struct port_segment *held)
{
    if (held->adopted) {
        mapping_destroy(&held->mapping);
    } else {
        port_segment_close(held);
    }
}
