// SPDX-License-Identifier: MIT
// target.h: where Bora is, and the build of its library that programs are compiled against.
#ifndef BORA_CMD_TARGET_H
#define BORA_CMD_TARGET_H

#include "options.h"

// Where this tool belongs to: a source tree, with its builds below build/, or the prefix that it
// was installed to.
struct home {
    const char *tool;     // This executable.
    const char *root;     // The tree, or the prefix.
    const char *include;  // Where bora.h is.
    bool tree;
};

// One build of the library.
struct target {
    const struct home *home;
    const char *name;    // "default", "asan", "asan-ubsan", "default-clang".
    const char *libdir;  // Where libbora.a is.
    const char *version;
    const char *cc;  // May be several words.
    bool clang;
    const char *cflags, *ldflags, *libs;
    const char *exec;  // Words to run its programs with (Valgrind, QEMU), or "".
    int slowness;      // How much longer than usual a test may take.
};

// home_find finds out from where this executable lies.
bo_err home_find(bo_arena *arena, struct home *out);

// target_default reads what the build that the tool itself belongs to is like, and builds nothing.
bo_err target_default(bo_arena *arena, const struct home *home, struct target *out);

// target_open picks the build that the options ask for. In the source tree it builds or updates it
// first; elsewhere only the installed one exists. own_cc: whether a compiler from $CC that is not
// the library's own needs a build of the library with it (tests), or just compiles the program.
bo_err target_open(const struct options *options, const struct home *home, bool own_cc,
                   struct target *out);

#endif
