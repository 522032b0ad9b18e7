// SPDX-License-Identifier: MIT
// target.c: finds and builds the library.
//
// meson.build decides all flags and writes them, with what else a program needs, into bora.flags
// beside libbora.a; reading that file is all that the tool knows about a build. Variants live in
// build/<name>. They are brought up to date through ninja each time, under a lock, so that two
// tools may run at once.
#include "target.h"

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bora/go.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bo_err home_find(bo_arena *arena, struct home *out)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        return bo_errf(bo_err_sys(errno), "read /proc/self/exe");
    path[n] = '\0';
    const char *tool = bo_str_c(arena, bo_str_n(path, (size_t)n));
    const char *above = bo_str_c(arena, bo_str_of(dirname(dirname(path))));
    // TREE/build/cmd/bora/bora, or PREFIX/bin/bora.
    const char *tree = format_c(arena, "%s/../..", above);
    if (exists(format_c(arena, "%s/include/bora.h", above)) &&
        exists(format_c(arena, "%s/lib/bora/bora.flags", above))) {
        *out = (struct home){tool, above, format_c(arena, "%s/include", above), false};
        return NULL;
    }
    char real[PATH_MAX];
    if (!exists(format_c(arena, "%s/include/bora.h", tree)) || !realpath(tree, real))
        return bo_errf(BO_NOT_FOUND, "Bora's headers: neither %s/include nor a source tree", above);
    const char *root = bo_str_c(arena, bo_str_of(real));
    *out = (struct home){tool, root, format_c(arena, "%s/include", root), true};
    return NULL;
}

static const char *read_text(bo_arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = bo_alloc(arena, 1, 64 << 10, 1);
    size_t n = fread(text, 1, (64 << 10) - 1, file);
    fclose(file);
    text[n] = '\0';
    return text;
}

static bo_err read_flags(bo_arena *arena, const char *path, struct target *t)
{
    const char *text = read_text(arena, path);
    if (!text)
        return bo_errf(bo_err_sys(errno), "read %s", path);
    const struct {
        const char *key;
        const char **value;
    } fields[] = {{"version", &t->version}, {"cc", &t->cc},     {"cflags", &t->cflags},
                  {"ldflags", &t->ldflags}, {"libs", &t->libs}, {"exec", &t->exec}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i].value = "";
    bo_str rest = bo_str_of(text), line, key, value;
    while (bo_str_next(&rest, '\n', &line)) {
        bo_str_cut(line, '=', &key, &value);
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (bo_str_eq(key, bo_str_of(fields[i].key)))
                *fields[i].value = bo_str_c(arena, bo_str_trim(value));
    }
    return NULL;
}

// Whether a compiler command is clang: by its name, or by what `cc` is a link to.
static bool is_clang(bo_arena *arena, const char *cc)
{
    const char *path = command_find(arena, cc);
    char real[PATH_MAX];
    if (path && realpath(path, real))
        return strstr(basename(real), "clang") != NULL;
    return strstr(cc, "clang") != NULL;
}

struct variant {
    struct words name;   // Its parts.
    struct words meson;  // Options of meson setup.
};

static void add_variant(struct variant *v, bool wanted, const char *name, const char *meson)
{
    if (!wanted)
        return;
    words_add(&v->name, name);
    if (meson)
        words_add(&v->meson, meson);
}

static struct variant describe_variant(const struct options *o)
{
    struct variant v = {{.arena = o->arena}, {.arena = o->arena}};
    const char *sanitize = o->asan && o->ubsan ? "-Dsanitize=address,undefined"
                           : o->asan           ? "-Dsanitize=address"
                           : o->ubsan          ? "-Dsanitize=undefined"
                           : o->tsan           ? "-Dsanitize=thread"
                                               : NULL;
    add_variant(&v, o->asan, "asan", NULL);
    add_variant(&v, o->ubsan, "ubsan", NULL);
    add_variant(&v, o->tsan, "tsan", NULL);
    if (sanitize)
        words_add(&v.meson, sanitize);
    add_variant(&v, o->migrate, "migrate", "-Dmigrate=true");
    add_variant(&v, o->valgrind, "valgrind", "-Dvalgrind=true");
    add_variant(&v, o->aarch64, "aarch64", NULL);
    return v;
}

// A tool that is needed for a variant, with what to do if it is missing.
static bo_err need(bo_arena *arena, const char *program)
{
    if (command_find(arena, program))
        return NULL;
    return bo_errf(NULL, "%s is missing; ./bora setup installs all that tests need", program);
}

static bool is_older(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 &&
           (x.st_mtim.tv_sec < y.st_mtim.tv_sec ||
            (x.st_mtim.tv_sec == y.st_mtim.tv_sec && x.st_mtim.tv_nsec < y.st_mtim.tv_nsec));
}

static bo_err configure(const struct options *o, const struct home *home, const char *dir,
                        const char *cc, const struct variant *v)
{
    // Ninja sees to changed build files, but not to new ones: when those have come, ./bora has
    // configured the main build anew.
    const char *ninja = format_c(o->arena, "%s/build.ninja", dir);
    bool again = exists(ninja);
    if (again && !is_older(ninja, format_c(o->arena, "%s/build/build.ninja", home->root)))
        return NULL;
    struct words w = {.arena = o->arena};
    words_add(&w, "meson");
    words_add(&w, "setup");
    if (again)
        words_add(&w, "--reconfigure");
    words_add(&w, "-Dtool=false");
    words_add_all(&w, &v->meson);
    if (o->aarch64) {
        words_add(&w, "--cross-file");
        words_addf(&w, "%s/packaging/aarch64.ini", home->root);
    }
    words_add(&w, dir);
    words_add(&w, home->root);
    struct words env = command_environment(o->arena, cc ? format_c(o->arena, "CC=%s", cc) : NULL);
    return command_quiet(&w, &(bo_process_options){.env = env.at}, o->show);
}

static bo_err bring_up_to_date(const struct options *o, const struct home *home, const char *dir,
                               const char *cc, const struct variant *v)
{
    BO_TRY(need(o->arena, "meson"));
    BO_TRY(need(o->arena, "ninja"));
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return bo_errf(bo_err_sys(errno), "make folder %s", dir);
    int lock = open(format_c(o->arena, "%s/.bora-lock", dir), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (lock < 0)
        return bo_errf(bo_err_sys(errno), "lock %s", dir);
    bo_blocking(flock, lock, LOCK_EX);
    bo_err err = configure(o, home, dir, cc, v);
    if (!err) {
        struct words w = {.arena = o->arena};
        words_add(&w, "ninja");
        words_add(&w, "-C");
        words_add(&w, dir);
        err = command_quiet(&w, NULL, o->show);
    }
    close(lock);
    return err;
}

bo_err target_default(bo_arena *arena, const struct home *home, struct target *out)
{
    *out = (struct target){.home = home, .name = "default", .slowness = 1};
    out->libdir = format_c(arena, "%s/%s", home->root, home->tree ? "build" : "lib");
    return read_flags(
        arena, format_c(arena, "%s/%sbora.flags", out->libdir, home->tree ? "" : "bora/"), out);
}

bo_err target_open(const struct options *o, const struct home *home, bool own_cc,
                   struct target *out)
{
    BO_TRY(target_default(o->arena, home, out));
    const char *cc = getenv("CC");
    if (cc && (!*cc || strcmp(cc, out->cc) == 0))
        cc = NULL;
    struct variant v = describe_variant(o);
    if (v.name.len > 0 && !home->tree)
        return bo_errf(NULL, "--%s: an installed Bora has no sources to build that from",
                       v.name.at[0]);
    bool other_library = v.name.len > 0 || (cc && own_cc && home->tree);
    if (cc) {
        words_add(&v.name, bo_str_c(o->arena, bo_str_of(basename((char *)(uintptr_t)cc))));
        out->cc = cc;
    }
    if (v.name.len > 0)
        out->name = words_join(&v.name, '-');
    if (other_library) {
        if (o->aarch64)
            BO_TRY(need(o->arena, "qemu-aarch64"));
        out->libdir = format_c(o->arena, "%s/build/%s", home->root, out->name);
        BO_TRY(bring_up_to_date(o, home, out->libdir, o->aarch64 ? NULL : cc, &v));
        BO_TRY(read_flags(o->arena, format_c(o->arena, "%s/bora.flags", out->libdir), out));
    }
    out->clang = is_clang(o->arena, out->cc);
    if (out->clang && !strstr(out->cflags, "-fblocks"))
        out->cflags = format_c(o->arena, "%s -fblocks", out->cflags);
    if (o->valgrind) {
        BO_TRY(need(o->arena, "valgrind"));
        out->exec = "valgrind -q --error-exitcode=99";
    }
    if (o->valgrind || o->tsan || o->aarch64)
        out->slowness = 10;
    else if (o->asan || o->ubsan || o->migrate)
        out->slowness = 3;
    return NULL;
}
