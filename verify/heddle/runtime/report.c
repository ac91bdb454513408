#include "report.h"

#include <string.h>

#include "options.h"
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
           "\"seconds\":%.3f,\"cut\":",
           hd_verdict_name(summary->verdict),
           (unsigned long long)summary->executions,
           (unsigned long long)summary->blocked,
           summary->complete ? "true" : "false",
           (unsigned long long)summary->steps,
           (unsigned long long)summary->longest, summary->seconds);
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

void
hd_report_summary(FILE *to, const struct hd_summary *summary)
{
    fprintf(to, "heddle: %s: %llu executions, %llu blocked or redundant, "
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
    } else {
        fprintf(to, "; stopped at the first failure");
    }
    if (summary->inexact) {
        fprintf(to, "; of more than 4 stores lost at a death not every "
                    "subset was tried");
    }
    fprintf(to, "\n");
}

void
hd_report_load(const struct hd_found *found, const struct hd_shared *trace)
{
    int i;
    int k;
    uint32_t pc[2] = {found->here.pc, found->other.pc};

    hd_source_load(pc, 2);
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
hd_report_row_text(const struct hd_row *row, char *text, size_t size_bytes)
{
    size_t used = 0;
    int i;

    if (row->kind == HD_OP_MARK) {
        snprintf(text, size_bytes, "- %s -", row->text);
        return;
    }
    used = (size_t)snprintf(text, size_bytes, "%s%s",
                            row->stuck ? "WAITS: " : "",
                            hd_op_name(row->kind));
    for (i = 0; i < row->accesses && used + 2 < size_bytes; i++) {
        char name[80];

        if (row->kind == HD_OP_EXIT || row->kind == HD_OP_DEATH) {
            break;
        }
        if (i == 0 && row->kind == HD_OP_WAIT && row->accesses > 1) {
            hd_source_object(row->at[1], name, sizeof(name));
            i = 1;
        } else {
            hd_source_object(row->at[i], name, sizeof(name));
        }
        used += (size_t)snprintf(text + used, size_bytes - used, " %s", name);
    }
    if (used < size_bytes &&
        (row->kind == HD_OP_STORE || row->kind == HD_OP_RMW ||
         row->kind == HD_OP_CAS)) {
        used += (size_t)snprintf(text + used, size_bytes - used, " <- %lld",
                                 (long long)row->value);
    }
    if (used < size_bytes && row->kind == HD_OP_CHOOSE) {
        snprintf(text + used, size_bytes - used, " -> %d", row->choice);
    }
    if (used < size_bytes && row->text[0] != '\0') {
        snprintf(text + used, size_bytes - used, " %s", row->text);
    }
}

bool
hd_report_row_marked(const struct hd_found *found,
                     const struct hd_shared *trace, int row)
{
    const struct hd_row *one = &hd_row[row];
    int i;
    int last = -1;

    if (one->stuck) {
        return found->verdict == HD_DEADLOCK || found->verdict == HD_LIVELOCK;
    }
    for (i = 0; i < trace->rows; i++) {
        if (!hd_row[i].stuck && hd_row[i].thread == found->here.thread) {
            last = i;
        }
    }
    return row == last && found->verdict != HD_DEADLOCK;
}
