// SPDX-License-Identifier: MIT
// The test library, tested with itself: programs that must fail are run and their reports read.
#include <bora/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool contains(bo_str text, const char *part)
{
    return strstr(text.ptr, part) != NULL;
}

TEST(values_of_every_kind_compare_by_value)
{
    EXPECT_EQ(1, 1L);
    EXPECT_EQ((unsigned char)200, 200);
    EXPECT_EQ(true, 1);
    EXPECT_EQ(1.5, 1.5f);
    EXPECT_EQ(2, 2.0);
    EXPECT_EQ("text", bo_s("text"));
    EXPECT_EQ(bo_s("a\0b"), bo_s("a\0b"));
    char buffer[] = "text";
    EXPECT_EQ(buffer, "text");
    EXPECT_EQ((char *)NULL, NULL);
    EXPECT_EQ(&buffer, &buffer);
    EXPECT_EQ((bo_err)NULL, NULL);
    EXPECT_EQ(BO_TIMEOUT, BO_TIMEOUT);
    EXPECT(EXPECT_EQ(UINT64_MAX, UINT64_MAX));
}

TEST_PROGRAM(mismatches)
{
    test_case("row %d", 7);
    EXPECT_EQ(1, 2);
    EXPECT_EQ(-1, UINT64_MAX);
    EXPECT_EQ(0.1 + 0.2, 0.3);
    EXPECT_EQ("a\n\"b\"", "c");
    EXPECT_EQ("the same for a long time, then x", "the same for a long time, then y");
    EXPECT_EQ((bool)false, (bool)true);
    EXPECT_EQ((bo_err)BO_TIMEOUT, NULL);
    EXPECT(1 > 2);
    EXPECT_ERR(bo_errf(BO_TIMEOUT, "dial"), BO_CLOSED);
    EXPECT_ERR((bo_err)NULL, BO_CLOSED);
    EXPECT_ERR_TEXT(bo_errf(BO_TIMEOUT, "dial"), "dial");
    test_fail("in words: %d", 3);
}

TEST(an_error_is_checked_by_what_it_wraps_or_says)
{
    EXPECT(EXPECT_ERR(bo_errf(BO_TIMEOUT, "dial"), BO_TIMEOUT));
    EXPECT(EXPECT_ERR((bo_err)NULL, NULL));
    EXPECT(EXPECT_ERR_TEXT(bo_errf(BO_TIMEOUT, "dial"), "dial: timed out"));
}

TEST(a_mismatch_names_place_case_got_and_want)
{
    test_result r = test_run("mismatches", NULL);
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.output, "testing_test.c:"));
    EXPECT(contains(r.output, ": mismatches/row 7: 1: got 1, want 2\n"));
    EXPECT(contains(r.output, "got -1, want 18446744073709551615\n"));
    EXPECT(contains(r.output, "0.1 + 0.2: got 0.30000000000000004, want 0.2999999999999999"));
    EXPECT(contains(r.output, "got \"a\\n\\\"b\\\"\", want \"c\"\n"));
    EXPECT(contains(r.output, "(they differ from byte 31 on)\n"));
    EXPECT(contains(r.output, "got false, want true\n"));
    EXPECT(contains(r.output, "got error \"timed out\", want NULL\n"));
    EXPECT(contains(r.output, "got false, want 1 > 2\n"));
    EXPECT(contains(r.output, "got error \"dial: timed out\", want error \"closed\"\n"));
    EXPECT(contains(r.output, "got no error, want error \"closed\"\n"));
    EXPECT(contains(r.output, "got \"dial: timed out\", want \"dial\"\n"));
    EXPECT(contains(r.output, "in words: 3\n"));
}

TEST_PROGRAM(require_ends)
{
    REQUIRE_EQ(1, 2);
    puts("went on");
}

TEST(require_ends_the_test_at_once)
{
    test_result r = test_run("require_ends", NULL);
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.output, "got 1, want 2"));
    EXPECT(!contains(r.output, "went on"));
}

TEST_PROGRAM(skips)
{
    test_skip("no %s here", "network");
}

TEST_PROGRAM(fails_then_skips)
{
    test_fail("first");
    test_skip("then");
}

TEST(a_skip_says_why_and_hides_no_failure)
{
    test_result r = test_run("skips", NULL);
    EXPECT_EQ(r.status, 77);
    EXPECT(contains(r.output, "skipped: no network here\n"));
    EXPECT_EQ(test_run("fails_then_skips", NULL).status, 1);
}

TEST_PLAIN_PROGRAM(aborts)
{
    printf("last words, without a line break");
    abort();
}

TEST(a_program_that_aborts_loses_no_output)
{
    test_result r = test_run("aborts", NULL);
    EXPECT_EQ(r.status, 128 + 6);
    EXPECT(contains(r.output, "last words, without a line break"));
}

TEST_PROGRAM(prints_environment)
{
    printf("COLOUR is %s\n", getenv("COLOUR"));
}

TEST(a_program_runs_in_the_environment_it_is_given)
{
    const char *const environment[] = {"COLOUR=blue", NULL};
    test_result r = test_run("prints_environment", environment);
    EXPECT_EQ(r.status, 0);
    EXPECT(contains(r.output, "COLOUR is blue\n"));
}

TEST(a_test_has_an_empty_folder_of_its_own)
{
    struct stat info;
    REQUIRE_EQ(stat(test_dir(), &info), 0);
    EXPECT(S_ISDIR(info.st_mode));
    EXPECT_EQ(test_dir(), test_dir());
    EXPECT_EQ(rmdir(test_dir()), 0);
}
