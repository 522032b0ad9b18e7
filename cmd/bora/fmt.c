// SPDX-License-Identifier: MIT
// fmt.c: one style for all C files, applied by clang-format.
//
// The style is Bora's .clang-format, whatever project the files belong to: as with gofmt there is
// nothing to configure and nothing to argue about.
#include "command.h"
#include "sources.h"
#include "target.h"

#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 16 << 20 };

struct format {
    const struct options *options;
    const char *style;
    bo_mutex lock;  // Guards standard output and the count.
    int changed;
};

static bo_err read_source(bo_arena *arena, const char *path, bo_str *out)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return bo_errf(bo_err_sys(errno), "%s", path);
    char *text = NULL;
    size_t len = 0, cap = 0, n;
    do {
        size_t more = cap ? cap : 32 << 10;
        text = bo_arena_grow(arena, text, cap, cap + more, 1);
        cap += more;
        n = fread(text + len, 1, cap - len, file);
        len += n;
    } while (n > 0 && len < FILE_BYTES_MAX);
    bool failed = ferror(file);
    fclose(file);
    if (failed || len >= FILE_BYTES_MAX)
        return bo_errf(failed ? bo_err_sys(EIO) : BO_TOO_LARGE, "%s", path);
    *out = bo_str_n(text, len);
    return NULL;
}

// Written beside and renamed: whoever reads meanwhile sees the old text or the new one. A link
// stays a link: the file that it leads to is replaced.
static bo_err replace(bo_arena *arena, const char *link, bo_str text)
{
    char path[PATH_MAX];
    if (!realpath(link, path))
        return bo_errf(bo_err_sys(errno), "%s", link);
    const char *fresh = format_c(arena, "%s.bora-fmt", path);
    FILE *file = fopen(fresh, "wxe");
    if (!file)
        return bo_errf(bo_err_sys(errno), "%s", fresh);
    struct stat info;
    bool ok = fwrite(text.ptr, 1, text.len, file) == text.len;
    if (stat(path, &info) == 0)
        fchmod(fileno(file), info.st_mode & 07777);
    ok = fclose(file) == 0 && ok;
    if (ok && rename(fresh, path) == 0)
        return NULL;
    bo_err err = bo_err_sys(errno);
    unlink(fresh);
    return bo_errf(err, "write %s", path);
}

static bo_err format_text(bo_arena *arena, const struct format *f, const char *path, bo_str text,
                          bo_str *out)
{
    struct words command = {.arena = arena};
    words_add(&command, "clang-format");
    words_addf(&command, "--style=file:%s", f->style);
    words_addf(&command, "--assume-filename=%s", path);
    if (f->options->show)
        command_show(&command);
    bo_process_result result;
    BO_TRY(bo_process_run(arena, command.at, NULL, text, &result));
    if (result.status != 0)
        return bo_errf(NULL, "%s: " BO_FMT, path, BO_ARG(bo_str_trim(result.err)));
    *out = result.out;
    return NULL;
}

static bo_err format_file(struct format *f, const char *path)
{
    bo_arena arena = {0};
    bo_str before = {0}, after = {0};
    bo_err err = read_source(&arena, path, &before);
    if (!err)
        err = format_text(&arena, f, path, before, &after);
    bool differs = !err && !bo_str_eq(before, after);
    if (differs && !f->options->check)
        err = replace(&arena, path, after);
    if (differs) {
        bo_mutex_lock(&f->lock);
        f->changed++;
        puts(path);
        bo_mutex_unlock(&f->lock);
    }
    bo_arena_free(&arena);
    return err;
}

static bo_err find_files(const struct options *options, struct words *files)
{
    for (size_t i = 0; i < options->paths.len; i++) {
        const char *path = options->paths.at[i];
        struct stat info;
        if (stat(path, &info) != 0)
            return bo_errf(bo_err_sys(errno), "%s", path);
        if (!S_ISDIR(info.st_mode) && !sources_kind(path))
            return bo_errf(NULL, "%s: neither a folder nor a .c or .h file", path);
        if (!S_ISDIR(info.st_mode))
            words_add(files, path);
        else
            BO_TRY(sources_find(path, SOURCES_PROGRAM | SOURCES_TESTS | SOURCES_HEADERS, files));
    }
    return NULL;
}

static int fmt(struct options *options)
{
    struct home home;
    struct words files = {.arena = options->arena};
    if (options->paths.len == 0)
        words_add(&options->paths, ".");
    bo_err err = home_find(options->arena, &home);
    if (!err && !command_find(options->arena, "clang-format"))
        err = bo_errf(NULL, "clang-format is missing; Bora's ./bora setup installs it");
    if (!err)
        err = find_files(options, &files);
    if (err)
        return fail(err);

    struct format f = {.options = options};
    f.style = home.tree ? format_c(options->arena, "%s/.clang-format", home.root)
                        : format_c(options->arena, "%s/share/bora/clang-format", home.root);
    bo_group group = {0};
    bo_group_limit(&group, bo_procs());
    for (size_t i = 0; i < files.len; i++)
        bo_group_go(&group, format_file, &f, files.at[i]);
    err = bo_group_wait(&group);
    if (err)
        return fail(err);
    if (!options->check || f.changed == 0)
        return EXIT_OK;
    return complain("%d of %zu files differ from the style; bora fmt puts them right", f.changed,
                    files.len);
}

const struct verb verb_fmt = {
    .name = "fmt",
    .arguments = "[--check] [PATH...]",
    .summary = "Format C files in the one style, and name those that changed",
    .takes = OPT_CHECK | OPT_SHOW,
    .paths_max = SIZE_MAX,
    .run = fmt,
    .text =
        "PATH is a file, or a folder with all .c and .h files below it; the current folder if not\n"
        "given. The style is Bora's own (clang-format, 4 spaces, 100 columns).\n"
        "\n"
        "Example:  bora fmt --check src\n"
        "\n"
        "Exit status: 0 fine, 1 a file differs (--check) or cannot be read, 2 wrong usage.\n",
};
