// SPDX-License-Identifier: MIT
#include "program.h"

#include <sys/stat.h>

static int build(struct options *options)
{
    if (options->paths.len > 1) {
        complain("build: one folder at a time");
        return EXIT_USAGE;
    }
    const char *path = options->paths.len ? options->paths.at[0] : ".";
    const char *output = options->output;
    if (!output)
        output = program_name(options->arena, path);
    if (!output)
        return complain("%s: no such folder", path);
    // As with cp, -o FOLDER means: into it. Without -o, a folder of the program's name is in the way.
    struct stat info;
    if (stat(output, &info) == 0 && S_ISDIR(info.st_mode)) {
        if (!options->output)
            return complain("%s is a folder; give the program another name with -o", output);
        output = format_c(options->arena, "%s/%s", output, program_name(options->arena, path));
    }
    options->show = options->show || options->verbose;
    const char *made;
    return program_build(options, path, output, &made);
}

const struct verb verb_build = {
    .name = "build",
    .arguments = "[DIR] [-o FILE]",
    .summary = "Build the program in a folder into one static binary",
    .takes = OPT_OUTPUT | OPT_STRIP | OPT_VERBOSE | OPT_SHOW | OPT_VARIANT,
    .run = build,
    .text =
        "DIR is the current folder if not given; it may also be one .c file. All .c files of the\n"
        "folder and the folders below it belong to the program, except *_test.c and what lies in\n"
        "folders named build, testdata or .something. There is no build file. The program is\n"
        "called like the folder, and stands in the current one. $CC, $CFLAGS and $LDFLAGS are\n"
        "heeded.\n"
        "\n"
        "Example:  bora build examples/users -o /tmp/users\n"
        "\n"
        "Exit status: 0 built, 1 it does not compile, 2 wrong usage.\n",
};
