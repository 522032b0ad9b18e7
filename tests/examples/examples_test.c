// SPDX-License-Identifier: MIT
// Every folder of examples/ is a program that builds without a warning, is run here, and says what it is
// to say.
#include <bora/arena.h>
#include <bora/process.h>
#include <bora/test.h>

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static bo_arena arena;

// Runs a line of shell at the root of the tree, with $BORA as the tool and $DIR as the test's folder.
static bo_process_result sh(const char *line)
{
    const char *tool = getenv("BORA_TOOL");
    REQUIRE(tool != NULL);
    const char *script =
        bo_str_printf(&arena, "export BORA='%s' DIR='%s'; %s", tool, test_dir(), line).ptr;
    const char *const argv[] = {"sh", "-c", script, NULL};
    bo_process_result r = {0};
    bo_process_options options = {.cwd = "../..", .in = BO_PROCESS_NULL};
    bo_err err = bo_process_run(&arena, argv, &options, bo_s(""), &r);
    if (err)
        test_fail("%s: %s", line, bo_err_message(err));
    return r;
}

static bool contains(bo_str text, const char *part)
{
    return bo_str_find(text, bo_str_of(part)) >= 0;
}

TEST(every_example_builds_without_a_warning_and_has_a_test_here)
{
    static const char *const tested[] = {"million", "users", "workers"};
    DIR *examples = opendir("../../examples");
    REQUIRE(examples != NULL);
    for (struct dirent *entry; (entry = readdir(examples));) {
        const char *name = entry->d_name;
        if (name[0] == '.')
            continue;
        test_case("%s", name);
        bool known = false;
        for (size_t i = 0; i < sizeof tested / sizeof tested[0]; i++)
            known = known || strcmp(tested[i], name) == 0;
        if (!known)
            test_fail("examples/%s has no test in tests/examples", name);
        bo_process_result r =
            sh(bo_str_printf(&arena, "$BORA build --strip examples/%s -o $DIR/out", name).ptr);
        EXPECT_EQ(r.status, 0);
        EXPECT_EQ(r.err, "");
    }
    closedir(examples);
}

TEST(workers_share_the_jobs)
{
    bo_process_result r = sh("$BORA run examples/workers");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, "20 jobs, 5 workers: 420\n");
    EXPECT_EQ(r.err, "");
}

TEST(million_parks_as_many_as_asked)
{
    bo_process_result r = sh("$BORA run examples/million 20000");
    EXPECT_EQ(r.status, 0);
    EXPECT(contains(r.out, "20000 goroutines parked: "));
    EXPECT(contains(r.out, "all gone after another "));
}

TEST(million_refuses_what_is_no_count)
{
    static const char *const words[] = {"x", "0", "-1", "10000001", "1 2", "''"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        test_case("%s", words[i]);
        bo_process_result r =
            sh(bo_str_printf(&arena, "$BORA run examples/million %s", words[i]).ptr);
        EXPECT_EQ(r.status, 2);
        EXPECT(contains(r.err, "usage: million"));
    }
}
