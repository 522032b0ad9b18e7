// SPDX-License-Identifier: MIT
// compile.c: see compile.h.
//
// Flags come from three places: the build of the library (bora.flags), this file (what every
// program gets), and the user's CFLAGS and LDFLAGS, which come last and so have the last word.
//
// Wrong arguments and undeclared functions are errors here although C compilers of the day only
// warn about them: a pointer passed as an int is no program anybody wants, least of all as a
// goroutine.
#include "compile.h"

#include "command.h"
#include "step.h"

#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORKSHOP_AGE_MAX (30 * 24 * BO_HOUR)  // An untouched workshop is removed after a month.

static const char program_flags[] =
    "-std=gnu17 -O2 -g -fPIE -Wall -Wextra -Werror=incompatible-pointer-types "
    "-Werror=int-conversion -Werror=implicit-function-declaration";

// A mistake in the arguments of go() is told in the line that it is in, and not a second time in
// every macro that go() is made of.
static const char macro_flags_gcc[] = "-ftrack-macro-expansion=0";
static const char macro_flags_clang[] = "-fmacro-backtrace-limit=1";

const char *cache_folder(bo_arena *arena)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache && *cache == '/')
        return format_c(arena, "%s/bora", cache);
    const char *home = getenv("HOME");
    return format_c(arena, "%s/.cache/bora", home && *home ? home : "/tmp");
}

static bo_err make_folders(bo_arena *arena, const char *path)
{
    char *part = (char *)(uintptr_t)bo_str_c(arena, bo_str_of(path));
    for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        mkdir(part, 0777);
        *slash = '/';
    }
    if (mkdir(part, 0777) != 0 && errno != EEXIST)
        return bo_errf(bo_err_sys(errno), "make folder %s", path);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

// Removes workshops that nobody has used for long. One that is in use has just been touched.
static void trim_cache(const char *cache)
{
    bo_arena arena = {0};
    DIR *dir = opendir(cache);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        const char *path = format_c(&arena, "%s/%s", cache, entry->d_name);
        struct stat info;
        if (entry->d_name[0] == '.' || stat(format_c(&arena, "%s/lock", path), &info) != 0)
            continue;
        if (bo_now() - info.st_mtim.tv_sec * BO_SECOND > WORKSHOP_AGE_MAX)
            nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (dir)
        closedir(dir);
    bo_arena_free(&arena);
}

bo_err workshop_open(const struct options *options, const struct target *target, const char *root,
                     struct workshop *out)
{
    bo_arena *arena = options->arena;
    char real[PATH_MAX];
    if (!realpath(root, real))
        return bo_errf(bo_err_sys(errno), "%s", root);
    const char *base = strrchr(real, '/') + 1;
    // What is made depends on the place it is made from: the compiler writes paths into objects.
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here))
        return bo_errf(bo_err_sys(errno), "the current folder");
    const char *key = format_c(arena, "%s\n%s\n%s\n%s", real, here, target->libdir, target->name);
    const char *cache = cache_folder(arena);
    const char *dir = format_c(arena, "%s/%s-%016llx", cache, *base ? base : "root",
                               (unsigned long long)step_hash(key));
    BO_TRY(make_folders(arena, dir));
    int lock = open(format_c(arena, "%s/lock", dir), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
    if (lock < 0)
        return bo_errf(bo_err_sys(errno), "lock %s", dir);
    futimens(lock, NULL);
    bo_blocking(flock, lock, LOCK_EX);
    trim_cache(cache);
    *out = (struct workshop){options, target, root, dir, lock};
    return NULL;
}

void workshop_close(struct workshop *shop)
{
    close(shop->lock);
}

// One step at a time writes what its command said, so that two compilers' words do not mix.
static bo_mutex output_lock;

// Commands that run at the same time, over all that is compiled.
static bo_semaphore *command_slots(void)
{
    static bo_semaphore slots;
    static bo_once once;
    bo_once_do(&once, bo_semaphore_release, &slots, bo_procs());
    return &slots;
}

static bo_err find_and_run(const struct workshop *shop, bo_arena *arena, struct step *step,
                           bo_str *said)
{
    const char *program = command_find(arena, step->command.at[0]);
    if (!program)
        return bo_errf(NULL, "%s is missing", step->command.at[0]);
    // A new compiler makes new objects.
    words_add(&step->inputs, program);
    bo_semaphore *slots = command_slots();
    bo_semaphore_acquire(slots, 1);
    bo_err err = step_run(arena, step, shop->options->show, said);
    bo_semaphore_release(slots, 1);
    return err;
}

static bo_err run_step(const struct workshop *shop, bo_arena *arena, struct step *step)
{
    bo_str said = {0};
    bo_err err = find_and_run(shop, arena, step, &said);
    bo_mutex_lock(&output_lock);
    if (said.len > 0)
        fwrite(said.ptr, 1, said.len, stderr);
    if (err && err != BO_INVALID)
        complain("%s", bo_err_message(err));
    bo_mutex_unlock(&output_lock);
    return err;
}

static struct step compile_step(const struct workshop *shop, bo_arena *arena, const char *source,
                                const struct words *extra)
{
    const struct target *t = shop->target;
    struct step step = {.inputs = {.arena = arena}, .command = {.arena = arena}};
    struct words *c = &step.command;
    words_add_split(c, t->cc);
    words_add_split(c, program_flags);
    words_add(c, t->clang ? macro_flags_clang : macro_flags_gcc);
    words_add_split(c, t->cflags);
    if (isatty(STDERR_FILENO))
        words_add(c, "-fdiagnostics-color=always");
    // For "quoted" includes alone: a program's sched.h must not hide the system's <sched.h>.
    words_add(c, "-iquote");
    words_add(c, shop->root);
    words_addf(c, "-I%s", t->home->include);
    words_add_all(c, extra);
    words_add_split(c, getenv("CFLAGS"));

    // The same file may be compiled in two ways for one program: with its tests, and without.
    const char *key = format_c(arena, "%s\n%s", source, words_join(extra, ' '));
    const char *name = format_c(arena, "%s/%016llx", shop->dir, (unsigned long long)step_hash(key));
    step.output = format_c(arena, "%s.o", name);
    step.record = format_c(arena, "%s.record", name);
    step.depfile = format_c(arena, "%s.d", name);
    words_add(c, "-MMD");
    words_add(c, "-MF");
    words_add(c, step.depfile);
    words_add(c, "-c");
    words_add(c, source);
    words_add(c, "-o");
    words_add(c, STEP_OUTPUT);
    return step;
}

struct compile_job {
    const struct workshop *shop;
    const char *source;
    const struct words *extra;
    char *object;
    bool failed;
};

// Errors stay in the job: one file's must not keep the others from being reported.
static bo_err compile_one(struct compile_job *job)
{
    bo_arena arena = {0};
    struct step step = compile_step(job->shop, &arena, job->source, job->extra);
    bo_err err = run_step(job->shop, &arena, &step);
    job->failed = err != NULL;
    bo_err_free(err);
    job->object = strdup(step.output);
    if (!job->object)
        bo_panic("out of memory");
    bo_arena_free(&arena);
    return NULL;
}

bool compile_all(const struct workshop *shop, const struct words *sources,
                 const struct words *extra, struct words *objects)
{
    struct compile_job *jobs = bo_calloc(sources->len + 1, sizeof *jobs);
    bo_group group = {0};
    for (size_t i = 0; i < sources->len; i++) {
        jobs[i] = (struct compile_job){shop, sources->at[i], extra, NULL, false};
        bo_group_go(&group, compile_one, &jobs[i]);
    }
    bo_err_free(bo_group_wait(&group));
    bool ok = true;
    for (size_t i = 0; i < sources->len; i++) {
        ok = ok && !jobs[i].failed;
        words_add(objects, bo_str_c(objects->arena, bo_str_of(jobs[i].object)));
        free(jobs[i].object);
    }
    free(jobs);
    return ok;
}

const char *compile_archive(const struct workshop *shop, const char *name,
                            const struct words *objects)
{
    bo_arena *arena = objects->arena;
    struct step step = {.inputs = {.arena = arena}, .command = {.arena = arena}};
    step.output = format_c(arena, "%s/%s.a", shop->dir, name);
    step.record = format_c(arena, "%s/%s.a.record", shop->dir, name);
    words_add(&step.command, "ar");
    words_add(&step.command, "rcs");
    words_add(&step.command, STEP_OUTPUT);
    words_add_all(&step.command, objects);
    words_add_all(&step.inputs, objects);
    bo_err err = run_step(shop, arena, &step);
    bo_err_free(err);
    return err ? NULL : step.output;
}

bool compile_link(const struct workshop *shop, const struct words *objects, bool testing,
                  const char *output)
{
    const struct target *t = shop->target;
    bo_arena *arena = objects->arena;
    struct step step = {.output = output, .inputs = {.arena = arena}, .command = {.arena = arena}};
    step.record =
        format_c(arena, "%s/%016llx.record", shop->dir, (unsigned long long)step_hash(output));
    struct words *c = &step.command;
    words_add_split(c, t->cc);
    words_add_all(c, objects);
    if (testing)
        words_addf(c, "%s/libbora-testing.a", t->libdir);
    words_addf(c, "%s/libbora.a", t->libdir);
    words_add_split(c, t->libs);
    words_add_split(c, t->ldflags);
    if (shop->options->strip)
        words_add(c, "-s");
    words_add_split(c, getenv("LDFLAGS"));
    words_add(c, "-o");
    words_add(c, STEP_OUTPUT);

    words_add_all(&step.inputs, objects);
    if (testing)
        words_addf(&step.inputs, "%s/libbora-testing.a", t->libdir);
    words_addf(&step.inputs, "%s/libbora.a", t->libdir);
    bo_err err = run_step(shop, arena, &step);
    bo_err_free(err);
    return err == NULL;
}
