/*
 * Idea: the commands; each takes the words after its name and gives the exit
 * status.
 * Who may call: main().
 */
#ifndef HEDDLE_COMMANDS_H
#define HEDDLE_COMMANDS_H

#define HEDDLE_VERSION "1.0.0"

int cc_command(int count, char **word);
int run_command(int count, char **word);

#endif
