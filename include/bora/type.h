// SPDX-License-Identifier: MIT
// bora/type.h: one description of a struct, read by all that moves data in and out of it.
//
// BO_STRUCT declares a struct and, from the same lines, a bo_type that describes it: offsets,
// kinds, names, constraints. JSON, forms, SQL rows, templates and OpenAPI read that one table.
//
//     #define USER_FIELDS(FIELD)                                                 \ (and so on)
//         FIELD(int64_t, id,             "id")
//         FIELD(bo_str, name,            "name", .min_len = 1)
//         FIELD(bo_str, email,           "email,omitempty", .format = BO_FORMAT_EMAIL)
//         FIELD(BO_SLICE(bo_str), roles, "roles,omitempty", .max_len = 8)
//         FIELD(BO_OPTIONAL(int), age,   "age", .min = 0, .max = 150)
//     BO_STRUCT(user, USER_FIELDS);
//
//     user u = {.name = bo_s("Ada")};                 // An ordinary struct.
//     const bo_type *type = bo_type_of(user);         // A constant.
//
// A FIELD is a type, a member, a tag, and constraints by name. It may stand in a header that many
// files include. The table is constant data that the compiler makes: no code runs to build it.
//
// Types. A field's type is one of
//     bool, every integer type of C and stdint.h but char, float, double, bo_str, bo_strs;
//     a name declared by BO_STRUCT or BO_TYPE, the struct's own only behind the next two;
//     BO_SLICE(T), BO_POINTER(T), BO_OPTIONAL(T), where T is one of the two lines above.
// Any other does not compile: "bo__type_T undeclared". BO_TYPE names what needs a name:
//     BO_TYPE(users, BO_SLICE(user));                 // typedef of a slice, and its bo_type
//     BO_TYPE(user_id, uint64_t);
//
// Tags. First the name outside of C (1 to 64 bytes of UTF-8; no quote, backslash, comma or control
// character), or "-" for a member that stays inside. Then, after commas:
//     omitempty   not written when false, 0, "", an empty slice, NULL, or an optional without value
//     omitzero    not written when it is the zero value of its type, structs included
// Another option, or the same name twice in a struct, does not compile. An optional that is absent
// is never written.
//
// Constraints are the members of bo_rules that fit the type; another does not compile. They hold
// for the value behind a pointer or in an optional where there is one. With omitempty or omitzero
// the zero value stands for "absent", and only .required is asked of it. Any other field that is
// not in the input, or null there, has the zero value, which must keep the constraints just the
// same, those inside of a struct too.
//
// C only: a descriptor needs _Generic. Nothing here parks; all of it is safe from any thread.
#ifndef BORA_TYPE_H
#define BORA_TYPE_H

#include <bora/slice.h>
#include <bora/str.h>

typedef enum {
    BO_KIND_BOOL,
    BO_KIND_INT8,
    BO_KIND_INT16,
    BO_KIND_INT32,
    BO_KIND_INT64,
    BO_KIND_UINT8,
    BO_KIND_UINT16,
    BO_KIND_UINT32,
    BO_KIND_UINT64,
    BO_KIND_FLOAT,
    BO_KIND_DOUBLE,
    BO_KIND_STR,
    BO_KIND_STRUCT,
    BO_KIND_SLICE,
    BO_KIND_POINTER,
    BO_KIND_OPTIONAL,
} bo_kind;

// What the text in a bo_str must look like.
typedef enum bo_format {
    BO_FORMAT_ANY,
    BO_FORMAT_EMAIL,  // As <input type=email> has it (WHATWG HTML), in at most 254 bytes.
} bo_format;

// What a value must satisfy. A number has min and max, a bo_str min_len, max_len (in characters)
// and format, a slice min_len and max_len (in elements), and any field required.
typedef struct {
    bool required;  // Present in the input, and not null.
    bo_format format;
    long double min;  // Holds every 64-bit integer exactly. -infinity: no limit.
    long double max;  // infinity: no limit.
    size_t min_len;
    size_t max_len;  // SIZE_MAX: no limit.
} bo_rules;

typedef struct bo_type bo_type;
typedef struct bo_field bo_field;

enum {
    BO_FIELD_OMITEMPTY = 1,
    BO_FIELD_OMITZERO = 2,
    BO_FIELD_HIDDEN = 4,  // Tag "-".
};

struct bo_field {
    const bo_type *type;
    const char *key_;       // `,"` and the tag and 64 NULs; bo_field_name is the name alone.
    const bo_rules *rules;  // NULL: none.
    uint32_t offset;
    uint8_t name_len;
    uint8_t kind;   // A bo_kind: type->kind.
    uint8_t flags;  // BO_FIELD_*
};

struct bo_type {
    const char *name;  // "user"; of a scalar the bo_kind's, like "int64"; "slice", ...
    uint8_t kind;      // A bo_kind.
    bool has_rules;    // A struct of which a field has rules, or is such a struct.
    uint16_t field_count;
    uint32_t size;
    uint32_t align;
    const bo_field *fields;  // Of a struct, else NULL.
    const bo_type *elem;     // Of a slice, pointer or optional, else NULL.
};

// bo_type_of is the description of a type: a constant, usable in a static initializer.
#define bo_type_of(T) BO__PICK(BO__IS_##T, BO__SCALAR_TYPE, BO__NAMED_TYPE)((T), bo__type_##T)

// bo_field_name is the field's name outside of C, such as in JSON. It lives for ever.
static inline bo_str bo_field_name(const bo_field *field)
{
    return (bo_str){field->key_ + 2, field->name_len};
}

// bo_type_field finds a field by its name outside of C, or returns NULL. Hidden ones have none.
const bo_field *bo_type_field(const bo_type *type, bo_str name);

// bo_type_is_zero reports whether a value is the zero value of its type: numbers 0, strings and
// slices empty, pointers NULL, optionals absent, structs with such members only.
bool bo_type_is_zero(const bo_type *type, const void *value);

// BO_POINTER(T) is a T * that may be NULL; what is decoded into it lives in the arena.
#define BO_POINTER(T) T *

// BO_OPTIONAL(T) tells an absent value, a null and a value apart:
//     if (patch.age.presence == BO_PRESENT)
//         u.age = patch.age.value;
// The zero value is absent. The presence lies right behind the value.
#define BO_OPTIONAL(T)                                                                             \
    struct {                                                                                       \
        T value;                                                                                   \
        uint8_t presence;                                                                          \
    }

enum { BO_ABSENT, BO_NULL, BO_PRESENT };

// BO_SOME initializes an optional with a value: `.age = BO_SOME(36)`.
#define BO_SOME(...)                                                                               \
    {                                                                                              \
        .value = (__VA_ARGS__), .presence = BO_PRESENT                                             \
    }

// BO_STRUCT declares struct S, the type name S, and their description, from a macro that lists the
// fields (see above). Up to 256 fields. It stands at file scope.
#define BO_STRUCT(S, FIELDS)                                                                       \
    BO__QUIET_BEGIN                                                                                \
    enum { bo__kind_##S = BO_KIND_STRUCT, bo__ruled_##S = BO_KIND_STRUCT };                        \
    typedef struct S S;                                                                            \
    struct S {                                                                                     \
        FIELDS(BO__MEMBER)                                                                         \
    };                                                                                             \
    BO__EACH_NAME_ONCE(S, FIELDS)                                                                  \
    enum {                                                                                         \
        bo__field_count_##S = 0 FIELDS(BO__ONE),                                                   \
        bo__has_rules_##S = (0 FIELDS(BO__RULE)) > 0,                                              \
    };                                                                                             \
    _Static_assert(bo__field_count_##S <= 256, #S " has more than 256 fields");                    \
    static const bo_type bo__type_##S;                                                             \
    static const bo_field bo__fields_##S[] = {FIELDS(BO__FIELD_OF(S))};                            \
    __attribute__((unused)) static const bo_type bo__type_##S = {                                  \
        .name = #S,                                                                                \
        .kind = BO_KIND_STRUCT,                                                                    \
        .has_rules = bo__has_rules_##S,                                                            \
        .field_count = bo__field_count_##S,                                                        \
        .size = sizeof(S),                                                                         \
        .align = _Alignof(S),                                                                      \
        .fields = bo__fields_##S,                                                                  \
    };                                                                                             \
    BO__QUIET_END                                                                                  \
    _Static_assert(1, "takes the semicolon")

// BO_TYPE gives the name N to a type that FIELD could take, other than a struct's name, and
// describes it under that name.
#define BO_TYPE(N, T)                                                                              \
    BO__QUIET_BEGIN                                                                                \
    typedef T N;                                                                                   \
    enum {                                                                                         \
        bo__kind_##N = BO__PICK(BO__IS_##T, BO__SCALAR_KIND, BO__NAMED_KIND)((T), bo__kind_##T),   \
        bo__ruled_##N = BO__PICK(BO__IS_##T, BO__SCALAR_KIND, BO__NAMED_KIND)((T), bo__ruled_##T), \
        bo__has_rules_##N = 0                                                                      \
    };                                                                                             \
    __attribute__((unused)) static const bo_type bo__type_##N =                                    \
        BO__PICK(BO__IS_##T, BO__SCALAR_INIT, BO__NAMED_INIT)((T), bo__type_##T);                  \
    BO__QUIET_END                                                                                  \
    _Static_assert(1, "takes the semicolon")

// ---- what the macros above expand to; nothing below is for direct use ----

// The scalars, by kind.
extern const bo_type bo__scalars[BO_KIND_STR + 1];

// A type T of a field is resolved by pasting. BO__IS_##T is a macro if T begins with a word below:
// then _Generic finds the kind of whatever T is. Else bo__type_##T and bo__kind_##T are the
// constants of a BO_STRUCT or BO_TYPE, or the macros for BO_SLICE(E) and its like. bo__ruled_##T is
// the kind that T's constraints are for: that of what is in an optional or behind a pointer.
// bo__has_rules_##T is whether there are constraints in a zero T.
#define BO__IS_bool ~,
#define BO__IS__Bool ~,
#define BO__IS_signed ~,
#define BO__IS_unsigned ~,
#define BO__IS_short ~,
#define BO__IS_int ~,
#define BO__IS_long ~,
#define BO__IS_float ~,
#define BO__IS_double ~,
#define BO__IS_int8_t ~,
#define BO__IS_int16_t ~,
#define BO__IS_int32_t ~,
#define BO__IS_int64_t ~,
#define BO__IS_uint8_t ~,
#define BO__IS_uint16_t ~,
#define BO__IS_uint32_t ~,
#define BO__IS_uint64_t ~,
#define BO__IS_intptr_t ~,
#define BO__IS_uintptr_t ~,
#define BO__IS_ptrdiff_t ~,
#define BO__IS_size_t ~,
#define BO__IS_ssize_t ~,
#define BO__IS_bo_str ~,

// BO__PICK(BO__IS_##T, scalar, named) is one of two macro names. T travels in parentheses, since
// what it expands to may hold commas. An element is picked by macros of their own, because no macro
// expands inside itself.
#define BO__PICK(...) BO__THIRD(__VA_ARGS__, ~)
#define BO__THIRD(a, b, c, ...) c
#define BO__PICK_ELEM(...) BO__THIRD_ELEM(__VA_ARGS__, ~)
#define BO__THIRD_ELEM(a, b, c, ...) c
#define BO__STRIP(...) __VA_ARGS__

#define BO__SCALAR_TYPE(T, ...) (&bo__scalars[BO__SCALAR_KIND(T, ~)])
#define BO__NAMED_TYPE(T, ...) (&__VA_ARGS__)

#define BO__SCALAR_INIT(T, ...)                                                                    \
    {                                                                                              \
        .name = "scalar", .kind = BO__SCALAR_KIND(T, ~), .size = sizeof(BO__STRIP T),              \
        .align = _Alignof(BO__STRIP T)                                                             \
    }
#define BO__NAMED_INIT(T, ...) __VA_ARGS__
#define BO__NAMED_KIND(T, ...) __VA_ARGS__
#define BO__SCALAR_KIND(T, ...)                                                                    \
    _Generic((BO__STRIP T *)0,                                                                     \
        bool *: BO_KIND_BOOL,                                                                      \
        signed char *: BO_KIND_INT8,                                                               \
        short *: BO_KIND_INT16,                                                                    \
        int *: BO_KIND_INT32,                                                                      \
        long *: BO_KIND_INT64,                                                                     \
        long long *: BO_KIND_INT64,                                                                \
        unsigned char *: BO_KIND_UINT8,                                                            \
        unsigned short *: BO_KIND_UINT16,                                                          \
        unsigned int *: BO_KIND_UINT32,                                                            \
        unsigned long *: BO_KIND_UINT64,                                                           \
        unsigned long long *: BO_KIND_UINT64,                                                      \
        float *: BO_KIND_FLOAT,                                                                    \
        double *: BO_KIND_DOUBLE,                                                                  \
        bo_str *: BO_KIND_STR)

_Static_assert(sizeof(long) == 8, "the kinds take long for 64 bits");

// The types that hold another one.
#define BO__ELEM(E) BO__PICK_ELEM(BO__IS_##E, BO__SCALAR_TYPE, BO__NAMED_TYPE)((E), bo__type_##E)
#define BO__ELEM_KIND(E)                                                                           \
    BO__PICK_ELEM(BO__IS_##E, BO__SCALAR_KIND, BO__NAMED_KIND)((E), bo__kind_##E)
#define BO__HOLDER(text, of_kind, C, ...)                                                          \
    ((const bo_type){.name = text,                                                                 \
                     .kind = of_kind,                                                              \
                     .size = sizeof(BO__STRIP C),                                                  \
                     .align = _Alignof(BO__STRIP C),                                               \
                     .elem = __VA_ARGS__})

#define bo__has_rules_BO_SLICE(E) 0
#define bo__has_rules_BO_POINTER(E) 0
#define bo__has_rules_BO_OPTIONAL(E) 0
#define bo__kind_BO_SLICE(E) BO_KIND_SLICE
#define bo__kind_BO_POINTER(E) BO_KIND_POINTER
#define bo__kind_BO_OPTIONAL(E) BO_KIND_OPTIONAL
#define bo__ruled_BO_SLICE(E) BO_KIND_SLICE
#define bo__ruled_BO_POINTER(E) BO__ELEM_KIND(E)
#define bo__ruled_BO_OPTIONAL(E) BO__ELEM_KIND(E)
#define bo__type_BO_SLICE(E) BO__HOLDER("slice", BO_KIND_SLICE, (BO_SLICE(E)), BO__ELEM(E))
#define bo__type_BO_POINTER(E) BO__HOLDER("pointer", BO_KIND_POINTER, (E *), BO__ELEM(E))
#define bo__type_BO_OPTIONAL(E)                                                                    \
    BO__HOLDER("optional", BO_KIND_OPTIONAL, (BO_OPTIONAL(E)), BO__ELEM(E))

enum {
    bo__kind_bo_strs = BO_KIND_SLICE,
    bo__ruled_bo_strs = BO_KIND_SLICE,
    bo__has_rules_bo_strs = 0,
};
extern const bo_type bo__type_bo_strs;

// A member, and what must be true of its line.
#define BO__MEMBER(T, member, tag, ...)                                                            \
    T member;                                                                                      \
    _Static_assert(BO__NAME_LEN(tag) >= 1 && BO__NAME_LEN(tag) <= 64,                              \
                   "the tag of " #member " begins with a name of 1 to 64 bytes");                  \
    _Static_assert(BO__LEN_FROM(tag "\"", '"') == 1 && BO__LEN_FROM(tag "\\", '\\') == 1,          \
                   "the tag of " #member " has a quote or a backslash");                           \
    _Static_assert(BO__OPTION_OK(BO__COMMA_1(tag)) && BO__OPTION_OK(BO__COMMA_2(tag)) &&           \
                       __builtin_strlen(BO__COMMA_3(tag)) <= 3,                                    \
                   "the tag of " #member " has an option other than omitempty and omitzero");      \
    _Static_assert(!BO__IS_HIDDEN(tag) || (0 __VA_OPT__(+1)) == 0,                                 \
                   #member " stays inside and has constraints");                                   \
    _Static_assert(sizeof((BO__RULES_OF(BO__PICK(BO__IS_##T, BO__SCALAR_KIND, BO__NAMED_KIND)(     \
                       (T), bo__ruled_##T))){__VA_ARGS__}) > 0,                                    \
                   "its constraints fit the type");

// The compiler folds these calls. The three commas behind the tag end the search: an option stands
// between two commas, and where none follows another comma does.
#define BO__LEN_FROM(text, byte) __builtin_strlen(__builtin_strchr(text, byte))
#define BO__NAME_LEN(tag) (__builtin_strlen(tag ",") - BO__LEN_FROM(tag ",", ','))
#define BO__COMMA_1(tag) __builtin_strchr(tag ",,,", ',')
#define BO__COMMA_2(tag) __builtin_strchr(BO__COMMA_1(tag) + 1, ',')
#define BO__COMMA_3(tag) __builtin_strchr(BO__COMMA_2(tag) + 1, ',')
#define BO__IS_OPTION(at, option) (__builtin_strncmp(at, "," option ",", sizeof(option) + 1) == 0)
#define BO__OPTION_OK(at)                                                                          \
    (__builtin_strlen(at) <= 3 || BO__IS_OPTION(at, "omitempty") || BO__IS_OPTION(at, "omitzero"))
#define BO__HAS_OPTION(tag, option)                                                                \
    (BO__IS_OPTION(BO__COMMA_1(tag), option) || BO__IS_OPTION(BO__COMMA_2(tag), option))
#define BO__IS_HIDDEN(tag) (__builtin_strcmp(tag, "-") == 0)

// The constraints that fit a kind: what a FIELD states must initialize one of these. They are kept
// in a bo_rules.
struct bo__constraints_of_any_type {
    bool required;
};
struct bo__constraints_of_a_number {
    bool required;
    long double min, max;
};
struct bo__constraints_of_a_bo_str {
    bool required;
    size_t min_len, max_len;
    bo_format format;
};
struct bo__constraints_of_a_slice {
    bool required;
    size_t min_len, max_len;
};
#define BO__RULES_OF(kind)                                                                         \
    __typeof__(*__builtin_choose_expr(                                                             \
        (int)(kind) == BO_KIND_STR, (struct bo__constraints_of_a_bo_str *)0,                       \
        __builtin_choose_expr(                                                                     \
            (int)(kind) == BO_KIND_SLICE, (struct bo__constraints_of_a_slice *)0,                  \
            __builtin_choose_expr((int)(kind) >= BO_KIND_INT8 && (int)(kind) <= BO_KIND_DOUBLE,    \
                                  (struct bo__constraints_of_a_number *)0,                         \
                                  (struct bo__constraints_of_any_type *)0))))

// What a FIELD states comes behind the defaults and overrides them, of which compilers warn; and
// the tags are read with extensions of GNU C.
#define BO__QUIET_BEGIN                                                                            \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverride-init\"")           \
        _Pragma("GCC diagnostic ignored \"-Wpedantic\"")                                           \
            _Pragma("GCC diagnostic ignored \"-Waddress\"")
#define BO__QUIET_END _Pragma("GCC diagnostic pop")

#define BO__RULES(...) BO__RULES_##__VA_OPT__(GIVEN)(__VA_ARGS__)
#define BO__RULES_() 0
#define BO__RULES_GIVEN(...)                                                                       \
    &(const bo_rules)                                                                              \
    {                                                                                              \
        .min = -__builtin_infl(), .max = __builtin_infl(), .max_len = SIZE_MAX, __VA_ARGS__        \
    }

// A FIELD cannot know its struct. So FIELDS is given a macro that ends in the middle of an
// initializer, where the struct's name is known, and goes on with the line of the field.
#define BO__FIELD_OF(S)                                                                            \
    {                                                                                              \
        .offset = (size_t) & ((const S *)0)->BO__FIELD
#define BO__FIELD(T, member, tag, ...)                                                             \
    member, .type = BO__PICK(BO__IS_##T, BO__SCALAR_TYPE, BO__NAMED_TYPE)((T), bo__type_##T),      \
            .kind = BO__PICK(BO__IS_##T, BO__SCALAR_KIND, BO__NAMED_KIND)((T), bo__kind_##T),      \
            .key_ = ",\"" tag BO__PADDING, .name_len = BO__NAME_LEN(tag),                          \
            .rules = BO__RULES(__VA_ARGS__),                                                       \
            .flags = (BO__HAS_OPTION(tag, "omitempty") ? BO_FIELD_OMITEMPTY : 0) |                 \
                     (BO__HAS_OPTION(tag, "omitzero") ? BO_FIELD_OMITZERO : 0) |                   \
                     (BO__IS_HIDDEN(tag) ? BO_FIELD_HIDDEN : 0)                                    \
    }                                                                                              \
    ,

// JSON copies and compares names in whole words, past their end.
#define BO__PADDING                                                                                \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                             \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

#define BO__ONE(T, member, tag, ...) +1
#define BO__RULE(T, member, tag, ...)                                                              \
    __VA_OPT__(+1) + BO__PICK(BO__IS_##T, BO__NO_RULES, BO__NAMED_KIND)((T), bo__has_rules_##T)
#define BO__NO_RULES(T, ...) 0

// The names of a struct must differ, which no operator of C can tell of strings. Clang folds a hash
// of their bytes, and refuses a switch that has a case twice. GCC folds bytes in initializers only,
// but searches in what they initialize, if the array is known to the linker's side of the compiler,
// as one with a section is: each name is looked for twice among all.
#ifdef __clang__
#define BO__EACH_NAME_ONCE(S, FIELDS)                                                              \
    __attribute__((unused)) static inline void bo__names_##S(unsigned long long bo__hash)          \
    {                                                                                              \
        switch (bo__hash) {                                                                        \
            FIELDS(BO__NAME_ONCE)                                                                  \
        }                                                                                          \
    }
#define BO__NAME_ONCE(T, member, tag, ...)                                                         \
    case BO__IS_HIDDEN(tag) ? __COUNTER__:                                                         \
        BO__HASH_32(BO__HASH_32(0ull, tag, 0), tag, 32) :;
#define BO__HASH_1(hash, tag, i) ((hash)*0x9e3779b97f4a7c15u + (uint8_t)BO__NAME_BYTE(tag, i))
#define BO__HASH_2(hash, tag, i) BO__HASH_1(BO__HASH_1(hash, tag, i), tag, i + 1)
#define BO__HASH_4(hash, tag, i) BO__HASH_2(BO__HASH_2(hash, tag, i), tag, i + 2)
#define BO__HASH_8(hash, tag, i) BO__HASH_4(BO__HASH_4(hash, tag, i), tag, i + 4)
#define BO__HASH_16(hash, tag, i) BO__HASH_8(BO__HASH_8(hash, tag, i), tag, i + 8)
#define BO__HASH_32(hash, tag, i) BO__HASH_16(BO__HASH_16(hash, tag, i), tag, i + 16)
#else
#define BO__EACH_NAME_ONCE(S, FIELDS)                                                              \
    __attribute__((unused)) static inline void bo__names_##S(void)                                 \
    {                                                                                              \
        BO__FOLDED bo__all[] = "\n" FIELDS(BO__NAME_LINE);                                         \
        FIELDS(BO__NAME_ONCE)                                                                      \
    }
#define BO__FOLDED __attribute__((section(".rodata.bora_names"))) static const char
#define BO__NAME_LINE(T, member, tag, ...) tag ",\n"
#define BO__NAME_ONCE(T, member, tag, ...)                                                         \
    {                                                                                              \
        BO__FOLDED bo__one[] = {'\n', BO__BYTES_32(tag, 0), BO__BYTES_32(tag, 32),                 \
                                BO__BYTES_1(tag, 64), 0};                                          \
        _Static_assert(BO__IS_HIDDEN(tag) || !__builtin_constant_p(BO__TWICE(bo__all, bo__one)) || \
                           !BO__TWICE(bo__all, bo__one),                                           \
                       "the name of " #member " is given twice");                                  \
    }
#define BO__TWICE(all, one) (__builtin_strstr(__builtin_strstr(all, one) + 1, one) != 0)
#define BO__BYTES_1(tag, i) (i) == BO__NAME_LEN(tag) ? ',' : BO__NAME_BYTE(tag, i)
#define BO__BYTES_2(tag, i) BO__BYTES_1(tag, i), BO__BYTES_1(tag, i + 1)
#define BO__BYTES_4(tag, i) BO__BYTES_2(tag, i), BO__BYTES_2(tag, i + 2)
#define BO__BYTES_8(tag, i) BO__BYTES_4(tag, i), BO__BYTES_4(tag, i + 4)
#define BO__BYTES_16(tag, i) BO__BYTES_8(tag, i), BO__BYTES_8(tag, i + 8)
#define BO__BYTES_32(tag, i) BO__BYTES_16(tag, i), BO__BYTES_16(tag, i + 16)
#endif
#define BO__NAME_BYTE(tag, i) ((i) < BO__NAME_LEN(tag) ? (tag BO__PADDING)[i] : 0)

#endif
