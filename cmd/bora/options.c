// SPDX-License-Identifier: MIT
// options.c: one table of options; see options.h.
//
// Long and short spellings are taken with one dash or two, since people come here from go (-run) as
// well as from everywhere else (--run). A value stands behind its option or behind "=".
#include "options.h"

#include "testing/testing.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>

struct option {
    const char *name;   // As the help shows it.
    const char *value;  // "FILE", or NULL for a flag. What N, TIME and REGEX stand for is checked.
    size_t field;       // Where it goes in struct options: a bool, or a const char *.
    unsigned bit;
    const char *help;
};

#define FLAG(name, field, bit, help)                                                               \
    {                                                                                              \
        name, NULL, offsetof(struct options, field), bit, help                                     \
    }
#define TEXT(name, value, field, bit, help)                                                        \
    {                                                                                              \
        name, value, offsetof(struct options, field), bit, help                                    \
    }

static const struct option table[] = {
    TEXT("-o", "FILE", output, OPT_OUTPUT, "write to FILE"),
    TEXT("--prefix", "DIR", prefix, OPT_PREFIX, "install below DIR (/usr/local)"),
    FLAG("--strip", strip, OPT_STRIP, "leave out debug information and symbols"),
    FLAG("--check", check, OPT_CHECK, "change nothing: name what differs, and exit with 1"),
    TEXT("-run", "REGEX", run, OPT_TESTS, "only the tests whose name matches"),
    FLAG("-list", list, OPT_TESTS, "name the tests, run none"),
    TEXT("-count", "N", count, OPT_TESTS, "run each test N times"),
    TEXT("-parallel", "N", parallel, OPT_TESTS, "how many tests at a time (the number of CPUs)"),
    TEXT("-timeout", "TIME", timeout, OPT_TESTS, "for each test: 500ms, 90s, 5m (60s)"),
    FLAG("--asan", asan, OPT_VARIANT, "with AddressSanitizer"),
    FLAG("--ubsan", ubsan, OPT_VARIANT, "with UndefinedBehaviorSanitizer"),
    FLAG("--tsan", tsan, OPT_VARIANT, "with ThreadSanitizer"),
    FLAG("--valgrind", valgrind, OPT_VARIANT, "under Valgrind"),
    FLAG("--migrate", migrate, OPT_VARIANT, "move goroutines to another thread at every park"),
    FLAG("--aarch64", aarch64, OPT_VARIANT, "for aarch64, run with qemu-user"),
    FLAG("--peers", peers, OPT_PEERS, "also measure the same work in Go and others, if there"),
    TEXT("-only", "REGEX", only, OPT_BENCH, "only the runs whose name matches"),
    TEXT("-count", "N", count, OPT_BENCH, "so many rounds (5)"),
    FLAG("--quick", quick, OPT_BENCH, "a tenth of the work, two rounds: to see that it runs"),
    FLAG("--json", json, OPT_JSON, "print JSON"),
    FLAG("-v", verbose, OPT_VERBOSE, "say more"),
    FLAG("-x", show, OPT_SHOW, "show the commands"),
};

enum { TABLE_LEN = sizeof table / sizeof table[0] };

int complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("bora: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_FAILED;
}

int fail(bo_err err)
{
    complain("%s", bo_err_message(err));
    bo_err_free(err);
    return EXIT_FAILED;
}

void options_help(const struct verb *verb)
{
    printf("bora %s %s\n\n%s.\n", verb->name, verb->arguments, verb->summary);
    bool any = false;
    for (size_t i = 0; i < TABLE_LEN; i++) {
        const struct option *o = &table[i];
        if (!(verb->takes & o->bit))
            continue;
        if (!any)
            puts("");
        any = true;
        int n = printf("  %s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("%*s%s\n", n < 20 ? 20 - n : 1, "", o->help);
    }
    printf("\n%s", verb->text);
}

void options_names(const struct verb *verb, void (*visit)(const char *name, void *context),
                   void *context)
{
    for (size_t i = 0; i < TABLE_LEN; i++)
        if (verb->takes & table[i].bit)
            visit(table[i].name, context);
}

static bo_str without_dashes(bo_str word)
{
    for (int i = 0; i < 2 && word.len > 1 && word.ptr[0] == '-'; i++)
        word = bo_str_sub(word, 1, word.len);
    return word;
}

static const struct option *find_option(const struct verb *verb, bo_str name)
{
    for (size_t i = 0; i < TABLE_LEN; i++)
        if ((verb->takes & table[i].bit) &&
            bo_str_eq(without_dashes(bo_str_of(table[i].name)), name))
            return &table[i];
    return NULL;
}

static bool is_regex(const char *text)
{
    regex_t pattern;
    if (regcomp(&pattern, text, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    regfree(&pattern);
    return true;
}

// What is wrong with an option's value, or NULL. Here rather than where it is used, so that a slip
// is told before anything is built.
static const char *value_problem(const struct option *o, const char *value)
{
    int count;
    bo_duration timeout;
    if (strcmp(o->value, "N") == 0 && !test_parse_count(value, &count))
        return "not a number from 1 to 1000000";
    if (strcmp(o->value, "TIME") == 0 && !test_parse_timeout(value, &timeout))
        return "not a duration such as 500ms, 90s, 5m";
    if (strcmp(o->value, "REGEX") == 0 && !is_regex(value))
        return "not an extended regular expression";
    return *value ? NULL : "its value is empty";
}

static int usage_error(const struct verb *verb, const char *word, const char *problem)
{
    complain("%s: %s (see: bora %s --help)", word, problem, verb->name);
    return EXIT_USAGE;
}

// Takes one option with its value, and moves *argv to the last word that belongs to it.
static int parse_option(const struct verb *verb, char ***argv, struct options *options)
{
    const char *word = **argv;
    bo_str name, value;
    bool has_value = bo_str_cut(without_dashes(bo_str_of(word)), '=', &name, &value);
    const struct option *o = find_option(verb, name);
    if (!o)
        return usage_error(verb, word, "unknown option");
    char *field = (char *)options + o->field;
    if (!o->value) {
        if (has_value)
            return usage_error(verb, word, "takes no value");
        *(bool *)field = true;
        return EXIT_OK;
    }
    const char *text = has_value ? value.ptr : *++*argv;
    if (!text)
        return usage_error(verb, word, "its value is missing");
    const char *problem = value_problem(o, text);
    if (problem)
        return usage_error(verb, text, problem);
    *(const char **)(void *)field = text;
    return EXIT_OK;
}

static int add_path(const struct verb *verb, const char *word, struct options *options)
{
    if (options->paths.len == verb->paths_max)
        return usage_error(verb, word, verb->paths_max ? "one at a time" : "unexpected argument");
    words_add(&options->paths, word);
    return EXIT_OK;
}

// Which of the variants that were asked for do not go together, or NULL.
static const char *conflict(const struct options *o)
{
    if (o->tsan && (o->asan || o->ubsan))
        return "--tsan goes with no other sanitizer";
    if (o->valgrind && (o->asan || o->ubsan || o->tsan || o->aarch64))
        return "--valgrind goes with no sanitizer and not with --aarch64";
    if (o->aarch64 && (o->asan || o->ubsan || o->tsan))
        return "--aarch64 goes with no sanitizer";
    return NULL;
}

int options_parse(const struct verb *verb, char **argv, struct options *options, bool *done)
{
    options->paths.arena = options->arguments.arena = options->arena;
    for (; *argv; argv++) {
        const char *word = *argv;
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-help") == 0) {
            options_help(verb);
            *done = true;
            return EXIT_OK;
        }
        if (strcmp(word, "--") == 0) {
            argv++;
            break;
        }
        bool is_option = word[0] == '-' && word[1] != '\0';
        int status = is_option ? parse_option(verb, &argv, options) : add_path(verb, word, options);
        if (status != EXIT_OK)
            return status;
        if (!is_option && (verb->takes & OPT_PROGRAM)) {
            argv++;
            if (*argv && strcmp(*argv, "--") == 0)
                argv++;
            break;
        }
    }
    // Behind "--" (or, for a program that is run, behind its folder) nothing is an option.
    int status = EXIT_OK;
    for (; *argv && status == EXIT_OK; argv++) {
        if (verb->takes & OPT_PROGRAM)
            words_add(&options->arguments, *argv);
        else
            status = add_path(verb, *argv, options);
    }
    const char *problem = status == EXIT_OK ? conflict(options) : NULL;
    if (!problem)
        return status;
    complain("%s", problem);
    return EXIT_USAGE;
}
