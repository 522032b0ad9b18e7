// SPDX-License-Identifier: MIT
// bora install: the installed library and tool, and those who use them: pkg-config, CMake, Meson.
// All of it after the folder has been moved, since nothing installed may know where it was put.
#include "shell.h"

#include <bora/test.h>

#include <stdio.h>

// Installs below "the place", moved there from elsewhere, and makes its tool the one that sh uses.
// A link without a space leads there, for what shells and pkg-config split.
static void install_and_move(void)
{
    struct reply r =
        sh("$BORA install --prefix first && mv first 'the place' && ln -s 'the place' place");
    REQUIRE_EQ(r.err, "");
    REQUIRE_EQ(r.status, 0);
    static char tool[256];
    snprintf(tool, sizeof tool, "%s/place/bin/bora", test_dir());
    use_tool(tool);
}

// A program that needs goroutines, channels and arguments that the compiler converts.
static void write_consumer(void)
{
    write_file("use/main.c", "#include <bora/chan.h>\n"
                             "#include <bora/go.h>\n"
                             "#include <stdio.h>\n"
                             "static void half(double x, bo_chan(int) out)\n"
                             "{\n"
                             "    bo_send(out, (int)(x / 2));\n"
                             "}\n"
                             "int bo_main(int argc, char **argv)\n"
                             "{\n"
                             "    (void)argc, (void)argv;\n"
                             "    bo_chan(int) out = bo_chan_new(int, 0);\n"
                             "    go(half, 84, out);\n"
                             "    int answer = 0;\n"
                             "    bo_recv(out, &answer);\n"
                             "    printf(\"%d\\n\", answer);\n"
                             "    bo_chan_free(out);\n"
                             "    return 0;\n"
                             "}\n");
}

static bool has(const char *program)
{
    return sh("command -v %s", program).status == 0;
}

TEST(the_installed_tool_builds_runs_and_tests)
{
    write_hello("hello");
    write_file("hello/word_test.c", "#include \"words/word.h\"\n"
                                    "#include <bora/test.h>\n"
                                    "TEST(says_hello) { EXPECT_EQ(word(), \"hello\"); }\n");
    install_and_move();
    EXPECT_EQ(sh("$BORA run hello").out, "hello\n");
    EXPECT_EQ(sh("$BORA build hello -o h && ./h").out, "hello\n");
    struct reply r = sh("$BORA test hello | tail -n 1");
    EXPECT_EQ(r.err, "");
    EXPECT_EQ(r.out, "1 passed, 0 failed\n");
    EXPECT(contains(sh("$BORA version").out, "bora "));
    EXPECT(contains(sh("$BORA env").out, "/the place/include'"));
    if (has("clang-format")) {
        write_file("x.c", "int  x;\n");
        EXPECT_EQ(sh("$BORA fmt x.c; cat x.c").out, "x.c\nint x;\n");
    }
}

TEST(the_installed_tool_says_what_only_a_source_tree_can_do)
{
    install_and_move();
    write_hello("hello");
    struct reply r = sh("$BORA test hello --asan");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, "bora: --asan: an installed Bora has no sources to build that from\n");
    r = sh("$BORA install --prefix again");
    EXPECT_EQ(r.status, 1);
    EXPECT_EQ(r.err, "bora: install: this bora is installed already; its folder may be moved\n");
}

TEST(nothing_installed_names_the_place_it_was_made_in)
{
    install_and_move();
    // Debug information may: it is what gdb finds sources by.
    struct reply r = sh("cd 'the place'; grep -rIl -e \"$(dirname $(dirname $(dirname $(dirname"
                        " $BORA_TOOL))))\" -e '%s' .",
                        test_dir());
    EXPECT_EQ(r.out, "");
}

TEST(pkg_config_tells_compilers_all_they_need)
{
    if (!has("pkg-config"))
        test_skip("no pkg-config here");
    static const char *const compilers[] = {"gcc", "clang -fblocks"};
    install_and_move();
    write_consumer();
    for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++) {
        test_case("%s", compilers[i]);
        if (!has(compilers[i]))
            continue;
        struct reply r =
            sh("export PKG_CONFIG_PATH=place/lib/pkgconfig;"
               "%s -O2 use/main.c $(pkg-config --cflags --libs --static bora) -o use.out"
               " && ./use.out",
               compilers[i]);
        EXPECT_EQ(r.err, "");
        EXPECT_EQ(r.out, "42\n");
        r = sh("export PKG_CONFIG_PATH=place/lib/pkgconfig; %s -static use/main.c"
               " $(pkg-config --cflags --libs --static bora) -o use.out && ./use.out",
               compilers[i]);
        EXPECT_EQ(r.out, "42\n");
    }
}

TEST(clang_without_blocks_says_what_is_missing)
{
    if (!has("clang"))
        test_skip("no clang here");
    install_and_move();
    write_consumer();
    struct reply r = sh("clang -c use/main.c -I'the place/include' -o use.o");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "bora: clang needs -fblocks"));
}

TEST(a_cmake_project_finds_the_package)
{
    if (!has("cmake"))
        test_skip("no cmake here (./bora setup installs it)");
    static const char *const compilers[] = {"gcc", "clang"};
    install_and_move();
    write_consumer();
    write_file("use/CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\n"
                                     "project(use C)\n"
                                     "find_package(Bora 0.1 REQUIRED)\n"
                                     "add_executable(use main.c)\n"
                                     "target_link_libraries(use PRIVATE Bora::bora)\n");
    for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++) {
        test_case("%s", compilers[i]);
        if (!has(compilers[i]))
            continue;
        struct reply r = sh(
            "{ cmake -S use -B out-%s -DCMAKE_C_COMPILER=%s \"-DCMAKE_PREFIX_PATH=$PWD/the place\""
            " && cmake --build out-%s; } >log 2>&1 || cat log >&2; out-%s/use",
            compilers[i], compilers[i], compilers[i], compilers[i]);
        EXPECT_EQ(r.err, "");
        EXPECT_EQ(r.out, "42\n");
    }
}

TEST(cmake_takes_versions_of_the_same_minor_one)
{
    if (!has("cmake"))
        test_skip("no cmake here (./bora setup installs it)");
    static const struct {
        const char *version;
        bool taken;
    } cases[] = {
        {"", true},     {"0.1", true},  {"0.1.0", true},  {"0.1.99", false},
        {"0.2", false}, {"1.0", false}, {"0.0.9", false}, {"0.1.0 EXACT", true},
    };
    install_and_move();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].version);
        write_file("v/CMakeLists.txt", "cmake_minimum_required(VERSION 3.18)\nproject(v C)\n");
        struct reply r = sh("echo 'find_package(Bora %s REQUIRED)' >>v/CMakeLists.txt;"
                            "cmake -S v -B out%zu \"-DCMAKE_PREFIX_PATH=$PWD/the place\"",
                            cases[i].version, i);
        EXPECT_EQ(r.status == 0, cases[i].taken);
    }
}

TEST(a_meson_project_finds_the_dependency)
{
    if (!has("meson") || !has("pkg-config"))
        test_skip("no meson or no pkg-config here");
    static const char *const compilers[] = {"gcc", "clang"};
    install_and_move();
    write_consumer();
    write_file("use/meson.build",
               "project('use', 'c', default_options: ['c_std=gnu17'])\n"
               "blocks = meson.get_compiler('c').get_supported_arguments('-fblocks')\n"
               "executable('use', 'main.c', c_args: blocks,\n"
               "  dependencies: dependency('bora', static: true))\n");
    for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++) {
        test_case("%s", compilers[i]);
        if (!has(compilers[i]))
            continue;
        struct reply r = sh(
            "export CC=%s PKG_CONFIG_PATH=\"$PWD/the place/lib/pkgconfig\"; { meson setup out-%s use"
            " && ninja -C out-%s; } >log 2>&1 || cat log >&2; out-%s/use",
            compilers[i], compilers[i], compilers[i], compilers[i]);
        EXPECT_EQ(r.err, "");
        EXPECT_EQ(r.out, "42\n");
    }
}

TEST(every_public_header_compiles_alone)
{
    static const char *const compilers[] = {"gcc", "gcc -O0", "clang -fblocks"};
    install_and_move();
    for (size_t i = 0; i < sizeof compilers / sizeof compilers[0]; i++) {
        if (!has(compilers[i]))
            continue;
        test_case("%s", compilers[i]);
        struct reply r = sh("cd 'the place/include'; for h in bora.h bora/*.h; do"
                            " echo \"#include <$h>\" | %s -std=gnu17 -Wall -Wextra -Werror -I."
                            " -fsyntax-only -xc - || echo \"$h\"; done",
                            compilers[i]);
        EXPECT_EQ(r.out, "");
        EXPECT_EQ(r.err, "");
    }
}

TEST(bora_h_includes_every_header_but_the_one_for_tests)
{
    install_and_move();
    struct reply r = sh("cd place/include; for h in bora/*.h; do gcc -std=gnu17 -I. -M bora.h |"
                        " grep -qF \" $h\" || echo \"$h\"; done");
    EXPECT_EQ(r.err, "");
    EXPECT_EQ(r.out, "bora/test.h\n");
}

TEST(install_says_why_it_cannot)
{
    write_file("file", "");
    struct reply r = sh("$BORA install --prefix file/below");
    EXPECT_EQ(r.status, 1);
    EXPECT(contains(r.err, "bora: make folder file/below: not a directory\n"));
    EXPECT_EQ(sh("$BORA install --prefix").status, 2);
}
