// SPDX-License-Identifier: MIT
// install.c: copies the built library, headers and tool to a prefix.
//
// Meson knows what belongs where. The build in build/ is configured for the prefix "/", and the
// files that it makes name no absolute path (bora.pc and BoraConfig.cmake find their prefix from
// where they lie), so that one build can be installed anywhere by naming the prefix as DESTDIR.
#include "command.h"
#include "target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bo_err install_to(const struct options *options, const struct home *home, const char *prefix)
{
    char real[PATH_MAX];
    if (mkdir(prefix, 0777) != 0 && errno != EEXIST)
        return bo_errf(bo_err_sys(errno), "make folder %s", prefix);
    if (!realpath(prefix, real))
        return bo_errf(bo_err_sys(errno), "%s", prefix);
    if (access(real, W_OK) != 0)
        return bo_errf(bo_err_sys(errno), "write to %s (--prefix DIR names another place)", real);
    struct words command = {.arena = options->arena};
    words_add(&command, "meson");
    words_add(&command, "install");
    words_add(&command, "--no-rebuild");
    words_add(&command, "-C");
    words_addf(&command, "%s/build", home->root);
    struct words env =
        command_environment(options->arena, format_c(options->arena, "DESTDIR=%s", real));
    BO_TRY(command_quiet(&command, &(bo_process_options){.env = env.at}, options->show));
    printf("Installed below %s: bin/bora, include/bora.h, lib/libbora.a, lib/pkgconfig/bora.pc,\n"
           "lib/cmake/Bora. For pkg-config:  export PKG_CONFIG_PATH=%s/lib/pkgconfig\n",
           real, real);
    return NULL;
}

static int install(struct options *options)
{
    struct home home;
    bo_err err = home_find(options->arena, &home);
    if (!err && !home.tree)
        err = bo_errf(NULL, "install: this bora is installed already; its folder may be moved");
    if (!err)
        err = install_to(options, &home, options->prefix ? options->prefix : "/usr/local");
    return err ? fail(err) : EXIT_OK;
}

const struct verb verb_install = {
    .name = "install",
    .arguments = "[--prefix DIR]",
    .summary = "Install the library, its headers and this tool",
    .takes = OPT_PREFIX | OPT_SHOW,
    .run = install,
    .text =
        "Below DIR it puts bin/bora, include/bora.h and include/bora/, lib/libbora.a, and what\n"
        "pkg-config, CMake and Meson look for. DIR may be moved afterwards.\n"
        "\n"
        "Example:  ./bora install --prefix $HOME/.local\n"
        "\n"
        "Exit status: 0 installed, 1 it failed, 2 wrong usage.\n",
};
