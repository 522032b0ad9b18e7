// SPDX-License-Identifier: MIT
// run.c: builds a program into the cache and becomes it, so that signals, the terminal and the exit
// status are the program's own.
#include "command.h"
#include "program.h"

static int run(struct options *options)
{
    const char *path = options->paths.len ? options->paths.at[0] : ".";
    const char *made;
    options->show = options->show || options->verbose;
    int status = program_build(options, path, NULL, &made);
    if (status != EXIT_OK)
        return status;
    struct words command = {.arena = options->arena};
    if (options->valgrind)
        words_add(&command, "valgrind");
    if (options->aarch64)
        words_add(&command, "qemu-aarch64");
    words_add(&command, made);
    words_add_all(&command, &options->arguments);
    return fail(command_become(&command));
}

const struct verb verb_run = {
    .name = "run",
    .arguments = "[DIR] [-- ARGUMENT...]",
    .summary = "Build the program in a folder and run it",
    .takes = OPT_VERBOSE | OPT_SHOW | OPT_VARIANT | OPT_PROGRAM,
    .paths_max = 1,
    .run = run,
    .text =
        "What follows DIR is for the program; the options above stand before it. DIR may also be\n"
        "one .c file. See `bora build --help` for what belongs to a program.\n"
        "\n"
        "Example:  bora run examples/users\n"
        "\n"
        "Exit status: the program's own; 1 if it does not compile, 2 wrong usage.\n",
};
