// SPDX-License-Identifier: MIT
// Every folder of examples/ is a program that builds without a warning, and a test beside it runs
// it.
#include <bora/arena.h>
#include <bora/process.h>
#include <bora/test.h>

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static bo_arena arena;

// Runs a line of shell at the root of the tree, with $BORA as the tool and $DIR as the test's
// folder.
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

TEST(every_example_builds_without_a_warning_and_has_a_test)
{
    DIR *examples = opendir("../../examples");
    REQUIRE(examples != NULL);
    for (struct dirent *entry; (entry = readdir(examples));) {
        const char *name = entry->d_name;
        if (name[0] == '.')
            continue;
        test_case("%s", name);
        bo_process_result r =
            sh(bo_str_printf(&arena, "$BORA build --strip examples/%s -o $DIR/out", name).ptr);
        EXPECT_EQ(r.status, 0);
        EXPECT_EQ(r.err, "");
        r = sh(bo_str_printf(&arena, "$BORA test examples/%s -list", name).ptr);
        EXPECT_EQ(r.status, 0);
        EXPECT(r.out.len > 0);
    }
    closedir(examples);
}
