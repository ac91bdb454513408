/*
 * Idea: the program's writable data as it was before main(), put back before
 * each execution. Small data is copied whole; of large data only the pages
 * that were written.
 *
 * Invariants
 *   1. The section heddle_own, where Heddle's variables are, is left alone.
 * Who may call: the engine; race detection says what is written.
 */
#ifndef HEDDLE_SNAPSHOT_H
#define HEDDLE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void hd_snapshot_take(void);
void hd_snapshot_restore(void);
/* Right after a restore: is all as it was? What was not is copied whole from
 * now on: somebody writes it unseen. */
bool hd_snapshot_compare(void);
void hd_snapshot_written(uintptr_t at, size_t length_bytes);
/* The addresses that hold the program's writable data. */
void hd_snapshot_bounds(uintptr_t *low, uintptr_t *high);

#endif
