// SPDX-License-Identifier: MIT
// env.c: `env` and `version`, what a report of a problem should begin with.
#include "command.h"
#include "compile.h"

#include <bora/go.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

// Quoted for a shell, so that `eval "$(bora env)"` works whatever a path holds.
static void print_variable(const char *name, const char *value)
{
    printf("%s='", name);
    for (; *value; value++) {
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    }
    puts("'");
}

static int env(struct options *options)
{
    struct home home;
    struct target target;
    bo_err err = home_find(options->arena, &home);
    if (!err)
        err = target_open(options, &home, false, &target);
    if (err)
        return fail(err);
    print_variable("BORA_ROOT", home.root);
    print_variable("BORA_INCLUDE", home.include);
    print_variable("BORA_LIB", target.libdir);
    print_variable("BORA_CACHE", cache_folder(options->arena));
    print_variable("BORA_CC", target.cc);
    print_variable("BORA_CFLAGS", target.cflags);
    print_variable("BORA_LDFLAGS", target.ldflags);
    print_variable("BORA_LIBS", target.libs);
    return EXIT_OK;
}

static int version(struct options *options)
{
    struct home home;
    struct target target;
    bo_err err = home_find(options->arena, &home);
    if (!err)
        err = target_default(options->arena, &home, &target);
    if (err)
        return fail(err);
    struct utsname system;
    uname(&system);
    printf("bora %s %s/%s, built with %s\n", target.version, system.sysname, system.machine,
           COMPILER);
    return EXIT_OK;
}

const struct verb verb_env = {
    .name = "env",
    .arguments = "",
    .summary = "Show where Bora is and how it compiles",
    .takes = OPT_VARIANT,
    .run = env,
    .text = "The lines are assignments for a shell.\n"
            "\n"
            "Example:  eval \"$(bora env)\"; echo $BORA_LIB\n",
};

const struct verb verb_version = {
    .name = "version",
    .arguments = "",
    .summary = "Show the version",
    .run = version,
    .text = "Example:  bora version\n",
};
