// SPDX-License-Identifier: MIT
// Descriptions: what the compiler puts into them, and what it refuses.
#include <bora/process.h>
#include <bora/test.h>
#include <bora/type.h>
#include <stdio.h>

BO_TYPE(user_id, uint64_t);

#define ADDRESS_FIELDS(FIELD)                                                                      \
    FIELD(bo_str, street, "street")                                                                \
    FIELD(double, latitude, "lat,omitzero", .min = -90, .max = 90.5)
BO_STRUCT(address, ADDRESS_FIELDS);

// A list of fields may be part of another.
#define PERSON_FIELDS(FIELD)                                                                       \
    FIELD(user_id, id, "id", .min = 1)                                                             \
    FIELD(bo_str, name, "name,omitempty,omitzero", .required = true, .max_len = 20)                \
    FIELD(unsigned long long, big,                                                                 \
          "a234567890123456789012345678901234567890123456789012345678901234")

#define USER_FIELDS(FIELD)                                                                         \
    PERSON_FIELDS(FIELD)                                                                           \
    FIELD(bool, admin, "admin")                                                                    \
    FIELD(address, home, "home")                                                                   \
    FIELD(BO_OPTIONAL(address), work, "work")                                                      \
    FIELD(BO_OPTIONAL(int), age, "age", .max = 150)                                                \
    FIELD(BO_SLICE(user), friends, "friends")                                                      \
    FIELD(BO_POINTER(user), boss, "boss", .required = true)                                        \
    FIELD(bo_strs, roles, "roles")                                                                 \
    FIELD(int, hidden, "-")                                                                        \
    FIELD(int, hidden_too, "-")
BO_STRUCT(user, USER_FIELDS);
BO_TYPE(users, BO_SLICE(user));

#define SCALAR_FIELDS(FIELD)                                                                       \
    FIELD(signed char, a, "a")                                                                     \
    FIELD(short, b, "b")                                                                           \
    FIELD(int, c, "c")                                                                             \
    FIELD(long, d, "d")                                                                            \
    FIELD(long long, e, "e")                                                                       \
    FIELD(unsigned char, f, "f")                                                                   \
    FIELD(unsigned short, g, "g")                                                                  \
    FIELD(unsigned, h, "h")                                                                        \
    FIELD(unsigned long, i, "i")                                                                   \
    FIELD(size_t, j, "j")                                                                          \
    FIELD(ptrdiff_t, k, "k")                                                                       \
    FIELD(float, l, "l")                                                                           \
    FIELD(double, m, "m")                                                                          \
    FIELD(bool, n, "n")                                                                            \
    FIELD(bo_str, o, "o")                                                                          \
    FIELD(int8_t, p, "p")                                                                          \
    FIELD(uint16_t, q, "q")                                                                        \
    FIELD(int32_t, r, "r")                                                                         \
    FIELD(uint64_t, s, "s")
BO_STRUCT(scalars, SCALAR_FIELDS);

static const bo_type *const at_file_scope[] = {bo_type_of(user), bo_type_of(users),
                                               bo_type_of(double), bo_type_of(BO_SLICE(int))};

TEST(every_scalar_has_the_kind_of_its_width)
{
    static const uint8_t kinds[] = {
        BO_KIND_INT8,  BO_KIND_INT16,  BO_KIND_INT32,  BO_KIND_INT64,  BO_KIND_INT64,
        BO_KIND_UINT8, BO_KIND_UINT16, BO_KIND_UINT32, BO_KIND_UINT64, BO_KIND_UINT64,
        BO_KIND_INT64, BO_KIND_FLOAT,  BO_KIND_DOUBLE, BO_KIND_BOOL,   BO_KIND_STR,
        BO_KIND_INT8,  BO_KIND_UINT16, BO_KIND_INT32,  BO_KIND_UINT64,
    };
    const bo_type *type = bo_type_of(scalars);
    REQUIRE_EQ(type->field_count, sizeof kinds);
    EXPECT(!type->has_rules);
    for (size_t i = 0; i < sizeof kinds; i++) {
        const bo_field *field = &type->fields[i];
        test_case("%c", field->key_[2]);
        EXPECT_EQ(field->kind, kinds[i]);
        EXPECT_EQ(field->type->kind, kinds[i]);
        size_t next = i + 1 < sizeof kinds ? type->fields[i + 1].offset : type->size;
        EXPECT(field->offset + field->type->size <= next);
    }
}

TEST(a_description_has_names_offsets_flags_and_rules)
{
    const bo_type *type = bo_type_of(user);
    EXPECT_EQ(type->name, "user");
    EXPECT_EQ(type->kind, BO_KIND_STRUCT);
    EXPECT_EQ(type->size, sizeof(user));
    EXPECT_EQ(type->align, _Alignof(user));
    EXPECT_EQ(type->field_count, 12);
    EXPECT(type->has_rules);

    const bo_field *name = bo_type_field(type, bo_s("name"));
    REQUIRE(name != NULL);
    EXPECT_EQ(bo_field_name(name), "name");
    EXPECT_EQ(name->offset, offsetof(user, name));
    EXPECT_EQ(name->flags, BO_FIELD_OMITEMPTY | BO_FIELD_OMITZERO);
    EXPECT(name->rules->required);
    EXPECT_EQ(name->rules->min_len, 0);
    EXPECT_EQ(name->rules->max_len, 20);

    const bo_field *age = bo_type_field(type, bo_s("age"));
    EXPECT_EQ(age->kind, BO_KIND_OPTIONAL);
    EXPECT_EQ(age->type->elem->kind, BO_KIND_INT32);
    EXPECT(age->rules->min < -1e300L && age->rules->max == 150);
    EXPECT_EQ(offsetof(user, age.presence), age->offset + age->type->elem->size);

    EXPECT_EQ(bo_type_field(type, bo_s("id"))->kind, BO_KIND_UINT64);
    EXPECT_EQ(bo_type_field(type, bo_s("id"))->rules->min == 1, true);
    EXPECT(bo_type_field(type, bo_s("boss"))->type->elem == type);
    EXPECT(bo_type_field(type, bo_s("friends"))->type->elem == type);
    EXPECT_EQ(bo_type_field(type, bo_s("roles"))->type->elem->kind, BO_KIND_STR);
    EXPECT(bo_type_field(type, bo_s("work"))->type->elem == bo_type_of(address));
    EXPECT(bo_type_of(users)->elem == type);
    EXPECT(at_file_scope[0] == type);
    EXPECT_EQ(at_file_scope[3]->elem->kind, BO_KIND_INT32);
}

TEST(a_field_is_found_by_its_whole_name_only)
{
    const bo_type *type = bo_type_of(user);
    static const char *const absent[] = {"", "-", "i", "idd", "ID", "name,omitempty", "hidden"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        test_case("%s", absent[i]);
        EXPECT(bo_type_field(type, bo_str_of(absent[i])) == NULL);
    }
    for (unsigned i = 0; i < type->field_count; i++)
        if (!(type->fields[i].flags & BO_FIELD_HIDDEN))
            EXPECT(bo_type_field(type, bo_field_name(&type->fields[i])) == &type->fields[i]);
    EXPECT_EQ(bo_type_field(type, bo_str_of("a234567890123456789012345678901234567890123456789012"
                                            "345678901234"))
                  ->name_len,
              64);
}

TEST(zero_is_what_each_type_takes_for_it)
{
    user u = {0};
    EXPECT(bo_type_is_zero(bo_type_of(user), &u));
    u.home.latitude = -0.0;
    EXPECT(bo_type_is_zero(bo_type_of(user), &u));
    u.home.street = bo_str_n("x", 0);
    EXPECT(bo_type_is_zero(bo_type_of(user), &u));
    u.roles.cap = 4;
    EXPECT(bo_type_is_zero(bo_type_of(user), &u));
    u.work.presence = BO_NULL;
    EXPECT(!bo_type_is_zero(bo_type_of(user), &u));
    u.work.presence = BO_ABSENT;
    u.home.latitude = 5e-324;
    EXPECT(!bo_type_is_zero(bo_type_of(user), &u));
    EXPECT(!bo_type_is_zero(bo_type_of(user_id), &(user_id){1}));
    EXPECT(!bo_type_is_zero(bo_type_of(float), &(float){1e-45f}));
}

// What the compiler says to a field.
static bo_str compile(bo_arena *arena, const char *compiler, const char *field, int *status)
{
    char line[1024];
    snprintf(
        line, sizeof line,
        "printf '%%s\\n' '#include <bora/type.h>' 'typedef struct { int x; } plain;'"
        " '#define F(FIELD) FIELD(int, id, \"id,omitempty\") %s' 'BO_STRUCT(s, F);'"
        " | LC_ALL=C %s -std=gnu17 -Wall -Wextra -Wpedantic -I../../include -fsyntax-only -xc -",
        field, compiler);
    const char *const argv[] = {"sh", "-c", line, NULL};
    bo_process_result result;
    bo_process_options options = {.in = BO_PROCESS_NULL, .err = BO_PROCESS_MERGE};
    REQUIRE(bo_process_run(arena, argv, &options, bo_s(""), &result) == NULL);
    *status = result.status;
    return result.out;
}

TEST(a_wrong_description_does_not_compile_and_says_why)
{
    static const struct {
        const char *field, *gcc, *clang;
    } cases[] = {
        {"FIELD(int, a, \"a\", .min = 1)", "", ""},
        {"FIELD(int, a, \"id\")", "the name of a is given twice", "duplicate case value"},
        {"FIELD(int, a, \"id,omitzero\")", "the name of a is given twice", "duplicate case value"},
        {"FIELD(int, a, \"\")", "the tag of a begins with a name of 1 to 64 bytes", NULL},
        {"FIELD(int, a, \"a2345678901234567890123456789012345678901234567890123456789012345\")",
         "the tag of a begins with a name of 1 to 64 bytes", NULL},
        {"FIELD(int, a, \"a,omitemty\")", "the tag of a has an option other than omitempty", NULL},
        {"FIELD(int, a, \"a,omitempty,\")", "the tag of a has an option other than", NULL},
        {"FIELD(int, a, \"a,omitempty,omitzero,omitzero\")", "the tag of a has an option", NULL},
        {"FIELD(int, a, \"a\\\"b\")", "the tag of a has a quote or a backslash", NULL},
        {"FIELD(int, a, \"a\\\\b\")", "the tag of a has a quote or a backslash", NULL},
        {"FIELD(int, a, \"-\", .min = 1)", "a stays inside and has constraints", NULL},
        {"FIELD(int, a, \"a\", .min_len = 1)",
         "bo__constraints_of_a_number' has no member named 'min_len'", "'min_len'"},
        {"FIELD(bo_str, a, \"a\", .min = 1)",
         "bo__constraints_of_a_bo_str' has no member named 'min'", "'min'"},
        {"FIELD(BO_OPTIONAL(int), a, \"a\", .max_len = 1)",
         "bo__constraints_of_a_number' has no member named 'max_len'", "'max_len'"},
        {"FIELD(BO_POINTER(bo_str), a, \"a\", .max = 1)",
         "bo__constraints_of_a_bo_str' has no member named 'max'", "'max'"},
        {"FIELD(bo_strs, a, \"a\", .format = BO_FORMAT_EMAIL)",
         "bo__constraints_of_a_slice' has no member named 'format'", "'format'"},
        {"FIELD(bool, a, \"a\", .min = 1)",
         "bo__constraints_of_any_type' has no member named 'min'", "'min'"},
        {"FIELD(bo_str, a, \"a\", .format = \"email\")", "enum bo_format", "bo_format"},
        {"FIELD(bo_str, a, \"a\", .format = BO_FORMAT_EMIAL)", "BO_FORMAT_EMIAL", NULL},
        {"FIELD(plain, a, \"a\")", "bo__type_plain", NULL},
        {"FIELD(char, a, \"a\")", "bo__type_char", NULL},
        {"FIELD(BO_SLICE(plain), a, \"a\")", "bo__type_plain", NULL},
        {"FIELD(void *, a, \"a\")", "bo__ruled_void", NULL},
    };
    static const char *const compilers[] = {"gcc", "clang"};
    bo_arena arena = {0};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        const char *compiler = compilers[i % 2], *want = cases[i / 2].gcc;
        if (i % 2 && cases[i / 2].clang)
            want = cases[i / 2].clang;
        test_case("%s: %s", compiler, cases[i / 2].field);
        int status;
        bo_str said = compile(&arena, compiler, cases[i / 2].field, &status);
        if (status == 127)
            continue;
        EXPECT_EQ(status != 0, *want != '\0');
        if (bo_str_find(said, bo_str_of(want)) < 0)
            test_fail("it says " BO_FMT, BO_ARG(said));
        if (!*want)
            EXPECT_EQ(said, "");
    }
    bo_arena_free(&arena);
}
