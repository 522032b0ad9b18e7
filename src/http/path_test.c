// SPDX-License-Identifier: MIT
#include "http/path.h"
#include <bora/test.h>

// joined shows the segments of a path with '|' between them.
static bo_str joined(const http_path *path, bo_arena *arena)
{
    bo_str all = bo_str_clone(arena, path->segments[0]);
    for (size_t i = 1; i < path->count; i++)
        all = bo_str_printf(arena, BO_FMT "|" BO_FMT, BO_ARG(all), BO_ARG(path->segments[i]));
    return all;
}

TEST(path_splits_before_it_decodes)
{
    static const struct {
        const char *raw, *segments;
        bool unclean;
    } cases[] = {
        {"/", "", false},
        {"/a", "a", false},
        {"/a/", "a|", false},
        {"/a/b/c", "a|b|c", false},
        {"/a%20b/%41", "a b|A", false},
        {"/a%2Fb/c", "a/b|c", false},
        {"/a%2fb", "a/b", false},
        {"/%25%32%30", "%20", false},
        {"/a+b", "a+b", false},
        {"/...", "...", false},
        {"/.a/..b", ".a|..b", false},
        {"//", "|", true},
        {"//a", "|a", true},
        {"/a//b", "a||b", true},
        {"/./a", ".|a", true},
        {"/a/..", "a|..", true},
        {"/a/.", "a|.", true},
        {"/a/%2e%2E/b", "a|..|b", true},
        {"/a/.%2e", "a|..", true},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].raw);
        http_path path;
        EXPECT(bo__http_path_split(bo_str_of(cases[i].raw), &arena, &path) == NULL);
        EXPECT_EQ(joined(&path, &arena), cases[i].segments);
        EXPECT_EQ(path.unclean, cases[i].unclean);
    }
    bo_arena_free(&arena);
}

TEST(path_refuses_broken_escapes_nul_and_backslashes)
{
    static const char *const cases[] = {"/%",     "/%4",  "/%4g",   "/%g4", "/a%/b",
                                        "/a%2/b", "/%00", "/a%00b", "/\\a", "/a\\..\\b"};
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i]);
        http_path path;
        EXPECT(bo__http_path_split(bo_str_of(cases[i]), &arena, &path) != NULL);
    }
    bo_arena_free(&arena);
}

TEST(path_limits_the_number_of_segments)
{
    char raw[2 * (HTTP_SEGMENTS_MAX + 1)];
    for (size_t i = 0; i < sizeof raw; i += 2)
        memcpy(raw + i, "/a", 2);
    bo_arena arena = {0};
    http_path path;
    for (size_t n = HTTP_SEGMENTS_MAX - 1; n <= HTTP_SEGMENTS_MAX + 1; n++) {
        test_case("%zu segments", n);
        bool fits = n <= HTTP_SEGMENTS_MAX;
        EXPECT_EQ(bo__http_path_split(bo_str_n(raw, 2 * n), &arena, &path) == NULL, fits);
        if (fits)
            EXPECT_EQ(path.count, n);
    }
    bo_arena_free(&arena);
}

TEST(path_rest_is_what_follows_decoded)
{
    bo_arena arena = {0};
    http_path path;
    bo_str raw = bo_s("/files/a%20b/c/");
    REQUIRE(!bo__http_path_split(raw, &arena, &path));
    EXPECT_EQ(http_path_rest(&path, 0), "files/a b/c/");
    EXPECT_EQ(http_path_rest(&path, 1), "a b/c/");
    EXPECT_EQ(http_path_rest(&path, 3), "");
    bo_arena_free(&arena);
}

TEST(path_clean_never_leaves_the_root)
{
    static const char *const cases[][2] = {
        {"/", "/"},
        {"//", "/"},
        {"/a//b", "/a/b"},
        {"/a/./b", "/a/b"},
        {"/a/../b", "/b"},
        {"/../../a", "/a"},
        {"/..", "/"},
        {"/a/..", "/"},
        {"/a/b/..", "/a/"},
        {"/a/b/.", "/a/b/"},
        {"/a/b//", "/a/b/"},
        {"/a/%2e%2e/b", "/b"},
        {"/a/%2E/b", "/a/b"},
        {"/a/.%2e/b", "/b"},
        {"//evil.com/..", "/"},
        {"//evil.com", "/evil.com"},
        {"/a%20b/../c%2Fd", "/c%2Fd"},
        {"/...", "/..."},
        {"/a/%zz/..", "/a/"},
        {"/././.", "/"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i][0]);
        EXPECT_EQ(bo__http_path_clean(bo_str_of(cases[i][0]), &arena), cases[i][1]);
    }
    bo_arena_free(&arena);
}

TEST(path_query_finds_the_first_value)
{
    static const struct {
        const char *query, *name, *value;  // value NULL: there is none
    } cases[] = {
        {"", "a", NULL},
        {"a=1", "a", "1"},
        {"a=1&a=2", "a", "1"},
        {"b=2&a=1", "a", "1"},
        {"a", "a", ""},
        {"a=", "a", ""},
        {"a=b=c", "a", "b=c"},
        {"&&a=1", "a", "1"},
        {"&", "", NULL},
        {"=x", "", "x"},
        {"aa=1", "a", NULL},
        {"A=1", "a", NULL},
        {"a=x+y%20z", "a", "x y z"},
        {"%61=1", "a", "1"},
        {"a+b=1", "a b", "1"},
        {"a=%", "a", "%"},
        {"a=%4", "a", "%4"},
        {"a=%zz", "a", "%zz"},
        {"a=%26b=2", "a", "&b=2"},
        {"a=%C3%A9", "a", "\xc3\xa9"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s in %s", cases[i].name, cases[i].query);
        bo_str value;
        bool found = bo__http_query_find(bo_str_of(cases[i].query), bo_str_of(cases[i].name),
                                         &arena, &value);
        EXPECT_EQ(found, cases[i].value != NULL);
        if (found && cases[i].value)
            EXPECT_EQ(value, cases[i].value);
    }
    bo_arena_free(&arena);
}
