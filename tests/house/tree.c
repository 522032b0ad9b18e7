// SPDX-License-Identifier: MIT
#include "tree.h"

#include <bora/arena.h>
#include <bora/process.h>
#include <bora/test.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bo_arena arena;

const char *tree_path(const char *path)
{
    // A test runs in its own folder: tests/house.
    char root[PATH_MAX];
    REQUIRE(realpath("../..", root) != NULL);
    return bo_str_printf(&arena, "%s%s%s", root, *path ? "/" : "", path).ptr;
}

bo_str tree_read(const char *path)
{
    FILE *file = fopen(tree_path(path), "re");
    if (!file)
        test_fail("%s cannot be read", path);
    REQUIRE(file != NULL);
    struct stat info;
    REQUIRE_EQ(fstat(fileno(file), &info), 0);
    char *text = bo_alloc_raw(&arena, (size_t)info.st_size + 1, 1);
    size_t n = fread(text, 1, (size_t)info.st_size, file);
    fclose(file);
    text[n] = '\0';
    return bo_str_n(text, n);
}

static void add(struct paths *paths, const char *path)
{
    // At most doubles: the length is the capacity at every power of two.
    if ((paths->len & (paths->len - 1)) == 0) {
        size_t cap = paths->len ? 2 * paths->len : 1;
        paths->at = bo_realloc(paths->at, cap * sizeof *paths->at);
    }
    paths->at[paths->len++] = path;
}

static void find(struct paths *paths, const char *dir, const char *suffix)
{
    DIR *open = opendir(tree_path(dir));
    REQUIRE(open != NULL);
    for (struct dirent *entry; (entry = readdir(open));) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strcmp(name, "build") == 0)
            continue;
        const char *path = bo_str_printf(&arena, "%s%s%s", dir, *dir ? "/" : "", name).ptr;
        struct stat info;
        REQUIRE_EQ(lstat(tree_path(path), &info), 0);
        if (S_ISDIR(info.st_mode))
            find(paths, path, suffix);
        else if (bo_str_ends(bo_str_of(name), bo_str_of(suffix)))
            add(paths, path);
    }
    closedir(open);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct paths tree_files(const char *dir, const char *suffix)
{
    struct paths paths = {0};
    find(&paths, dir, suffix);
    REQUIRE(paths.len > 0);
    qsort(paths.at, paths.len, sizeof *paths.at, compare);
    return paths;
}

int tree_run(const char *line, bo_str *output)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    bo_process_result r;
    bo_process_options options = {
        .cwd = tree_path(""), .in = BO_PROCESS_NULL, .err = BO_PROCESS_MERGE};
    bo_err err = bo_process_run(&arena, argv, &options, bo_s(""), &r);
    if (err)
        test_fail("%s: %s", line, bo_err_message(err));
    REQUIRE(!err);
    *output = r.out;
    return r.status;
}
