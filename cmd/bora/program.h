// SPDX-License-Identifier: MIT
// program.h: the program that a folder (or one C file) is, for `build` and `run`.
#ifndef BORA_CMD_PROGRAM_H
#define BORA_CMD_PROGRAM_H

#include "compile.h"

// program_build brings the program of a folder, or of one .c file, up to date. output is where it
// is to stand; NULL: in the cache. *made gets its path, in the options' arena. Returns the exit
// status; what is wrong has been said then.
int program_build(const struct options *options, const char *path, const char *output,
                  const char **made);

// program_name is what a folder's or file's program is called: the folder's name, or the file's
// without ".c". NULL: there is no such folder.
const char *program_name(bo_arena *arena, const char *path);

#endif
