#include "report.h"

#include <string.h>

#include "options.h"
#include "program.h"
#include "source.h"

static void
json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char one = (unsigned char)*text;

        if (one == '"' || one == '\\') {
            printf("\\%c", one);
        } else if (one < 0x20) {
            printf("\\u%04x", one);
        } else {
            putchar(one);
        }
    }
    putchar('"');
}

static void
json_finding(const struct hd_found *found, const char *schedule)
{
    printf("{\"verdict\":\"%s\",\"text\":", hd_verdict_name(found->verdict));
    json_text(found->text);
    printf(",\"thread\":%d,\"steps\":%d,\"schedule\":", found->here.thread,
           found->steps);
    json_text(schedule);
    printf("}");
}

void
hd_report_json(const struct hd_summary *summary, const struct hd_found *found,
               int founds, char **schedules)
{
    int i;

    printf("{\"verdict\":\"%s\",\"executions\":%llu,\"blocked\":%llu,"
           "\"complete\":%s,\"steps\":%llu,\"longest\":%llu,"
           "\"seconds\":%.3f,\"memory_kb\":%ld,\"cut\":",
           hd_verdict_name(summary->verdict),
           (unsigned long long)summary->executions,
           (unsigned long long)summary->blocked,
           summary->complete ? "true" : "false",
           (unsigned long long)summary->steps,
           (unsigned long long)summary->longest, summary->seconds,
           summary->memory_kb);
    json_text(summary->cut_by);
    printf(",\"text\":");
    json_text(founds > 0 ? found[0].text : "");
    printf(",\"schedule\":");
    json_text(founds > 0 ? schedules[0] : "");
    printf(",\"findings\":[");
    for (i = 0; i < founds; i++) {
        printf("%s", i > 0 ? "," : "");
        json_finding(&found[i], schedules[i]);
    }
    printf("]}\n");
    fflush(stdout);
}

/* What the paper promises for this many schedules. */
static void
pct_bound(FILE *to, const struct hd_summary *summary)
{
    double one = 1.0 / summary->threads;
    double miss = 1.0;
    uint64_t i;
    int d;

    for (d = 1; d < hd_options.pct_depth; d++) {
        one /= (double)summary->longest;
    }
    for (i = 0; i < summary->executions && miss > 1e-12; i++) {
        miss *= 1.0 - one;
    }
    fprintf(to,
            "heddle: PCT: %d threads, %llu steps, depth %d: each schedule "
            "finds a bug of that depth with probability at least %.3g, all "
            "of these together at least %.3g\n",
            summary->threads, (unsigned long long)summary->longest,
            hd_options.pct_depth, one, 1.0 - miss);
}

void
hd_report_summary(FILE *to, const struct hd_summary *summary)
{
    fprintf(to,
            "heddle: %s: %llu executions, %llu blocked or redundant, "
            "longest %llu steps, %.2f s",
            hd_verdict_name(summary->verdict),
            (unsigned long long)summary->executions,
            (unsigned long long)summary->blocked,
            (unsigned long long)summary->longest, summary->seconds);
    if (summary->complete) {
        fprintf(to, "; all interleavings explored");
        if (hd_options.deaths > 0) {
            fprintf(to, " with at most %d deaths", hd_options.deaths);
        }
    } else if (summary->cut_by[0] != '\0') {
        fprintf(to, "; not all interleavings: cut by %s", summary->cut_by);
    } else if (summary->verdict == HD_UNSUPPORTED) {
        fprintf(to, "; given up");
    } else {
        fprintf(to, "; stopped at the first failure");
    }
    if (summary->inexact) {
        fprintf(to, "; of more than 4 stores lost at a death not every "
                    "subset was tried");
    }
    fprintf(to, "\n");
    if (summary->exits > 0 &&
        (summary->verdict == HD_CLEAN || summary->verdict == HD_CUT)) {
        fprintf(to,
                "heddle: in %llu of them the program itself ended with "
                "status %d, which is no finding\n",
                (unsigned long long)summary->exits, summary->exit_status);
    }
    if (hd_options.search == HD_SEARCH_PCT && summary->longest > 0) {
        pct_bound(to, summary);
    }
}

void
hd_report_load(const struct hd_found *found, const struct hd_shared *trace)
{
    int i;
    int k;
    uint32_t pc[2] = {found->here.pc, found->other.pc};

    hd_source_load(pc, 2);
    hd_source_load(trace->entry, HD_THREADS_MAX);
    for (i = 0; i < trace->rows; i++) {
        const struct hd_stack *stack = &hd_stack[hd_row[i].stack];

        hd_source_load(stack->pc, stack->depth);
    }
    for (k = 0; k < 2; k++) {
        uint32_t at = k == 0 ? found->here.stack : found->other.stack;

        if (at != 0) {
            hd_source_load(hd_stack[at].pc, hd_stack[at].depth);
        }
    }
}

int
hd_report_threads(const struct hd_shared *trace)
{
    int threads = 1;
    int i;

    for (i = 0; i < trace->rows; i++) {
        if (hd_row[i].thread >= threads) {
            threads = hd_row[i].thread + 1;
        }
    }
    return threads;
}

void
hd_report_thread_name(const struct hd_shared *trace, int thread, char *text,
                      size_t size_bytes)
{
    const struct hd_source *source = hd_source_of(trace->entry[thread]);

    if (thread == 0) {
        snprintf(text, size_bytes, "0 main");
    } else if (trace->entry[thread] != 0 && source->line > 0) {
        snprintf(text, size_bytes, "%d %s", thread, source->function);
    } else {
        snprintf(text, size_bytes, "%d", thread);
    }
}

void
hd_report_command(const char *schedule, char *text, size_t size_bytes)
{
    char deaths[32] = "";
    char timeouts[32] = "";
    char words[512];

    if (hd_options.deaths > 0) {
        snprintf(deaths, sizeof(deaths), " --deaths %d", hd_options.deaths);
    }
    if (hd_options.timeouts > 0) {
        snprintf(timeouts, sizeof(timeouts), " --timeouts %d",
                 hd_options.timeouts);
    }
    hd_program_words(words, sizeof(words));
    snprintf(text, size_bytes, "heddle run%s%s%s%s%s --replay %s %s%s",
             hd_options.spurious ? " --spurious" : "", deaths,
             hd_options.deaths_everywhere ? " --die-anywhere" : "", timeouts,
             hd_options.idle_time ? " --idle-time" : "", schedule,
             hd_options.name, words);
}

static size_t
objects_text(const struct hd_row *row, char *text, size_t size_bytes)
{
    size_t used = 0;
    int i = row->kind == HD_OP_WAIT && row->accesses > 1 ? 1 : 0;

    for (; i < row->accesses && used + 2 < size_bytes; i++) {
        char name[80];

        if (row->kind == HD_OP_EXIT || row->kind == HD_OP_DEATH) {
            break;
        }
        if (row->at[i] == HD_OBJECT_CLOCK && i > 0) {
            break;
        }
        hd_source_object(row->at[i], name, sizeof(name));
        used += (size_t)snprintf(text + used, size_bytes - used, " %s", name);
    }
    return used < size_bytes ? used : size_bytes - 1;
}

static void
row_text(const struct hd_row *row, char *text, size_t size_bytes)
{
    static const char *const how[] = {"", ": time is up", ": no cause",
                                      ": fails"};
    size_t used;

    if (row->kind == HD_OP_MARK) {
        snprintf(text, size_bytes, "%s", row->text);
        return;
    }
    used = (size_t)snprintf(text, size_bytes, "%s", hd_op_name(row->kind));
    used += objects_text(row, text + used, size_bytes - used);
    if (row->kind == HD_OP_STORE || row->kind == HD_OP_RMW ||
        (row->kind == HD_OP_CAS && row->how == HD_ROW_DONE)) {
        used += (size_t)snprintf(text + used, size_bytes - used, " %lld",
                                 (long long)row->value);
    } else if (row->kind == HD_OP_DEATH && (row->value >> 32) > 0) {
        used += (size_t)snprintf(
            text + used, size_bytes - used, ", %d of %d stores lost",
            (int)(row->value >> 32), (int)(row->value & 0xffffffff));
    } else if (row->how != HD_ROW_DONE) {
        used += (size_t)snprintf(text + used, size_bytes - used, "%s",
                                 how[row->how]);
    } else if (row->kind == HD_OP_CHOOSE) {
        used += (size_t)snprintf(text + used, size_bytes - used, " %d",
                                 row->choice);
    }
    if (row->stuck && used < size_bytes) {
        snprintf(text + used, size_bytes - used, " ... for ever");
    }
}

static HD_OWN struct hd_line *line;
static HD_OWN int lines;

static void
line_of_row(const struct hd_row *row, int number, bool marked)
{
    struct hd_line *one = &line[lines];

    memset(one, 0, sizeof(*one));
    one->thread = row->thread;
    one->number = row->stuck || row->kind == HD_OP_MARK ? 0 : number;
    one->pc = hd_stack[row->stack].pc[0];
    one->marked = marked;
    one->stuck = row->stuck;
    one->mark = row->kind == HD_OP_MARK;
    row_text(row, one->text, sizeof(one->text));
    lines++;
}

/* An access that is no step, or the end: what goes wrong. */
static void
line_of_place(const struct hd_found *found, const struct hd_place *place)
{
    static const char *const does[HD_VERDICTS] = {"",
                                                  "waits for ever",
                                                  "",
                                                  "the assertion fails",
                                                  "crashes",
                                                  "wrong",
                                                  "may not do this",
                                                  "loops for ever",
                                                  "",
                                                  "cannot go on"};
    struct hd_line *one = &line[lines];
    char name[80] = "";

    memset(one, 0, sizeof(*one));
    one->thread = place->thread;
    one->pc = place->pc;
    one->marked = true;
    if (place->what[0] == '\0') {
        snprintf(one->text, sizeof(one->text), "%s", does[found->verdict]);
    } else {
        if (found->here.at != 0) {
            hd_source_object(found->here.at, name, sizeof(name));
        }
        snprintf(one->text, sizeof(one->text), "%.24s %s", place->what, name);
    }
    lines++;
}

int
hd_report_lines(const struct hd_found *found, const struct hd_shared *trace,
                const struct hd_line **to)
{
    bool waits = found->verdict == HD_DEADLOCK || found->steps == 0 ||
                 (found->verdict == HD_LIVELOCK && found->here.thread < 0);
    int other_at = found->other.stack == 0 || found->other.what[0] == '\0'
                       ? -1
                       : hd_stack[found->other.stack].row;
    int number = 0;
    int i;

    if (line == NULL) {
        line = hd_own_reserve(((size_t)hd_options.steps_max + 200) *
                              sizeof(*line));
    }
    lines = 0;
    for (i = 0; i < trace->rows; i++) {
        if (i == other_at) {
            line_of_place(found, &found->other);
        }
        number += hd_row[i].kind != HD_OP_MARK;
        if (!hd_row[i].stuck || waits) {
            line_of_row(&hd_row[i], number,
                        hd_row[i].stuck && waits && found->verdict != HD_CUT);
        }
    }
    if (!waits && found->here.thread >= 0) {
        line_of_place(found, &found->here);
    }
    *to = line;
    return lines;
}
