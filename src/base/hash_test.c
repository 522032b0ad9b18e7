// SPDX-License-Identifier: MIT
#include "base/base_test.h"
#include "base/hash.h"

#include <bora/str.h>
#include <bora/test.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

TEST(equal_strings_have_equal_hashes_wherever_they_lie)
{
    char text[200], copy[210];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 37);
    for (size_t len = 0; len <= sizeof text; len++) {
        test_case("%zu bytes", len);
        memset(copy, (int)len, sizeof copy);
        memcpy(copy + len % 9, text, len);
        EXPECT_EQ(bo_str_hash(bo_str_n(copy + len % 9, len)), bo_str_hash(bo_str_n(text, len)));
    }
    EXPECT_EQ(bo_str_hash((bo_str){0}), bo_str_hash(bo_s("")));
}

TEST(the_length_is_part_of_the_hash)
{
    static const char zeros[200];
    for (size_t len = 0; len < sizeof zeros; len++)
        for (size_t other = len + 1; other <= sizeof zeros; other++)
            EXPECT(bo_str_hash(bo_str_n(zeros, len)) != bo_str_hash(bo_str_n(zeros, other)));
}

// A flipped bit of the input flips about half of the result: 32 of 64, give or take. The average
// over many inputs is far closer to that than the bounds here.
static void expect_avalanche(int flips, int tries)
{
    double average = (double)flips / tries;
    EXPECT(average > 28);
    EXPECT(average < 36);
}

TEST(each_bit_of_a_string_reaches_half_of_the_hash)
{
    static const size_t lengths[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 32, 33, 48, 49, 64, 97, 150};
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t len = lengths[i];
        for (size_t bit = 0; bit < 8 * len; bit++) {
            int flips = 0;
            test_case("bit %zu of %zu bytes", bit, len);
            for (int round = 0; round < 64; round++) {
                char text[150];
                for (size_t k = 0; k < len; k++)
                    text[k] = (char)random_next(&random);
                uint64_t before = bo_str_hash(bo_str_n(text, len));
                text[bit / 8] ^= (char)(1 << bit % 8);
                flips += __builtin_popcountll(before ^ bo_str_hash(bo_str_n(text, len)));
            }
            expect_avalanche(flips, 64);
        }
    }
}

TEST(each_bit_of_an_integer_reaches_half_of_the_hash)
{
    uint64_t random = 1;
    for (int bit = 0; bit < 64; bit++) {
        int flips = 0;
        test_case("bit %d", bit);
        for (int round = 0; round < 256; round++) {
            uint64_t value = random_next(&random);
            flips += __builtin_popcountll(bo__hash_u64(value) ^
                                          bo__hash_u64(value ^ (uint64_t)1 << bit));
        }
        expect_avalanche(flips, 256);
    }
}

// Tables use the low bits. 2^16 keys in 2^16 slots: with a good hash 36.8 % of the slots stay
// empty, and the fullest has about 8 keys.
static void expect_spread(const uint64_t *hashes, size_t count)
{
    unsigned char *slots = calloc(count, 1);
    size_t none = 0, most = 0;
    for (size_t i = 0; i < count; i++)
        slots[hashes[i] % count]++;
    for (size_t i = 0; i < count; i++) {
        none += slots[i] == 0;
        most = slots[i] > most ? slots[i] : most;
    }
    EXPECT((double)none / (double)count < 0.40);
    EXPECT((double)none / (double)count > 0.33);
    EXPECT(most < 20);
    free(slots);
}

TEST(similar_keys_spread_over_a_table)
{
    enum { KEYS = 1 << 16 };
    static const char *const formats[] = {"%d", "user-%08d", "/articles/%d/comments/of/readers/all",
                                          "%d................................................end"};
    uint64_t *hashes = malloc(KEYS * sizeof *hashes);
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        test_case("%s", formats[f]);
        for (int i = 0; i < KEYS; i++) {
            char key[80];
            hashes[i] = bo_str_hash(bo_str_n(key, (size_t)sprintf(key, formats[f], i)));
        }
        expect_spread(hashes, KEYS);
    }
    for (int shift = 0; shift <= 48; shift += 12) {
        test_case("integers << %d", shift);
        for (uint64_t i = 0; i < KEYS; i++)
            hashes[i] = bo__hash_u64(i << shift);
        expect_spread(hashes, KEYS);
    }
    free(hashes);
}

TEST_PROGRAM(print_hashes)
{
    printf("%016" PRIx64 " %016" PRIx64 "\n", bo_str_hash(bo_s("key")), bo__hash_u64(1));
}

TEST(every_process_has_a_secret_of_its_own)
{
    test_result first = test_run("print_hashes", NULL), second = test_run("print_hashes", NULL);
    EXPECT_EQ(first.output.len, 34);
    EXPECT_EQ(second.output.len, 34);
    EXPECT(!bo_str_eq(bo_str_sub(first.output, 0, 16), bo_str_sub(second.output, 0, 16)));
    EXPECT(!bo_str_eq(bo_str_sub(first.output, 17, 33), bo_str_sub(second.output, 17, 33)));
}
