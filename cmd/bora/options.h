// SPDX-License-Identifier: MIT
// options.h: verbs, and the options that they share.
//
// All options of the tool stand in one table (options.c); a verb says which of them it takes. The
// help of a verb, the shell completions and the parser read the same table.
#ifndef BORA_CMD_OPTIONS_H
#define BORA_CMD_OPTIONS_H

#include "words.h"

#include <bora/err.h>

// Exit statuses. `bora run` gives the program's own.
enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,  // What was asked for was done, and the answer is no: errors, failed tests.
    EXIT_USAGE = 2,   // What was asked for makes no sense.
};

// What the command line said. Fields of options that a verb does not take stay zero.
struct options {
    bo_arena *arena;  // Lives as long as the tool.
    bool verbose, show, strip, check, list, json, peers, quick;
    bool asan, ubsan, tsan, valgrind, migrate, aarch64;
    const char *output, *prefix;
    const char *run, *count, *parallel, *timeout, *only;
    struct words paths;      // What is no option.
    struct words arguments;  // For the program that is run.
};

// Bits of struct verb's `takes`.
enum option_bit {
    OPT_VERBOSE = 1 << 0,
    OPT_SHOW = 1 << 1,
    OPT_OUTPUT = 1 << 2,
    OPT_STRIP = 1 << 3,
    OPT_CHECK = 1 << 4,
    OPT_PREFIX = 1 << 5,
    OPT_TESTS = 1 << 6,    // -run -list -count -parallel -timeout
    OPT_VARIANT = 1 << 7,  // --asan --ubsan --tsan --valgrind --migrate --aarch64
    OPT_JSON = 1 << 8,
    OPT_PEERS = 1 << 9,
    OPT_BENCH = 1 << 11,    // -only -count --quick
    OPT_PROGRAM = 1 << 10,  // What follows the first path belongs to the program that is run.
};

struct verb {
    const char *name;
    const char *arguments;  // "[DIR] [-o FILE]"
    const char *summary;    // One line, no period.
    const char *text;       // What the help says below the options, with an example.
    unsigned takes;
    size_t paths_max;  // How many words it takes that are no options; SIZE_MAX: any number.
    int (*run)(struct options *options);  // Returns the exit status.
};

// Every verb, with a NULL behind the last; in main.c.
extern const struct verb *const verbs[];

// options_parse reads the words after the verb. It prints what is wrong and returns EXIT_USAGE, or
// prints the verb's help and sets *done, or fills *options.
int options_parse(const struct verb *verb, char **argv, struct options *options, bool *done);

// options_help prints the help of one verb.
void options_help(const struct verb *verb);

// options_names calls visit with the name of each option that the verb takes ("-o", "--asan").
void options_names(const struct verb *verb, void (*visit)(const char *name, void *context),
                   void *context);

// complain prints "bora: ..." to standard error and returns EXIT_FAILED; fail does so with an
// error, which it frees.
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fail(bo_err err);

#endif
