// SPDX-License-Identifier: MIT
// Decoding: the grammar, the types, the limits, and what errors say.
#include <bora/json.h>
#include <bora/test.h>
#include <math.h>
#include <stdlib.h>

#define ADDRESS_FIELDS(FIELD)                                                                      \
    FIELD(bo_str, street, "street")                                                                \
    FIELD(double, latitude, "lat,omitzero", .min = -90, .max = 90)
BO_STRUCT(address, ADDRESS_FIELDS);

#define USER_FIELDS(FIELD)                                                                         \
    FIELD(int64_t, id, "id")                                                                       \
    FIELD(bo_str, name, "name", .min_len = 1)                                                      \
    FIELD(bo_str, email, "email,omitempty", .format = BO_FORMAT_EMAIL)                             \
    FIELD(BO_OPTIONAL(int), age, "age", .min = 0, .max = 150)                                      \
    FIELD(BO_SLICE(bo_str), roles, "roles,omitempty", .max_len = 3)                                \
    FIELD(address, home, "home,omitzero")                                                          \
    FIELD(BO_POINTER(user), boss, "boss,omitempty")                                                \
    FIELD(int, secret, "-")
BO_STRUCT(user, USER_FIELDS);

#define TEAM_FIELDS(FIELD)                                                                         \
    FIELD(BO_SLICE(user), users, "users", .required = true)                                        \
    FIELD(bool, open, "open")
BO_STRUCT(team, TEAM_FIELDS);

TEST(a_struct_goes_there_and_back)
{
    static const char text[] =
        "{\"users\":[{\"id\":-7,\"name\":\"Ada \\\"L\\\" \xc3\xa9\",\"email\":\"ada@example.com\","
        "\"age\":36,\"roles\":[\"admin\",\"x\"],\"home\":{\"street\":\"S\",\"lat\":-12.5},"
        "\"boss\":{\"id\":1,\"name\":\"B\",\"age\":null}},{\"id\":2,\"name\":\"C\"}],\"open\":true}";
    bo_arena arena = {0};
    team t;
    bo_err err = bo_json_decode(&arena, bo_str_of(text), team, &t, .refuse_unknown = true);
    REQUIRE_EQ(bo_err_message(err), "ok");
    REQUIRE_EQ(t.users.len, 2);
    user *ada = &t.users.ptr[0];
    EXPECT_EQ(ada->id, -7);
    EXPECT_EQ(ada->name, "Ada \"L\" \xc3\xa9");
    EXPECT_EQ(ada->age.presence, BO_PRESENT);
    EXPECT_EQ(ada->age.value, 36);
    EXPECT_EQ(ada->roles.ptr[1], "x");
    EXPECT_EQ(ada->home.latitude, -12.5);
    EXPECT_EQ(ada->boss->name, "B");
    EXPECT_EQ(ada->boss->age.presence, BO_NULL);
    EXPECT_EQ(t.users.ptr[1].age.presence, BO_ABSENT);
    EXPECT_EQ(t.open, true);

    bo_str out;
    err = bo_json_encode(&arena, team, &t, &out);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT_EQ(out, text);
    bo_arena_free(&arena);
}

TEST(an_error_names_the_field_the_byte_and_both_kinds)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"users\":[{\"name\":\"a\"},{\"name\":\"a\",\"age\":\"x\"}]}",
         "users[1].age: expected integer, got string at byte 41"},
        {"{\"users\":[{\"id\":1.5}]}", "users[0].id: expected integer, got 1.5 at byte 16"},
        {"{\"users\":[{\"id\":1e3}]}", "users[0].id: expected integer, got 1e3 at byte 16"},
        {"{\"users\":[{\"id\":9223372036854775808}]}",
         "users[0].id: expected integer from -9223372036854775808 to 9223372036854775807, got "
         "9223372036854775808 at byte 16"},
        {"{\"users\":[{\"age\":2147483648}]}",
         "users[0].age: expected integer from -2147483648 to 2147483647, got 2147483648 at byte 17"},
        {"{\"users\":{}}", "users: expected array, got object at byte 9"},
        {"{\"users\":[],\"open\":1}", "open: expected true or false, got 1 at byte 19"},
        {"{\"users\":[],\"opem\":1}", "opem: no such field at byte 12"},
        {"{\"users\":[],\"users\":[]}",
         "users: expected once in its object, but given twice at byte 12"},
        {"[]", "expected object, got array at byte 0"},
        {"", "expected object, got end of text at byte 0"},
        {"{\"users\":[]", "users: expected ',' or a closing bracket, got end of text at byte 11"},
        {"{\"users\":[]} x", "expected the end of the text, got x at byte 13"},
        {"{\"open\":true}", "users: required, but missing at byte 12"},
        {"{\"users\":null}", "users: required, got null at byte 9"},
        {"{\"users\":[{\"name\":\"\",\"email\":\"x\",\"age\":151}]}",
         "users[0].name: expected at least 1 character at byte 18; users[0].email: expected an "
         "email address at byte 29; users[0].age: expected at most 150 at byte 39"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        team t;
        bo_err err =
            bo_json_decode(&arena, bo_str_of(cases[i].text), team, &t, .refuse_unknown = true);
        EXPECT_EQ(bo_err_message(err), cases[i].message);
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

TEST(numbers_without_words_are_refused)
{
    bo_arena arena = {0};
    bo_str out;
    address a = {.latitude = INFINITY};
    bo_err err = bo_json_encode(&arena, address, &a, &out);
    EXPECT_EQ(bo_err_message(err), "lat: a number that is not finite");
    bo_err_free(err);
    bo_arena_free(&arena);
}

// ---- the grammar ----

#define ANY_FIELDS(FIELD)                                                                          \
    FIELD(double, d, "d")                                                                          \
    FIELD(int64_t, i, "i")                                                                         \
    FIELD(bo_str, s, "s")                                                                          \
    FIELD(BO_SLICE(double), a, "a")                                                                \
    FIELD(BO_POINTER(any), o, "o")                                                                 \
    FIELD(bool, b, "b")
BO_STRUCT(any, ANY_FIELDS);

// Good and bad texts after the manner of Nicolas Seriot's JSONTestSuite, as the value of a member
// that is skipped, and in place of the whole text.
static const char *const good[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "123",
    "-1",
    "0.5",
    "-0.5e-10",
    "1e5",
    "1E5",
    "1e+5",
    "1E-5",
    "0e1",
    "0e+1",
    "123.456e78",
    "1e999",
    "[]",
    "[ ]",
    "[[]]",
    "[[],[[]],{}]",
    "[1]",
    "[1,2]",
    "[ 1 , 2 ]",
    "[1,null,\"x\",{}]",
    "[\n1\t,\r2 ]",
    "{}",
    "{ }",
    "{\"a\":1}",
    "{ \"a\" : 1 }",
    "{\"a\":{\"b\":[{}]}}",
    "{\"\":0}",
    "{\"a\\u0000b\":0}",
    "\"\"",
    "\"a\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\\u0041\\uFFFF\\uaBcD\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\\\\u0041\"",
    "\"\x7f\"",
    "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "\"/\"",
    "\"0123456789abcdef\"",
    "\"0123456789abcde\\n0123456789abcdef\"",
    "\"\xe2\x82\xac 0123456789 \xe2\x82\xac\"",
};

static const char *const bad[] = {
    "",
    " ",
    "nul",
    "nulL",
    "Null",
    "nulltrue",
    "tru",
    "True",
    "fals",
    "undefined",
    "NaN",
    "Infinity",
    "-Infinity",
    "+1",
    "-",
    "--1",
    "- 1",
    "01",
    "-01",
    "00",
    "0x1",
    "1.",
    "1.e1",
    ".5",
    "-.5",
    "1e",
    "1e+",
    "1E-",
    "1e1.5",
    "1e1e1",
    "1_000",
    "1a",
    "1 2",
    "0.",
    "0.e",
    "1,5",
    ("\xef\xbb\xbf"
     "1"),
    "'a'",
    "a",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\",
    "\"\\a\"",
    "\"\\x41\"",
    "\"\\U0041\"",
    "\"\\u\"",
    "\"\\u1\"",
    "\"\\u12\"",
    "\"\\u123\"",
    "\"\\u123g\"",
    "\"\\u 123\"",
    "\"\\ud800\"",
    "\"\\ud800a\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\u\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\"",
    "\"\\udc00\\ud800\"",
    "\"\\udc00\\udc00\"",
    "\"\\udfff\"",
    "\"\\ud83d\\ude0\"",
    "\"\t\"",
    "\"\n\"",
    "\"\r\"",
    "\"\x01\"",
    "\"\x1f\"",
    "\"0123456789abcdef\n\"",
    "\"\x80\"",
    "\"\xbf\"",
    "\"\xc0\x80\"",
    "\"\xc1\xbf\"",
    "\"\xc2\"",
    "\"\xc2\x41\"",
    "\"\xe0\x9f\xbf\"",
    "\"\xe2\x82\"",
    "\"\xed\xa0\x80\"",
    "\"\xed\xbf\xbf\"",
    "\"\xf0\x8f\xbf\xbf\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xf5\x80\x80\x80\"",
    "\"\xff\"",
    "\"\xfe\"",
    "\"0123456789abcdef\xff\"",
    "\"\\n\xff\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[,]",
    "[1,,2]",
    "[1 2]",
    "[1;2]",
    "[1:2]",
    "[1}",
    "[\"a",
    "[1]]",
    "[[]",
    "[]]",
    "[1] 2",
    "[-]",
    "[a]",
    "[\"a\",\n4\n,1,",
    "[1,\n1\n,1",
    "[//\n]",
    "[/**/]",
    "{",
    "}",
    "{]",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\",1}",
    "{\"a\" 1}",
    "{\"a\"::1}",
    "{a:1}",
    "{1:1}",
    "{'a':1}",
    "{null:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1;}",
    "{\"a\":1}}",
    "{\"a\":1}#",
    "{[]:1}",
    "{\"a\":1,,}",
    "{\"a\":a}",
    "{\"\\ud800\":1}",
    "{\"\n\":1}",
    "{\"a\":/**/1}",
    "\v1",
    "\f1",
    "1\v",
};

static bo_str wrapped(bo_arena *arena, const char *before, const char *text, const char *behind)
{
    return bo_str_printf(arena, "%s%s%s", before, text, behind);
}

static bool decodes(bo_arena *arena, bo_str text)
{
    any value;
    bo_err err = bo_json_decode(arena, text, any, &value);
    if (err)
        EXPECT(bo_err_is(err, BO_INVALID));
    bo_err_free(err);
    return !err;
}

TEST(what_is_json_is_skipped_wherever_it_stands)
{
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        test_case("%s", good[i]);
        EXPECT(decodes(&arena, wrapped(&arena, "{\"skipped\":", good[i], "}")));
        EXPECT(decodes(&arena, wrapped(&arena, " { \"skipped\" : ", good[i], " , \"d\" : 1 } ")));
        EXPECT(decodes(&arena, wrapped(&arena, "{\"skipped\":[", good[i], "],\"b\":true}\n")));
        EXPECT(decodes(&arena, wrapped(&arena, "{\"skipped\":{\"x\":", good[i], "},\"b\":true}")));
        bo_arena_reset(&arena);
    }
    bo_arena_free(&arena);
}

TEST(what_is_not_json_is_refused_wherever_it_stands)
{
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_case("%s", bad[i]);
        EXPECT(!decodes(&arena, bo_str_of(bad[i])));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"skipped\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"skipped\":", bad[i], " , \"d\":1}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"skipped\":{\"x\":", bad[i], "}}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"d\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"i\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"s\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"a\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"o\":", bad[i], "}")));
        EXPECT(!decodes(&arena, wrapped(&arena, "{\"b\":", bad[i], "}")));
        bo_arena_reset(&arena);
    }
    bo_arena_free(&arena);
}

// Each text is copied to where nothing lies behind it, so that ASan sees a byte too many read.
static bo_str alone(bo_str text)
{
    char *copy = malloc(text.len ? text.len : 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return bo_str_n(copy, text.len);
}

TEST(a_text_cut_anywhere_is_refused)
{
    static const char text[] =
        " {\"d\": -1.5e3, \"s\":\"0123456789abcdef\\u00e9\\n\xc3\xa9]\",\"a\":[1,2,[3]],\"o\":{\"o\":"
        "null,\"s\":\"}\"},\"skipped\":[{\"x\":true}],\"b\":false}";
    bo_arena arena = {0};
    for (size_t len = 0; len < sizeof text - 1; len++) {
        test_case("%zu bytes", len);
        bo_str cut = alone(bo_str_n(text, len));
        EXPECT(!decodes(&arena, cut));
        free((char *)cut.ptr);
    }
    bo_arena_free(&arena);
}

TEST(strings_are_read_as_they_are_meant)
{
    static const struct {
        const char *text, *want;
        size_t len;
    } cases[] = {
        {"\"\"", "", 0},
        {"\"a\"", "a", 1},
        {"\"\\u0000\"", "\0", 1},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10},
        {"\"\\uffff\\u07ff\\u0800\"", "\xef\xbf\xbf\xdf\xbf\xe0\xa0\x80", 8},
        {"\"0123456789abcdef0123\"", "0123456789abcdef0123", 20},
        {"\"0123456789abcdef\\\\0123456789abcdef\\\"\"", "0123456789abcdef\\0123456789abcdef\"",
         34},
        {"\"\xc3\xa9t\xc3\xa9\"", "\xc3\xa9t\xc3\xa9", 5},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        any value;
        bo_str text = wrapped(&arena, "{\"s\":", cases[i].text, ",\"d\":1}");
        bo_err err = bo_json_decode(&arena, text, any, &value);
        REQUIRE_EQ(bo_err_message(err), "ok");
        EXPECT_EQ(value.s, bo_str_n(cases[i].want, cases[i].len));
        // And by itself.
        bo_str s;
        err = bo_json_decode(&arena, bo_str_of(cases[i].text), bo_str, &s);
        REQUIRE_EQ(bo_err_message(err), "ok");
        EXPECT_EQ(s, bo_str_n(cases[i].want, cases[i].len));
    }
    bo_arena_free(&arena);
}

TEST(a_string_without_escapes_views_the_text)
{
    static const char text[] = "{\"s\":\"as it stands \xc3\xa9\",\"d\":1}";
    bo_arena arena = {0};
    any value;
    REQUIRE(bo_json_decode(&arena, bo_str_of(text), any, &value) == NULL);
    EXPECT(value.s.ptr == text + 6);
    EXPECT_EQ(bo_arena_used(&arena), 0);
    bo_arena_free(&arena);
}

TEST(integers_have_the_range_of_their_type)
{
    static const struct {
        const bo_type *type;
        const char *low, *below, *high, *above;
    } cases[] = {
        {bo_type_of(int8_t), "-128", "-129", "127", "128"},
        {bo_type_of(int16_t), "-32768", "-32769", "32767", "32768"},
        {bo_type_of(int32_t), "-2147483648", "-2147483649", "2147483647", "2147483648"},
        {bo_type_of(int64_t), "-9223372036854775808", "-9223372036854775809", "9223372036854775807",
         "9223372036854775808"},
        {bo_type_of(uint8_t), "-0", "-1", "255", "256"},
        {bo_type_of(uint16_t), "0", "-1", "65535", "65536"},
        {bo_type_of(uint32_t), "0", "-1", "4294967295", "4294967296"},
        {bo_type_of(uint64_t), "0", "-18446744073709551615", "18446744073709551615",
         "18446744073709551616"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].type->name);
        const char *const texts[] = {cases[i].low,           cases[i].below,
                                     cases[i].high,          cases[i].above,
                                     "99999999999999999999", "100000000000000000000"};
        for (size_t k = 0; k < 6; k++) {
            // Bytes around the value must stay as they are.
            uint64_t value[3] = {7, 7, 7};
            bo_err err = bo__json_decode(&arena, bo_str_of(texts[k]), cases[i].type, &value[1],
                                         (bo_json_options){0});
            EXPECT_EQ(err == NULL, k % 2 == 0 && k < 4);
            bo_str out = {0};
            if (!err)
                REQUIRE(bo__json_encode(&arena, cases[i].type, &value[1], &out) == NULL);
            if (!err && texts[k][1] != '0')
                EXPECT_EQ(out, texts[k]);
            EXPECT_EQ(value[0], 7);
            EXPECT_EQ(value[1] >> (8 * cases[i].type->size - 1) >> 1,
                      UINT64_C(7) >> (8 * cases[i].type->size - 1) >> 1);
            EXPECT_EQ(value[2], 7);
            bo_err_free(err);
        }
    }
    bo_arena_free(&arena);
}

TEST(doubles_and_floats_round_and_have_an_end)
{
    bo_arena arena = {0};
    double d;
    float f;
    REQUIRE(bo_json_decode(&arena, bo_s("0.1"), double, &d) == NULL);
    EXPECT_EQ(d, 0.1);
    REQUIRE(bo_json_decode(&arena, bo_s("-0"), double, &d) == NULL);
    EXPECT(signbit(d));
    REQUIRE(bo_json_decode(&arena, bo_s("1e-400"), double, &d) == NULL);
    EXPECT_EQ(d, 0.0);
    REQUIRE(bo_json_decode(&arena, bo_s("16777217"), float, &f) == NULL);
    EXPECT_EQ(f, 16777216.0f);
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"1e309", "expected number of at most 1.7976931348623157e+308, got 1e309 at byte 0"},
        {"true", "expected number, got true at byte 0"},
        {"\"1\"", "expected number, got string at byte 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        bo_err err = bo_json_decode(&arena, bo_str_of(cases[i].text), double, &d);
        EXPECT_EQ(bo_err_message(err), cases[i].message);
        EXPECT_EQ(d, 0.0);
        bo_err_free(err);
    }
    bo_err err = bo_json_decode(&arena, bo_s("3.5e38"), float, &f);
    EXPECT_EQ(bo_err_message(err),
              "expected number of at most 3.4028235e+38, got 3.5e38 at byte 0");
    bo_err_free(err);
    bo_arena_free(&arena);
}

TEST(null_leaves_zero_and_tells_an_optional)
{
    bo_arena arena = {0};
    user u;
    bo_err err = bo_json_decode(
        &arena,
        bo_s("{\"id\":null,\"name\":\"x\",\"email\":null,\"age\":null,\"roles\":null,\"home\":null,"
             "\"boss\":null}"),
        user, &u);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT_EQ(u.id, 0);
    EXPECT_EQ(u.age.presence, BO_NULL);
    EXPECT(u.boss == NULL);
    EXPECT_EQ(u.roles.len, 0);
    int n = 7;
    REQUIRE(bo_json_decode(&arena, bo_s("null"), int, &n) == NULL);
    EXPECT_EQ(n, 0);
    bo_arena_free(&arena);
}

TEST(names_match_exactly_and_in_any_order)
{
    bo_arena arena = {0};
    any value;
    bo_err err =
        bo_json_decode(&arena,
                       bo_s("{\"b\":true,\"D\":9,\"a\":[1],\"s\\u0020\":1,\"\\u0073\":\"x\","
                            "\"d\":2,\"-\":1}"),
                       any, &value);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT_EQ(value.b, true);
    EXPECT_EQ(value.d, 2.0);
    EXPECT_EQ(value.s, "x");
    EXPECT_EQ(value.a.len, 1);
    bo_arena_free(&arena);
}

TEST(a_hidden_member_cannot_be_set)
{
    bo_arena arena = {0};
    user u;
    bo_err err = bo_json_decode(&arena, bo_s("{\"name\":\"x\",\"-\":5,\"secret\":5}"), user, &u);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT_EQ(u.secret, 0);
    err =
        bo_json_decode(&arena, bo_s("{\"name\":\"x\",\"-\":5}"), user, &u, .refuse_unknown = true);
    EXPECT_EQ(bo_err_message(err), "-: no such field at byte 12");
    bo_err_free(err);
    // Right where it would be the next.
    err = bo_json_decode(&arena, bo_s("{\"name\":\"x\",\"boss\":null,\"-\":5}"), user, &u);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT_EQ(u.secret, 0);
    bo_arena_free(&arena);
}

// ---- limits ----

static bo_str repeated(bo_arena *arena, size_t count, const char *open, const char *middle,
                       const char *close)
{
    size_t each = strlen(open), last = strlen(close), len = strlen(middle);
    char *text = bo_new_n(arena, char, count *(each + last) + len + 1), *at = text;
    for (size_t i = 0; i < count; i++)
        at = mempcpy(at, open, each);
    at = mempcpy(at, middle, len);
    for (size_t i = 0; i < count; i++)
        at = mempcpy(at, close, last);
    return bo_str_n(text, (size_t)(at - text));
}

TEST(nesting_has_a_limit)
{
    bo_arena arena = {0};
    for (size_t depth = BO_JSON_DEPTH_MAX - 1; depth <= BO_JSON_DEPTH_MAX + 1; depth++) {
        test_case("%zu deep", depth);
        bo_err want = depth > BO_JSON_DEPTH_MAX ? BO_TOO_LARGE : NULL;
        any value;
        bo_str texts[] = {
            repeated(&arena, depth, "{\"o\":", "null", "}"),
            wrapped(&arena, "{\"x\":", repeated(&arena, depth - 1, "[", "1", "]").ptr, "}"),
            wrapped(&arena, "{\"x\":", repeated(&arena, depth - 1, "{\"x\":", "1", "}").ptr, "}"),
        };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            bo_err err = bo_json_decode(&arena, texts[i], any, &value);
            EXPECT(bo_err_is(err, want));
            bo_err_free(err);
        }
    }
    // Far beyond: it is refused at the limit, not when the stack is full.
    any value;
    bo_err err =
        bo_json_decode(&arena, repeated(&arena, 1000000, "{\"o\":", "1", "}"), any, &value);
    EXPECT(bo_err_is(err, BO_TOO_LARGE));
    EXPECT(strstr(bo_err_message(err), "....o.o.o: expected at most 128 arrays and objects") ||
           strstr(bo_err_message(err), "...o.o.o"));
    bo_err_free(err);
    bo_arena_free(&arena);
}

TEST(a_number_has_a_length_limit)
{
    bo_arena arena = {0};
    for (size_t len = BO_JSON_NUMBER_MAX - 1; len <= BO_JSON_NUMBER_MAX + 1; len++) {
        test_case("%zu bytes", len);
        bo_err want = len > BO_JSON_NUMBER_MAX ? BO_TOO_LARGE : NULL;
        const char *number = repeated(&arena, len - 2, "1", "0.", "").ptr;
        const char *fraction = repeated(&arena, len - 3, "", "0.1", "7").ptr;
        static const char *const names[] = {"{\"d\":", "{\"x\":", "{\"a\":[1,"};
        for (size_t i = 0; i < 3; i++) {
            any value;
            bo_err err = bo_json_decode(
                &arena, wrapped(&arena, names[i], fraction, i == 2 ? "]}" : "}"), any, &value);
            EXPECT(bo_err_is(err, want));
            bo_err_free(err);
        }
        int64_t value;
        bo_err err = bo_json_decode(&arena, bo_str_of(number), int64_t, &value);
        EXPECT(err != NULL);
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

TEST(what_slices_and_pointers_take_has_a_limit)
{
    bo_arena arena = {0};
    bo_str text = bo_s("{\"a\":[1,2,3,4,5,6,7,8]}");  // Eight doubles take 64 bytes.
    for (size_t most = 63; most <= 65; most++) {
        test_case("%zu bytes", most);
        any value;
        bo_err err = bo_json_decode(&arena, text, any, &value, .memory_max = most);
        EXPECT(bo_err_is(err, most < 64 ? BO_TOO_LARGE : NULL));
        EXPECT_EQ(value.a.len, most < 64 ? 0 : 8);
        bo_err_free(err);
    }
    for (size_t most = sizeof(any) - 1; most <= sizeof(any) + 1; most++) {
        test_case("%zu bytes", most);
        any value;
        bo_err err =
            bo_json_decode(&arena, bo_s("{\"o\":{\"o\":null}}"), any, &value, .memory_max = most);
        EXPECT(bo_err_is(err, most < sizeof(any) ? BO_TOO_LARGE : NULL));
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

#define EIGHT(FIELD, n)                                                                            \
    FIELD(int8_t, a##n, "a" #n)                                                                    \
    FIELD(int8_t, b##n, "b" #n)                                                                    \
    FIELD(int8_t, c##n, "c" #n)                                                                    \
    FIELD(int8_t, d##n, "d" #n)                                                                    \
    FIELD(int8_t, e##n, "e" #n)                                                                    \
    FIELD(int8_t, f##n, "f" #n)                                                                    \
    FIELD(int8_t, g##n, "g" #n)                                                                    \
    FIELD(int8_t, h##n, "h" #n, .required = true)
#define SIXTY_FOUR(FIELD, n)                                                                       \
    EIGHT(FIELD, n##0)                                                                             \
    EIGHT(FIELD, n##1)                                                                             \
    EIGHT(FIELD, n##2)                                                                             \
    EIGHT(FIELD, n##3)                                                                             \
    EIGHT(FIELD, n##4)                                                                             \
    EIGHT(FIELD, n##5)                                                                             \
    EIGHT(FIELD, n##6)                                                                             \
    EIGHT(FIELD, n##7)
#define WIDE_FIELDS(FIELD)                                                                         \
    SIXTY_FOUR(FIELD, 0)                                                                           \
    SIXTY_FOUR(FIELD, 1)                                                                           \
    SIXTY_FOUR(FIELD, 2)                                                                           \
    SIXTY_FOUR(FIELD, 3)
BO_STRUCT(wide, WIDE_FIELDS);

TEST(a_struct_has_up_to_256_fields_each_given_once)
{
    const bo_type *type = bo_type_of(wide);
    REQUIRE_EQ(type->field_count, 256);
    bo_arena arena = {0};
    wide value, back;
    for (int i = 0; i < 256; i++)
        ((int8_t *)&value)[i] = (int8_t)i;
    bo_str text;
    REQUIRE(bo_json_encode(&arena, wide, &value, &text) == NULL);
    bo_err err = bo_json_decode(&arena, text, wide, &back, .refuse_unknown = true);
    REQUIRE_EQ(bo_err_message(err), "ok");
    EXPECT(memcmp(&value, &back, sizeof value) == 0);

    for (int i = 0; i < 256; i++) {
        bo_str name = bo_field_name(&type->fields[i]);
        test_case(BO_FMT, BO_ARG(name));
        const char *again = bo_str_printf(&arena, ",\"" BO_FMT "\":1}", BO_ARG(name)).ptr;
        bo_str twice =
            wrapped(&arena, bo_str_c(&arena, bo_str_sub(text, 0, text.len - 1)), again, "");
        err = bo_json_decode(&arena, twice, wide, &back);
        EXPECT(err && strstr(bo_err_message(err), "given twice"));
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

// ---- errors ----

TEST(broken_constraints_are_listed_up_to_a_limit)
{
    bo_arena arena = {0};
    for (size_t count = 15; count <= 18; count++) {
        test_case("%zu", count);
        team t;
        bo_str users = repeated(&arena, count - 1, "{\"name\":\"\"},", "{\"name\":\"\"}", "");
        bo_err err =
            bo_json_decode(&arena, wrapped(&arena, "{\"users\":[", users.ptr, "]}"), team, &t);
        EXPECT(bo_err_is(err, BO_UNPROCESSABLE));
        EXPECT_EQ(bo_err_status(err), 422);
        size_t listed = 0;
        for (const char *at = bo_err_message(err); (at = strstr(at, "at least 1")); at++)
            listed++;
        EXPECT_EQ(listed, count < 16 ? count : 16);
        const char *more = strstr(bo_err_message(err), "; and ");
        EXPECT_EQ(more, count <= 16 ? NULL : count == 17 ? "; and 1 more" : "; and 2 more");
        EXPECT_EQ(t.users.len, 0);
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

TEST(a_long_path_is_cut_in_front)
{
    bo_arena arena = {0};
    team t;
    bo_str deep = repeated(&arena, 40, "{\"name\":\"n\",\"boss\":", "{\"id\":\"x\"}", "}");
    bo_err err = bo_json_decode(&arena, wrapped(&arena, "{\"users\":[", deep.ptr, "]}"), team, &t);
    const char *message = bo_err_message(err);
    EXPECT(strncmp(message, "....boss.boss.", 14) == 0);
    EXPECT(strstr(message, ".boss.id: expected integer, got string at byte ") != NULL);
    EXPECT(strlen(message) < 200);
    bo_err_free(err);
    bo_arena_free(&arena);
}

TEST(what_a_stranger_wrote_is_shown_short_and_tame)
{
    bo_arena arena = {0};
    any value;
    bo_str name = repeated(&arena, 100, "\xc3\xa9", "", "");
    bo_err err = bo_json_decode(&arena, wrapped(&arena, "{\"", name.ptr, "\":1}"), any, &value,
                                .refuse_unknown = true);
    EXPECT_EQ(bo_err_message(err), "????????????????????????????????...: no such field at byte 1");
    bo_err_free(err);
    bo_str number = repeated(&arena, 100, "9", "", "");
    int small;
    err = bo_json_decode(&arena, number, int, &small);
    EXPECT_EQ(bo_err_message(err), "expected integer from -2147483648 to 2147483647, got "
                                   "99999999999999999999999999999999... at byte 0");
    bo_err_free(err);
    bo_arena_free(&arena);
}

TEST(constraints_hold_for_what_is_there)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{\"name\":\"x\"}", "ok"},
        {"{}", "name: expected at least 1 character, but missing at byte 1"},
        {"{\"name\":null}", "name: expected at least 1 character at byte 8"},
        {"{\"name\":\"x\",\"email\":\"\"}", "ok"},
        {"{\"name\":\"x\",\"email\":\"a@b\"}", "ok"},
        {"{\"name\":\"x\",\"email\":\"a@\"}", "email: expected an email address at byte 20"},
        {"{\"name\":\"x\",\"age\":-1}", "age: expected at least 0 at byte 18"},
        {"{\"name\":\"x\",\"age\":0}", "ok"},
        {"{\"name\":\"x\",\"age\":150}", "ok"},
        {"{\"name\":\"x\",\"age\":null}", "ok"},
        {"{\"name\":\"x\",\"roles\":[\"a\",\"b\",\"c\"]}", "ok"},
        {"{\"name\":\"x\",\"roles\":[\"a\",\"b\",\"c\",\"d\"]}",
         "roles: expected at most 3 elements at byte 20"},
        {"{\"name\":\"x\",\"home\":{\"lat\":90}}", "ok"},
        {"{\"name\":\"x\",\"home\":{\"lat\":90.00000000000001}}",
         "home.lat: expected at most 90 at byte 26"},
        {"null", "name: expected at least 1 character, but missing at byte 0"},
        {"{\"name\":\"x\",\"home\":null}", "ok"},
        {"{\"name\":\"x\",\"boss\":null}", "ok"},
        {"{\"name\":\"x\",\"boss\":{}}",
         "boss.name: expected at least 1 character, but missing at byte 20"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        user u;
        bo_err err = bo_json_decode(&arena, bo_str_of(cases[i].text), user, &u);
        EXPECT_EQ(bo_err_message(err), cases[i].message);
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}

#define OUTER_FIELDS(FIELD)                                                                        \
    FIELD(user, first, "first")                                                                    \
    FIELD(user, second, "second,omitzero")                                                         \
    FIELD(BO_SLICE(user), more, "more")
BO_STRUCT(outer, OUTER_FIELDS);

TEST(constraints_inside_of_what_is_missing_hold_too)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{}", "first.name: expected at least 1 character, but missing at byte 1"},
        {"{\"first\":null}", "first.name: expected at least 1 character, but missing at byte 9"},
        {"{\"first\":{}}", "first.name: expected at least 1 character, but missing at byte 10"},
        {"null", "first.name: expected at least 1 character, but missing at byte 0"},
        {"{\"first\":{\"name\":\"x\"}}", "ok"},
        {"{\"first\":{\"name\":\"x\"},\"second\":null}", "ok"},
        {"{\"first\":{\"name\":\"x\"},\"second\":{}}",
         "second.name: expected at least 1 character, but missing at byte 32"},
        {"{\"first\":{\"name\":\"x\"},\"more\":[null]}",
         "more[0].name: expected at least 1 character, but missing at byte 30"},
    };
    bo_arena arena = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        outer value;
        bo_err err = bo_json_decode(&arena, bo_str_of(cases[i].text), outer, &value);
        EXPECT_EQ(bo_err_message(err), cases[i].message);
        bo_err_free(err);
    }
    bo_arena_free(&arena);
}
