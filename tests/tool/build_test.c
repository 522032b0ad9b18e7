// SPDX-License-Identifier: MIT
// bora build, in folders outside of Bora's own tree.
#include "shell.h"

#include <bora/test.h>

TEST(a_folder_with_subfolders_becomes_one_program_without_a_build_file)
{
    write_hello("hello");
    struct reply r = sh("$BORA build hello -o h && ./h a 'b c'");
    EXPECT_EQ(r.status, 2);
    EXPECT_EQ(r.out, "hello\na\nb c\n");
    EXPECT_EQ(r.err, "");
}

TEST(the_program_is_called_like_the_folder)
{
    write_hello("hello");
    EXPECT_EQ(sh("cd hello && $BORA build && ./hello").out, "hello\n");
    struct reply r = sh("mkdir else && cd else && $BORA build ../hello && ./hello");
    EXPECT_EQ(r.out, "hello\n");
    r = sh("$BORA build hello/ && ls hello");
    EXPECT_EQ(r.out, "hello\nmain.c\nwords\n");
    EXPECT_EQ(r.err, "bora: made hello/hello\n");
}

TEST(one_file_is_a_program_too)
{
    write_file("one.c", "int bo_main(int argc, char **argv);\n"
                        "int bo_main(int argc, char **argv) { return argc + (argv == 0) + 6; }\n");
    EXPECT_EQ(sh("$BORA build one.c && ./one").status, 7);
}

TEST(a_program_with_its_own_main_links_as_well)
{
    write_file("own/own.c", "#include <bora/go.h>\n"
                            "static int job(void) { return 5; }\n"
                            "int main(void) { return bo_run(job); }\n");
    EXPECT_EQ(sh("$BORA build own -o o && ./o").status, 5);
}

TEST(tests_testdata_and_hidden_folders_are_no_part_of_a_program)
{
    write_hello("hello");
    write_file("hello/main_test.c", "#error\n");
    write_file("hello/testdata/x.c", "#error\n");
    write_file("hello/build/x.c", "#error\n");
    write_file("hello/.git/x.c", "#error\n");
    EXPECT_EQ(sh("$BORA build hello -o h && ./h").out, "hello\n");
}

TEST(the_compiler_s_errors_are_shown_as_they_are_for_every_file)
{
    write_hello("hello");
    write_file("hello/one.c", "int one(void)\n{\n    return nothing;\n}\n");
    write_file("hello/two.c", "int two(void)\n{\n    return missing;\n}\n");
    struct reply r = sh("$BORA build hello -o h");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.out, "");
    EXPECT(contains(r.err, "hello/one.c:3:12: error: "));
    EXPECT(contains(r.err, "    return nothing;"));
    EXPECT(contains(r.err, "hello/two.c:3:12: error: "));
    EXPECT_EQ(sh("ls h").status, 2);
}

TEST(a_wrong_argument_of_go_is_an_error_in_its_own_line)
{
    write_file("p.c", "#include <bora/go.h>\n"
                      "static void fetch(const char *url, int times) { (void)url; (void)times; }\n"
                      "int bo_main(int argc, char **argv)\n"
                      "{\n"
                      "    (void)argv;\n"
                      "    go(fetch, argc, argc);\n"
                      "    return 0;\n"
                      "}\n");
    struct reply r = sh("$BORA build p.c");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "p.c:6:"));
    EXPECT(contains(r.err, "error: "));
    // Not a second time for the copy that the goroutine gets.
    ptrdiff_t first = bo_str_find(r.err, bo_s("error: "));
    EXPECT_EQ(bo_str_find(bo_str_sub(r.err, (size_t)first + 1, r.err.len), bo_s(" error: ")), -1);
}

TEST(what_does_not_link_says_why)
{
    write_file("p.c", "int lonely(void);\nint lonely(void) { return 0; }\n");
    struct reply r = sh("$BORA build p.c");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "bo_main"));
}

TEST(warnings_are_shown_each_time_and_hinder_nothing)
{
    write_file("p.c", "int bo_main(int argc, char **argv);\n"
                      "int bo_main(int argc, char **argv)\n"
                      "{\n"
                      "    int idle;\n"
                      "    return argc - (argv != 0);\n"
                      "}\n");
    for (int i = 0; i < 2; i++) {
        struct reply r = sh("$BORA build p.c && ./p");
        EXPECT_EQ(r.status, 0);
        EXPECT(contains(r.err, "p.c:4:9: warning: unused variable"));
    }
}

TEST(nothing_is_compiled_when_nothing_has_changed)
{
    write_hello("hello");
    struct reply first = sh("$BORA build -x hello -o h");
    EXPECT_EQ(first.status, 0);
    EXPECT(contains(first.err, "word.c"));
    struct reply second = sh("$BORA build -x hello -o h");
    EXPECT_EQ(second.status, 0);
    EXPECT_EQ(second.err, "");
}

TEST(what_has_changed_is_compiled_and_nothing_else)
{
    // A file that was written while the compiler ran might not be what it has read, so it is read
    // again the next time: touch -d makes what is new old enough.
    static const struct {
        const char *name, *change, *says;
        bool main_compiled, word_compiled;
    } cases[] = {
        {"a header",
         "cd hello/words; sed -i s/hello/moin/ word.h; touch -d '-10 seconds' word.h; cd ../..",
         "moin\n", true, true},
        {"a source",
         "cd hello/words; sed -i s/WORD/'\"ahoy\"'/ word.c; touch -d '-10 seconds' word.c; cd ../..",
         "ahoy\n", false, true},
        {"an older file", "touch -d 2001-01-01 hello/words/word.c", "ahoy\n", false, true},
        {"the program is gone", "rm h", "ahoy\n", false, false},
        {"the flags", "export CFLAGS=-DX", "ahoy\n", true, true},
    };
    write_hello("hello");
    REQUIRE_EQ(sh("$BORA build hello -o h").status, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        struct reply r = sh("%s; $BORA build -x hello -o h && ./h", cases[i].change);
        EXPECT_EQ(r.out, cases[i].says);
        EXPECT_EQ(contains(r.err, " hello/main.c "), cases[i].main_compiled);
        EXPECT_EQ(contains(r.err, " hello/words/word.c "), cases[i].word_compiled);
        EXPECT(contains(r.err, "libbora.a"));
    }
}

TEST(a_file_that_is_gone_is_gone_from_the_program)
{
    write_hello("hello");
    write_file("hello/extra.c", "int extra(void);\nint extra(void) { return 1; }\n");
    REQUIRE_EQ(sh("$BORA build hello -o h").status, 0);
    struct reply r = sh("rm hello/words/word.c; $BORA build hello -o h");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "word"));
}

TEST(output_goes_where_o_says)
{
    write_hello("hello");
    EXPECT_EQ(sh("$BORA build hello -o a && ./a").out, "hello\n");
    EXPECT_EQ(sh("$BORA build -o=b hello && ./b").out, "hello\n");
    EXPECT_EQ(sh("mkdir bin && $BORA build hello -o bin && bin/hello").out, "hello\n");
    struct reply r = sh("$BORA build hello -o no/such/place");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "no/such/place"));
}

TEST(strip_leaves_out_symbols)
{
    write_hello("hello");
    struct reply r =
        sh("$BORA build hello -o whole && $BORA build --strip hello -o bare && ./bare &&"
           "test $(wc -c <bare) -lt $(wc -c <whole) && ! grep -q bo_main bare &&"
           "grep -q bo_main whole");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, "hello\n");
}

TEST(a_program_is_static)
{
    write_hello("hello");
    // No interpreter: the kernel starts it without the dynamic loader.
    struct reply r = sh("$BORA build hello -o h && ! readelf -lW h | grep INTERP");
    EXPECT_EQ(r.status, 0);
}

TEST(odd_names_are_fine)
{
    write_hello("it's a folder");
    EXPECT_EQ(sh("$BORA build \"it's a folder\" -o 'a b' && './a b'").out, "hello\n");
    EXPECT_EQ(sh("$BORA build \"it's a folder\" -x -o 'a b'").err, "");
}

TEST(what_cannot_be_built_is_told_in_a_line)
{
    static const struct {
        const char *line, *says;
        int status;
    } cases[] = {
        {"build nosuch", "bora: nosuch: no such folder\n", 1},
        {"build nosuch -o x", "bora: nosuch: no such file or directory\n", 1},
        {"build empty -o x", "bora: empty: there is no .c file in it\n", 1},
        {"build note.txt -o x", "bora: note.txt: neither a folder nor a .c file\n", 1},
        {"build a_test.c -o x", "bora: a_test.c: neither a folder nor a .c file\n", 1},
        {"build one two", "bora: two: one at a time (see: bora build --help)\n", 2},
        {"build -- one two", "bora: two: one at a time (see: bora build --help)\n", 2},
        {"build --frobnicate", "bora: --frobnicate: unknown option (see: bora build --help)\n", 2},
        {"build -o", "bora: -o: its value is missing (see: bora build --help)\n", 2},
        {"build -o=", "bora: : its value is empty (see: bora build --help)\n", 2},
        {"build --strip=yes", "bora: --strip=yes: takes no value (see: bora build --help)\n", 2},
        {"build --tsan --asan", "bora: --tsan goes with no other sanitizer\n", 2},
    };
    REQUIRE_EQ(sh("mkdir empty; touch note.txt a_test.c").status, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].line);
        struct reply r = sh("$BORA %s", cases[i].line);
        EXPECT_EQ(r.status, cases[i].status);
        EXPECT_EQ(r.err, cases[i].says);
        EXPECT_EQ(r.out, "");
    }
}

TEST(a_compiler_that_is_missing_is_named)
{
    write_hello("hello");
    struct reply r = sh("CC=nosuchcc $BORA build hello -o h");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "bora: nosuchcc is missing\n"));
}

TEST(two_tools_at_once_build_the_same_program_well)
{
    write_hello("hello");
    struct reply r = sh("for i in 1 2 3 4; do $BORA build hello -o h$i & done; wait;"
                        "for i in 1 2 3 4; do ./h$i; done");
    EXPECT_EQ(r.out, "hello\nhello\nhello\nhello\n");
    EXPECT_EQ(r.err, "");
}
