/* The picture of a failure as a page. */
#include "report.h"

void
hd_report_page(const char *file, const struct hd_summary *summary,
               const struct hd_found *found, const struct hd_shared *trace,
               const char *schedule)
{
    (void)file;
    (void)summary;
    (void)found;
    (void)trace;
    (void)schedule;
}
