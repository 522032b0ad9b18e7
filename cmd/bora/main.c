// SPDX-License-Identifier: MIT
// bora: builds, runs, tests and formats programs that are written with Bora.
//
// The tool is itself such a program. A verb is a file with one struct verb in it; the table below
// is all that knows of them.
#include "options.h"

#include <bora/go.h>

#include <stdio.h>

extern const struct verb verb_build, verb_run, verb_test, verb_bench, verb_fmt, verb_install,
    verb_env, verb_version, verb_completion;

const struct verb *const verbs[] = {
    &verb_build,   &verb_run, &verb_test,    &verb_bench,      &verb_fmt,
    &verb_install, &verb_env, &verb_version, &verb_completion, NULL,
};

static const struct verb *find_verb(const char *name)
{
    for (const struct verb *const *v = verbs; *v; v++)
        if (strcmp((*v)->name, name) == 0)
            return *v;
    return NULL;
}

static void print_help(void)
{
    printf("bora builds, runs and tests programs written with Bora: goroutines, channels and a\n"
           "library for services, in C.\n"
           "\n"
           "    bora run examples/users\n"
           "\n");
    for (const struct verb *const *v = verbs; *v; v++)
        printf("  %-12s%s\n", (*v)->name, (*v)->summary);
    printf(
        "\n"
        "bora VERB --help says more about each. Exit status: 0 done, 1 it failed (a compile error, a\n"
        "failed test), 2 wrong usage; `bora run` gives the program's own.\n");
}

// The edit distance of two short words (insert, delete, replace), row by row.
static size_t distance(const char *a, const char *b)
{
    size_t row[32];
    size_t n = strlen(b);
    if (n >= sizeof row / sizeof row[0])
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

static int unknown_verb(const char *word)
{
    const struct verb *nearest = NULL;
    size_t least = 3;  // Words that differ more are no slips of the finger.
    for (const struct verb *const *v = verbs; *v; v++) {
        size_t d = distance(word, (*v)->name);
        if (d < least) {
            least = d;
            nearest = *v;
        }
    }
    if (nearest)
        complain("unknown verb \"%s\"; did you mean \"%s\"?", word, nearest->name);
    else
        complain("unknown verb \"%s\" (see: bora --help)", word);
    return EXIT_USAGE;
}

static bool is_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int bo_main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        print_help();
        return EXIT_USAGE;
    }
    if (is_help(word) && argc == 2) {
        print_help();
        return EXIT_OK;
    }
    bool help = is_help(word);
    if (help)
        word = argv[2];
    if (strcmp(word, "--version") == 0)
        word = "version";
    const struct verb *verb = find_verb(word);
    if (!verb)
        return unknown_verb(word);
    if (help) {
        options_help(verb);
        return EXIT_OK;
    }

    bo_arena arena = {0};
    struct options options = {.arena = &arena};
    bool done = false;
    int status = options_parse(verb, argv + 2, &options, &done);
    if (status == EXIT_OK && !done)
        status = verb->run(&options);
    fflush(stdout);
    bo_arena_free(&arena);
    return status;
}
