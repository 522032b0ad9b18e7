// SPDX-License-Identifier: MIT
#include "program.h"

#include <stdio.h>
#include <sys/stat.h>

static int build(struct options *options)
{
    const char *path = options->paths.len ? options->paths.at[0] : ".";
    const char *output = options->output;
    if (!output)
        output = program_name(options->arena, path);
    if (!output)
        return complain("%s: no such folder", path);
    // As with cp: a folder means into it. `bora build hello`, said beside hello, makes hello/hello.
    struct stat info;
    bool into = stat(output, &info) == 0 && S_ISDIR(info.st_mode);
    if (into)
        output = format_c(options->arena, "%s/%s", output, program_name(options->arena, path));
    options->show = options->show || options->verbose;
    const char *made;
    int status = program_build(options, path, output, &made);
    if (status == EXIT_OK && into)
        fprintf(stderr, "bora: made %s\n", made);
    return status;
}

const struct verb verb_build = {
    .name = "build",
    .arguments = "[DIR] [-o FILE]",
    .summary = "Build the program in a folder into one static binary",
    .takes = OPT_OUTPUT | OPT_STRIP | OPT_VERBOSE | OPT_SHOW | OPT_VARIANT,
    .paths_max = 1,
    .run = build,
    .text =
        "DIR is the current folder if not given; it may also be one .c file. All .c files of the\n"
        "folder and the folders below it belong to the program, except *_test.c and what lies in\n"
        "folders named build, testdata or .something. There is no build file. The program is\n"
        "called like the folder, and stands in the current one; if FILE is a folder, in that.\n"
        "$CC, $CFLAGS and $LDFLAGS are heeded.\n"
        "\n"
        "Example:  bora build examples/users -o /tmp/users\n"
        "\n"
        "Exit status: 0 built, 1 it does not compile, 2 wrong usage.\n",
};
