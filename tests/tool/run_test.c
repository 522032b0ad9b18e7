// SPDX-License-Identifier: MIT
// bora run: it becomes the program.
#include "shell.h"

#include <bora/test.h>

TEST(what_follows_the_folder_is_for_the_program)
{
    static const struct {
        const char *words, *out;
        int status;
    } cases[] = {
        {"hello", "hello\n", 0},
        {"hello one 'two words'", "hello\none\ntwo words\n", 2},
        {"hello -v --help", "hello\n-v\n--help\n", 2},
        {"hello -- -v -- x", "hello\n-v\n--\nx\n", 3},
        {"hello/main.c -x", "", 1},
    };
    write_hello("hello");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].words);
        struct reply r = sh("$BORA run %s", cases[i].words);
        EXPECT_EQ(r.status, cases[i].status);
        EXPECT_EQ(r.out, cases[i].out);
    }
}

TEST(run_takes_the_current_folder_if_none_is_named)
{
    write_hello("hello");
    EXPECT_EQ(sh("cd hello && $BORA run").out, "hello\n");
    EXPECT_EQ(sh("cd hello && $BORA run -- words").out, "hello\nwords\n");
    EXPECT_EQ(sh("ls hello").out, "main.c\nwords\n");
}

TEST(the_exit_status_is_the_program_s_own)
{
    write_file("p.c", "#include <stdlib.h>\n"
                      "int bo_main(int argc, char **argv);\n"
                      "int bo_main(int argc, char **argv)\n"
                      "{\n"
                      "    return argc > 1 ? atoi(argv[1]) : 0;\n"
                      "}\n");
    EXPECT_EQ(sh("$BORA run p.c 0").status, 0);
    EXPECT_EQ(sh("$BORA run p.c 42").status, 42);
    EXPECT_EQ(sh("$BORA run p.c 255").status, 255);
}

TEST(a_program_that_does_not_compile_is_not_run)
{
    write_file("p.c", "int bo_main(void) { nonsense }\n");
    struct reply r = sh("$BORA run p.c");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "p.c:1:21: error: "));
}

TEST(standard_input_and_output_are_the_program_s)
{
    write_file("up.c", "#include <ctype.h>\n"
                       "#include <stdio.h>\n"
                       "int bo_main(void);\n"
                       "int bo_main(void)\n"
                       "{\n"
                       "    for (int c; (c = getchar()) != EOF;)\n"
                       "        putchar(toupper(c));\n"
                       "    fputs(\"done\\n\", stderr);\n"
                       "    return 0;\n"
                       "}\n");
    struct reply r = sh("echo ahoy | $BORA run up.c");
    EXPECT_EQ(r.out, "AHOY\n");
    EXPECT_EQ(r.err, "done\n");
}

TEST(signals_reach_the_program_itself)
{
    write_file("wait.c", "#include <stdio.h>\n"
                         "#include <unistd.h>\n"
                         "int bo_main(void);\n"
                         "int bo_main(void)\n"
                         "{\n"
                         "    puts(\"ready\");\n"
                         "    fflush(stdout);\n"
                         "    for (;;)\n"
                         "        pause();\n"
                         "}\n");
    struct reply r = sh("mkfifo pipe; $BORA run wait.c >pipe & read line <pipe; echo $line;"
                        "kill -TERM $!; wait $!");
    EXPECT_EQ(r.out, "ready\n");
    EXPECT_EQ(r.status, 128 + 15);
}

TEST(the_program_starts_with_a_clean_slate_of_signals)
{
    write_file("mask.c",
               "#include <signal.h>\n"
               "#include <stdio.h>\n"
               "int main(void)\n"
               "{\n"
               "    sigset_t set;\n"
               "    struct sigaction pipe;\n"
               "    sigprocmask(SIG_BLOCK, 0, &set);\n"
               "    sigaction(SIGPIPE, 0, &pipe);\n"
               "    printf(\"%d %d\\n\", sigisemptyset(&set), pipe.sa_handler == SIG_DFL);\n"
               "    return 0;\n"
               "}\n");
    EXPECT_EQ(sh("$BORA run mask.c").out, "1 1\n");
}
