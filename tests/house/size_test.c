// SPDX-License-Identifier: MIT
// What one person holds in the head: the sizes of files and functions, the depth of nesting, and
// what every file begins with. The code is laid out by clang-format, so lines are enough to tell
// them.
#include "tree.h"

#include <bora/test.h>

enum {
    SOURCE_LINES_MAX = 800,
    TEST_LINES_MAX = 1200,  // Tests are read one by one, so a file of them may be longer.
    HEADER_LINES_MAX = 500,
    FUNCTION_LINES_MAX = 70,
    NESTING_MAX = 3,
    COLUMNS_MAX = 100,
};

static bool is_source(bo_str path)
{
    return bo_str_ends(path, bo_s(".c")) || bo_str_ends(path, bo_s(".h"));
}

static struct paths sources(void)
{
    struct paths all = tree_files("", ""), some = {all.at, 0};
    for (size_t i = 0; i < all.len; i++)
        if (is_source(bo_str_of(all.at[i])))
            some.at[some.len++] = all.at[i];
    REQUIRE(some.len > 50);
    return some;
}

static size_t count_lines(bo_str text)
{
    size_t lines = 0;
    for (bo_str line; bo_str_next(&text, '\n', &line);)
        lines++;
    return lines;
}

static bool is_test(bo_str path)
{
    return bo_str_ends(path, bo_s("_test.c")) || bo_str_ends(path, bo_s("_test.h"));
}

static size_t lines_max(bo_str path)
{
    if (is_test(path))
        return TEST_LINES_MAX;
    return bo_str_ends(path, bo_s(".h")) ? HEADER_LINES_MAX : SOURCE_LINES_MAX;
}

TEST(files_are_short)
{
    struct paths files = sources();
    for (size_t i = 0; i < files.len; i++) {
        size_t lines = count_lines(tree_read(files.at[i]));
        size_t most = lines_max(bo_str_of(files.at[i]));
        if (lines > most)
            test_fail("%s has %zu lines; at most %zu", files.at[i], lines, most);
    }
}

static size_t indentation(bo_str line)
{
    size_t n = 0;
    while (n < line.len && line.ptr[n] == ' ')
        n++;
    return n;
}

static bool opens_block(bo_str line)
{
    static const char *const words[] = {"if (", "for (", "while (", "switch (", "do {"};
    bo_str text = bo_str_trim(line);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (bo_str_starts(text, bo_str_of(words[i])))
            return true;
    return false;
}

// A function's body begins with "{" and ends with "}", each alone at the left margin.
static void check_functions(const char *path, bo_str text)
{
    size_t number = 0, start = 0;
    for (bo_str line; bo_str_next(&text, '\n', &line);) {
        number++;
        if (bo_str_eq(line, bo_s("{")))
            start = number;
        if (start && bo_str_eq(line, bo_s("}"))) {
            if (number - start + 1 > FUNCTION_LINES_MAX)
                test_fail("%s:%zu: the function has %zu lines; at most %d", path, start,
                          number - start + 1, FUNCTION_LINES_MAX);
            start = 0;
        }
        // Tests go through tables in loops; those may stand one level deeper.
        size_t deepest = 4 * (NESTING_MAX + is_test(bo_str_of(path)));
        if (start && opens_block(line) && indentation(line) > deepest)
            test_fail("%s:%zu: nested deeper than %d", path, number, NESTING_MAX);
    }
}

TEST(functions_are_short_and_flat)
{
    struct paths files = sources();
    for (size_t i = 0; i < files.len; i++)
        check_functions(files.at[i], tree_read(files.at[i]));
}

// In characters, not in bytes.
static size_t count_columns(bo_str line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line.len; i++)
        columns += ((unsigned char)line.ptr[i] & 0xc0) != 0x80;
    return columns;
}

// The formatter sees to code; what it leaves alone are comments.
TEST(comments_are_narrow)
{
    struct paths files = sources();
    for (size_t i = 0; i < files.len; i++) {
        // Some files there hold a compiler's words in a comment, each in a line.
        if (bo_str_find(bo_str_of(files.at[i]), bo_s("testdata/")) >= 0)
            continue;
        bo_str rest = tree_read(files.at[i]), line;
        for (size_t number = 1; bo_str_next(&rest, '\n', &line); number++)
            if (bo_str_starts(bo_str_trim(line), bo_s("//")) && count_columns(line) > COLUMNS_MAX)
                test_fail("%s:%zu: a comment of %zu columns; at most %d", files.at[i], number,
                          count_columns(line), COLUMNS_MAX);
    }
}

TEST(files_begin_with_their_licence)
{
    struct paths files = tree_files("", "");
    for (size_t i = 0; i < files.len; i++) {
        bo_str path = bo_str_of(files.at[i]), line, rest = tree_read(files.at[i]);
        bool wanted = is_source(path) || bo_str_ends(path, bo_s(".S")) ||
                      bo_str_ends(path, bo_s("meson.build")) || bo_str_starts(rest, bo_s("#!"));
        if (!wanted)
            continue;
        bo_str_next(&rest, '\n', &line);
        if (bo_str_starts(line, bo_s("#!")))
            bo_str_next(&rest, '\n', &line);
        if (bo_str_find(line, bo_s("SPDX-License-Identifier: MIT")) < 0)
            test_fail("%s does not begin with SPDX-License-Identifier: MIT", files.at[i]);
    }
}

TEST(nothing_is_left_for_later)
{
    static const char *const words[] = {"TODO", "FIXME", "XXX"};
    struct paths files = sources();
    for (size_t i = 0; i < files.len; i++) {
        // This file names the words that it looks for.
        if (bo_str_ends(bo_str_of(files.at[i]), bo_s("house/size_test.c")))
            continue;
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (bo_str_find(tree_read(files.at[i]), bo_str_of(words[w])) >= 0)
                test_fail("%s: %s", files.at[i], words[w]);
    }
}
