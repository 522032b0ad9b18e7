// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/arena.h>
#include <bora/test.h>
#include <stdlib.h>

// Under AddressSanitizer every allocation takes some bytes more.
enum { GAP = BO__ASAN ? 16 : 0 };

static bool all_are(const char *bytes, size_t len, char want)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != want)
            return false;
    return true;
}

TEST(a_zero_arena_owns_nothing_and_may_be_freed)
{
    bo_arena arena = {0};
    EXPECT_EQ(bo_arena_used(&arena), 0);
    bo_arena_reset(&arena);
    bo_arena_free(&arena);
    EXPECT_EQ(arena.block_, NULL);
    EXPECT_EQ(bo_arena_used(&arena), 0);
}

TEST(memory_comes_zeroed_also_where_it_was_used_before)
{
    bo_arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t len = 1; len < 3000; len = len * 2 + 1) {
            char *bytes = bo_new_n(&arena, char, len);
            test_case("round %d, %zu bytes", round, len);
            EXPECT(all_are(bytes, len, 0));
            memset(bytes, '#', len);
        }
        bo_arena_reset(&arena);
    }
    bo_arena_free(&arena);
}

TEST(allocations_are_aligned_as_asked)
{
    bo_arena arena = {0};
    uint64_t random = 1;
    for (int i = 0; i < 3000; i++) {
        size_t align = (size_t)1 << random_below(&random, 13);
        size_t size = i % 50 ? random_below(&random, 300) : random_below(&random, 100000);
        test_case("%zu bytes, aligned to %zu", size, align);
        char *bytes = bo_alloc(&arena, 1, size, align);
        EXPECT_EQ((uintptr_t)bytes % align, 0);
        memset(bytes, '#', size);
    }
    bo_arena_free(&arena);
}

TEST(nothing_is_handed_out_twice)
{
    enum { COUNT = 3000 };
    struct {
        char *bytes;
        size_t len;
    } all[COUNT];
    bo_arena arena = {0};
    uint64_t random = 2;
    for (int i = 0; i < COUNT; i++) {
        size_t len = i % 100 ? random_below(&random, 200) : random_below(&random, 150000);
        all[i].len = len;
        all[i].bytes = bo_alloc_raw(&arena, len, (size_t)1 << random_below(&random, 6));
        memset(all[i].bytes, i, len);
    }
    for (int i = 0; i < COUNT; i++) {
        test_case("%d", i);
        EXPECT(all_are(all[i].bytes, all[i].len, (char)i));
    }
    bo_arena_free(&arena);
}

TEST(nothing_at_all_is_a_valid_place)
{
    bo_arena arena = {0};
    EXPECT(bo_alloc(&arena, 0, 8, 8) != NULL);
    EXPECT(bo_alloc(&arena, 8, 0, 8) != NULL);
    EXPECT(bo_alloc_raw(&arena, 0, 1) != NULL);
    char *last = bo_arena_grow(&arena, bo_alloc_raw(&arena, 0, 1), 0, 10, 1);
    memset(last, '#', 10);
    bo_arena_free(&arena);
}

TEST(used_counts_what_was_handed_out)
{
    bo_arena arena = {0};
    bo_alloc_raw(&arena, 100, 1);
    EXPECT(bo_arena_used(&arena) >= 100);
    EXPECT(bo_arena_used(&arena) <= 100 + GAP);
    bo_alloc_raw(&arena, 1 << 20, 1);
    EXPECT(bo_arena_used(&arena) >= 100 + (1 << 20));
    EXPECT(bo_arena_used(&arena) <= 100 + (1 << 20) + 2 * GAP);
    for (int i = 0; i < 1000; i++)
        bo_alloc_raw(&arena, 1000, 1);
    size_t want = 100 + (1 << 20) + 1000 * 1000;
    EXPECT(bo_arena_used(&arena) >= want);
    EXPECT(bo_arena_used(&arena) <= want + 1002 * GAP);
    bo_arena_reset(&arena);
    EXPECT_EQ(bo_arena_used(&arena), 0);
    bo_arena_free(&arena);
}

// ---- growing ----

TEST(growing_keeps_the_bytes_and_spares_the_neighbours)
{
    bo_arena arena = {0};
    uint64_t random = 3;
    for (int round = 0; round < 200; round++) {
        size_t len = random_below(&random, 50), align = (size_t)1 << random_below(&random, 6);
        char *before = bo_alloc_raw(&arena, 30, 1), *after = NULL;
        memset(before, 'b', 30);
        char *bytes = bo_alloc_raw(&arena, len, align);
        memset(bytes, '#', len);
        for (int step = 0; step < 12; step++) {
            size_t larger = len + random_below(&random, step < 9 ? 400 : 60000);
            test_case("round %d, %zu to %zu bytes", round, len, larger);
            bytes = bo_arena_grow(&arena, bytes, len, larger, align);
            EXPECT_EQ((uintptr_t)bytes % align, 0);
            EXPECT(all_are(bytes, len, '#'));
            memset(bytes, '#', larger);
            len = larger;
            if (random_below(&random, 4) == 0) {
                after = bo_alloc_raw(&arena, 20, 1);
                memset(after, 'a', 20);
            }
            EXPECT(all_are(before, 30, 'b'));
            EXPECT(!after || all_are(after, 20, 'a'));
        }
        if (round % 20 == 0)
            bo_arena_reset(&arena);
    }
    bo_arena_free(&arena);
}

TEST(the_last_allocation_grows_in_place)
{
    bo_arena arena = {0};
    char *bytes = bo_alloc_raw(&arena, 10, 1);
    EXPECT(bo_arena_grow(&arena, bytes, 10, 1000, 1) == bytes);
    EXPECT(bo_arena_grow(&arena, bytes, 1000, 20, 1) == bytes);
    // What was given back is handed out again.
    EXPECT(bo_arena_used(&arena) <= 20 + GAP);
    char *next = bo_alloc_raw(&arena, 10, 1);
    EXPECT(next >= bytes + 20);
    EXPECT(next < bytes + 20 + GAP + 1);
    // It is not the last any more.
    EXPECT(bo_arena_grow(&arena, bytes, 20, 30, 1) != bytes);
    EXPECT(bo_arena_grow(&arena, bytes, 20, 5, 1) == bytes);
    bo_arena_free(&arena);
}

TEST(a_large_buffer_that_doubles_leaves_no_copies_behind)
{
    bo_arena arena = {0};
    size_t len = 100000;
    bo_alloc_raw(&arena, 10, 1);
    char *bytes = bo_alloc_raw(&arena, len, 1);
    memset(bytes, '#', len);
    for (; len < 20000000; len *= 2) {
        bytes = bo_arena_grow(&arena, bytes, len, 2 * len, 1);
        EXPECT(all_are(bytes, len, '#'));
        memset(bytes, '#', 2 * len);
        EXPECT(bo_arena_used(&arena) < 2 * len + 1000);
        // Small ones in between do not get in its way.
        bo_alloc_raw(&arena, 10, 1);
    }
    bo_arena_free(&arena);
}

TEST(growing_from_nothing_is_allocating)
{
    bo_arena arena = {0};
    char *bytes = bo_arena_grow(&arena, NULL, 0, 100, 64);
    EXPECT_EQ((uintptr_t)bytes % 64, 0);
    memset(bytes, '#', 100);
    bo_arena_free(&arena);
}

// ---- reset ----

TEST(reset_keeps_the_first_block_for_the_next_use)
{
    bo_arena arena = {0};
    char *first = bo_alloc_raw(&arena, 100, 8);
    for (int i = 0; i < 100; i++)
        bo_alloc_raw(&arena, 5000, 8);
    bo_alloc_raw(&arena, 1 << 20, 8);
    for (int round = 0; round < 3; round++) {
        bo_arena_reset(&arena);
        EXPECT(bo_alloc_raw(&arena, 100, 8) == first);
    }
    bo_arena_free(&arena);
}

TEST(reset_gives_large_blocks_back)
{
    bo_arena arena = {0};
    bo_alloc_raw(&arena, 1 << 20, 8);
    bo_arena_reset(&arena);
    EXPECT_EQ(arena.block_, NULL);
    memset(bo_alloc_raw(&arena, 100, 8), '#', 100);
    bo_arena_free(&arena);
}

// ---- the heap, and no memory at all ----

TEST(the_heap_gives_memory_for_any_size_that_there_is)
{
    char *bytes = bo_calloc(3, 5);
    EXPECT(all_are(bytes, 15, 0));
    bytes = bo_realloc(bytes, 100);
    EXPECT(all_are(bytes, 15, 0));
    bytes = bo_realloc(bytes, 0);
    EXPECT(bytes != NULL);
    free(bytes);
    void *nothing[] = {bo_malloc(0), bo_calloc(0, 5), bo_calloc(5, 0)};
    for (size_t i = 0; i < 3; i++) {
        EXPECT(nothing[i] != NULL);
        free(nothing[i]);
    }
}

// More than there is, by any way to ask for it.
static volatile size_t huge = SIZE_MAX / 4;

TEST_PROGRAM(asks_malloc_for_too_much)
{
    free(bo_malloc(huge));
}

TEST_PROGRAM(asks_calloc_for_too_much)
{
    free(bo_calloc(huge, huge));
}

TEST_PROGRAM(asks_realloc_for_too_much)
{
    free(bo_realloc(bo_malloc(1), huge));
}

TEST_PROGRAM(asks_an_arena_for_too_much)
{
    bo_arena arena = {0};
    bo_alloc_raw(&arena, huge * 3, 1);
}

TEST_PROGRAM(asks_an_arena_for_an_overflow)
{
    bo_arena arena = {0};
    bo_alloc(&arena, huge, 16, 8);
}

TEST_PROGRAM(grows_an_arena_by_too_much)
{
    bo_arena arena = {0};
    bo_arena_grow(&arena, bo_alloc_raw(&arena, 1, 1), 1, huge * 3, 1);
}

TEST_PROGRAM(asks_for_a_crooked_alignment)
{
    bo_arena arena = {0};
    bo_alloc_raw(&arena, 1, huge % 2 + 24);
}

TEST(out_of_memory_ends_the_program_with_a_report)
{
    static const char *const programs[][2] = {
        {"asks_malloc_for_too_much", "out of memory: 4611686018427387903 bytes wanted"},
        {"asks_calloc_for_too_much", "out of memory: 4611686018427387903 times 46116860184273"},
        {"asks_realloc_for_too_much", "out of memory: 4611686018427387903 bytes wanted"},
        {"asks_an_arena_for_too_much", "out of memory: 13835058055282163709 bytes wanted"},
        {"asks_an_arena_for_an_overflow", "out of memory: 4611686018427387903 times 16 bytes"},
        {"grows_an_arena_by_too_much", "out of memory: 13835058055282163709 bytes wanted"},
        {"asks_for_a_crooked_alignment", "assertion failed: "},
    };
    // Sanitizers have limits of their own, below ours.
    const char *const environment[] = {"ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0",
                                       "TSAN_OPTIONS=allocator_may_return_null=1", NULL};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        test_case("%s", programs[i][0]);
        test_result r = test_run(programs[i][0], environment);
        EXPECT_EQ(r.status, 128 + 6);
        EXPECT(strstr(r.output.ptr, "panic: ") != NULL);
        if (!EXPECT(strstr(r.output.ptr, programs[i][1]) != NULL))
            test_fail("%s", r.output.ptr);
    }
}
