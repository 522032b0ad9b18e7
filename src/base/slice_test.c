// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/slice.h>
#include <bora/test.h>
#include <stdalign.h>

typedef BO_SLICE(int) ints;

typedef struct {
    int x, y;
    char name[20];
} point;
typedef BO_SLICE(point) points;

typedef struct {
    alignas(16) char bytes[16];
} wide;
typedef BO_SLICE(wide) wides;

TEST(slices_grow_in_an_arena_and_on_the_heap)
{
    for (int heap = 0; heap < 2; heap++) {
        bo_arena own = {0}, *arena = heap ? NULL : &own;
        ints squares = {0};
        test_case("%s", heap ? "heap" : "arena");
        for (int i = 0; i < 10000; i++) {
            bo_push(arena, &squares, i * i);
            EXPECT(squares.len <= squares.cap);
        }
        REQUIRE_EQ(squares.len, 10000);
        for (int i = 0; i < 10000; i++)
            if (!EXPECT_EQ(squares.ptr[i], i * i))
                break;
        // At most half of the memory lies idle.
        EXPECT(squares.cap <= 2 * squares.len);
        if (heap)
            bo_slice_free(&squares);
        bo_arena_free(&own);
    }
}

TEST(structs_are_pushed_with_their_commas)
{
    bo_arena arena = {0};
    points path = {0};
    bo_push(&arena, &path, (point){.x = 1, .y = 2, .name = "first"});
    bo_push(&arena, &path, (point){3, 4, "second"});
    EXPECT_EQ(path.len, 2);
    EXPECT_EQ(bo_last(&path).name, "second");
    bo_last(&path) = (point){5, 6, "third"};
    EXPECT_EQ(path.ptr[1].x, 5);
    EXPECT_EQ(bo_pop(&path).y, 6);
    EXPECT_EQ(bo_pop(&path).y, 2);
    EXPECT_EQ(path.len, 0);
    bo_arena_free(&arena);
}

TEST(elements_of_the_slice_itself_may_be_added)
{
    ints all = {0};
    bo_push(NULL, &all, 1);
    for (int i = 0; i < 12; i++)
        bo_append(NULL, &all, all.ptr, all.len);
    EXPECT_EQ(all.len, 4096);
    while (all.len < all.cap)
        bo_push(NULL, &all, all.ptr[0]);
    // The memory moves while the element is on its way.
    bo_push(NULL, &all, all.ptr[0] + 41);
    EXPECT_EQ(bo_last(&all), 42);
    bo_append(NULL, &all, all.ptr + all.len - 1, 1);
    EXPECT_EQ(bo_last(&all), 42);
    bo_slice_free(&all);
}

TEST(append_adds_all_or_nothing_is_added)
{
    bo_arena arena = {0};
    ints all = {0};
    const int some[] = {1, 2, 3};
    bo_append(&arena, &all, some, 0);
    EXPECT_EQ(all.len, 0);
    EXPECT_EQ(all.ptr, NULL);
    bo_append(&arena, &all, (const int *)NULL, 0);
    bo_append(&arena, &all, some, 3);
    bo_append(&arena, &all, some + 1, 2);
    REQUIRE_EQ(all.len, 5);
    EXPECT_EQ(all.ptr[4], 3);
    bo_arena_free(&arena);
}

TEST(reserve_makes_room_for_pushes_that_move_nothing)
{
    for (size_t more = 0; more < 5000; more = 2 * more + 1) {
        ints all = {0};
        test_case("%zu", more);
        bo_push(NULL, &all, 7);
        bo_reserve(NULL, &all, more);
        EXPECT(all.cap - all.len >= more);
        int *before = all.ptr;
        for (size_t i = 0; i < more; i++)
            bo_push(NULL, &all, 8);
        EXPECT_EQ(all.ptr, before);
        EXPECT_EQ(all.ptr[0], 7);
        bo_slice_free(&all);
    }
}

TEST(elements_keep_their_alignment)
{
    for (int heap = 0; heap < 2; heap++) {
        bo_arena own = {0}, *arena = heap ? NULL : &own;
        wides all = {0};
        bo_alloc_raw(&own, 3, 1);
        for (int i = 0; i < 100; i++) {
            bo_push(arena, &all, (wide){{(char)i}});
            EXPECT_EQ((uintptr_t)all.ptr % 16, 0);
        }
        EXPECT_EQ(all.ptr[99].bytes[0], 99);
        if (heap)
            bo_slice_free(&all);
        bo_arena_free(&own);
    }
}

TEST(a_freed_slice_is_empty_and_may_be_used_again)
{
    bo_strs names = {0};
    bo_slice_free(&names);
    for (int i = 0; i < 3; i++) {
        bo_push(NULL, &names, bo_s("Ann"));
        EXPECT_EQ(names.len, 1);
        bo_slice_free(&names);
        EXPECT_EQ(names.ptr, NULL);
        EXPECT_EQ(names.len, 0);
        EXPECT_EQ(names.cap, 0);
    }
}

TEST(arguments_are_evaluated_once)
{
    ints all[2] = {{0}};
    ints *at = all;
    int value = 0;
    bo_push(NULL, at++, ++value);
    EXPECT_EQ(at - all, 1);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(bo_pop(--at), 1);
    EXPECT_EQ(all[0].len, 0);
    bo_slice_free(at++);
    EXPECT_EQ(at - all, 1);
}

TEST(any_mix_of_calls_is_that_of_an_array)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        enum { MAX = 4000 };
        static int model[MAX];
        size_t len = 0;
        ints all = {0};
        bo_arena arena = {0};
        uint64_t random = seed;
        test_case("seed %d", (int)seed);
        while (len < MAX - 100) {
            int value = (int)random_next(&random);
            size_t at = len ? random_below(&random, len) : 0;
            size_t count = len ? random_below(&random, len - at < 90 ? len - at : 90) : 0;
            switch (random_below(&random, 5)) {
            case 0:
            case 1:
                bo_push(&arena, &all, value);
                model[len++] = value;
                break;
            case 2:
                if (len > 0)
                    EXPECT_EQ(bo_pop(&all), model[--len]);
                break;
            case 3:
                bo_append(&arena, &all, all.ptr + at, count);
                memcpy(model + len, model + at, count * sizeof *model);
                len += count;
                break;
            case 4:
                bo_reserve(&arena, &all, count);
                bo_alloc_raw(&arena, 8, 8);
                break;
            }
            REQUIRE_EQ(all.len, len);
        }
        EXPECT_EQ(memcmp(all.ptr, model, len * sizeof *model), 0);
        bo_arena_free(&arena);
    }
}

TEST_PROGRAM(pops_from_nothing)
{
    ints none = {0};
    bo_pop(&none);
}

TEST_PROGRAM(looks_at_the_last_of_nothing)
{
    ints none = {0};
    bo_last(&none) = 1;
}

static volatile size_t huge = SIZE_MAX / 2;

TEST_PROGRAM(reserves_too_much)
{
    ints all = {0};
    bo_push(NULL, &all, 1);
    bo_reserve(NULL, &all, huge);
}

TEST_PROGRAM(reserves_beyond_counting)
{
    ints all = {0};
    bo_push(NULL, &all, 1);
    bo_reserve(NULL, &all, 2 * huge + 1);
}

TEST(mistakes_of_the_program_end_it)
{
    static const char *const programs[][2] = {
        {"pops_from_nothing", "assertion failed"},
        {"looks_at_the_last_of_nothing", "assertion failed"},
        {"reserves_too_much", "out of memory"},
        {"reserves_beyond_counting", "out of memory"},
    };
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        test_case("%s", programs[i][0]);
        test_result r = test_run(programs[i][0], NULL);
        EXPECT_EQ(r.status, 128 + 6);
        EXPECT(strstr(r.output.ptr, programs[i][1]) != NULL);
    }
}
