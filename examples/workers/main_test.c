// SPDX-License-Identifier: MIT
#include <bora.h>
#include <bora/test.h>

TEST_PROGRAM(workers)
{
    EXPECT_EQ(bo_main(1, (char *[]){"workers", NULL}), 0);
}

TEST(workers_doubles_each_job_once_and_adds_up)
{
    test_result r = test_run("workers", NULL);
    EXPECT_EQ(r.status, 0);
    bool seen[21] = {false};
    bo_str rest = r.output, line;
    for (int i = 0; i < 20; i++) {
        int64_t result = 0;
        REQUIRE(bo_str_cut(rest, '\n', &line, &rest) && bo_str_int(line, &result));
        REQUIRE(result % 2 == 0 && result >= 2 && result <= 40);
        EXPECT(!seen[result / 2]);  // In any order, since five are at it.
        seen[result / 2] = true;
    }
    EXPECT_EQ(rest, "sum: 420\n");
}
