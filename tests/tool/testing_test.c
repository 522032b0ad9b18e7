// SPDX-License-Identifier: MIT
// bora test: what it runs, what it says, what it returns.
#include "shell.h"

#include <bora/test.h>

#include <stdio.h>

#define TEST_HEAD "#include <bora/test.h>\n#include <bora/go.h>\n#include <stdlib.h>\n"

static bo_str last_line(bo_str text)
{
    size_t start = text.len;
    while (start > 0 && (start == text.len || text.ptr[start - 1] != '\n'))
        start--;
    return bo_str_sub(text, start, text.len);
}

static void write_sum(void)
{
    write_file("sum/sum.c", "#include \"sum.h\"\n"
                            "int sum(int a, int b) { return a + b; }\n");
    write_file("sum/sum.h", "int sum(int a, int b);\n");
    write_file("sum/main.c", "#include \"sum.h\"\n"
                             "int bo_main(int argc, char **argv);\n"
                             "int bo_main(int argc, char **argv)\n"
                             "{\n"
                             "    return sum(argc, argv != 0);\n"
                             "}\n");
    write_file("sum/sum_test.c",
               TEST_HEAD "#include \"sum.h\"\n"
                         "TEST(sums) { EXPECT_EQ(sum(1, 2), 3); }\n"
                         "TEST(sums_below_zero) { EXPECT_EQ(sum(1, -2), -1); }\n");
    write_file("sum/deep/deep_test.c", TEST_HEAD "#include \"sum.h\"\n"
                                                 "TEST(is_deep) { EXPECT_EQ(sum(2, 2), 4); }\n");
}

TEST(tests_that_pass_are_counted_and_end_with_0)
{
    write_sum();
    struct reply r = sh("$BORA test sum");
    EXPECT_EQ(r.status, 0);
    EXPECT(contains(r.out, "ok   sum                      2 passed ("));
    EXPECT(contains(r.out, "ok   sum/deep                 1 passed ("));
    EXPECT_EQ(last_line(r.out), "3 passed, 0 failed\n");
    EXPECT_EQ(r.err, "");
}

TEST(test_takes_several_folders_or_the_current_one)
{
    write_sum();
    write_file("other/x_test.c", TEST_HEAD "TEST(x) { EXPECT(true); }\n");
    EXPECT_EQ(last_line(sh("$BORA test other sum").out), "4 passed, 0 failed\n");
    EXPECT_EQ(last_line(sh("cd sum && $BORA test").out), "3 passed, 0 failed\n");
    EXPECT_EQ(last_line(sh("$BORA test sum/deep").out), "0 passed, 1 failed\n");
}

TEST(a_failure_shows_where_and_what)
{
    write_file("t/t_test.c", TEST_HEAD "TEST(good) { EXPECT(true); }\n"
                                       "TEST(bad) { EXPECT_EQ(1 + 1, 3); }\n");
    struct reply r = sh("$BORA test t");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.out, "FAIL bad ("));
    EXPECT(contains(r.out, "t/t_test.c:5: bad: 1 + 1: got 2, want 3\n"));
    EXPECT(!contains(r.out, "good"));
    EXPECT_EQ(last_line(r.out), "1 passed, 1 failed\n");
}

TEST(a_crash_a_hang_and_an_exit_fail_alone)
{
    write_file("t/t_test.c", TEST_HEAD "TEST(good) { EXPECT(true); }\n"
                                       "TEST(crashes) { raise(11); }\n"
                                       "TEST(aborts) { abort(); }\n"
                                       "TEST(hangs) { for (;;) bo_sleep(BO_SECOND); }\n"
                                       "TEST(exits) { exit(0); }\n"
                                       "TEST(skips) { test_skip(\"no moon\"); }\n");
    struct reply r = sh("sed -i '1i #include <signal.h>' t/t_test.c; $BORA test t -timeout 2s");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.out, "crashes: killed by signal 11 (Segmentation fault)"));
    EXPECT(contains(r.out, "aborts: killed by signal 6 (Aborted)"));
    EXPECT(contains(r.out, "hangs: timed out after 2s"));
    EXPECT(contains(r.out, "exits: the test called exit()"));
    EXPECT(contains(r.out, "skips: skipped: no moon"));
    EXPECT_EQ(last_line(r.out), "1 passed, 4 failed, 1 skipped\n");
}

TEST(tests_that_do_not_build_are_a_failure_and_the_others_run)
{
    write_sum();
    write_file("sum/deep/deep_test.c", "nonsense\n");
    struct reply r = sh("$BORA test sum");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "sum/deep/deep_test.c:1:1: error: "));
    EXPECT(contains(r.out, "FAIL sum/deep                 does not build\n"));
    EXPECT_EQ(last_line(r.out), "2 passed, 1 failed\n");
}

TEST(run_chooses_by_name)
{
    write_sum();
    struct reply r = sh("$BORA test sum -run '^sums$'");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(last_line(r.out), "1 passed, 0 failed\n");
    EXPECT(!contains(r.out, "sum/deep"));
    EXPECT_EQ(last_line(sh("$BORA test sum --run='zero|deep'").out), "2 passed, 0 failed\n");

    r = sh("$BORA test sum -run nosuch");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, "bora: no test matches -run nosuch\n");
    EXPECT_EQ(last_line(r.out), "0 passed, 0 failed\n");
}

TEST(list_names_tests_and_runs_none)
{
    write_sum();
    struct reply r = sh("$BORA test sum -list | sort");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, "is_deep\nsums\nsums_below_zero\n");
}

TEST(count_repeats)
{
    write_sum();
    EXPECT_EQ(last_line(sh("$BORA test sum -count 5").out), "15 passed, 0 failed\n");
    EXPECT_EQ(last_line(sh("$BORA test sum -count 2 -run deep -parallel 1").out),
              "2 passed, 0 failed\n");
}

TEST(v_names_what_passes)
{
    write_sum();
    struct reply r = sh("$BORA test sum -v");
    EXPECT(contains(r.out, "ok   sums_below_zero ("));
}

TEST(tests_run_in_their_folder)
{
    write_file("t/data.txt", "here");
    write_file("t/t_test.c", TEST_HEAD "#include <unistd.h>\n"
                                       "TEST(finds) { EXPECT_EQ(access(\"data.txt\", 0), 0); }\n");
    EXPECT_EQ(last_line(sh("$BORA test t").out), "1 passed, 0 failed\n");
}

TEST(a_program_s_own_main_is_out_of_the_way)
{
    write_file("t/main.c", "int main(void) { return 1; }\n");
    write_file("t/t_test.c", TEST_HEAD "TEST(x) { EXPECT(true); }\n");
    EXPECT_EQ(last_line(sh("$BORA test t").out), "1 passed, 0 failed\n");
}

TEST(a_folder_without_tests_says_so)
{
    struct reply r = sh("mkdir empty; $BORA test empty");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.err, "bora: empty: no tests there (*_test.c)\n");
    EXPECT_EQ(r.out, "0 passed, 0 failed\n");
}

TEST(a_changed_test_is_built_again_and_an_unchanged_one_is_not)
{
    write_sum();
    REQUIRE_EQ(sh("$BORA test sum").status, 0);
    EXPECT(!contains(sh("$BORA test -x sum").err, " -c "));
    struct reply r = sh("echo 'TEST(new) { EXPECT(false); }' >>sum/sum_test.c; $BORA test -x sum");
    EXPECT(contains(r.err, " -c sum/sum_test.c "));
    EXPECT(!contains(r.err, " -c sum/sum.c "));
    EXPECT_EQ(last_line(r.out), "3 passed, 1 failed\n");
}

TEST(wrong_options_are_told_before_anything_is_built)
{
    static const struct {
        const char *words, *says;
        int status;
    } cases[] = {
        {"-run '('", "bora: (: not an extended regular expression (see: bora test --help)\n", 2},
        {"-count 0", "bora: 0: not a number from 1 to 1000000 (see: bora test --help)\n", 2},
        {"-count 1000001",
         "bora: 1000001: not a number from 1 to 1000000 (see: bora test --help)\n", 2},
        {"-parallel two", "bora: two: not a number from 1 to 1000000 (see: bora test --help)\n", 2},
        {"-timeout 5", "bora: 5: not a duration such as 500ms, 90s, 5m (see: bora test --help)\n",
         2},
        {"-timeout -1s",
         "bora: -1s: not a duration such as 500ms, 90s, 5m (see: bora test --help)\n", 2},
        {"--valgrind --asan", "bora: --valgrind goes with no sanitizer and not with --aarch64\n",
         2},
        {"--aarch64 --tsan", "bora: --aarch64 goes with no sanitizer\n", 2},
        {"nosuch", "bora: nosuch: no such file or directory\n", 1},
        {"sum/sum_test.c",
         "bora: sum/sum_test.c: a test is built with its folder: bora test sum -run NAME\n", 1},
    };
    write_sum();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].words);
        struct reply r = sh("$BORA test %s", cases[i].words);
        EXPECT_EQ(r.status, cases[i].status);
        EXPECT_EQ(r.err, cases[i].says);
        EXPECT_EQ(r.out, "");
    }
    EXPECT_EQ(sh("$BORA test sum -count 1000000 -list -timeout 0.5h").status, 0);
}

TEST(an_interrupted_run_leaves_no_process)
{
    write_file("t/t_test.c", TEST_HEAD "#include <stdio.h>\n"
                                       "#include <unistd.h>\n"
                                       "TEST(hangs)\n"
                                       "{\n"
                                       "    FILE *f = fopen(\"../pipe\", \"w\");\n"
                                       "    fprintf(f, \"%d\\n\", (int)getpid());\n"
                                       "    fclose(f);\n"
                                       "    for (;;)\n"
                                       "        bo_sleep(BO_SECOND);\n"
                                       "}\n");
    // The test dies with its runner, and that with the tool: `wait` ends when all of them have.
    struct reply r =
        sh("mkfifo pipe; setsid $BORA test t >log 2>&1 & read pid <pipe; kill -TERM -$!;"
           "wait $!; echo $?; while kill -0 $pid 2>/dev/null; do :; done; echo gone");
    EXPECT_EQ(r.out, "143\ngone\n");
}
