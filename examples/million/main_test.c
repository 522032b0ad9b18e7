// SPDX-License-Identifier: MIT
#include <bora.h>
#include <bora/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_with(const char *argument)
{
    char *argv[] = {"million", (char *)(uintptr_t)argument, NULL};
    exit(bo_main(argument ? 2 : 1, argv));
}

TEST_PROGRAM(a_thousand)
{
    run_with("1000");
}

TEST_PROGRAM(a_million)
{
    run_with(NULL);
}

TEST_PROGRAM(none)
{
    run_with("0");
}

TEST_PROGRAM(too_many)
{
    run_with("100000001");
}

TEST_PROGRAM(not_a_number)
{
    run_with("many");
}

static void check(const char *program, int count, const char *guard)
{
    test_case("%s", guard);
    test_result r = test_run(program, (const char *[]){guard, NULL});
    REQUIRE_EQ(r.status, 0);
    const char *text = r.output.ptr;
    if (strncmp(text, "bora: ", 6) == 0)  // the one warning that stacks go without guard pages
        text = strchr(text, '\n') + 1;
    int n = 0;
    double parked = -1, ended = -1, gigabytes = -1;
    long long parked_ns = -1, ended_ns = -1, bytes = -1;
    int fields = sscanf(text,
                        "%d goroutines\n"
                        "started and parked in %lf s, %lld ns each\n"
                        "woken and ended in %lf s, %lld ns each\n"
                        "%lf GB, %lld bytes each\n",
                        &n, &parked, &parked_ns, &ended, &ended_ns, &gigabytes, &bytes);
    if (fields != 7 || n != count || parked_ns < 0 || ended_ns < 0)
        test_fail("%s", r.output.ptr);
    EXPECT(parked * 1.001e9 + 1e6 >= (double)parked_ns * count);
    EXPECT(bytes >= 4096);  // A goroutine that waits has its page.
}

TEST(million_says_what_a_goroutine_costs)
{
    check("a_thousand", 1000, "BORA_GUARD=");
}

static bool fits(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    char line[256];
    long long kilobytes = 0;
    while (file && fgets(line, sizeof line, file) &&
           sscanf(line, "MemAvailable: %lld", &kilobytes) != 1) {
    }
    if (file)
        fclose(file);
    return kilobytes > 8 << 20;
}

TEST(million_goroutines_park_and_end)
{
    static const char *const heavy[] = {"asan", "tsan", "valgrind", "aarch64"};
    const char *variant = getenv("BORA_VARIANT");
    for (size_t i = 0; variant && i < sizeof heavy / sizeof *heavy; i++)
        if (strstr(variant, heavy[i]))
            test_skip("%s takes too much memory or time for each goroutine", heavy[i]);
    if (!fits())
        test_skip("less than 8 GB of memory are free");
    check("a_million", 1000000, "BORA_GUARD=");
    check("a_million", 1000000, "BORA_GUARD=mprotect");
}

TEST(million_refuses_what_is_no_sensible_count)
{
    static const char *const programs[] = {"none", "too_many", "not_a_number"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        test_case("%s", programs[i]);
        test_result r = test_run(programs[i], NULL);
        EXPECT_EQ(r.status, 2);
        EXPECT_EQ(r.output, "usage: million [COUNT], from 1 to 100000000\n");
    }
}
