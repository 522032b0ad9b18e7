// SPDX-License-Identifier: MIT
// tree.h: Bora's own source tree, as the tests of its order read it.
//
// Paths are as seen from the tree's root: "src/base/str.c".
#ifndef BORA_TESTS_TREE_H
#define BORA_TESTS_TREE_H

#include <bora/str.h>

struct paths {
    const char **at;
    size_t len;
};

// tree_files is all files below a folder ("" is the root) whose names end so, sorted; build/ and
// hidden folders are left out.
struct paths tree_files(const char *dir, const char *suffix);

// tree_path is the absolute path of one of the tree's.
const char *tree_path(const char *path);

// tree_read is a file's text; the test fails if there is none.
bo_str tree_read(const char *path);

// tree_run runs a line of shell in the root: its exit status, and what it wrote in *output.
int tree_run(const char *line, bo_str *output);

#endif
