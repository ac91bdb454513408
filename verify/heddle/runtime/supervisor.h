/*
 * Idea: the process that never runs the code under test. It forks workers
 * that do, gathers what they found, has failures shrunk and traced in fresh
 * workers, and reports.
 * Who may call: main().
 */
#ifndef HEDDLE_SUPERVISOR_H
#define HEDDLE_SUPERVISOR_H

/* The exit status. */
int hd_supervisor_run(void);

#endif
