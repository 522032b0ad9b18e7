// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/arena.h>
#include <bora/str.h>
#include <bora/test.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const bo_str empty;

TEST(views_are_made_of_what_there_is)
{
    EXPECT_EQ(bo_s("a\0b").len, 3);
    EXPECT_EQ(bo_s("").len, 0);
    EXPECT_EQ(bo_str_of(NULL).len, 0);
    EXPECT_EQ(bo_str_of("text").len, 4);
    EXPECT_EQ(bo_str_n("text", 2), "te");
    char shown[16];
    bo_str none = bo_str_of(getenv("BORA_IS_NOT_SET"));
    snprintf(shown, sizeof shown, "<" BO_FMT "><" BO_FMT ">", BO_ARG(bo_str_n("text", 2)),
             BO_ARG(none));
    EXPECT_EQ(shown, "<te><>");
    // A length that is no int is not a negative precision, which would read to the next NUL.
    bo_str huge = {"text", (size_t)INT32_MAX + 1};
    snprintf(shown, sizeof shown, BO_FMT, BO_ARG(huge));
    EXPECT_EQ(shown, "text");
}

TEST(comparison_is_by_bytes_and_a_prefix_comes_first)
{
    // In ascending order.
    static const bo_str order[] = {bo_s(""),  bo_s("\0"),   bo_s("\0a"),  bo_s("A"),
                                   bo_s("a"), bo_s("aa"),   bo_s("ab"),   bo_s("ab\0"),
                                   bo_s("b"), bo_s("\x7f"), bo_s("\x80"), bo_s("\xff")};
    size_t count = sizeof order / sizeof *order;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            test_case("%zu and %zu", i, k);
            int sign = bo_str_cmp(order[i], order[k]);
            EXPECT_EQ((sign > 0) - (sign < 0), (i > k) - (i < k));
            EXPECT_EQ(bo_str_eq(order[i], order[k]), i == k);
        }
    }
    EXPECT(bo_str_eq(empty, bo_s("")));
    EXPECT_EQ(bo_str_cmp(empty, bo_s("")), 0);
}

static bool eq_fold_simply(bo_str a, bo_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        int x = (unsigned char)a.ptr[i], y = (unsigned char)b.ptr[i];
        if (x != y && !(x < 128 && y < 128 && isalpha(x) && tolower(x) == tolower(y)))
            return false;
    }
    return true;
}

TEST(case_is_folded_for_ascii_letters_and_nothing_else)
{
    EXPECT(bo_str_eq_fold(empty, bo_s("")));
    EXPECT(bo_str_eq_fold(bo_s("Content-Length"), bo_s("content-LENGTH")));
    EXPECT(!bo_str_eq_fold(bo_s("content-length"), bo_s("content_length")));
    EXPECT(!bo_str_eq_fold(bo_s("abc"), bo_s("abcd")));
    // Every pair of bytes at every place of words around the size of a machine word.
    for (size_t len = 1; len <= 18; len++) {
        char a[18], b[18];
        memset(a, 'x', sizeof a);
        memset(b, 'X', sizeof b);
        size_t at = len / 2;
        size_t wrong = 0;
        for (int x = 0; x < 256; x++) {
            for (int y = 0; y < 256; y++) {
                a[at] = (char)x;
                b[at] = (char)y;
                bo_str left = bo_str_n(a, len), right = bo_str_n(b, len);
                wrong += bo_str_eq_fold(left, right) != eq_fold_simply(left, right);
            }
        }
        test_case("length %zu", len);
        EXPECT_EQ(wrong, 0);
    }
}

TEST(every_byte_counts_in_a_comparison_without_case)
{
    for (size_t len = 1; len <= 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char a[40], b[40];
            memset(a, 'q', sizeof a);
            memset(b, 'Q', sizeof b);
            test_case("byte %zu of %zu", at, len);
            EXPECT(bo_str_eq_fold(bo_str_n(a, len), bo_str_n(b, len)));
            b[at] = 'P';
            EXPECT(!bo_str_eq_fold(bo_str_n(a, len), bo_str_n(b, len)));
        }
    }
}

TEST(starts_and_ends)
{
    static const struct {
        const char *s, *part;
        bool starts, ends;
    } cases[] = {
        {"abc", "", true, true},       {"", "", true, true},       {"", "a", false, false},
        {"abc", "a", true, false},     {"abc", "c", false, true},  {"abc", "abc", true, true},
        {"abc", "bc", false, true},    {"abc", "ab", true, false}, {"abc", "abcd", false, false},
        {"abc", "xabc", false, false}, {"aXbXa", "a", true, true}, {"abc", "B", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_str s = bo_str_of(cases[i].s), part = bo_str_of(cases[i].part);
        test_case("row %zu", i);
        EXPECT_EQ(bo_str_starts(s, part), cases[i].starts);
        EXPECT_EQ(bo_str_ends(s, part), cases[i].ends);
    }
    EXPECT(bo_str_starts(empty, empty));
    EXPECT(bo_str_ends(empty, empty));
    EXPECT(bo_str_ends(bo_s("a"), empty));
}

TEST(find_gives_the_first_place)
{
    static const struct {
        bo_str s, needle;
        int at;
    } cases[] = {
        {bo_s("abcabc"), bo_s("bc"), 1}, {bo_s("abcabc"), bo_s("cb"), -1},
        {bo_s("abc"), bo_s("abc"), 0},   {bo_s("abc"), bo_s("abcd"), -1},
        {bo_s("abc"), bo_s(""), 0},      {bo_s(""), bo_s(""), 0},
        {bo_s(""), bo_s("a"), -1},       {bo_s("a\0b\0c"), bo_s("\0c"), 3},
        {bo_s("aaab"), bo_s("aab"), 1},  {bo_s("\xff\xfe"), bo_s("\xfe"), 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("row %zu", i);
        EXPECT_EQ(bo_str_find(cases[i].s, cases[i].needle), cases[i].at);
        if (cases[i].needle.len == 1)
            EXPECT_EQ(bo_str_find_byte(cases[i].s, cases[i].needle.ptr[0]), cases[i].at);
    }
    EXPECT_EQ(bo_str_find_byte(empty, '\0'), -1);
    EXPECT_EQ(bo_str_find_byte(bo_s("ab\0"), '\0'), 2);
    EXPECT_EQ(bo_str_find(empty, empty), 0);
}

TEST(sub_is_cut_to_the_length)
{
    static const struct {
        size_t from, to;
        const char *want;
    } cases[] = {
        {0, 5, "abcde"},
        {0, 0, ""},
        {1, 3, "bc"},
        {4, 5, "e"},
        {5, 5, ""},
        {3, 2, ""},
        {6, 9, ""},
        {2, 99, "cde"},
        {0, SIZE_MAX, "abcde"},
        {SIZE_MAX, 1, ""},
        {SIZE_MAX, SIZE_MAX, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("row %zu", i);
        EXPECT_EQ(bo_str_sub(bo_s("abcde"), cases[i].from, cases[i].to), cases[i].want);
    }
    EXPECT_EQ(bo_str_sub(empty, 0, 5), "");
}

TEST(trim_drops_white_space_at_both_ends)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" ", ""},
        {" \t\r\n", ""},
        {"a", "a"},
        {" a ", "a"},
        {"\n\ta b\r ", "a b"},
        {"\v a\f", "\v a\f"},
        {"\xc2\xa0", "\xc2\xa0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("row %zu", i);
        EXPECT_EQ(bo_str_trim(bo_str_of(cases[i][0])), cases[i][1]);
    }
    EXPECT_EQ(bo_str_trim(empty), "");
}

TEST(cut_splits_at_the_first_separator)
{
    static const struct {
        const char *s;
        bool found;
        const char *before, *after;
    } cases[] = {
        {"a=b", true, "a", "b"}, {"a=b=c", true, "a", "b=c"}, {"=b", true, "", "b"},
        {"a=", true, "a", ""},   {"=", true, "", ""},         {"ab", false, "ab", ""},
        {"", false, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_str before, after, s = bo_str_of(cases[i].s);
        test_case("%s", cases[i].s);
        EXPECT_EQ(bo_str_cut(s, '=', &before, &after), cases[i].found);
        EXPECT_EQ(before, cases[i].before);
        EXPECT_EQ(after, cases[i].after);
        EXPECT_EQ(bo_str_cut(s, '=', NULL, NULL), cases[i].found);
        // The output may be the input.
        EXPECT_EQ(bo_str_cut(s, '=', NULL, &s), cases[i].found);
        EXPECT_EQ(s, cases[i].after);
    }
}

TEST(next_counts_empty_fields_too)
{
    static const struct {
        const char *s;
        const char *fields[5];
    } cases[] = {
        {"a/b", {"a", "b"}}, {"a/", {"a", ""}}, {"/a", {"", "a"}},    {"a", {"a"}},
        {"", {""}},          {"/", {"", ""}},   {"//", {"", "", ""}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_str rest = bo_str_of(cases[i].s), field;
        size_t count = 0;
        test_case("%s", cases[i].s);
        for (; bo_str_next(&rest, '/', &field); count++) {
            REQUIRE(count < 5 && cases[i].fields[count] != NULL);
            EXPECT_EQ(field, cases[i].fields[count]);
        }
        EXPECT_EQ(cases[i].fields[count], NULL);
        EXPECT(!bo_str_next(&rest, '/', &field));
    }
    bo_str none = empty, field;
    EXPECT(!bo_str_next(&none, '/', &field));
}

// ---- numbers ----

TEST(integers_are_parsed_to_their_limits)
{
    static const struct {
        const char *text;
        bool is_int, is_uint;
        int64_t i;
        uint64_t u;
    } cases[] = {
        {"0", true, true, 0, 0},
        {"-0", true, false, 0, 0},
        {"007", true, true, 7, 7},
        {"-1", true, false, -1, 0},
        {"9223372036854775806", true, true, INT64_MAX - 1, INT64_MAX - 1},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"9223372036854775808", false, true, 0, (uint64_t)INT64_MAX + 1},
        {"-9223372036854775807", true, false, -INT64_MAX, 0},
        {"-9223372036854775808", true, false, INT64_MIN, 0},
        {"-9223372036854775809", false, false, 0, 0},
        {"18446744073709551614", false, true, 0, UINT64_MAX - 1},
        {"18446744073709551615", false, true, 0, UINT64_MAX},
        {"18446744073709551616", false, false, 0, 0},
        {"18446744073709551620", false, false, 0, 0},
        {"99999999999999999999", false, false, 0, 0},
        {"000000000000000000000000000001", true, true, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t as_int = 77;
        uint64_t as_uint = 77;
        test_case("%s", cases[i].text);
        EXPECT_EQ(bo_str_int(bo_str_of(cases[i].text), &as_int), cases[i].is_int);
        EXPECT_EQ(as_int, cases[i].is_int ? cases[i].i : 77);
        EXPECT_EQ(bo_str_uint(bo_str_of(cases[i].text), &as_uint), cases[i].is_uint);
        EXPECT_EQ(as_uint, cases[i].is_uint ? cases[i].u : 77);
    }
}

TEST(what_is_no_integer_is_refused)
{
    static const bo_str bad[] = {bo_s(""),   bo_s("-"),   bo_s("--1"), bo_s("+1"),   bo_s(" 1"),
                                 bo_s("1 "), bo_s("1.0"), bo_s("1e3"), bo_s("0x10"), bo_s("1\0"),
                                 bo_s("\0"), bo_s("-+1"), bo_s("1-"),  bo_s("٣"),    bo_s("1,000"),
                                 bo_s("/"),  bo_s(":"),   bo_s("-a")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t as_int = 77;
        uint64_t as_uint = 77;
        test_case(BO_FMT, BO_ARG(bad[i]));
        EXPECT(!bo_str_int(bad[i], &as_int));
        EXPECT(!bo_str_uint(bad[i], &as_uint));
        EXPECT_EQ(as_int, 77);
        EXPECT_EQ(as_uint, 77);
    }
}

TEST(whatever_is_printed_is_parsed_again)
{
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        char text[32];
        uint64_t value = random_next(&random) >> random_below(&random, 64), as_uint = 0;
        int64_t as_int = 0;
        size_t len = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
        EXPECT(bo_str_uint(bo_str_n(text, len), &as_uint));
        EXPECT_EQ(as_uint, value);
        len = (size_t)snprintf(text, sizeof text, "%lld", (long long)value);
        EXPECT(bo_str_int(bo_str_n(text, len), &as_int));
        EXPECT_EQ(as_int, (int64_t)value);
    }
}

TEST(random_bytes_parse_exactly_if_strtoull_takes_all_of_them)
{
    static const char letters[] = "0123456789-+ .x";
    uint64_t random = 7;
    for (int i = 0; i < 50000; i++) {
        char text[24] = "";
        size_t len = random_below(&random, 22);
        for (size_t k = 0; k < len; k++)
            text[k] = letters[random_below(&random, k ? 11 : sizeof letters - 1)];
        char *end;
        errno = 0;
        long long want = strtoll(text, &end, 10);
        bool ok = len > 0 && *end == '\0' && errno == 0 && text[0] != '+' && text[0] != ' ';
        int64_t got = 0;
        test_case("%s", text);
        EXPECT_EQ(bo_str_int(bo_str_n(text, len), &got), ok);
        if (ok)
            EXPECT_EQ(got, want);
    }
}

// ---- copies ----

TEST(copies_end_with_a_nul)
{
    bo_arena arena = {0};
    bo_str copy = bo_str_clone(&arena, bo_s("a\0b"));
    EXPECT_EQ(copy, bo_s("a\0b"));
    EXPECT_EQ(copy.ptr[3], 0);
    EXPECT_EQ(bo_str_clone(&arena, empty), "");
    EXPECT(bo_str_clone(&arena, empty).ptr != NULL);
    EXPECT_EQ(bo_str_c(&arena, bo_str_n("text", 2)), "te");
    bo_arena_free(&arena);
}

TEST(printf_takes_texts_of_any_length)
{
    static const int lengths[] = {0, 1, 126, 127, 128, 129, 5000, 100000};
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        test_case("%d", lengths[i]);
        bo_str before = bo_str_clone(&arena, bo_s("before"));
        bo_str text = bo_str_printf(&arena, "%0*d", lengths[i], 0);
        bo_str after = bo_str_clone(&arena, bo_s("after"));
        EXPECT_EQ(text.len, lengths[i] ? lengths[i] : 1);
        EXPECT_EQ(strspn(text.ptr, "0"), text.len);
        EXPECT_EQ(before, "before");
        EXPECT_EQ(after, "after");
    }
    bo_arena_free(&arena);
}
