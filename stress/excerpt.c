#include "excerpt.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LANE_HEIGHT 44
#define EVENT_WIDTH 120
#define LEFT 96
#define TOP 78
#define LABEL_BYTES 1024

static bool
has_taken_effect(const struct linearizability_result *result, size_t o)
{
    for (size_t i = 0; i < result->since_done_count; i++) {
        if (result->since_done[i] == o) {
            return true;
        }
    }
    return false;
}

static bool
is_pure(const struct operation *o)
{
    return o->verb == OPERATION_READ || o->verb == OPERATION_LOOK ||
           (o->outcome != OPERATION_UNKNOWN && !operation_is_change(o));
}

static void
copy_part(struct excerpt *excerpt, const struct operations *history,
          uint32_t mailbox, const struct linearizability_result *result,
          bool from_the_start)
{
    uint64_t end_ns = excerpt->end_ns;
    for (size_t i = 0; i < history->count; i++) {
        const struct operation o = history->items[i];
        if (o.mailbox != mailbox || o.call_ns > end_ns) {
            continue;
        }
        if (!from_the_start &&
            (o.return_ns <= result->since_ns || has_taken_effect(result, i))) {
            continue;
        }
        if (o.return_ns > end_ns && is_pure(&o)) {
            continue;
        }
        operations_add(&excerpt->operations, &o);
    }
}

/*
 * Is it bad?  Then the culprit is noted.  What returns behind the end may want
 * for what was left out there, and is no culprit.
 */
static bool
is_bad(struct excerpt *excerpt, uint32_t mailbox)
{
    struct linearizability_result result = linearizability_check(
        &linearizability_mailboxes, &excerpt->operations, mailbox);
    bool bad =
        result.verdict == LINEARIZABILITY_BAD &&
        excerpt->operations.items[result.culprit].return_ns <= excerpt->end_ns;
    if (bad) {
        excerpt->culprit = result.culprit;
    }
    linearizability_forget(&result);
    return bad;
}

/* Try to do without so many pure operations from this place on. */
static bool
shorten(struct excerpt *excerpt, uint32_t mailbox, size_t begin, size_t count)
{
    struct operations *all = &excerpt->operations;
    struct operations whole = *all;
    size_t dropped = 0;
    all->items = NULL;
    all->count = all->capacity = 0;
    for (size_t i = 0; i < whole.count; i++) {
        if (i >= begin && i < begin + count && is_pure(&whole.items[i])) {
            dropped++;
        } else {
            operations_add(all, &whole.items[i]);
        }
    }
    if (dropped > 0 && is_bad(excerpt, mailbox)) {
        free(whole.items);
        return true;
    }
    free(all->items);
    *all = whole;
    return false;
}

static void
minimise(struct excerpt *excerpt, uint32_t mailbox)
{
    size_t chunk = excerpt->operations.count;
    while (chunk > 0) {
        for (size_t begin = 0; begin < excerpt->operations.count;) {
            if (!shorten(excerpt, mailbox, begin, chunk)) {
                begin += chunk;
            }
        }
        chunk /= 2;
    }
    (void)is_bad(excerpt, mailbox);
}

static int
compare_calls(const void *a, const void *b)
{
    const struct operation *x = a;
    const struct operation *y = b;
    return (x->call_ns > y->call_ns) - (x->call_ns < y->call_ns);
}

void
excerpt_make(struct excerpt *excerpt, const struct operations *history,
             uint32_t mailbox, const struct linearizability_result *result)
{
    struct operations *all = &excerpt->operations;
    operations_init(all);
    excerpt->end_ns = history->items[result->culprit].return_ns;
    all->mailbox_bytes = history->mailbox_bytes;
    all->packet_bytes = history->packet_bytes;
    operations_add_initial(all, mailbox, result->since->version,
                           result->since->content, result->since->size);
    copy_part(excerpt, history, mailbox, result, false);
    if (!is_bad(excerpt, mailbox)) {
        const struct operation_initial *initial =
            operations_initial(history, mailbox);
        operations_fini(all);
        all->mailbox_bytes = history->mailbox_bytes;
        all->packet_bytes = history->packet_bytes;
        if (initial != NULL) {
            operations_add_initial(all, mailbox, initial->version,
                                   initial->content, initial->size);
        }
        copy_part(excerpt, history, mailbox, result, true);
    }
    minimise(excerpt, mailbox);
    qsort(all->items, all->count, sizeof(*all->items), compare_calls);
    (void)is_bad(excerpt, mailbox);
}

void
excerpt_fini(struct excerpt *excerpt)
{
    operations_fini(&excerpt->operations);
}

void
excerpt_print(const struct excerpt *excerpt, FILE *stream)
{
    const struct operations *all = &excerpt->operations;
    (void)fprintf(stream,
                  "# The shortest part of a history that is not linearizable.\n"
                  "# Nothing explains the answer of this operation:\n# ");
    operation_print(&all->items[excerpt->culprit], stream);
    (void)fputc('\n', stream);
    operations_print(all, stream);
}

/* Where a moment lies on the axis: moments in order, equally far apart. */
struct axis {
    uint64_t *moments;
    size_t count;
};

static int
compare_moments(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void
axis_init(struct axis *axis, const struct operations *all)
{
    size_t count = 0;
    axis->moments = calloc(2 * all->count + 1, sizeof(*axis->moments));
    axis->count = 0;
    if (axis->moments == NULL) {
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        axis->moments[count++] = all->items[i].call_ns;
        if (all->items[i].return_ns != OPERATION_FOREVER) {
            axis->moments[count++] = all->items[i].return_ns;
        }
    }
    qsort(axis->moments, count, sizeof(*axis->moments), compare_moments);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || axis->moments[i] != axis->moments[axis->count - 1]) {
            axis->moments[axis->count++] = axis->moments[i];
        }
    }
}

static size_t
axis_x(const struct axis *axis, uint64_t moment)
{
    size_t i = 0;
    while (i < axis->count && axis->moments[i] < moment) {
        i++;
    }
    return LEFT + EVENT_WIDTH * i;
}

static void
print_escaped(const char *text, size_t most, FILE *stream)
{
    for (size_t i = 0; text[i] != '\0' && i < most; i++) {
        switch (text[i]) {
        case '<':
            (void)fputs("&lt;", stream);
            break;
        case '>':
            (void)fputs("&gt;", stream);
            break;
        case '&':
            (void)fputs("&amp;", stream);
            break;
        case '"':
            (void)fputs("&quot;", stream);
            break;
        default:
            (void)fputc(text[i], stream);
        }
    }
}

/* The request, or the answer, of the operation's line. */
static void
label(const struct operation *o, bool answer, FILE *stream)
{
    char text[LABEL_BYTES] = "";
    FILE *memory = fmemopen(text, sizeof(text) - 1, "w");
    if (memory == NULL) {
        return;
    }
    operation_print(o, memory);
    (void)fclose(memory);
    const char *request = text;
    for (int i = 0; i < 4; i++) { /* client, mailbox, call, return */
        request += strcspn(request, " ");
        request += strspn(request, " ");
    }
    char *arrow = strstr(text, " -> ");
    if (arrow == NULL) {
        return;
    }
    *arrow = '\0';
    print_escaped(answer ? arrow + 4 : request, 72, stream);
}

static void
draw_bar(const struct excerpt *excerpt, const struct axis *axis, size_t i,
         FILE *stream)
{
    const struct operations *all = &excerpt->operations;
    const struct operation *o = &all->items[i];
    bool is_culprit = i == excerpt->culprit;
    bool open = o->outcome == OPERATION_UNKNOWN;
    size_t x = axis_x(axis, o->call_ns);
    size_t end = o->return_ns == OPERATION_FOREVER
                     ? LEFT + EVENT_WIDTH * axis->count
                     : axis_x(axis, o->return_ns);
    size_t y = TOP + LANE_HEIGHT * i;
    const char *fill = is_culprit               ? "#f4b6b0"
                       : open                   ? "#eeeeee"
                       : operation_is_change(o) ? "#cfe3f7"
                                                : "#dcefd8";
    (void)fprintf(stream,
                  "<rect x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"34\" "
                  "rx=\"3\" fill=\"%s\" fill-opacity=\"0.85\" stroke=\"%s\" "
                  "stroke-width=\"%d\"%s/>\n",
                  x, y, end - x, fill, is_culprit ? "#b3261e" : "#555555",
                  is_culprit ? 3 : 1, open ? " stroke-dasharray=\"5 3\"" : "");
    (void)fprintf(stream, "<text x=\"%zu\" y=\"%zu\"%s>", x + 5, y + 14,
                  is_culprit ? " font-weight=\"bold\"" : "");
    label(o, false, stream);
    (void)fprintf(stream, "</text>\n<text x=\"%zu\" y=\"%zu\"%s>", x + 5,
                  y + 28, is_culprit ? " fill=\"#b3261e\"" : "");
    label(o, true, stream);
    (void)fputs("</text>\n", stream);
}

static void
draw_axis(const struct axis *axis, size_t height, FILE *stream)
{
    for (size_t i = 0; i < axis->count; i++) {
        size_t x = LEFT + EVENT_WIDTH * i;
        (void)fprintf(stream,
                      "<line x1=\"%zu\" y1=\"%d\" x2=\"%zu\" y2=\"%zu\" "
                      "stroke=\"#dddddd\"/>\n"
                      "<text x=\"%zu\" y=\"%zu\" text-anchor=\"middle\" "
                      "fill=\"#666666\">%.1f</text>\n",
                      x, TOP - 6, x, height - 34, x, height - 20,
                      (double)(axis->moments[i] - axis->moments[0]) / 1000.0);
    }
    (void)fprintf(stream,
                  "<text x=\"%d\" y=\"%zu\" fill=\"#666666\">microseconds; "
                  "moments are drawn equally far apart</text>\n",
                  LEFT, height - 5);
}

static void
draw_lanes(const struct operations *all, FILE *stream)
{
    for (size_t i = 0; i < all->count; i++) {
        (void)fprintf(stream,
                      "<text x=\"8\" y=\"%zu\">client %" PRIu32 "</text>\n",
                      TOP + LANE_HEIGHT * i + 21, all->items[i].client);
    }
}

static void
draw_title(const struct excerpt *excerpt, FILE *stream)
{
    const struct operations *all = &excerpt->operations;
    uint32_t mailbox = all->items[excerpt->culprit].mailbox;
    const struct operation_initial *initial = operations_initial(all, mailbox);
    (void)fprintf(
        stream,
        "<text x=\"8\" y=\"22\" font-size=\"15\" font-weight=\"bold\">"
        "Mailbox %" PRIu32 ": nothing explains the answer in red</text>\n"
        "<text x=\"8\" y=\"42\">before: version %" PRIu64 ", %" PRIu64
        " bytes &#160; (blue: changes, green: changes nothing, dashed: "
        "outcome unknown)</text>\n",
        mailbox, initial == NULL ? 0 : initial->version,
        initial == NULL ? 0 : initial->size);
}

void
excerpt_draw(const struct excerpt *excerpt, FILE *stream)
{
    const struct operations *all = &excerpt->operations;
    struct axis axis;
    axis_init(&axis, all);
    size_t width = LEFT + EVENT_WIDTH * axis.count + 420;
    size_t height = TOP + LANE_HEIGHT * all->count + 44;
    (void)fprintf(stream,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" "
                  "height=\"%zu\" font-family=\"sans-serif\" "
                  "font-size=\"12\">\n"
                  "<rect width=\"%zu\" height=\"%zu\" fill=\"white\"/>\n",
                  width, height, width, height);
    draw_title(excerpt, stream);
    draw_axis(&axis, height, stream);
    draw_lanes(all, stream);
    for (size_t i = 0; i < all->count; i++) {
        draw_bar(excerpt, &axis, i, stream);
    }
    (void)fputs("</svg>\n", stream);
    free(axis.moments);
}
