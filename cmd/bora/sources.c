// SPDX-License-Identifier: MIT
#include "sources.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };  // Deeper trees are a mistake, such as a folder mounted into itself.

int sources_kind(const char *path)
{
    bo_str name = bo_str_of(path);
    if (bo_str_ends(name, bo_s("_test.c")))
        return SOURCES_TESTS;
    if (bo_str_ends(name, bo_s(".c")))
        return SOURCES_PROGRAM;
    if (bo_str_ends(name, bo_s(".h")))
        return SOURCES_HEADERS;
    return 0;
}

const char *sources_folder(bo_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    if (slash == path)
        return "/";
    return bo_str_c(arena, bo_str_n(path, (size_t)(slash - path)));
}

static bool is_left_out(const char *name)
{
    return name[0] == '.' || strcmp(name, "build") == 0 || strcmp(name, "testdata") == 0;
}

static bo_err find_in(const char *dir, int kinds, int depth, struct words *found)
{
    if (depth > DEPTH_MAX)
        return bo_errf(BO_TOO_LARGE, "%s: more than %d folders deep", dir, DEPTH_MAX);
    DIR *open = opendir(dir);
    if (!open)
        return bo_errf(bo_err_sys(errno), "%s", dir);
    struct words names = {.arena = found->arena};
    for (struct dirent *entry; (entry = readdir(open));)
        words_add(&names, bo_str_c(found->arena, bo_str_of(entry->d_name)));
    closedir(open);
    words_sort(&names);

    bo_err err = NULL;
    for (size_t i = 0; i < names.len && !err; i++) {
        const char *name = names.at[i];
        const char *path =
            strcmp(dir, ".") == 0 ? name : format_c(found->arena, "%s/%s", dir, name);
        struct stat info;
        if (name[0] == '.' || lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode)) {
            if (!is_left_out(name))
                err = find_in(path, kinds, depth + 1, found);
        } else if (sources_kind(name) & kinds) {
            words_add(found, path);
        }
    }
    return err;
}

bo_err sources_find(const char *dir, int kinds, struct words *found)
{
    while (strncmp(dir, "./", 2) == 0 && dir[2])
        dir += 2;
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    return find_in(bo_str_c(found->arena, bo_str_n(dir, len)), kinds, 0, found);
}
