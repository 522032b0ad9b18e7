// SPDX-License-Identifier: MIT
// compile.h: from C files to a program.
//
// A workshop is the cache folder of one program in one variant, with a lock on it. All that is made
// of the program's files on the way lies there; deleting it costs time and nothing else. Whatever
// compilers and linkers say goes to standard error as it is.
#ifndef BORA_CMD_COMPILE_H
#define BORA_CMD_COMPILE_H

#include "target.h"

struct workshop {
    const struct options *options;
    const struct target *target;
    const char *root;  // The program's folder: its headers are found from there.
    const char *dir;   // In the cache.
    int lock;
};

// workshop_open makes and locks the folder for the program below root. It waits for another tool
// that works on the same one. Close with workshop_close.
bo_err workshop_open(const struct options *options, const struct target *target, const char *root,
                     struct workshop *out);
void workshop_close(struct workshop *shop);

// compile_all compiles the sources, as many at a time as there are CPUs, whoever asks, and adds the
// objects in the sources' order. extra are further flags. false: one has failed, and said so.
bool compile_all(const struct workshop *shop, const struct words *sources,
                 const struct words *extra, struct words *objects);

// compile_archive makes a library of objects in the workshop and returns its path; NULL: it failed.
const char *compile_archive(const struct workshop *shop, const char *name,
                            const struct words *objects);

// compile_link links objects (and archives, in their order) with Bora's library into a program.
// testing: with the test library too. false: it has failed, and said so.
bool compile_link(const struct workshop *shop, const struct words *objects, bool testing,
                  const char *output);

// cache_folder is where all workshops are: ${XDG_CACHE_HOME:-~/.cache}/bora.
const char *cache_folder(bo_arena *arena);

#endif
