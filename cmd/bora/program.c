// SPDX-License-Identifier: MIT
#include "program.h"

#include "sources.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *program_name(bo_arena *arena, const char *path)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return NULL;
    bo_str name = bo_str_of(strrchr(real, '/') + 1);
    if (bo_str_ends(name, bo_s(".c")))
        name.len -= 2;
    return name.len ? bo_str_c(arena, name) : "program";
}

static bo_err find_sources(bo_arena *arena, const char *path, const char **root,
                           struct words *sources)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return bo_errf(bo_err_sys(errno), "%s", path);
    if (!S_ISDIR(info.st_mode)) {
        if (sources_kind(path) != SOURCES_PROGRAM)
            return bo_errf(NULL, "%s: neither a folder nor a .c file", path);
        *root = sources_folder(arena, path);
        words_add(sources, path);
        return NULL;
    }
    *root = path;
    BO_TRY(sources_find(path, SOURCES_PROGRAM, sources));
    if (sources->len == 0)
        return bo_errf(NULL, "%s: there is no .c file in it", path);
    return NULL;
}

static bool build_in(const struct workshop *shop, const struct words *sources, const char *output)
{
    bo_arena *arena = shop->options->arena;
    struct words none = {.arena = arena}, objects = {.arena = arena};
    return compile_all(shop, sources, &none, &objects) &&
           compile_link(shop, &objects, false, output);
}

int program_build(const struct options *options, const char *path, const char *output,
                  const char **made)
{
    bo_arena *arena = options->arena;
    struct home home;
    struct target target;
    struct workshop shop;
    const char *root = NULL;
    struct words sources = {.arena = arena};
    bo_err err = home_find(arena, &home);
    if (!err)
        err = find_sources(arena, path, &root, &sources);
    if (!err)
        err = target_open(options, &home, false, &target);
    if (!err)
        err = workshop_open(options, &target, root, &shop);
    if (err)
        return fail(err);

    const char *name = program_name(arena, path);
    const char *bin = format_c(arena, "%s/bin", shop.dir);
    mkdir(bin, 0777);
    *made = output ? output : format_c(arena, "%s/%s", bin, name);
    bool ok = build_in(&shop, &sources, *made);
    workshop_close(&shop);
    return ok ? EXIT_OK : EXIT_FAILED;
}
