// SPDX-License-Identifier: MIT
// step.h: a command that makes one file, run only if what it reads has changed.
#ifndef BORA_CMD_STEP_H
#define BORA_CMD_STEP_H

#include "words.h"

#include <bora/err.h>

// What a step needs to know is that its output, made by this very command, is as it was left, and
// that every input is as it was then. That stands in a record beside the cache's objects: the
// command, then time, size and path of each file. Times are compared for equality, not for order: a
// file that is replaced by an older one has changed too.
struct step {
    const char *output;   // Made anew beside its place and renamed into it.
    const char *record;   // Path of the record.
    const char *depfile;  // Written by the compiler (-MF): names what it has read. Or NULL.
    struct words inputs;  // What it reads besides; nobody else writes to these while it runs.
    // The command, with the word STEP_OUTPUT where the output's name is to stand.
    struct words command;
};

#define STEP_OUTPUT "@output@"

// step_run brings the output up to date. *said gets what the command wrote, in the arena: warnings,
// or why it failed; then the error is BO_INVALID. show: print the command first. Parks.
bo_err step_run(bo_arena *arena, const struct step *step, bool show, bo_str *said);

// step_hash is a number that tells texts apart, the same in every run: for names in the cache.
uint64_t step_hash(const char *text);

#endif
