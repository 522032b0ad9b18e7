// SPDX-License-Identifier: MIT
// Constraints, asked of values in memory.
#include "encoding/rules.h"
#include <bora/test.h>
#include <stdio.h>

#define RULED_FIELDS(FIELD)                                                                        \
    FIELD(int8_t, i8, "i8", .min = -3, .max = 3)                                                   \
    FIELD(int64_t, i64, "i64", .min = -9223372036854775807, .max = 9223372036854775806)            \
    FIELD(uint64_t, u64, "u64", .max = 18446744073709551614u)                                      \
    FIELD(float, f, "f", .min = 0.5)                                                               \
    FIELD(double, d, "d", .max = 0.1)                                                              \
    FIELD(bo_str, s, "s", .min_len = 2, .max_len = 3)                                              \
    FIELD(bo_strs, a, "a", .min_len = 1, .max_len = 2)                                             \
    FIELD(bo_str, omitted, "omitted,omitempty", .min_len = 2)                                      \
    FIELD(BO_OPTIONAL(int), o, "o", .min = 1)                                                      \
    FIELD(BO_POINTER(bo_str), p, "p", .max_len = 1)                                                \
    FIELD(bool, b, "b", .required = true)
BO_STRUCT(ruled, RULED_FIELDS);

// broken is what a field of *value breaks, or "".
static const char *broken(const ruled *value, const char *name)
{
    static char why[RULES_WHY_MAX];
    const bo_field *field = bo_type_field(bo_type_of(ruled), bo_str_of(name));
    REQUIRE(field != NULL);
    if (!bo__rules_broken(field, (const char *)value + field->offset, why))
        why[0] = '\0';
    return why;
}

TEST(numbers_have_a_least_and_a_most)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind computes long doubles in 64 bits");
    EXPECT_EQ(broken(&(ruled){.i8 = -3}, "i8"), "");
    EXPECT_EQ(broken(&(ruled){.i8 = -4}, "i8"), "at least -3");
    EXPECT_EQ(broken(&(ruled){.i8 = 3}, "i8"), "");
    EXPECT_EQ(broken(&(ruled){.i8 = 4}, "i8"), "at most 3");
    EXPECT_EQ(broken(&(ruled){.i64 = INT64_MIN + 1}, "i64"), "");
    EXPECT_EQ(broken(&(ruled){.i64 = INT64_MIN}, "i64"), "at least -9223372036854775807");
    EXPECT_EQ(broken(&(ruled){.i64 = INT64_MAX - 1}, "i64"), "");
    EXPECT_EQ(broken(&(ruled){.i64 = INT64_MAX}, "i64"), "at most 9223372036854775806");
    EXPECT_EQ(broken(&(ruled){.u64 = UINT64_MAX - 1}, "u64"), "");
    EXPECT_EQ(broken(&(ruled){.u64 = UINT64_MAX}, "u64"), "at most 18446744073709551614");
    EXPECT_EQ(broken(&(ruled){.f = 0.5f}, "f"), "");
    EXPECT_EQ(broken(&(ruled){.f = 0.49999997f}, "f"), "at least 0.5");
    EXPECT_EQ(broken(&(ruled){.d = 0.1}, "d"), "");
    EXPECT_EQ(broken(&(ruled){.d = 0.10000000000000002}, "d"), "at most 0.1");
    EXPECT_EQ(broken(&(ruled){.o = BO_SOME(0)}, "o"), "at least 1");
    EXPECT_EQ(broken(&(ruled){.o = BO_SOME(1)}, "o"), "");
    EXPECT_EQ(broken(&(ruled){.o = {.presence = BO_NULL}}, "o"), "");
}

TEST(lengths_are_counted_in_characters_and_elements)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "at least 2 characters"},
        {"x", "at least 2 characters"},
        {"\xc3\xa9", "at least 2 characters"},
        {"\xf0\x9f\x98\x80", "at least 2 characters"},
        {"xx", ""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", ""},
        {"xxxx", "at most 3 characters"},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "at most 3 characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        EXPECT_EQ(broken(&(ruled){.s = bo_str_of(cases[i].text)}, "s"), cases[i].why);
    }
    EXPECT_EQ(broken(&(ruled){.a = {NULL, 0, 0}}, "a"), "at least 1 element");
    EXPECT_EQ(broken(&(ruled){.a = {(bo_str[2]){{0}}, 2, 2}}, "a"), "");
    EXPECT_EQ(broken(&(ruled){.a = {(bo_str[3]){{0}}, 3, 3}}, "a"), "at most 2 elements");
}

TEST(what_is_not_there_breaks_nothing)
{
    EXPECT_EQ(broken(&(ruled){0}, "omitted"), "");
    EXPECT_EQ(broken(&(ruled){.omitted = bo_s("x")}, "omitted"), "at least 2 characters");
    EXPECT_EQ(broken(&(ruled){0}, "o"), "");
    EXPECT_EQ(broken(&(ruled){0}, "p"), "");
    EXPECT_EQ(broken(&(ruled){.p = &(bo_str){"xx", 2}}, "p"), "at most 1 character");
    EXPECT_EQ(broken(&(ruled){0}, "b"), "");
}

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

TEST(an_email_address_is_what_a_browser_takes)
{
    static const char *const good[] = {
        "a@b",     "ada@example.com",          "a.b+c@x-y.z", "!#$%&'*+/=?^_`{|}~-@x", ".a.@x",
        "A@1.2.3", "a@" LABEL_63 "." LABEL_63,
    };
    static const char *const bad[] = {
        "",        "a",      "@",     "a@",     "@b",         "a@b@c",      "a b@c",
        "a@b c",   "a@-b",   "a@b-",  "a@b..c", "a@.b",       "a@b.",       "a@b_c",
        "\"a\"@b", "a(b)@c", "a,b@c", "<a@b>",  "\xc3\xa9@b", "a@\xc3\xa9", "a@" LABEL_63 "4",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        test_case("%s", good[i]);
        EXPECT(bo__format_holds(BO_FORMAT_EMAIL, bo_str_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_case("%s", bad[i]);
        EXPECT(!bo__format_holds(BO_FORMAT_EMAIL, bo_str_of(bad[i])));
        EXPECT(bo__format_holds(BO_FORMAT_ANY, bo_str_of(bad[i])));
    }
    EXPECT(!bo__format_holds(BO_FORMAT_EMAIL, bo_str_n("a\0@b", 4)));
    for (int len = 253; len <= 255; len++) {
        char text[300];
        snprintf(text, sizeof text, "%0*d@b", len - 2, 1);
        test_case("%d bytes", len);
        EXPECT_EQ(bo__format_holds(BO_FORMAT_EMAIL, bo_str_of(text)), len <= 254);
    }
}
