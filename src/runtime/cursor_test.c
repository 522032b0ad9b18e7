// SPDX-License-Identifier: MIT
// cursor_test.c: what a cursor yields at and behind the end of its bytes.
#include "runtime/cursor.h"

#include <bora/arena.h>
#include <bora/test.h>

#include <stdlib.h>

static struct bo__cursor over(const char *bytes, size_t len)
{
    return bo__cursor_of(bo_str_n(bytes, len));
}

TEST(cursor_reads_integers_little_endian)
{
    static const char bytes[] = {1, 2, 3, 4, 5, 6, 7, (char)0x88, 9, 10, 11, 12, 13, 14, 15};
    struct bo__cursor c = over(bytes, sizeof bytes);
    EXPECT_EQ(bo__cursor_u64(&c), UINT64_C(0x8807060504030201));
    EXPECT_EQ(bo__cursor_u32(&c), 0x0c0b0a09);
    EXPECT_EQ(bo__cursor_u16(&c), 0x0e0d);
    EXPECT_EQ(bo__cursor_u8(&c), 15);
    EXPECT(!c.bad);
    EXPECT_EQ(bo__cursor_left(&c), 0);
}

TEST(cursor_yields_zeros_from_the_first_read_that_does_not_fit)
{
    for (size_t len = 0; len < 8; len++) {
        test_case("%zu bytes", len);
        struct bo__cursor c = over("\1\1\1\1\1\1\1\1", len);
        EXPECT_EQ(bo__cursor_u64(&c), 0);
        EXPECT(c.bad);
        EXPECT_EQ(bo__cursor_u8(&c), 0);
        EXPECT_EQ(bo__cursor_uleb(&c), 0);
        EXPECT_EQ(bo__cursor_text(&c).len, 0);
        EXPECT_EQ(bo__cursor_left(&c), 0);
    }
}

TEST(cursor_takes_all_there_is_and_not_one_byte_more)
{
    static const struct {
        uint64_t len;
        bool ok;
    } cases[] = {{0, true}, {3, true}, {4, true}, {5, false}, {UINT64_MAX, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%llu", (unsigned long long)cases[i].len);
        struct bo__cursor c = over("abcd", 4);
        EXPECT_EQ(bo__cursor_take(&c, cases[i].len).len, cases[i].ok ? cases[i].len : 0);
        EXPECT_EQ(c.bad, !cases[i].ok);
    }
    struct bo__cursor nothing = bo__cursor_of((bo_str){0});
    EXPECT_EQ(bo__cursor_left(&nothing), 0);
    EXPECT_EQ(bo__cursor_take(&nothing, 0).len, 0);
    EXPECT(!nothing.bad);
}

// The examples of DWARF 5, figures 45 and 46, and what lies beyond 64 bits.
TEST(cursor_reads_leb128)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint64_t unsigned_value;
        int64_t signed_value;
    } cases[] = {
        {"\x02", 1, 2, 2},
        {"\x7e", 1, 126, -2},
        {"\x7f", 1, 127, -1},
        {"\xff\x00", 2, 127, 127},
        {"\x81\x7f", 2, 16257, -127},
        {"\x80\x01", 2, 128, 128},
        {"\x80\x7f", 2, 16256, -128},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, -1},
        {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10, (uint64_t)1 << 63, INT64_MIN},
        {"\x85\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 13, 5, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%zu", i);
        struct bo__cursor u = over(cases[i].bytes, cases[i].len), s = u;
        EXPECT_EQ(bo__cursor_uleb(&u), cases[i].unsigned_value);
        EXPECT_EQ(bo__cursor_sleb(&s), cases[i].signed_value);
        EXPECT(!u.bad && !s.bad);
        EXPECT_EQ(bo__cursor_left(&u) + bo__cursor_left(&s), 0);
        // Without its last byte it has no end.
        u = s = over(cases[i].bytes, cases[i].len - 1);
        bo__cursor_uleb(&u);
        bo__cursor_sleb(&s);
        EXPECT(u.bad && s.bad);
    }
}

TEST(cursor_reads_texts_up_to_their_nul)
{
    struct bo__cursor c = over("one\0\0two", 8);
    EXPECT_EQ(bo__cursor_text(&c), "one");
    EXPECT_EQ(bo__cursor_text(&c), "");
    EXPECT(!c.bad);
    EXPECT_EQ(bo__cursor_text(&c).len, 0);
    EXPECT(c.bad);
}

// A text of a section is cut at the limit; one that the section ends within is none.
TEST(texts_of_a_section_are_limited)
{
    size_t size = 2 * BO__TEXT_MAX;
    char *bytes = bo_malloc(size);
    static const struct {
        size_t len, want;
    } cases[] = {{0, 0},
                 {1, 1},
                 {BO__TEXT_MAX - 1, BO__TEXT_MAX - 1},
                 {BO__TEXT_MAX, BO__TEXT_MAX},
                 {BO__TEXT_MAX + 1, BO__TEXT_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%zu", cases[i].len);
        memset(bytes, 'x', size);
        bytes[cases[i].len] = '\0';
        EXPECT_EQ(bo__text_at(bo_str_n(bytes, size), 0).len, cases[i].want);
    }
    memset(bytes, 'x', size);
    bo_str section = bo_str_n(bytes, 100);
    EXPECT_EQ(bo__text_at(section, 0).len, 0);
    EXPECT_EQ(bo__text_at(section, 100).len, 0);
    EXPECT_EQ(bo__text_at(section, UINT64_MAX).len, 0);
    EXPECT_EQ(bo__text_at((bo_str){0}, 0).len, 0);
    free(bytes);
}
