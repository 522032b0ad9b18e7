// SPDX-License-Identifier: MIT
// scripts/check-tls reads the machine code of the built library, here and for aarch64.
#include "tree.h"

#include <bora/arena.h>
#include <bora/test.h>

#include <stdlib.h>

static void check(const char *variant)
{
    const char *tool = getenv("BORA_TOOL");
    REQUIRE(tool != NULL);
    bo_arena arena = {0};
    bo_str output;
    // `env` brings the library of the variant up to date.
    const char *line =
        bo_str_printf(
            &arena,
            "env=$('%s' env %s) && eval \"$env\" && scripts/check-tls \"$BORA_LIB/libbora.a\"",
            tool, variant)
            .ptr;
    int status = tree_run(line, &output);
    if (status != 0)
        test_fail(BO_FMT, BO_ARG(output));
    EXPECT_EQ(status, 0);
    EXPECT(bo_str_find(output, bo_s(" passed, 0 failed")) >= 0);
    bo_arena_free(&arena);
}

TEST(no_function_keeps_a_thread_local_across_a_park)
{
    check("");
}

TEST(no_function_keeps_a_thread_local_across_a_park_on_aarch64)
{
    bo_str output;
    if (tree_run("command -v aarch64-linux-gnu-gcc && command -v qemu-aarch64", &output) != 0)
        test_skip("no cross compiler or no qemu-user here (./bora setup installs them)");
    check("--aarch64");
}
