// SPDX-License-Identifier: MIT
// shell.h: the tool as a person meets it: a folder, some files, and command lines.
#ifndef BORA_TESTS_SHELL_H
#define BORA_TESTS_SHELL_H

#include <bora/str.h>

struct reply {
    int status;
    bo_str out, err;  // Live until the test ends.
};

// sh runs a line of shell in the test's own folder. $BORA is the tool: the one that runs the tests,
// or what use_tool has named. Its cache is in the test's folder too, and CC and CFLAGS are what
// they are outside.
struct reply sh(const char *line, ...) __attribute__((format(printf, 1, 2)));

// use_tool makes $BORA another tool, by its path.
void use_tool(const char *path);

// write_file writes a file of the test's folder, with the folders on its way. It looks ten seconds
// old, so that the tool need not think that it has changed while the compiler read it.
void write_file(const char *path, const char *text);

bool contains(bo_str text, const char *part);

// write_hello writes a program of two files and a header in folders below dir; it prints "hello"
// and its arguments, a line each, and returns how many those are.
void write_hello(const char *dir);

#endif
