#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace.h"

HD_OWN enum hd_verdict hd_finding_last;
HD_OWN char hd_finding_text[HD_TEXT_BYTES];
static HD_OWN struct hd_place here;
static HD_OWN struct hd_place other;
static HD_OWN bool placed;
static HD_OWN bool paired;

void
hd_finding_at(uint32_t pc, uintptr_t at)
{
    here = (struct hd_place){hd.self == NULL ? -1 : hd.self->id, pc, 0, at, ""};
    placed = true;
}

void
hd_finding_other(int thread, uint32_t pc, uint32_t stack)
{
    other = (struct hd_place){thread, pc, stack, 0, ""};
    paired = true;
}

void
hd_finding_says(const char *here_does, const char *other_did)
{
    snprintf(here.what, sizeof(here.what), "%s", here_does);
    snprintf(other.what, sizeof(other.what), "%s", other_did);
}

static uint64_t
who_waits(void)
{
    uint64_t waits = 0;
    int i;

    for (i = 0; i < hd.width; i++) {
        if (hd.thread[i].state == HD_LIVE && !hd_ready(&hd.thread[i])) {
            waits |= UINT64_C(1) << i;
        }
    }
    return waits;
}

static struct hd_found *
slot(enum hd_verdict verdict)
{
    int i;

    for (i = 0; i < hd_shared->founds; i++) {
        if (hd_shared->found[i].verdict == (int)verdict &&
            strcmp(hd_shared->found[i].text, hd_finding_text) == 0) {
            return NULL;
        }
    }
    if (hd_shared->founds == HD_FOUND_MAX) {
        return NULL;
    }
    hd_shared->founds++;
    return &hd_shared->found[hd_shared->founds - 1];
}

static void
record(enum hd_verdict verdict)
{
    struct hd_found *found = slot(verdict);

    hd_finding_last = verdict;
    if (found != NULL) {
        found->verdict = (int)verdict;
        memcpy(found->text, hd_finding_text, sizeof(found->text));
        found->here = here;
        found->here.stack = hd_trace_on && placed && here.thread >= 0
                                ? hd_trace_stack(here.pc)
                                : 0;
        found->other = other;
        found->steps = hd.events;
        found->execution = hd_shared->executions + 1;
        found->stuck = who_waits();
        memcpy(hd_found_step[found - hd_shared->found], hd_now_step,
               (size_t)hd.events * sizeof(*hd_now_step));
    }
    placed = false;
    paired = false;
}

static void
complete_places(void)
{
    if (!placed) {
        here =
            (struct hd_place){hd.self == NULL ? -1 : hd.self->id,
                              hd.self == NULL ? 0 : hd.self->next.pc, 0, 0, ""};
        placed = true;
    }
    if (!paired) {
        other = (struct hd_place){-1, 0, 0, 0, ""};
    }
}

void
hd_finding_record(enum hd_verdict verdict, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(hd_finding_text, sizeof(hd_finding_text), format, list);
    va_end(list);
    complete_places();
    record(verdict);
}

void
hd_finding(enum hd_verdict verdict, const char *format, ...)
{
    va_list list;

    hd.in_model = false;
    va_start(list, format);
    vsnprintf(hd_finding_text, sizeof(hd_finding_text), format, list);
    va_end(list);
    complete_places();
    record(verdict);
    hd_model_end(HD_END_FINDING);
}
