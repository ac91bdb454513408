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

enum { LINES_SHOWN = 200 };

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
cell_print(FILE *to, const struct hd_line *line, int width, bool colour)
{
    const char *on = "";
    const char *off = colour ? "\033[0m" : "";

    if (colour && line->marked) {
        on = "\033[1;31m";
    } else if (colour && line->mark) {
        on = "\033[36m";
    } else {
        off = "";
    }
    fprintf(to, "%s%-*.*s%s|", on, width, width, line->text, off);
}

static void
line_print(FILE *to, const struct hd_line *line, int threads, int width,
           bool colour)
{
    const struct hd_source *source = hd_source_of(line->pc);
    char text[120];
    int i;

    if (line->number > 0) {
        fprintf(to, "%4d %s", line->number, line->marked ? ">" : " ");
    } else {
        fprintf(to, "     %s", line->marked ? ">" : " ");
    }
    for (i = 0; i < threads; i++) {
        if (i == line->thread) {
            cell_print(to, line, width, colour);
        } else {
            fprintf(to, "%*s|", width, "");
        }
    }
    if (source->line > 0 && strcmp(source->file, "form.c") != 0) {
        hd_source_line(source, text, 60);
        fprintf(to, " %s:%d  %s", source->file, source->line, text);
    }
    fprintf(to, "\n");
}

static void
header_print(FILE *to, const struct hd_shared *trace, int threads, int width)
{
    int i;
    int k;

    fprintf(to, "      ");
    for (i = 0; i < threads; i++) {
        char name[64];

        hd_report_thread_name(trace, i, name, sizeof(name));
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
widest(const struct hd_line *line, int lines, int threads)
{
    size_t width = 12;
    size_t most = threads > 5 ? 16 : 30;
    int i;

    for (i = 0; i < lines; i++) {
        size_t length = strlen(line[i].text);

        width = length > width ? length : width;
    }
    return (int)(width > most ? most : width);
}

void
hd_report_picture(FILE *to, const struct hd_found *found,
                  const struct hd_shared *trace, const char *schedule)
{
    const struct hd_line *line;
    int threads = hd_report_threads(trace);
    int lines = hd_report_lines(found, trace, &line);
    int width = widest(line, lines, threads);
    int from = lines > LINES_SHOWN ? lines - LINES_SHOWN : 0;
    bool colour = isatty(fileno(to)) == 1;
    char command[4096];
    int i;

    fprintf(to, "\nheddle: %s: %s\n", hd_verdict_name(found->verdict),
            found->text);
    places_print(to, found);
    fprintf(to, "\n");
    header_print(to, trace, threads, width);
    if (from > 0) {
        fprintf(to, "      ... %d lines before\n", from);
    }
    for (i = from; i < lines; i++) {
        line_print(to, &line[i], threads, width, colour);
    }
    hd_report_command(schedule, command, sizeof(command));
    fprintf(to, "\nto see it again: %s\n", command);
}
