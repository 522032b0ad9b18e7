// SPDX-License-Identifier: MIT
// Encoding: what values look like, and that they come back.
#include <bora/json.h>
#include <bora/test.h>
#include <math.h>
#include <stdlib.h>

#define POINT_FIELDS(FIELD)                                                                        \
    FIELD(float, x, "x")                                                                           \
    FIELD(double, y, "y,omitempty")
BO_STRUCT(point, POINT_FIELDS);

#define NODE_FIELDS(FIELD)                                                                         \
    FIELD(bo_str, name, "name,omitempty")                                                          \
    FIELD(BO_SLICE(node), children, "children,omitempty")                                          \
    FIELD(BO_POINTER(node), next, "next,omitempty")
BO_STRUCT(node, NODE_FIELDS);

#define EVERY_FIELDS(FIELD)                                                                        \
    FIELD(bool, b, "b")                                                                            \
    FIELD(int8_t, i8, "i8")                                                                        \
    FIELD(int16_t, i16, "i16")                                                                     \
    FIELD(int32_t, i32, "i32")                                                                     \
    FIELD(int64_t, i64, "i64")                                                                     \
    FIELD(uint8_t, u8, "u8")                                                                       \
    FIELD(uint16_t, u16, "u16")                                                                    \
    FIELD(uint32_t, u32, "u32")                                                                    \
    FIELD(uint64_t, u64, "u64")                                                                    \
    FIELD(float, f, "a-name-of-sixteen")                                                           \
    FIELD(double, d, "d")                                                                          \
    FIELD(bo_str, s, "a name of thirty-three bytes here")                                          \
    FIELD(point, p, "p")                                                                           \
    FIELD(BO_SLICE(int16_t), slice, "slice")                                                       \
    FIELD(BO_POINTER(point), pointer, "pointer")                                                   \
    FIELD(BO_OPTIONAL(double), optional, "optional")                                               \
    FIELD(BO_OPTIONAL(point), optional_point, "optional_point")                                    \
    FIELD(bo_strs, strs, "strs")
BO_STRUCT(every, EVERY_FIELDS);
BO_TYPE(everys, BO_SLICE(every));

#define OMIT_FIELDS(FIELD)                                                                         \
    FIELD(bool, b, "b,omitempty")                                                                  \
    FIELD(int, i, "i,omitempty")                                                                   \
    FIELD(double, d, "d,omitempty")                                                                \
    FIELD(bo_str, s, "s,omitempty")                                                                \
    FIELD(bo_strs, a, "a,omitempty")                                                               \
    FIELD(BO_POINTER(int), p, "p,omitempty")                                                       \
    FIELD(BO_OPTIONAL(int), o, "o,omitempty")                                                      \
    FIELD(point, st, "st,omitempty")                                                               \
    FIELD(int, zi, "zi,omitzero")                                                                  \
    FIELD(point, zst, "zst,omitzero")                                                              \
    FIELD(BO_OPTIONAL(int), zo, "zo,omitzero")                                                     \
    FIELD(int, hidden, "-")
BO_STRUCT(omit, OMIT_FIELDS);

static const char *text_of(bo_arena *arena, const bo_type *type, const void *value)
{
    bo_str out;
    bo_err err = bo__json_encode(arena, type, value, &out);
    if (err) {
        const char *message = bo_str_c(arena, bo_str_of(bo_err_message(err)));
        bo_err_free(err);
        return message;
    }
    EXPECT_EQ(out.ptr[out.len], '\0');
    EXPECT_EQ(strlen(out.ptr), out.len);
    return out.ptr;
}

TEST(values_are_written_as_json)
{
    bo_arena arena = {0};
    every e = {
        .b = true,
        .i8 = INT8_MIN,
        .i16 = INT16_MIN,
        .i32 = INT32_MIN,
        .i64 = INT64_MIN,
        .u8 = UINT8_MAX,
        .u16 = UINT16_MAX,
        .u32 = UINT32_MAX,
        .u64 = UINT64_MAX,
        .f = 0.1f,
        .d = -1e-7,
        .s = bo_s("x"),
        .p = {1, 2},
        .optional = BO_SOME(0.5),
        .optional_point.presence = BO_NULL,
    };
    EXPECT_EQ(text_of(&arena, bo_type_of(every), &e),
              "{\"b\":true,\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,"
              "\"i64\":-9223372036854775808,\"u8\":255,\"u16\":65535,\"u32\":4294967295,"
              "\"u64\":18446744073709551615,\"a-name-of-sixteen\":0.1,\"d\":-1e-7,"
              "\"a name of thirty-three bytes here\":\"x\",\"p\":{\"x\":1,\"y\":2},\"slice\":[],"
              "\"pointer\":null,\"optional\":0.5,\"optional_point\":null,\"strs\":[]}");
    EXPECT_EQ(text_of(&arena, bo_type_of(bo_str), &(bo_str){0}), "\"\"");
    EXPECT_EQ(text_of(&arena, bo_type_of(bool), &(bool){false}), "false");
    EXPECT_EQ(text_of(&arena, bo_type_of(node), &(node){0}), "{}");
    bo_arena_free(&arena);
}

TEST(omitempty_omitzero_absent_and_hidden_are_not_written)
{
    bo_arena arena = {0};
    omit o = {.hidden = 1};
    EXPECT_EQ(text_of(&arena, bo_type_of(omit), &o), "{\"st\":{\"x\":0}}");
    o.o.presence = BO_NULL;
    o.zo.presence = BO_NULL;
    o.zst.x = 1;
    EXPECT_EQ(text_of(&arena, bo_type_of(omit), &o),
              "{\"st\":{\"x\":0},\"zst\":{\"x\":1},\"zo\":null}");
    int five = 5;
    o = (omit){.b = true,
               .i = 1,
               .d = 0.5,
               .s = bo_s("s"),
               .a = {&(bo_str){"a", 1}, 1, 1},
               .p = &five,
               .o = BO_SOME(0),
               .zi = 1,
               .zo = BO_SOME(0)};
    EXPECT_EQ(text_of(&arena, bo_type_of(omit), &o),
              "{\"b\":true,\"i\":1,\"d\":0.5,\"s\":\"s\",\"a\":[\"a\"],\"p\":5,\"o\":0,"
              "\"st\":{\"x\":0},\"zi\":1,\"zo\":0}");
    bo_arena_free(&arena);
}

TEST(only_what_must_be_is_escaped)
{
    static const struct {
        const char *value;
        size_t len;
        const char *text;
    } cases[] = {
        {"", 0, "\"\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x01\x0f\x10\x1f\x7f", 6, "\"\\u0000\\u0001\\u000f\\u0010\\u001f\x7f\""},
        {"<&>'", 4, "\"<&>'\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        bo_str value = bo_str_n(cases[i].value, cases[i].len);
        EXPECT_EQ(text_of(&arena, bo_type_of(bo_str), &value), cases[i].text);
    }
    bo_arena_free(&arena);
}

// The special byte at every place of strings of every length, so that each way of copying sees it.
TEST(a_special_byte_is_seen_at_every_place)
{
    static const char *const specials[] = {"\"", "\\", "\n", "\x01", "\xff", "\xc3\xa9"};
    bo_arena arena = {0};
    for (size_t len = 1; len <= 50; len++) {
        for (size_t at = 0; at < len; at++) {
            bo_arena_reset(&arena);
            size_t which = (len + at) % 6, width = strlen(specials[which]);
            // Where nothing lies behind, so that ASan sees a byte too many read.
            char *bytes = malloc(len + width - 1);
            memset(bytes, 'x', len + width - 1);
            memcpy(bytes + at, specials[which], width);
            bo_str value = bo_str_n(bytes, len + width - 1), text, back;
            test_case("%zu of %zu", at, len);
            bo_err err = bo_json_encode(&arena, bo_str, &value, &text);
            EXPECT_EQ(err != NULL, which == 4);
            if (!err) {
                REQUIRE(bo_json_decode(&arena, text, bo_str, &back) == NULL);
                EXPECT_EQ(back, value);
            }
            bo_err_free(err);
            free(bytes);
        }
    }
    bo_arena_free(&arena);
}

TEST(what_json_cannot_say_is_an_error_with_its_path)
{
    bo_arena arena = {0};
    every list[2] = {{.d = 1}, {.p = {.x = INFINITY}}};
    everys all = {list, 2, 2};
    EXPECT_EQ(text_of(&arena, bo_type_of(everys), &all), "[1].p.x: a number that is not finite");
    list[1].p.x = 0;
    list[0].optional = (__typeof__(list[0].optional))BO_SOME(NAN);
    EXPECT_EQ(text_of(&arena, bo_type_of(everys), &all),
              "[0].optional: a number that is not finite");
    list[0].optional.value = 1;
    list[1].strs = (bo_strs){&(bo_str){"\xc3", 1}, 1, 1};
    EXPECT_EQ(text_of(&arena, bo_type_of(everys), &all), "[1].strs[0]: a string that is not UTF-8");
    bo_str out;
    bo_err err = bo_json_encode(&arena, everys, &all, &out);
    EXPECT(bo_err_is(err, BO_INVALID));
    bo_err_free(err);
    bo_arena_free(&arena);
}

TEST(nesting_has_a_limit_so_a_circle_ends)
{
    bo_arena arena = {0};
    node chain[BO_JSON_DEPTH_MAX + 1] = {0};
    for (int i = 0; i < BO_JSON_DEPTH_MAX; i++)
        chain[i].next = &chain[i + 1];
    bo_str out;
    for (int from = 0; from <= 2; from++) {
        bo_err err = bo_json_encode(&arena, node, &chain[from], &out);
        EXPECT(bo_err_is(err, from == 0 ? BO_TOO_LARGE : NULL));
        bo_err_free(err);
    }
    node circle = {.next = &circle};
    bo_err err = bo_json_encode(&arena, node, &circle, &out);
    EXPECT(bo_err_is(err, BO_TOO_LARGE));
    bo_err_free(err);
    bo_arena_free(&arena);
}

// ---- there and back ----

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static bo_str random_str(bo_arena *arena)
{
    static const char *const pieces[] = {
        "a",  "bcd", "0123456789abcdef", "\"", "\\", "\n",
        "\t", "\1",  "\xc3\xa9",         "/",  " ",  "\xf0\x9f\x98\x80"};
    size_t count = next_random() % 12;
    char text[256], *at = text;
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, pieces[next_random() % 12]);
    return bo_str_clone(arena, bo_str_n(text, (size_t)(at - text)));
}

static double random_double(void)
{
    double value;
    do {
        uint64_t bits = next_random();
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static every random_every(bo_arena *arena)
{
    every e = {
        .b = next_random() & 1,
        .i8 = (int8_t)next_random(),
        .i16 = (int16_t)next_random(),
        .i32 = (int32_t)next_random(),
        .i64 = (int64_t)(next_random() >> next_random() % 64),
        .u8 = (uint8_t)next_random(),
        .u16 = (uint16_t)next_random(),
        .u32 = (uint32_t)next_random(),
        .u64 = next_random() >> next_random() % 64,
        .f = (float)(int32_t)next_random() / 1024,
        .d = random_double(),
        .s = random_str(arena),
        .p = {(float)(next_random() % 1000) / 8, random_double()},
    };
    for (size_t n = next_random() % 20; n > 0; n--)
        bo_push(arena, &e.slice, (int16_t)next_random());
    for (size_t n = next_random() % 4; n > 0; n--)
        bo_push(arena, &e.strs, random_str(arena));
    if (next_random() & 1) {
        e.pointer = bo_new(arena, point);
        e.pointer->x = (float)(next_random() % 99);
    }
    e.optional.presence = next_random() % 3;
    e.optional_point.presence = next_random() % 3;
    if (e.optional.presence == BO_PRESENT)
        e.optional.value = random_double();
    if (e.optional_point.presence == BO_PRESENT)
        e.optional_point.value.y = random_double();
    return e;
}

static void expect_same(const every *a, const every *b)
{
    EXPECT_EQ(a->b, b->b);
    EXPECT_EQ(a->i8, b->i8);
    EXPECT_EQ(a->i16, b->i16);
    EXPECT_EQ(a->i32, b->i32);
    EXPECT_EQ(a->u8, b->u8);
    EXPECT_EQ(a->u16, b->u16);
    EXPECT_EQ(a->u32, b->u32);
    EXPECT_EQ(a->u64, b->u64);
    EXPECT_EQ(a->i64, b->i64);
    EXPECT_EQ(a->f, b->f);
    EXPECT_EQ(a->d, b->d);
    EXPECT_EQ(a->s, b->s);
    EXPECT_EQ(a->p.y, b->p.y);
    EXPECT_EQ(a->slice.len, b->slice.len);
    for (size_t i = 0; i < a->slice.len && i < b->slice.len; i++)
        EXPECT_EQ(a->slice.ptr[i], b->slice.ptr[i]);
    EXPECT_EQ(a->pointer ? a->pointer->x : -1, b->pointer ? b->pointer->x : -1);
    EXPECT_EQ(a->optional.presence, b->optional.presence);
    EXPECT_EQ(a->optional.value, b->optional.value);
    EXPECT_EQ(a->optional_point.presence, b->optional_point.presence);
    EXPECT_EQ(a->optional_point.value.y, b->optional_point.value.y);
    EXPECT_EQ(a->strs.len, b->strs.len);
    for (size_t i = 0; i < a->strs.len && i < b->strs.len; i++)
        EXPECT_EQ(a->strs.ptr[i], b->strs.ptr[i]);
}

TEST(random_values_come_back_and_are_written_the_same_again)
{
    bo_arena arena = {0};
    for (int round = 0; round < 500; round++) {
        bo_arena_reset(&arena);
        everys all = {0}, back;
        for (size_t n = next_random() % 6; n > 0; n--)
            bo_push(&arena, &all, random_every(&arena));
        bo_str text, again;
        REQUIRE(bo_json_encode(&arena, everys, &all, &text) == NULL);
        bo_err err = bo_json_decode(&arena, text, everys, &back, .refuse_unknown = true);
        REQUIRE_EQ(bo_err_message(err), "ok");
        REQUIRE_EQ(back.len, all.len);
        for (size_t i = 0; i < all.len; i++)
            expect_same(&all.ptr[i], &back.ptr[i]);
        REQUIRE(bo_json_encode(&arena, everys, &back, &again) == NULL);
        EXPECT_EQ(again, text);
    }
    bo_arena_free(&arena);
}

// ---- writers ----

// A writer with a buffer of any size that keeps all it is given.
typedef struct {
    bo_writer writer;
    bo_arena *arena;
    BO_SLICE(char) got;
    size_t most;  // It fails beyond.
} collector;

static bo_err collect(bo_writer *writer, const char *more, size_t more_len)
{
    collector *c = (collector *)writer;
    if (c->got.len + writer->len + more_len > c->most)
        return BO_CLOSED;
    bo_append(c->arena, &c->got, writer->buf, writer->len);
    if (more_len > 0)
        bo_append(c->arena, &c->got, more, more_len);
    writer->len = 0;
    return NULL;
}

static collector new_collector(bo_arena *arena, size_t cap, size_t most)
{
    return (collector){
        .writer = {.buf = bo_new_n(arena, char, cap), .cap = cap, .drain = collect},
        .arena = arena,
        .most = most,
    };
}

TEST(a_writer_gets_the_same_bytes_however_small_its_buffer)
{
    bo_arena arena = {0};
    everys all = {0};
    for (int i = 0; i < 40; i++)
        bo_push(&arena, &all, random_every(&arena));
    // Strings around the size of the encoder's window, plain and not.
    for (size_t len = 2000; len < 2100; len += 7) {
        char *bytes = bo_new_n(&arena, char, len);
        memset(bytes, len % 2 ? 'x' : '\n', len);
        bo_push(&arena, &all.ptr[len % 40].strs, bo_str_n(bytes, len));
    }
    bo_str want;
    REQUIRE(bo_json_encode(&arena, everys, &all, &want) == NULL);
    static const size_t caps[] = {1, 7, 64, 1000, 2048, 5000, 1000000};
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        test_case("%zu bytes", caps[i]);
        collector c = new_collector(&arena, caps[i], SIZE_MAX);
        EXPECT(bo_json_write(&c.writer, everys, &all) == NULL);
        EXPECT(bo_flush(&c.writer) == NULL);
        EXPECT_EQ(bo_str_n(c.got.ptr, c.got.len), want);
    }
    bo_arena_free(&arena);
}

TEST(a_writer_that_fails_ends_the_encoding_with_its_error)
{
    bo_arena arena = {0};
    everys all = {0};
    for (int i = 0; i < 40; i++)
        bo_push(&arena, &all, random_every(&arena));
    for (size_t most = 0; most < 8000; most += 500) {
        collector c = new_collector(&arena, 64, most);
        EXPECT_EQ(bo_json_write(&c.writer, everys, &all), BO_CLOSED);
    }
    bo_arena_free(&arena);
}
