/*
 * Idea: what an execution showed to be wrong: recorded with the schedule that
 * led there, once for each distinct text; recording ends the execution.
 * Who may call: the files that model operations.
 */
#ifndef HEDDLE_FINDING_H
#define HEDDLE_FINDING_H

#include "model.h"
#include "shared.h"

/* Say more about the finding that follows: where it happens, and who else
 * has a part in it. */
void hd_finding_at(uint32_t pc, uintptr_t at);
void hd_finding_other(int thread, uint32_t pc, uint32_t stack);
/* What the two do, for the picture: "reads", "frees". */
void hd_finding_says(const char *here_does, const char *other_did);
/* Record the finding and end the execution. */
_Noreturn void hd_finding(enum hd_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Record it without ending anything: from the explorer. */
void hd_finding_record(enum hd_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The verdict that the last execution ended with; HD_CLEAN if none. */
extern enum hd_verdict hd_finding_last;
extern char hd_finding_text[HD_TEXT_BYTES];

#endif
