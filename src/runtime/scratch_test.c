// SPDX-License-Identifier: MIT
// scratch_test.c: sorting as qsort does, and mappings that keep their bytes and errno.
#include "runtime/scratch.h"

#include <bora/test.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool less(const void *a, const void *b, const void *context)
{
    (*(int *)(uintptr_t)context)++;
    return by_value(a, b) < 0;
}

TEST(scratch_sorts_as_qsort_does)
{
    static uint32_t mine[2000], theirs[2000];
    uint32_t x = 1;
    for (size_t count = 0; count <= 2000; count += count < 40 ? 1 : 653) {
        for (uint32_t kinds = 1; kinds <= 1000000; kinds *= 100) {
            test_case("%zu of %u", count, kinds);
            for (size_t i = 0; i < count; i++)
                mine[i] = theirs[i] = (x = x * 1664525 + 1013904223) / 7 % kinds;
            int compared = 0;
            bo__scratch_sort(mine, count, sizeof mine[0], less, &compared);
            qsort(theirs, count, sizeof theirs[0], by_value);
            EXPECT(memcmp(mine, theirs, count * sizeof mine[0]) == 0);
            EXPECT(compared <= 25 * (int)count);  // 2 n log n
        }
    }
}

TEST(scratch_grows_and_keeps_what_was_there)
{
    errno = 77;
    char *p = bo__scratch_grow(NULL, 0, 4096);
    REQUIRE(p != NULL);
    memset(p, 'a', 4096);
    p = bo__scratch_grow(p, 4096, 1 << 20);
    REQUIRE(p != NULL);
    EXPECT(p[0] == 'a' && p[4095] == 'a' && p[4096] == 0 && p[(1 << 20) - 1] == 0);
    EXPECT_EQ(bo__scratch_grow(p, 1 << 20, SIZE_MAX / 2), NULL);
    EXPECT(p[0] == 'a');
    bo__scratch_free(p, 1 << 20);
    EXPECT_EQ(bo__scratch_new(0), NULL);
    EXPECT_EQ(bo__scratch_new(SIZE_MAX / 2), NULL);
    bo__scratch_free(NULL, 0);
    EXPECT_EQ(errno, 77);
}
