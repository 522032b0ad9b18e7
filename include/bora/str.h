// SPDX-License-Identifier: MIT
// bora/str.h: strings as views.
//
// A bo_str is a pointer and a length, passed by value. It never owns its bytes, is not terminated
// by NUL, and may hold any bytes. Whoever made the bytes says how long they live: a literal for
// ever, an arena's until the arena is reset.
//
//     bo_str pair = bo_s("port=80"), key, value;
//     if (bo_str_cut(pair, '=', &key, &value))
//         printf(BO_FMT " is " BO_FMT "\n", BO_ARG(key), BO_ARG(value));
//
// The zero value is the empty string. No function here parks.
#ifndef BORA_STR_H
#define BORA_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bo_arena bo_arena;

typedef struct {
    const char *ptr;
    size_t len;
} bo_str;

// bo_s makes a bo_str of a string literal; anything else does not compile.
#define bo_s(literal) ((bo_str){"" literal "", sizeof(literal) - 1})

// BO_FMT and BO_ARG print a bo_str with the printf family: up to its first NUL, and up to 2 GB.
#define BO_FMT "%.*s"
#define BO_ARG(s) (int)((s).len < INT32_MAX ? (s).len : INT32_MAX), (s).ptr

// bo_str_of views a NUL-terminated string; NULL is the empty string.
static inline bo_str bo_str_of(const char *text)
{
    return text ? (bo_str){text, strlen(text)} : (bo_str){0};
}

// bo_str_n views len bytes at ptr.
static inline bo_str bo_str_n(const char *ptr, size_t len)
{
    return (bo_str){ptr, len};
}

// bo_str_eq compares the bytes.
static inline bool bo_str_eq(bo_str a, bo_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

// bo_str_eq_fold compares without regard to the case of ASCII letters.
bool bo_str_eq_fold(bo_str a, bo_str b);

// bo_str_cmp orders by bytes, like memcmp; a prefix comes first.
int bo_str_cmp(bo_str a, bo_str b);

// bo_str_starts and bo_str_ends report whether s begins or ends with the bytes of the other.
bool bo_str_starts(bo_str s, bo_str prefix);
bool bo_str_ends(bo_str s, bo_str suffix);

// bo_str_find returns the first offset of needle in s, or -1. An empty needle is found at 0.
ptrdiff_t bo_str_find(bo_str s, bo_str needle);

// bo_str_find_byte returns the first offset of a byte in s, or -1.
ptrdiff_t bo_str_find_byte(bo_str s, char byte);

// bo_str_sub is the part of s from one offset up to another; both are cut to the length.
bo_str bo_str_sub(bo_str s, size_t from, size_t to);

// bo_str_trim drops ASCII white space (space, \t, \r, \n) at both ends.
bo_str bo_str_trim(bo_str s);

// bo_str_cut splits s around the first separator and reports whether there was one. Without one,
// *before is s and *after is empty. Either may be NULL.
bool bo_str_cut(bo_str s, char separator, bo_str *before, bo_str *after);

// bo_str_next takes the next field off *rest and reports whether there was one:
//     for (bo_str rest = path, part; bo_str_next(&rest, '/', &part);)
// "a/" has two fields, the second one empty; "" has one, the zero bo_str none.
bool bo_str_next(bo_str *rest, char separator, bo_str *field);

// bo_str_int and bo_str_uint parse the whole of s as a decimal integer, a minus sign first for the
// signed one, and report whether it is one that fits. *out is written only then.
bool bo_str_int(bo_str s, int64_t *out);
bool bo_str_uint(bo_str s, uint64_t *out);

// bo_str_hash is a fast 64-bit hash keyed with a secret drawn at start, so that a stranger cannot
// choose colliding keys. It differs from run to run.
uint64_t bo_str_hash(bo_str s);

// bo_utf8_valid reports whether s is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, no
// overlong forms, nothing above U+10FFFF).
bool bo_utf8_valid(bo_str s);

// bo_str_clone copies s into the arena, with a NUL behind it.
bo_str bo_str_clone(bo_arena *arena, bo_str s);

// bo_str_c copies s into the arena and returns it as a C string.
const char *bo_str_c(bo_arena *arena, bo_str s);

// bo_str_printf formats into the arena; a NUL follows.
bo_str bo_str_printf(bo_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
