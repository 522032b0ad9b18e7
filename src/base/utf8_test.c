// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/str.h>
#include <bora/test.h>
#include <stdlib.h>

// valid_simply decodes each character and looks at its value: another way than the automaton's.
static bool valid_simply(const unsigned char *p, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
        n = p[i] < 0x80 ? 1 : p[i] >> 5 == 6 ? 2 : p[i] >> 4 == 14 ? 3 : p[i] >> 3 == 30 ? 4 : 0;
        if (n == 0 || i + n > len)
            return false;
        uint32_t code = n == 1 ? p[i] : p[i] & (0xffu >> (n + 1));
        for (size_t k = 1; k < n; k++) {
            if (p[i + k] >> 6 != 2)
                return false;
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
    }
    return true;
}

static bool agrees(const void *bytes, size_t len)
{
    return bo_utf8_valid(bo_str_n(bytes, len)) == valid_simply(bytes, len);
}

TEST(utf8_limits_of_the_table)
{
    static const struct {
        const char *bytes;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\x7f", true},
        {"\x80", false},              // A tail without a head.
        {"\xc1\xbf", false},          // U+007F in two bytes.
        {"\xc2\x80", true},           // U+0080
        {"\xdf\xbf", true},           // U+07FF
        {"\xe0\x9f\xbf", false},      // U+07FF in three.
        {"\xe0\xa0\x80", true},       // U+0800
        {"\xed\x9f\xbf", true},       // U+D7FF
        {"\xed\xa0\x80", false},      // A surrogate, the first,
        {"\xed\xbf\xbf", false},      // and the last.
        {"\xee\x80\x80", true},       // U+E000
        {"\xef\xbf\xbf", true},       // U+FFFF
        {"\xf0\x8f\xbf\xbf", false},  // U+FFFF in four.
        {"\xf0\x90\x80\x80", true},   // U+10000
        {"\xf4\x8f\xbf\xbf", true},   // U+10FFFF
        {"\xf4\x90\x80\x80", false},  // One more.
        {"\xf5\x80\x80\x80", false},
        {"\xf8\x88\x80\x80\x80", false},
        {"\xfe", false},
        {"\xff", false},
        {"\xc2", false},  // Cut short.
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc2\xc2\x80", false},
        {"\xe2\x82\xac\x80", false},
        {"grüße, 世界 😀", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("row %zu", i);
        EXPECT_EQ(bo_utf8_valid(bo_str_of(cases[i].bytes)), cases[i].valid);
    }
    EXPECT(bo_utf8_valid((bo_str){0}));
    EXPECT(bo_utf8_valid(bo_s("\0")));
}

// All that three bytes can be, and four where the first one calls for four.
TEST(utf8_agrees_on_every_short_string)
{
    size_t wrong = 0;
    for (uint32_t v = 0; v < 1 << 24; v++) {
        unsigned char bytes[] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8),
                                 (unsigned char)v, 0xbf};
        if (v % 0x10101 == 0)
            wrong += !agrees(bytes, 1) + !agrees(bytes, 2);
        wrong += !agrees(bytes, 3);
        if (bytes[0] >= 0xef)
            wrong += !agrees(bytes, 4);
    }
    EXPECT_EQ(wrong, 0);
}

// Each character at each place across the boundary of the 16 bytes that are looked at together.
TEST(utf8_agrees_at_every_offset)
{
    static const char *const parts[] = {"é",        "€",        "😀",    "\xc2", "\xe2\x82",
                                        "\xf0\x9f", "\xed\xa0", "\x80", "\xff", "\xf4\x90"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t len = strlen(parts[i]);
        for (size_t total = len; total <= 48; total++) {
            for (size_t at = 0; at + len <= total; at++) {
                char bytes[48];
                memset(bytes, 'a', sizeof bytes);
                memcpy(bytes + at, parts[i], len);
                test_case("part %zu at %zu of %zu", i, at, total);
                EXPECT(agrees(bytes, total));
            }
        }
    }
}

TEST(utf8_agrees_on_random_bytes)
{
    static const unsigned char likely[] = {'a',  0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2,
                                           0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xf0, 0xf1, 0xf4};
    uint64_t random = 1;
    size_t wrong = 0, valid = 0;
    for (int i = 0; i < 200000; i++) {
        unsigned char bytes[64];
        size_t len = random_below(&random, sizeof bytes), ascii = random_below(&random, 64);
        for (size_t k = 0; k < len; k++)
            bytes[k] = k < ascii ? 'z' : likely[random_below(&random, sizeof likely)];
        wrong += !agrees(bytes, len);
        valid += valid_simply(bytes, len);
    }
    EXPECT_EQ(wrong, 0);
    EXPECT(valid > 1000);
}

// The memory ends with the string: nothing is read behind it.
TEST(utf8_reads_nothing_beyond_the_end)
{
    for (size_t len = 1; len <= 40; len++) {
        char *bytes = malloc(len);
        memset(bytes, 'a', len);
        bytes[len - 1] = (char)0xc2;
        EXPECT(!bo_utf8_valid(bo_str_n(bytes, len)));
        free(bytes);
    }
}
