#include "survivor.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mailbox.h"
#include "moment.h"

const unsigned char survivor_old[SURVIVOR_OLD_BYTES] =
    "The old content, which must be found as it was or not at all, "
    "and is of ninety-six bytes.......";

#define SEATS_MAX 64U

static void
object(struct survivor_answer *answer, const char *what, int error)
{
    if (answer->flaw[0] == '\0') {
        (void)snprintf(answer->flaw, sizeof(answer->flaw), "%s%s%s", what,
                       error != 0 ? ": " : "",
                       error != 0 ? strerror(error) : "");
    }
}

static struct timespec
patience(void)
{
    return moment_deadline(moment_now_ns() + SURVIVOR_PATIENCE_MS * MOMENT_MS);
}

static bool
is_content(const unsigned char *found, uint64_t found_bytes,
           const unsigned char *expected, uint64_t expected_bytes)
{
    return found_bytes == expected_bytes &&
           memcmp(found, expected, found_bytes) == 0;
}

static void
read_first(struct survivor *survivor)
{
    const struct survivor_question *question = survivor->question;
    struct survivor_answer *answer = survivor->answer;
    unsigned char found[SURVIVOR_BYTES_MAX];
    struct mailbox_view view = {.version = 0};
    struct mailbox_read request = {.max_bytes = sizeof(found),
                                   .if_version = MAILBOX_ANY_VERSION};
    struct timespec deadline = patience();
    int error = mailbox_read(&survivor->commons->segment, survivor->seat, 0,
                             &request, &deadline, found, &view);
    answer->done_ns = answer->done_ns == 0 ? moment_now_ns() : answer->done_ns;
    if (error != 0) {
        object(answer, "the survivor cannot read", error);
        return;
    }
    bool is_old = is_content(found, view.length_bytes, survivor_old,
                             sizeof(survivor_old));
    bool is_new =
        question->changes && is_content(found, view.length_bytes,
                                        question->content, question->bytes);
    answer->changed = is_new && view.version == question->version + 1;
    bool stayed = is_old && view.version == question->version;
    bool replaced =
        is_old && question->replaced && view.version == question->version + 1;
    if (!stayed && !replaced && !answer->changed) {
        object(answer,
               is_old || is_new ? "a content has the version of the other one"
                                : "the content is neither the old nor the new",
               0);
    }
}

static void
write_once(struct survivor *survivor, enum mailbox_mode mode, uint64_t offset,
           uint64_t length)
{
    struct mailbox_view view = {.version = 0};
    struct mailbox_write request = {.mode = mode,
                                    .offset_bytes = offset,
                                    .if_version = MAILBOX_ANY_VERSION,
                                    .data = survivor_old + offset,
                                    .length_bytes = length};
    struct timespec deadline = patience();
    int error = mailbox_write(&survivor->commons->segment, survivor->seat, 0,
                              &request, &deadline, &view);
    if (error != 0) {
        object(survivor->answer, "the survivor cannot write", error);
    }
    survivor->answer->version = view.version;
}

static void
read_back(struct survivor *survivor)
{
    unsigned char found[SURVIVOR_BYTES_MAX];
    struct mailbox_view view = {.version = 0};
    struct mailbox_read request = {.max_bytes = sizeof(found),
                                   .if_version = survivor->answer->version};
    struct timespec deadline = patience();
    int error = mailbox_read(&survivor->commons->segment, survivor->seat, 0,
                             &request, &deadline, found, &view);
    if (error != 0) {
        object(survivor->answer, "the survivor cannot read back", error);
    } else if (!is_content(found, view.length_bytes, survivor_old,
                           sizeof(survivor_old))) {
        object(survivor->answer, "what the survivor wrote is not there", 0);
    }
}

/*
 * Change nothing, by a way that relies on what the spare bank is said to hold;
 * then the old content again, by ways that leave some of it there alike.
 */
static void
restore(struct survivor *survivor)
{
    if (!survivor->answer->changed) {
        write_once(survivor, MAILBOX_OVERWRITE, 0, 8);
        read_back(survivor);
    }
    write_once(survivor, MAILBOX_REPLACE, 0, SURVIVOR_OLD_BYTES - 16);
    write_once(survivor, MAILBOX_APPEND, SURVIVOR_OLD_BYTES - 16, 16);
    write_once(survivor, MAILBOX_OVERWRITE, 40, 16);
}

static void
await_death(struct survivor *survivor)
{
    uint64_t end_ns = moment_now_ns() + SURVIVOR_PATIENCE_MS * MOMENT_MS;
    while (atomic_load(&survivor->question->dead) == 0 &&
           moment_now_ns() < end_ns) {
        moment_pass_ns(MOMENT_MS / 20);
    }
}

/* Every seat that the dead had can be taken, and nothing is left of them. */
static void
take_seats(struct survivor *survivor)
{
    struct segment *segment = &survivor->commons->segment;
    uint32_t count = survivor->question->seats;
    uint32_t taken = 0;
    uint32_t seats[SEATS_MAX];
    assert(count <= SEATS_MAX);
    segment_recover(segment);
    while (taken < count && segment_sit(segment, 0, &seats[taken]) == 0) {
        taken++;
    }
    if (taken < count) {
        object(survivor->answer, "a dead process's seat cannot be taken", 0);
    }
    while (taken > 0) {
        taken--;
        segment_stand(segment, seats[taken]);
    }
}

static void
answer_once(struct survivor *survivor)
{
    *survivor->answer = (struct survivor_answer){.done_ns = 0};
    if (survivor->question->watches) {
        struct timespec deadline = patience();
        int error = mailbox_wait(&survivor->commons->segment, survivor->seat, 0,
                                 survivor->question->version, &deadline);
        survivor->answer->done_ns = moment_now_ns();
        if (error != 0) {
            object(survivor->answer, "the survivor was told of no version",
                   error);
        }
    }
    read_first(survivor);
    restore(survivor);
    read_back(survivor);
    await_death(survivor);
    take_seats(survivor);
    segment_check(&survivor->commons->segment);
}

static void
live(struct survivor *survivor, int from, int to)
{
    char byte = 0;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    commons_attach(survivor->commons);
    int error = segment_sit(&survivor->commons->segment, 0, &survivor->seat);
    assert(error == 0);
    survivor->answer->version = survivor->seat;
    while (write(to, &byte, 1) == 1 && read(from, &byte, 1) == 1) {
        answer_once(survivor);
    }
    segment_stand(&survivor->commons->segment, survivor->seat);
    _exit(0);
}

static void *
share(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

void
survivor_start(struct survivor *survivor, struct commons *commons)
{
    int to[2];
    int from[2];
    *survivor = (struct survivor){.commons = commons};
    survivor->question = share(sizeof(*survivor->question));
    survivor->answer = share(sizeof(*survivor->answer));
    if (pipe(to) != 0 || pipe(from) != 0 || (survivor->pid = fork()) < 0) {
        perror("survivor");
        exit(1);
    }
    if (survivor->pid == 0) {
        (void)close(to[1]);
        (void)close(from[0]);
        live(survivor, to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    survivor->to = to[1];
    survivor->from = from[0];
    survivor_await(survivor);
    survivor->seat = (uint32_t)survivor->answer->version;
}

void
survivor_ask(struct survivor *survivor)
{
    char byte = 0;
    if (write(survivor->to, &byte, 1) != 1) {
        object(survivor->answer, "the survivor cannot be asked", errno);
    }
}

void
survivor_await(struct survivor *survivor)
{
    char byte = 0;
    struct pollfd answered = {.fd = survivor->from, .events = POLLIN};
    int ready = poll(&answered, 1, 3 * SURVIVOR_PATIENCE_MS);
    if (ready != 1) {
        object(survivor->answer, "the survivor is stuck", 0);
    } else if (read(survivor->from, &byte, 1) != 1) {
        object(survivor->answer, "the survivor has died", 0);
    }
}

void
survivor_give_up(struct survivor *survivor)
{
    object(survivor->answer, "given up", 0);
    (void)kill(survivor->pid, SIGKILL);
}

void
survivor_end(struct survivor *survivor)
{
    (void)close(survivor->to);
    (void)close(survivor->from);
    if (survivor->answer->flaw[0] != '\0') {
        (void)kill(survivor->pid, SIGKILL);
    }
    (void)waitpid(survivor->pid, NULL, 0);
}
