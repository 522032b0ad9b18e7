// SPDX-License-Identifier: MIT
// json.c: any bytes as JSON of a struct with fields of every kind. What is decoded must come back
// from its own encoding.
#include "fuzz.h"

#include <bora/json.h>

#define FUZZ_LEAF_FIELDS(FIELD)                                                                    \
    FIELD(bool, b, "b")                                                                            \
    FIELD(int8_t, i8, "i8", .min = -100)                                                           \
    FIELD(uint8_t, u8, "u8,omitempty")                                                             \
    FIELD(int16_t, i16, "i16,omitempty")                                                           \
    FIELD(uint16_t, u16, "u16,omitempty")                                                          \
    FIELD(int32_t, i32, "i32,omitempty")                                                           \
    FIELD(uint32_t, u32, "u32,omitempty")                                                          \
    FIELD(int64_t, i64, "i64,omitempty", .max = 1e15)                                              \
    FIELD(uint64_t, u64, "u64,omitempty")                                                          \
    FIELD(float, f, "f,omitempty")                                                                 \
    FIELD(double, d, "d,omitempty", .max = 1e300)                                                  \
    FIELD(bo_str, s, "s,omitempty", .max_len = 40)                                                 \
    FIELD(bo_str, email, "email,omitempty", .format = BO_FORMAT_EMAIL)
BO_STRUCT(fuzz_leaf, FUZZ_LEAF_FIELDS);

#define FUZZ_ROOT_FIELDS(FIELD)                                                                    \
    FIELD(fuzz_leaf, leaf, "leaf,omitzero")                                                        \
    FIELD(BO_SLICE(fuzz_leaf), leaves, "leaves,omitempty", .min_len = 2)                           \
    FIELD(BO_SLICE(double), doubles, "doubles,omitempty")                                          \
    FIELD(bo_strs, strs, "strs,omitempty")                                                         \
    FIELD(BO_OPTIONAL(int), optional, "optional")                                                  \
    FIELD(BO_OPTIONAL(bo_str), text, "text", .required = true)                                     \
    FIELD(BO_POINTER(fuzz_root), next, "next,omitempty")
BO_STRUCT(fuzz_root, FUZZ_ROOT_FIELDS);

static void must(bo_err err)
{
    if (!err)
        return;
    bo_panic("%s", bo_err_message(err));
}

FUZZ(json, bytes)
{
    bo_str first, second;
    bo_arena arena = {0};
    fuzz_root root, back;
    bo_err err = bo_json_decode(&arena, bytes, fuzz_root, &root, .memory_max = 1 << 20,
                                .refuse_unknown = bytes.len % 2 == 1);
    if (!err) {
        must(bo_json_encode(&arena, fuzz_root, &root, &first));
        must(bo_json_decode(&arena, first, fuzz_root, &back, .refuse_unknown = true));
        must(bo_json_encode(&arena, fuzz_root, &back, &second));
        bo_assert(bo_str_eq(first, second));
    }
    bo_err_free(err);
    bo_arena_free(&arena);
}
