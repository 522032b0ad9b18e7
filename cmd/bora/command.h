// SPDX-License-Identifier: MIT
// command.h: running other programs.
#ifndef BORA_CMD_COMMAND_H
#define BORA_CMD_COMMAND_H

#include "words.h"

#include <bora/err.h>
#include <bora/process.h>

// command_find is the path of a program along PATH, in the arena, or NULL. Of a command of several
// words it looks for the first.
const char *command_find(bo_arena *arena, const char *command);

// command_environment is our environment with one variable ("NAME=value") changed or added; NULL
// adds nothing.
struct words command_environment(bo_arena *arena, const char *variable);

// command_show prints a command line as `-x` does.
void command_show(const struct words *command);

// command_quiet runs a command and shows what it wrote only if it failed; then it returns an error.
// options may be NULL. show: print the command first.
bo_err command_quiet(const struct words *command, const bo_process_options *options, bool show);

// command_become replaces this process by a command. It returns only if that failed.
bo_err command_become(const struct words *command);

#endif
