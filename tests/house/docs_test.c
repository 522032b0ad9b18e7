// SPDX-License-Identifier: MIT
// What the documents show is compiled as it is printed: each ```c block is a file. One that has a
// bo_main is a program, one that includes bora/test.h is a test and passes. Links lead to files
// that exist.
#include "tree.h"

#include <bora/arena.h>
#include <bora/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *tool(void)
{
    const char *path = getenv("BORA_TOOL");
    REQUIRE(path != NULL);
    return path;
}

static void write_block(const char *name, bo_str text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    FILE *file = fopen(path, "we");
    REQUIRE(file != NULL);
    fwrite(text.ptr, 1, text.len, file);
    REQUIRE_EQ(fclose(file), 0);
}

static void compile_block(const char *document, size_t line, bo_str text)
{
    static bo_arena arena;
    bo_str output;
    bool is_test = bo_str_find(text, bo_s("<bora/test.h>")) >= 0;
    test_case("%s:%zu", document, line);
    write_block(is_test ? "block_test.c" : "block.c", text);
    const char *verb = is_test ? "test ." : "build block.c";
    const char *command = bo_str_printf(&arena, "cd '%s' && '%s' %s", test_dir(), tool(), verb).ptr;
    int status = tree_run(command, &output);
    bool quiet = is_test || output.len == 0;
    if (status != 0 || !quiet)
        test_fail(BO_FMT, BO_ARG(output));
}

// Compiles every block of a document and returns how many there were.
static size_t compile_blocks(const char *document)
{
    size_t number = 0, start = 0, blocks = 0;
    const char *first = NULL;
    bo_str rest = tree_read(document), line;
    while (bo_str_next(&rest, '\n', &line)) {
        number++;
        if (bo_str_eq(line, bo_s("```c"))) {
            start = number;
            first = line.ptr + line.len + 1;
        } else if (start && bo_str_eq(line, bo_s("```"))) {
            compile_block(document, start, bo_str_n(first, (size_t)(line.ptr - first)));
            start = 0;
            blocks++;
        }
    }
    EXPECT_EQ(start, 0);
    return blocks;
}

TEST(the_code_in_documents_compiles_as_printed)
{
    struct paths files = tree_files("", ".md");
    size_t blocks = 0;
    for (size_t i = 0; i < files.len; i++)
        blocks += compile_blocks(files.at[i]);
    EXPECT(blocks >= 4);
}

TEST(the_readme_s_server_answers)
{
    bo_str output, text = tree_read("README.md"), block;
    ptrdiff_t at = bo_str_find(text, bo_s("\n```c\n"));
    REQUIRE(at >= 0);
    block = bo_str_sub(text, (size_t)at + 6, text.len);
    block = bo_str_sub(block, 0, (size_t)bo_str_find(block, bo_s("\n```\n")) + 1);
    write_block("server.c", block);
    static bo_arena arena;
    // The port is asked of the kernel by a listener that is gone again; nobody else here takes it.
    const char *line =
        bo_str_printf(
            &arena,
            "cd '%s' && '%s' build server.c && p=$(python3 -c 'import socket;"
            "s=socket.socket();s.bind((\"127.0.0.1\",0));print(s.getsockname()[1])') &&"
            "{ ./server 127.0.0.1:$p 2>log & } && pid=$! &&"
            "curl -s --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 20"
            " http://127.0.0.1:$p/hello/Ada; kill -TERM $pid; wait $pid; echo \"exit $?\"",
            test_dir(), tool())
            .ptr;
    if (tree_run("command -v curl && command -v python3", &output) != 0)
        test_skip("no curl or no python3 here");
    EXPECT_EQ(tree_run(line, &output), 0);
    EXPECT_EQ(output, "Hello, Ada!\nexit 0\n");
}

// [text](target), where the target is a file of ours.
static void check_links(const char *document)
{
    bo_str rest = tree_read(document), folder = bo_str_of(document);
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    ptrdiff_t at;
    while ((at = bo_str_find(rest, bo_s("]("))) >= 0) {
        bo_str target;
        bo_str_cut(bo_str_sub(rest, (size_t)at + 2, rest.len), ')', &target, &rest);
        bo_str_cut(target, '#', &target, NULL);
        if (target.len == 0 || bo_str_find(target, bo_s("://")) >= 0)
            continue;
        char path[512];
        snprintf(path, sizeof path, BO_FMT BO_FMT, BO_ARG(folder), BO_ARG(target));
        if (access(tree_path(path), F_OK) != 0)
            test_fail("%s: there is no " BO_FMT, document, BO_ARG(target));
    }
}

TEST(links_lead_to_files_that_are_there)
{
    struct paths files = tree_files("", ".md");
    for (size_t i = 0; i < files.len; i++)
        check_links(files.at[i]);
}

// A path in backquotes that looks like one of ours: `src/base/str.c`.
static void check_paths(const char *document)
{
    static const char *const roots[] = {"src/",  "include/", "cmd/",     "tests/",
                                        "docs/", "bench/",   "scripts/", "packaging/"};
    bo_str rest = tree_read(document), word;
    for (bool inside = false; bo_str_next(&rest, '`', &word); inside = !inside) {
        bool ours = false;
        for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
            ours = ours || bo_str_starts(word, bo_str_of(roots[i]));
        if (!inside || !ours || bo_str_find_byte(word, ' ') >= 0)
            continue;
        char path[512];
        snprintf(path, sizeof path, BO_FMT, BO_ARG(word));
        if (access(tree_path(path), F_OK) != 0)
            test_fail("%s: there is no %s", document, path);
    }
}

TEST(paths_that_documents_name_are_there)
{
    struct paths files = tree_files("", ".md");
    for (size_t i = 0; i < files.len; i++)
        check_paths(files.at[i]);
}
