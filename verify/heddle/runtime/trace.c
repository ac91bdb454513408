#include "trace.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

HD_OWN bool hd_trace_on;
static HD_OWN char said[HD_THREADS_MAX][64];

void
hd_trace_begin(void)
{
    if (hd_trace_on) {
        hd_shared->rows = 0;
        hd_shared->stacks = 1;
        memset(said, 0, sizeof(said));
    }
}

void
hd_trace_say(const char *text)
{
    if (hd_trace_on && hd.self != NULL) {
        snprintf(said[hd.self->id], sizeof(said[0]), "%s", text);
    }
}

void
hd_trace_entry(int thread, const void *function)
{
    hd_shared->entry[thread] = (uint32_t)(uintptr_t)function + 1;
}

static uint32_t
stack_of(const struct hd_thread *thread, uint32_t pc)
{
    struct hd_stack *stack;
    int depth = 0;
    int frame;

    if (hd_shared->stacks >= HD_STACKS_MAX) {
        return 0;
    }
    stack = &hd_stack[hd_shared->stacks];
    stack->row = hd_shared->rows;
    stack->pc[depth++] = pc;
    for (frame = thread->frames - 1; frame > 0 && depth < HD_STACK_MAX;
         frame--) {
        if (frame < HD_FRAMES_MAX) {
            stack->pc[depth++] = thread->frame[frame];
        }
    }
    stack->depth = depth;
    hd_shared->stacks++;
    return (uint32_t)hd_shared->stacks - 1;
}

uint32_t
hd_trace_stack(uint32_t pc)
{
    return hd.self == NULL ? 0 : stack_of(hd.self, pc);
}

uint32_t
hd_trace_stack_pc(uint32_t stack)
{
    return hd_stack[stack].pc[0];
}

static enum hd_row_how
how_it_ended(const struct hd_thread *thread, const struct hd_op *op)
{
    bool looks = op->accesses > 0 && op->access[0].mode == HD_READ;
    int i;

    for (i = 1; i < op->accesses; i++) {
        if (op->access[i].at == HD_OBJECT_CLOCK) {
            return thread->choice == 0 ? HD_ROW_LATE : HD_ROW_SPURIOUS;
        }
    }
    switch (op->kind) {
    case HD_OP_WAKE:
    case HD_OP_FUTEX_PASS:
        return looks ? HD_ROW_DONE : HD_ROW_SPURIOUS;
    case HD_OP_CAS:
    case HD_OP_TRYLOCK:
    case HD_OP_TRYRDLOCK:
    case HD_OP_TRYWRLOCK:
    case HD_OP_SPIN_TRYLOCK:
    case HD_OP_SEM_TRYWAIT:
        return looks ? HD_ROW_FAILED : HD_ROW_DONE;
    default:
        return HD_ROW_DONE;
    }
}

static struct hd_row *
row_add(const struct hd_thread *thread, const struct hd_op *op)
{
    struct hd_row *row = &hd_row[hd_shared->rows];
    int i;

    if (hd_shared->rows >= hd_options.steps_max) {
        return row;
    }

    memset(row, 0, sizeof(*row));
    row->thread = (int16_t)thread->id;
    row->choice = (int16_t)thread->choice;
    row->kind = op->kind;
    row->accesses = op->accesses;
    row->value = op->value;
    row->how = (uint8_t)how_it_ended(thread, op);
    for (i = 0; i < op->accesses; i++) {
        row->at[i] = op->access[i].at;
    }
    row->stack = stack_of(thread, op->pc);
    snprintf(row->text, sizeof(row->text), "%s", said[thread->id]);
    said[thread->id][0] = '\0';
    hd_shared->rows++;
    return row;
}

void
hd_trace_mark(const char *text, uint32_t pc)
{
    struct hd_op op;

    hd_op_init(&op, HD_OP_MARK, pc);
    hd_trace_say(text);
    row_add(hd.self, &op);
}

void
hd_trace_event(int e)
{
    const struct hd_event *event = &hd.event[e];

    row_add(&hd.thread[event->thread], &event->op);
}

void
hd_trace_stuck(void)
{
    int i;

    for (i = 0; i < hd.width; i++) {
        const struct hd_thread *thread = &hd.thread[i];
        struct hd_row *row;

        if (thread->state != HD_LIVE || hd.end == HD_END_DONE) {
            continue;
        }
        if (thread->next.kind == HD_OP_RELOCK && !thread->signalled) {
            row = row_add(thread, &hd.event[thread->last].op);
        } else {
            row = row_add(thread, &thread->next);
        }
        row->stuck = true;
        row->how = HD_ROW_DONE;
    }
}
