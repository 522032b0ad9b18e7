// SPDX-License-Identifier: MIT
// JSON of small structs. The twin is bench/go/micro/json.go.
//
// As a request does, each operation takes its memory from an arena that is reset before the next.
#include "micro.h"

#define USER_FIELDS(FIELD)                                                                         \
    FIELD(int64_t, id, "id")                                                                       \
    FIELD(bo_str, name, "name")                                                                    \
    FIELD(bo_str, email, "email,omitempty")                                                        \
    FIELD(bo_str, created_at, "created_at")
BO_STRUCT(user, USER_FIELDS);
BO_TYPE(users, BO_SLICE(user));

enum { ARRAY_LEN = 1000 };

static user make_user(bo_arena *arena, int i)
{
    return (user){
        .id = 1000 + i,
        .name = bo_str_printf(arena, "Ada Lovelace %d", i),
        .email = bo_str_printf(arena, "ada.%d@example.com", i),
        .created_at = bo_s("2026-11-24T04:05:06Z"),
    };
}

static bool same_user(user a, user b)
{
    return a.id == b.id && bo_str_eq(a.name, b.name) && bo_str_eq(a.email, b.email) &&
           bo_str_eq(a.created_at, b.created_at);
}

// What the operations work on: set up by the benchmark before they run.
static users array;
static user one;
static bo_str text;

static void array_encode(int64_t n)
{
    bo_arena arena = {0};
    for (int64_t i = 0; i < n; i++) {
        bo_str out;
        bo_arena_reset(&arena);
        bo_err err = bo_json_encode(&arena, users, &array, &out);
        bo_assert(!err && out.len == text.len);
    }
    bo_arena_free(&arena);
}

static void array_decode(int64_t n)
{
    bo_arena arena = {0};
    for (int64_t i = 0; i < n; i++) {
        users back;
        bo_arena_reset(&arena);
        bo_err err = bo_json_decode(&arena, text, users, &back);
        bo_assert(!err && back.len == array.len &&
                  same_user(back.ptr[ARRAY_LEN - 1], array.ptr[ARRAY_LEN - 1]));
    }
    bo_arena_free(&arena);
}

// bench_json_array encodes and decodes an array of a thousand users.
void bench_json_array(int64_t n)
{
    bo_arena arena = {0};
    array = (users){0};
    for (int i = 0; i < ARRAY_LEN; i++)
        bo_push(&arena, &array, make_user(&arena, i));
    bo_err err = bo_json_encode(&arena, users, &array, &text);
    bo_assert(!err);

    throughput("json_array_encode", n, text.len, array_encode);
    throughput("json_array_decode", n, text.len, array_decode);
    bo_arena_free(&arena);
}

static void one_encode(int64_t n)
{
    bo_arena arena = {0};
    for (int64_t i = 0; i < n; i++) {
        bo_str out;
        bo_arena_reset(&arena);
        bo_err err = bo_json_encode(&arena, user, &one, &out);
        bo_assert(!err && out.len == text.len);
    }
    bo_arena_free(&arena);
}

static void one_decode(int64_t n)
{
    bo_arena arena = {0};
    for (int64_t i = 0; i < n; i++) {
        user back;
        bo_arena_reset(&arena);
        bo_err err = bo_json_decode(&arena, text, user, &back);
        bo_assert(!err && same_user(back, one));
    }
    bo_arena_free(&arena);
}

// bench_json_one encodes and decodes one user.
void bench_json_one(int64_t n)
{
    bo_arena arena = {0};
    one = make_user(&arena, 7);
    bo_err err = bo_json_encode(&arena, user, &one, &text);
    bo_assert(!err);

    per_op("json_one_encode", n, one_encode);
    per_op("json_one_decode", n, one_decode);
    bo_arena_free(&arena);
}
