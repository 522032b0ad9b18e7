// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/map.h>
#include <bora/test.h>
#include <stdalign.h>
#include <stdio.h>

typedef BO_MAP(bo_str, int) str_map;
typedef BO_MAP(int64_t, int) int_map;

// key_of is one of many keys, some of them long and much alike. It views `text`.
static bo_str key_of(size_t number, char text[80])
{
    static const char *const formats[] = {"%zu", "a-key-of-a-middling-length-%zu",
                                          "%zu/and/a/long/tail/that/is/the/same/for/all/of/them"};
    return bo_str_n(text, (size_t)sprintf(text, formats[number % 3], number));
}

// ---- single functions ----

TEST(a_zero_map_is_empty)
{
    str_map map = {0};
    size_t cursor = 0;
    bo_str key;
    int *value;
    EXPECT_EQ(bo_map_len(&map), 0);
    EXPECT_EQ(bo_map_get(&map, bo_s("a")), NULL);
    EXPECT(!bo_map_delete(&map, bo_s("a")));
    EXPECT(!bo_map_next(&map, &cursor, &key, &value));
    bo_map_reset(&map);
    bo_map_free(&map);
}

TEST(set_replaces_and_slot_begins_with_zero)
{
    str_map map = {0};
    bo_map_set(&map, bo_s("a"), 1);
    bo_map_set(&map, bo_s("a"), 2);
    EXPECT_EQ(bo_map_len(&map), 1);
    EXPECT_EQ(*bo_map_get(&map, bo_s("a")), 2);
    *bo_map_slot(&map, bo_s("b")) += 5;
    *bo_map_slot(&map, bo_s("b")) += 5;
    EXPECT_EQ(*bo_map_get(&map, bo_s("b")), 10);
    // A place that was used before is zero again for its next key.
    EXPECT(bo_map_delete(&map, bo_s("b")));
    EXPECT(!bo_map_delete(&map, bo_s("b")));
    EXPECT_EQ(*bo_map_slot(&map, bo_s("c")), 0);
    bo_map_free(&map);
    EXPECT_EQ(bo_map_len(&map), 0);
    bo_map_set(&map, bo_s("again"), 1);
    bo_map_free(&map);
}

TEST(keys_are_told_apart_by_all_their_bytes)
{
    static const bo_str keys[] = {bo_s(""),    bo_s("\0"),   bo_s("\0\0"), bo_s("a"),   bo_s("A"),
                                  bo_s("a\0"), bo_s("a\0b"), bo_s("a\0c"), bo_s("\xff")};
    enum { KEYS = sizeof keys / sizeof *keys };
    str_map map = {0};
    for (int i = 0; i < KEYS; i++)
        bo_map_set(&map, keys[i], i);
    EXPECT_EQ(bo_map_len(&map), KEYS);
    for (int i = 0; i < KEYS; i++)
        EXPECT_EQ(*bo_map_get(&map, keys[i]), i);
    EXPECT_EQ(*bo_map_get(&map, (bo_str){0}), 0);
    bo_map_free(&map);

    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN, (int64_t)1 << 32};
    int_map of_ints = {0};
    for (int i = 0; i < 6; i++)
        bo_map_set(&of_ints, numbers[i], i);
    for (int i = 0; i < 6; i++)
        EXPECT_EQ(*bo_map_get(&of_ints, numbers[i]), i);
    EXPECT_EQ(bo_map_get(&of_ints, 2), NULL);
    bo_map_free(&of_ints);
}

TEST(keys_are_copied)
{
    for (int heap = 0; heap < 2; heap++) {
        bo_arena arena = {0};
        str_map map = {.arena = heap ? NULL : &arena};
        char text[] = "before";
        bo_map_set(&map, bo_str_n(text, 6), 1);
        memcpy(text, "behind", 6);
        EXPECT(bo_map_get(&map, bo_s("before")) != NULL);
        EXPECT_EQ(bo_map_get(&map, bo_s("behind")), NULL);
        bo_map_free(&map);
        bo_arena_free(&arena);
    }
}

TEST(a_key_may_lie_in_the_map_itself)
{
    typedef struct {
        char text[16];
    } name;
    BO_MAP(bo_str, name) next = {0};
    name *value = bo_map_slot(&next, bo_s("0"));
    for (int i = 1; i < 1000; i++) {
        char own[16];
        sprintf(value->text, "%d", i);
        // The value that is the key moves while the map grows.
        value = bo_map_slot(&next, bo_str_of(value->text));
        REQUIRE_EQ(bo_map_len(&next), i + 1);
        sprintf(own, "%d", i);
        EXPECT(bo_map_get(&next, bo_str_of(own)) == value);
    }
    bo_map_free(&next);
}

TEST(values_of_any_size_keep_their_alignment)
{
    typedef struct {
        alignas(16) char bytes[48];
    } wide;
    BO_MAP(int64_t, wide) wides = {0};
    BO_MAP(int64_t, char) chars = {0};
    for (int64_t i = 0; i < 500; i++) {
        wide *w = bo_map_slot(&wides, i);
        EXPECT_EQ((uintptr_t)w % 16, 0);
        memset(w, (int)i, sizeof *w);
        *bo_map_slot(&chars, i) = (char)i;
    }
    for (int64_t i = 0; i < 500; i++) {
        EXPECT_EQ(bo_map_get(&wides, i)->bytes[47], (char)i);
        EXPECT_EQ(*bo_map_get(&chars, i), (char)i);
    }
    bo_map_free(&wides);
    bo_map_free(&chars);
}

// ---- iteration ----

TEST(iteration_is_in_the_order_of_insertion)
{
    for (int count = 1; count < 300; count = count * 2 + 1) {
        int_map map = {0};
        test_case("%d entries", count);
        for (int i = 0; i < count; i++)
            bo_map_set(&map, (i * 7919) % 1000003, i);
        bo_map_set(&map, 0, 0);  // Not new: it keeps its place.
        int64_t key;
        int *value, seen = 0;
        for (size_t at = 0; bo_map_next(&map, &at, &key, &value); seen++) {
            EXPECT_EQ(key, (seen * 7919) % 1000003);
            EXPECT_EQ(*value, seen);
        }
        EXPECT_EQ(seen, count);
        bo_map_free(&map);
    }
}

TEST(any_entry_may_be_deleted_between_two_steps)
{
    enum { COUNT = 100 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        int_map map = {0};
        bool gone[COUNT] = {false}, seen[COUNT] = {false};
        uint64_t random = seed;
        test_case("seed %d", (int)seed);
        for (int i = 0; i < COUNT; i++)
            bo_map_set(&map, i, i);
        int64_t key;
        int *value;
        for (size_t at = 0; bo_map_next(&map, &at, &key, &value);) {
            EXPECT(!gone[key]);
            EXPECT(!seen[key]);
            seen[key] = true;
            for (size_t n = random_below(&random, 4); n > 0; n--) {
                size_t victim = n == 1 ? (size_t)key : random_below(&random, COUNT);
                EXPECT_EQ(bo_map_delete(&map, (int64_t)victim), !gone[victim]);
                gone[victim] = true;
            }
        }
        for (int i = 0; i < COUNT; i++)
            EXPECT(seen[i] || gone[i]);
        bo_map_free(&map);
    }
}

// ---- memory ----

TEST(a_map_that_changes_and_does_not_grow_stays_as_large_as_it_is)
{
    int_map map = {0};
    uint32_t largest = 0;
    for (int64_t i = 0; i < 200000; i++) {
        bo_map_set(&map, i, 1);
        if (i >= 100)
            EXPECT(bo_map_delete(&map, i - 100));
        largest = map.core_.capacity_ > largest ? map.core_.capacity_ : largest;
    }
    EXPECT_EQ(bo_map_len(&map), 100);
    EXPECT(largest <= 512);
    bo_map_free(&map);
}

TEST(reset_keeps_the_memory_and_nothing_else)
{
    for (int count = 4; count < 1000; count *= 9) {
        str_map map = {0};
        test_case("%d entries", count);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < count; i++) {
                char text[80];
                EXPECT_EQ(bo_map_get(&map, key_of((size_t)i, text)), NULL);
                bo_map_set(&map, key_of((size_t)i, text), i);
            }
            uint32_t capacity = map.core_.capacity_;
            EXPECT_EQ(bo_map_len(&map), count);
            bo_map_reset(&map);
            EXPECT_EQ(bo_map_len(&map), 0);
            EXPECT_EQ(map.core_.capacity_, capacity);
        }
        bo_map_free(&map);
    }
}

// ---- against a model ----

// The model is a table of all keys there are: the value, and when it was inserted; 0: it is not in.
enum { KEYS = 600 };

struct model {
    int value[KEYS];
    uint64_t inserted[KEYS], clock;
    size_t len;
};

static void model_set(struct model *m, size_t key, int value)
{
    if (!m->inserted[key]) {
        m->inserted[key] = ++m->clock;
        m->len++;
    }
    m->value[key] = value;
}

static bool model_delete(struct model *m, size_t key)
{
    bool there = m->inserted[key];
    m->inserted[key] = 0;
    m->len -= there;
    return there;
}

// The two maps hold the same; the calls are the same but for the key.
struct pair {
    str_map strs;
    int_map ints;
};

static void expect_same_entry(struct pair *maps, const struct model *m, size_t key)
{
    char text[80];
    const int *by_str = bo_map_get(&maps->strs, key_of(key, text));
    const int *by_int = bo_map_get(&maps->ints, (int64_t)key);
    bool there = m->inserted[key];
    REQUIRE_EQ(by_str != NULL, there);
    REQUIRE_EQ(by_int != NULL, there);
    if (there) {
        EXPECT_EQ(*by_str, m->value[key]);
        EXPECT_EQ(*by_int, m->value[key]);
    }
}

static void expect_same(struct pair *maps, const struct model *m)
{
    REQUIRE_EQ(bo_map_len(&maps->strs), m->len);
    REQUIRE_EQ(bo_map_len(&maps->ints), m->len);
    for (size_t key = 0; key < KEYS; key++)
        expect_same_entry(maps, m, key);
    size_t seen = 0;
    uint64_t last = 0;
    int64_t key;
    int *value;
    for (size_t at = 0; bo_map_next(&maps->ints, &at, &key, &value); seen++) {
        EXPECT(m->inserted[key] > last);
        last = m->inserted[key];
    }
    EXPECT_EQ(seen, m->len);
}

static void change(struct pair *maps, struct model *m, uint64_t *random, size_t keys, size_t mood)
{
    char text[80];
    size_t key = random_below(random, keys);
    int value = (int)random_next(random);
    size_t dice = random_below(random, 100);
    if (dice < mood) {
        bo_map_set(&maps->strs, key_of(key, text), value);
        bo_map_set(&maps->ints, (int64_t)key, value);
        model_set(m, key, value);
    } else if (dice < 99 || mood > 50) {
        bool there = model_delete(m, key);
        EXPECT_EQ(bo_map_delete(&maps->strs, key_of(key, text)), there);
        EXPECT_EQ(bo_map_delete(&maps->ints, (int64_t)key), there);
    } else {
        bo_map_reset(&maps->strs);
        bo_map_reset(&maps->ints);
        *m = (struct model){.clock = m->clock};
    }
}

TEST(any_mix_of_calls_is_that_of_a_table)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        bo_arena arena = {0}, *where = seed % 2 ? &arena : NULL;
        struct pair maps = {{.arena = where}, {.arena = where}};
        struct model m = {.clock = 0};
        uint64_t random = seed;
        size_t keys = seed % 3 ? KEYS : 12;  // Few ones do without an index.
        for (int step = 0; step < 3000; step++) {
            test_case("seed %d, step %d", (int)seed, step);
            // It grows for a while, then shrinks.
            change(&maps, &m, &random, keys, step / 500 % 2 ? 25 : 75);
            if (step % 100 == 0)
                expect_same(&maps, &m);
        }
        expect_same(&maps, &m);
        bo_map_free(&maps.strs);
        bo_map_free(&maps.ints);
        bo_arena_free(&arena);
    }
}

TEST(a_large_map_finds_all_its_keys)
{
    enum { LARGE = 200000 };
    str_map map = {0};
    char text[80];
    for (size_t i = 0; i < LARGE; i++)
        bo_map_set(&map, key_of(i, text), (int)i);
    for (size_t i = 0; i < LARGE; i += 2)
        EXPECT(bo_map_delete(&map, key_of(i, text)));
    EXPECT_EQ(bo_map_len(&map), LARGE / 2);
    size_t wrong = 0;
    for (size_t i = 0; i < LARGE; i++) {
        const int *value = bo_map_get(&map, key_of(i, text));
        wrong += i % 2 ? !value || *value != (int)i : value != NULL;
    }
    EXPECT_EQ(wrong, 0);
    bo_map_free(&map);
}
