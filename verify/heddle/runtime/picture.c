/*
 * Idea: the picture of a failure for a terminal: one column a thread, one
 * row a step, the source line beside it; the steps that matter are marked.
 * Who may call: the supervisor.
 */
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "report.h"
#include "source.h"

enum { ROWS_SHOWN = 160 };

static void
stack_print(FILE *to, const struct hd_place *place)
{
    const struct hd_stack *stack = &hd_stack[place->stack];
    int i;
    int depth = place->stack == 0 ? 1 : stack->depth;

    for (i = 0; i < depth; i++) {
        uint32_t pc = place->stack == 0 ? place->pc : stack->pc[i];
        const struct hd_source *source = hd_source_of(pc);

        if (source->line > 0) {
            fprintf(to, "      %s %s, %s:%d\n", i == 0 ? "at" : "by",
                    source->function, source->file, source->line);
        }
    }
}

static void
places_print(FILE *to, const struct hd_found *found)
{
    char name[100];

    if (found->here.at != 0) {
        hd_source_object(found->here.at, name, sizeof(name));
        fprintf(to, "  object: %s\n", name);
    }
    if (found->here.thread >= 0 && found->here.pc != 0) {
        fprintf(to, "  thread %d\n", found->here.thread);
        stack_print(to, &found->here);
    }
    if (found->other.thread >= 0 && found->other.pc != 0) {
        fprintf(to, "  thread %d, before that\n", found->other.thread);
        stack_print(to, &found->other);
    }
}

static void
row_print(FILE *to, const struct hd_found *found,
          const struct hd_shared *trace, int at, int threads, int width,
          bool colour)
{
    const struct hd_row *row = &hd_row[at];
    const struct hd_source *source = hd_source_of(hd_stack[row->stack].pc[0]);
    bool marked = hd_report_row_marked(found, trace, at);
    char text[160];
    char line[120];
    int i;

    hd_report_row_text(row, text, sizeof(text));
    fprintf(to, "%4d %s", row->stuck ? 0 : at + 1, marked ? ">" : " ");
    for (i = 0; i < threads; i++) {
        if (i == row->thread) {
            fprintf(to, "%s%-*.*s%s|", marked && colour ? "\033[1;31m" : "",
                    width, width, text, marked && colour ? "\033[0m" : "");
        } else {
            fprintf(to, "%*s|", width, "");
        }
    }
    if (source->line > 0) {
        hd_source_line(source, line, 60);
        fprintf(to, " %s:%d  %s", source->file, source->line, line);
    }
    fprintf(to, "\n");
}

static void
header_print(FILE *to, int threads, int width)
{
    int i;
    int k;

    fprintf(to, "      ");
    for (i = 0; i < threads; i++) {
        char name[32];

        snprintf(name, sizeof(name), i == 0 ? "thread 0 (main)" : "thread %d",
                 i);
        fprintf(to, "%-*.*s|", width, width, name);
    }
    fprintf(to, " source\n      ");
    for (i = 0; i < threads; i++) {
        for (k = 0; k < width; k++) {
            fputc('-', to);
        }
        fputc('+', to);
    }
    fprintf(to, "\n");
}

static int
widest(const struct hd_shared *trace)
{
    size_t width = 15;
    int i;
    char text[160];

    for (i = 0; i < trace->rows; i++) {
        hd_report_row_text(&hd_row[i], text, sizeof(text));
        width = strlen(text) > width ? strlen(text) : width;
    }
    return width > 28 ? 28 : (int)width;
}

void
hd_report_picture(FILE *to, const struct hd_found *found,
                  const struct hd_shared *trace, const char *schedule)
{
    int threads = hd_report_threads(trace);
    int width = widest(trace);
    int from = trace->rows > ROWS_SHOWN ? trace->rows - ROWS_SHOWN : 0;
    bool colour = isatty(fileno(to)) == 1;
    int i;

    fprintf(to, "\nheddle: %s: %s\n", hd_verdict_name(found->verdict),
            found->text);
    places_print(to, found);
    fprintf(to, "\n");
    header_print(to, threads, width);
    if (from > 0) {
        fprintf(to, "      ... %d steps before\n", from);
    }
    for (i = from; i < trace->rows; i++) {
        row_print(to, found, trace, i, threads, width, colour);
    }
    fprintf(to, "\nreplay with: heddle run --replay %s %s\n", schedule,
            hd_options.program);
}
