// SPDX-License-Identifier: MIT
// JSON both ways, through the types that a service has.
#include <bora/json.h>
#include <bora/test.h>
#include <math.h>

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
