// SPDX-License-Identifier: MIT
// bora fmt.
#include "shell.h"

#include <bora/test.h>

static void need_clang_format(void)
{
    if (sh("command -v clang-format").status != 0)
        test_skip("clang-format is not here (./bora setup installs it)");
}

TEST(fmt_changes_what_differs_and_names_it)
{
    need_clang_format();
    write_file("p/a.c", "int a(void){return 1;}\n");
    write_file("p/in/b.h", "int  b(void);\n");
    write_file("p/fine.c", "int c;\n");
    write_file("p/testdata/odd.c", "int  d ;\n");
    struct reply r = sh("$BORA fmt p | sort; cat p/a.c p/in/b.h p/testdata/odd.c");
    EXPECT_EQ(r.out, "p/a.c\np/in/b.h\n"
                     "int a(void)\n{\n    return 1;\n}\n"
                     "int b(void);\n"
                     "int  d ;\n");
    r = sh("$BORA fmt p");
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, "");
    EXPECT_EQ(r.err, "");
}

TEST(check_changes_nothing_and_fails)
{
    need_clang_format();
    write_file("p/a.c", "int  a;\n");
    write_file("p/b.c", "int b;\n");
    struct reply r = sh("$BORA fmt --check p");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.out, "p/a.c\n");
    EXPECT_EQ(r.err, "bora: 1 of 2 files differ from the style; bora fmt puts them right\n");
    EXPECT_EQ(sh("cat p/a.c").out, "int  a;\n");
    EXPECT_EQ(sh("$BORA fmt p/a.c; $BORA fmt --check p").status, 0);
}

TEST(the_style_is_ours_whatever_else_lies_about)
{
    need_clang_format();
    write_file(".clang-format", "BasedOnStyle: GNU\n");
    write_file("a.c", "int a(void){return 1;}\n");
    EXPECT_EQ(sh("$BORA fmt >/dev/null; cat a.c").out, "int a(void)\n{\n    return 1;\n}\n");
}

TEST(a_file_keeps_its_mode_and_a_link_stays_one)
{
    need_clang_format();
    write_file("real.c", "int  a;\n");
    struct reply r = sh("chmod 640 real.c; ln -s real.c link.c; $BORA fmt link.c >/dev/null;"
                        "stat -c %%a real.c; readlink link.c; cat real.c; ls");
    EXPECT_EQ(r.out, "640\nreal.c\nint a;\nlink.c\nreal.c\n");
}

TEST(what_is_no_c_file_is_left_alone)
{
    need_clang_format();
    write_file("README.md", "a  *  b\n");
    struct reply r = sh("$BORA fmt README.md");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, "bora: README.md: neither a folder nor a .c or .h file\n");
    EXPECT_EQ(sh("cat README.md").out, "a  *  b\n");
    r = sh("$BORA fmt nosuch.c");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, "bora: nosuch.c: no such file or directory\n");
}

TEST(without_clang_format_it_is_named)
{
    write_file("a.c", "int a;\n");
    struct reply r = sh("PATH= $BORA fmt a.c");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "clang-format is missing"));
}
