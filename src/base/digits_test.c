// SPDX-License-Identifier: MIT
#include "base/digits.h"

#include <bora/test.h>
#include <inttypes.h>
#include <stdio.h>

static void expect_as_printf(uint64_t value)
{
    char got[BO__DIGITS_MAX + 1], want[32];
    memset(got, '#', sizeof got);
    char *end = bo__put_u64(got, value);
    snprintf(want, sizeof want, "%" PRIu64 "#", value);
    EXPECT_EQ(bo_str_n(got, (size_t)(end - got) + 1), want);

    memset(got, '#', sizeof got);
    end = bo__put_i64(got, (int64_t)value);
    snprintf(want, sizeof want, "%" PRId64 "#", (int64_t)value);
    EXPECT_EQ(bo_str_n(got, (size_t)(end - got) + 1), want);
}

TEST(integers_are_written_as_printf_does)
{
    for (uint64_t value = 0; value < 20000; value++)
        expect_as_printf(value);
    // Around each power of ten and of two, from above and from below.
    for (uint64_t ten = 1, i = 0; i < 20; i++, ten *= 10)
        for (int delta = -2; delta <= 2; delta++)
            expect_as_printf(ten + (uint64_t)delta);
    for (int bit = 0; bit < 64; bit++)
        for (int delta = -2; delta <= 2; delta++)
            expect_as_printf(((uint64_t)1 << bit) + (uint64_t)delta);
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        expect_as_printf(random >> i % 64);
    }
}

TEST(two_digits_are_always_two)
{
    for (uint32_t value = 0; value < 100; value++) {
        char got[3] = "##", want[8];
        EXPECT_EQ(bo__put_2_digits(got, value) - got, 2);
        snprintf(want, sizeof want, "%02u", value);
        EXPECT_EQ(got, want);
    }
}
