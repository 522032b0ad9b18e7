// SPDX-License-Identifier: MIT
// test.c: finds tests, links each folder's into one program, runs the programs, adds up.
//
// A package is a folder with *_test.c files. Its program consists of those files, the code that
// they test as an archive, the test library and Bora's. As an archive: of the code only what a test
// needs is linked, so a test may include the .c file itself to reach what is static there, and a
// main() nobody asks for stays out. The package's own folder comes first in it, so that of two
// programs below the same root each package gets its own functions.
//
// A root is what the code belongs to: the folder named on the command line. In Bora's own tree each
// package is a root of its own, since the code of src/ is in the library already. Roots are built
// as goroutines of their own while the packages that are ready run one after another; each of them
// runs its tests in parallel.
#include "command.h"
#include "compile.h"
#include "sources.h"
#include "step.h"

#include <bora/go.h>
#include <bora/sync.h>
#include <bora/time.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct package {
    const char *dir;
    struct words tests;
    const char *binary;
    bool built;
    bo_semaphore ready;  // One permit once `binary` and `built` are set.
};

struct root {
    bo_arena arena;
    struct options options;  // The command line's, with the arena of this root.
    const struct target *target;
    const char *dir;
    bool library;  // A room of Bora's src/: its code is in libbora.a.
    struct package *packages;
    size_t count;
};

struct totals {
    int64_t passed, failed, skipped;
};

// ---- building -------------------------------------------------------------------------------

// The program's files, those of the package's folder first. What a test may include, the code that
// it tests may too.
static bool compile_code(const struct workshop *shop, const struct root *root,
                         const struct package *package, const struct words *test_flags,
                         struct words *objects)
{
    bo_arena *arena = objects->arena;
    struct words all = {.arena = arena}, sources = {.arena = arena}, flags = {.arena = arena};
    bo_err err = root->library ? NULL : sources_find(root->dir, SOURCES_PROGRAM, &all);
    if (err) {
        fail(err);
        return false;
    }
    for (int own = 1; own >= 0; own--)
        for (size_t i = 0; i < all.len; i++)
            if ((strcmp(sources_folder(arena, all.at[i]), package->dir) == 0) == own)
                words_add(&sources, all.at[i]);
    // A program's own main gives way to the test program's, and so may not end without a return.
    words_add_all(&flags, test_flags);
    words_add(&flags, "-Dmain=bo__program_main");
    words_add(&flags, "-Wno-return-type");
    return compile_all(shop, &sources, &flags, objects);
}

static bool build_package(const struct workshop *shop, struct root *root, struct package *package)
{
    bo_arena *arena = &root->arena;
    struct words code = {.arena = arena}, objects = {.arena = arena}, flags = {.arena = arena};
    if (shop->target->home->tree)
        words_addf(&flags, "-I%s/src", shop->target->home->root);
    bool code_ok = compile_code(shop, root, package, &flags, &code);
    if (!compile_all(shop, &package->tests, &flags, &objects) || !code_ok)
        return false;
    const char *name = format_c(arena, "%016" PRIx64, step_hash(package->dir));
    if (code.len > 0) {
        const char *archive = compile_archive(shop, name, &code);
        if (!archive)
            return false;
        words_add(&objects, archive);
    }
    package->binary = format_c(arena, "%s/%s.test", shop->dir, name);
    return compile_link(shop, &objects, true, package->binary);
}

// The lock is given back before anything runs: tests use the tool themselves.
static void build_root(struct root *root)
{
    struct workshop shop;
    bo_err err = workshop_open(&root->options, root->target, root->dir, &shop);
    if (err)
        fail(err);
    for (size_t i = 0; i < root->count; i++)
        root->packages[i].built = !err && build_package(&shop, root, &root->packages[i]);
    if (!err)
        workshop_close(&shop);
    for (size_t i = 0; i < root->count; i++)
        bo_semaphore_release(&root->packages[i].ready, 1);
}

// ---- finding --------------------------------------------------------------------------------

// Whether dir lies in Bora's own tree, and there in a room of src/.
static bool is_in_tree(const struct home *home, const char *dir, bool *library)
{
    char real[PATH_MAX];
    *library = false;
    if (!home->tree || !realpath(dir, real))
        return false;
    bo_str path = bo_str_of(real), root = bo_str_of(home->root);
    if (!bo_str_starts(path, root) || (path.len > root.len && path.ptr[root.len] != '/'))
        return false;
    *library = bo_str_starts(bo_str_sub(path, root.len, path.len), bo_s("/src/"));
    return true;
}

// A growing list of roots; the roots do not move, since goroutines hold on to them.
struct roots {
    struct root **at;
    size_t len, cap;
};

static struct root *add_root(struct roots *roots, const struct options *options,
                             const struct target *target, const char *dir)
{
    if (roots->len == roots->cap) {
        roots->cap = roots->cap ? 2 * roots->cap : 16;
        roots->at = bo_realloc(roots->at, roots->cap * sizeof(struct root *));
    }
    struct root *root = bo_calloc(1, sizeof *root);
    root->options = *options;
    root->options.arena = &root->arena;
    root->target = target;
    root->dir = dir;
    is_in_tree(target->home, dir, &root->library);
    return roots->at[roots->len++] = root;
}

static struct package *add_package(struct root *root, const char *dir, size_t most)
{
    if (!root->packages)
        root->packages = bo_calloc(most, sizeof *root->packages);
    struct package *package = &root->packages[root->count++];
    package->dir = dir;
    package->tests.arena = &root->arena;
    return package;
}

static struct package *find_package(struct root *root, const char *dir)
{
    for (size_t i = 0; root && i < root->count; i++)
        if (strcmp(root->packages[i].dir, dir) == 0)
            return &root->packages[i];
    return NULL;
}

// Makes the roots and packages of what lies below one path of the command line.
static bo_err find_packages(const struct options *options, const struct target *target,
                            const char *path, struct roots *roots)
{
    struct words tests = {.arena = options->arena};
    if (sources_kind(path) == SOURCES_TESTS)
        return bo_errf(NULL, "%s: a test is built with its folder: bora test %s -run NAME", path,
                       sources_folder(options->arena, path));
    BO_TRY(sources_find(path, SOURCES_TESTS, &tests));
    if (tests.len == 0)
        complain("%s: no tests there (*_test.c)", path);
    bool library;
    bool tree = is_in_tree(target->home, path, &library);
    struct root *root = NULL;
    for (size_t i = 0; i < tests.len; i++) {
        const char *dir = sources_folder(options->arena, tests.at[i]);
        struct package *package = find_package(root, dir);
        if (!package) {
            if (tree || !root)
                root = add_root(roots, options, target, tree ? dir : path);
            package = add_package(root, dir, tests.len);
        }
        words_add(&package->tests, tests.at[i]);
    }
    return NULL;
}

// ---- running --------------------------------------------------------------------------------

// What a test program writes is passed on line by line, except for its last line, the result.
struct listener {
    char line[64 << 10];
    size_t len;
    struct totals totals;
    int64_t milliseconds;
    bool done;
};

static void listen_line(struct listener *l)
{
    l->line[l->len] = '\0';
    int n = 0;
    struct totals t;
    int64_t ms;
    if (sscanf(l->line,
               "== %" SCNd64 " passed, %" SCNd64 " failed, %" SCNd64 " skipped, %" SCNd64 " ms\n%n",
               &t.passed, &t.failed, &t.skipped, &ms, &n) == 4 &&
        n > 0 && (size_t)n == l->len) {
        l->totals = t;
        l->milliseconds = ms;
        l->done = true;
    } else {
        fwrite(l->line, 1, l->len, stdout);
    }
    l->len = 0;
}

static void listen(struct listener *l, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        l->line[l->len++] = bytes[i];
        if (bytes[i] == '\n' || l->len == sizeof l->line - 1)
            listen_line(l);
    }
    fflush(stdout);
}

static struct words test_command(const struct options *options, const struct target *target,
                                 const char *binary)
{
    struct words w = {.arena = options->arena};
    // QEMU runs the test program itself as well; Valgrind only what it starts.
    if (!options->valgrind)
        words_add_split(&w, target->exec);
    words_add(&w, binary);
    const char *timeout = options->timeout;
    if (!timeout)
        timeout = format_c(options->arena, "%ds", 60 * target->slowness);
    const char *const pairs[][2] = {{"-run", options->run},
                                    {"-count", options->count},
                                    {"-parallel", options->parallel},
                                    {"-timeout", timeout}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i][1]) {
            words_add(&w, pairs[i][0]);
            words_add(&w, pairs[i][1]);
        }
    }
    if (options->verbose)
        words_add(&w, "-v");
    if (options->list)
        words_add(&w, "-list");
    return w;
}

// Tests that use the tool themselves find it, and what they run in, in the environment.
static struct words test_environment(const struct options *options, const struct target *target)
{
    struct words env = command_environment(
        options->arena, format_c(options->arena, "BORA_TEST_EXEC=%s", target->exec));
    words_addf(&env, "BORA_TOOL=%s", target->home->tool);
    words_addf(&env, "BORA_VARIANT=%s", target->name);
    return env;
}

static bo_err run_program(const struct options *options, const struct target *target,
                          const struct package *package, struct listener *l, int *status)
{
    struct words command = test_command(options, target, package->binary);
    struct words env = test_environment(options, target);
    if (options->show)
        command_show(&command);
    bo_process *process;
    BO_TRY(bo_process_start(command.at,
                            &(bo_process_options){.env = env.at,
                                                  .cwd = package->dir,
                                                  .in = BO_PROCESS_NULL,
                                                  .out = BO_PROCESS_PIPE,
                                                  .err = BO_PROCESS_MERGE},
                            &process));
    static char bytes[64 << 10];
    size_t got;
    bo_err err;
    while (!(err = bo_process_read(process, false, bytes, sizeof bytes, &got)) && got > 0)
        listen(l, bytes, got);
    if (!err)
        err = bo_process_wait(process, status);
    bo_process_free(process);
    return err;
}

// A package of which -run chose nothing is not worth a line.
static void print_result(const struct package *package, const struct listener *l)
{
    const struct totals *t = &l->totals;
    if (t->passed + t->failed + t->skipped == 0)
        return;
    printf("%s %-24s %" PRId64 " passed", t->failed ? "FAIL" : "ok  ", package->dir, t->passed);
    if (t->failed)
        printf(", %" PRId64 " failed", t->failed);
    if (t->skipped)
        printf(", %" PRId64 " skipped", t->skipped);
    printf(" (%.1fs)\n", (double)l->milliseconds / 1000);
    fflush(stdout);
}

static struct totals run_package(const struct options *options, const struct target *target,
                                 const struct package *package)
{
    static struct listener l;
    l = (struct listener){0};
    int status = 0;
    if (!package->built) {
        printf("FAIL %-24s does not build\n", package->dir);
        return (struct totals){.failed = 1};
    }
    bo_err err = run_program(options, target, package, &l, &status);
    if (err) {
        printf("FAIL %-24s %s\n", package->dir, bo_err_message(err));
        bo_err_free(err);
        return (struct totals){.failed = 1};
    }
    if (options->list && status == 0)
        return (struct totals){0};
    if (!l.done) {
        printf("FAIL %-24s the test program ended with status %d\n", package->dir, status);
        return (struct totals){.failed = 1};
    }
    print_result(package, &l);
    return l.totals;
}

static struct totals run_all(const struct options *options, const struct target *target,
                             struct roots *roots)
{
    struct totals sum = {0};
    for (size_t r = 0; r < roots->len; r++) {
        for (size_t i = 0; i < roots->at[r]->count; i++) {
            struct package *package = &roots->at[r]->packages[i];
            bo_semaphore_acquire(&package->ready, 1);
            struct totals t = run_package(options, target, package);
            sum.passed += t.passed;
            sum.failed += t.failed;
            sum.skipped += t.skipped;
        }
    }
    return sum;
}

static int test(struct options *options)
{
    struct home home;
    struct target target;
    struct roots roots = {0};
    bo_err err = home_find(options->arena, &home);
    if (options->paths.len == 0)
        words_add(&options->paths, ".");
    if (!err)
        err = target_open(options, &home, true, &target);
    for (size_t i = 0; i < options->paths.len && !err; i++)
        err = find_packages(options, &target, options->paths.at[i], &roots);
    if (err)
        return fail(err);
    for (size_t i = 0; i < roots.len; i++)
        go(build_root, roots.at[i]);
    struct totals sum = run_all(options, &target, &roots);
    if (options->list && sum.failed == 0)
        return EXIT_OK;
    bool missed = options->run && sum.passed + sum.failed + sum.skipped == 0;
    if (missed)
        complain("no test matches -run %s", options->run);
    printf("%" PRId64 " passed, %" PRId64 " failed", sum.passed, sum.failed);
    if (sum.skipped)
        printf(", %" PRId64 " skipped", sum.skipped);
    printf("\n");
    return sum.failed || missed ? EXIT_FAILED : EXIT_OK;
}

const struct verb verb_test = {
    .name = "test",
    .arguments = "[DIR...]",
    .summary = "Build and run the tests in folders and below them",
    .takes = OPT_TESTS | OPT_VARIANT | OPT_VERBOSE | OPT_SHOW,
    .paths_max = SIZE_MAX,
    .run = test,
    .text =
        "Tests are the *_test.c files (see bora/test.h); DIR is the current folder if not given.\n"
        "Each folder's tests become one program, linked with the code below DIR; each test runs\n"
        "in a process of its own, in its folder. The last line is \"N passed, N failed\", with\n"
        "\", N skipped\" if any were. With another compiler in $CC the library is built with it too.\n"
        "\n"
        "Example:  bora test src/sync -run select --tsan\n"
        "\n"
        "Exit status: 0 all passed, 1 some failed or did not build, 2 wrong usage.\n",
};
