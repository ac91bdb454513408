/*
 * Idea: the picture of a failure as a page that needs nothing else: no
 * script, no other file.
 * Who may call: the supervisor.
 */
#include <errno.h>
#include <string.h>

#include "options.h"
#include "report.h"
#include "source.h"

static const char style[] =
    "body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:96em;"
    "padding:0 1em;color:#1b1f24;background:#fff}"
    "h1{font-size:1.4em;margin:0 0 .2em}"
    ".verdict{display:inline-block;padding:.1em .6em;border-radius:.3em;"
    "background:#b3261e;color:#fff;margin-right:.5em}"
    ".clean{background:#1a7f37}"
    "table{border-collapse:collapse;width:100%;margin:1em 0;"
    "font:13px/1.45 ui-monospace,monospace}"
    "th{position:sticky;top:0;background:#f3f4f6;text-align:left;"
    "border-bottom:2px solid #c9ced6}"
    "th,td{padding:.2em .6em;vertical-align:top}"
    "td{border-bottom:1px solid #eceff3;border-left:1px solid #eceff3}"
    "td.n{color:#8a919b;text-align:right;border-left:0;width:3em}"
    "td.t{white-space:nowrap}"
    "td.s{color:#57606a;max-width:46em;white-space:nowrap;overflow:hidden;"
    "text-overflow:ellipsis}"
    "td.s b{color:#1b1f24;font-weight:400}"
    ".run{border-radius:.3em;padding:0 .4em;background:#e7effb}"
    ".bad{background:#ffdad6;color:#8c1d18;font-weight:600}"
    ".said{background:#e3f4ea}"
    "tr.bad td.n{color:#8c1d18;font-weight:600}"
    "tr.new td{border-top:2px solid #d6dbe2}"
    "pre{background:#f3f4f6;padding:.7em 1em;border-radius:.3em;"
    "white-space:pre-wrap;word-break:break-all}"
    ".where{display:flex;gap:2em;flex-wrap:wrap}"
    "@media(prefers-color-scheme:dark){body{background:#15181c;color:#e4e7eb}"
    "th,pre{background:#20252b}td{border-color:#2a3037}"
    "td.s b{color:#e4e7eb}.run{background:#22344f}"
    ".bad{background:#5b1d1a;color:#ffdad6}.said{background:#1f3d2b}}";

static void
text_out(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default:
            fputc(*text, to);
        }
    }
}

static void
stack_out(FILE *to, const struct hd_place *place, const char *title)
{
    const struct hd_stack *stack = &hd_stack[place->stack];
    int depth = place->stack == 0 ? 1 : stack->depth;
    int i;

    if (place->thread < 0 || place->pc == 0) {
        return;
    }
    fprintf(to, "<div><b>thread %d</b>%s<pre>", place->thread, title);
    for (i = 0; i < depth; i++) {
        const struct hd_source *source =
            hd_source_of(place->stack == 0 ? place->pc : stack->pc[i]);

        if (source->line > 0) {
            text_out(to, source->function);
            fprintf(to, ", %s:%d\n", source->file, source->line);
        }
    }
    fprintf(to, "</pre></div>");
}

static void
line_out(FILE *to, const struct hd_line *line, int threads, bool changes)
{
    const struct hd_source *source = hd_source_of(line->pc);
    char text[200];
    int i;

    fprintf(to, "<tr class=\"%s%s\"><td class=n>", line->marked ? "bad " : "",
            changes ? "new" : "");
    if (line->number > 0) {
        fprintf(to, "%d", line->number);
    }
    fprintf(to, "</td>");
    for (i = 0; i < threads; i++) {
        fprintf(to, "<td class=t>");
        if (i == line->thread) {
            fprintf(to, "<span class=\"run%s\">",
                    line->marked ? " bad"
                    : line->mark ? " said"
                                 : "");
            text_out(to, line->text);
            fprintf(to, "</span>");
        }
        fprintf(to, "</td>");
    }
    fprintf(to, "<td class=s");
    if (source->line > 0 && strcmp(source->file, "form.c") != 0) {
        hd_source_line(source, text, sizeof(text));
        fprintf(to, " title=\"");
        text_out(to, text);
        fprintf(to, "\">%s:%d <b>", source->file, source->line);
        text_out(to, text);
        fprintf(to, "</b>");
    } else {
        fprintf(to, ">");
    }
    fprintf(to, "</td></tr>\n");
}

static void
table_out(FILE *to, const struct hd_found *found, const struct hd_shared *trace)
{
    const struct hd_line *line;
    int threads = hd_report_threads(trace);
    int lines = hd_report_lines(found, trace, &line);
    int i;

    fprintf(to, "<table><thead><tr><th></th>");
    for (i = 0; i < threads; i++) {
        char name[64];

        hd_report_thread_name(trace, i, name, sizeof(name));
        fprintf(to, "<th>");
        text_out(to, name);
        fprintf(to, "</th>");
    }
    fprintf(to, "<th>source</th></tr></thead><tbody>\n");
    for (i = 0; i < lines; i++) {
        line_out(to, &line[i], threads,
                 i > 0 && line[i].thread != line[i - 1].thread);
    }
    fprintf(to, "</tbody></table>\n");
}

static void
failure_out(FILE *to, const struct hd_found *found,
            const struct hd_shared *trace, const char *schedule)
{
    char text[4096];

    if (found->here.at != 0) {
        hd_source_object(found->here.at, text, sizeof(text));
        fprintf(to, "<p>object: <code>");
        text_out(to, text);
        fprintf(to, "</code></p>");
    }
    fprintf(to, "<div class=where>");
    stack_out(to, &found->here, "");
    stack_out(to, &found->other, ", before that");
    fprintf(to, "</div>");
    table_out(to, found, trace);
    hd_report_command(schedule, text, sizeof(text));
    fprintf(to, "<p>To see it again:</p><pre>");
    text_out(to, text);
    fprintf(to, "</pre>\n");
}

void
hd_report_page(const char *file, const struct hd_summary *summary,
               const struct hd_found *found, const struct hd_shared *trace,
               const char *schedule)
{
    FILE *to = fopen(file, "w");
    const char *name = hd_verdict_name(summary->verdict);

    if (to == NULL) {
        fprintf(stderr,
                "heddle: --html %s: the page could not be written: "
                "%s\n",
                file, strerror(errno));
        return;
    }
    fprintf(to,
            "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>"
            "<meta name=viewport content=\"width=device-width\">"
            "<title>heddle: %s</title><style>%s</style>\n<h1>"
            "<span class=\"verdict %s\">%s</span>",
            name, style, name, name);
    text_out(to, found != NULL ? found->text : hd_options.name);
    fprintf(to, "</h1>\n<p>");
    fprintf(to,
            "%llu executions, %llu blocked or redundant, longest %llu "
            "steps, %.2f s. %s</p>\n",
            (unsigned long long)summary->executions,
            (unsigned long long)summary->blocked,
            (unsigned long long)summary->longest, summary->seconds,
            summary->complete ? "All interleavings explored."
                              : "Not all interleavings explored.");
    if (found != NULL) {
        failure_out(to, found, trace, schedule);
    }
    fclose(to);
}
