// SPDX-License-Identifier: MIT
// bora/json.h: JSON to and from described types (RFC 8259, and strict as I-JSON, RFC 7493, is).
//
//     BO_STRUCT(user, USER_FIELDS);                   // See bora/type.h.
//
//     user u;
//     bo_err err = bo_json_decode(&arena, text, user, &u, .refuse_unknown = true);
//     if (err)
//         return err;                              // "age: expected integer, got string at byte 9"
//     bo_str out;
//     err = bo_json_encode(&arena, user, &u, &out);   // {"id":1,"name":"Ada"}
//
// T is what bo_type_of takes: a struct of BO_STRUCT, a name of BO_TYPE, or a scalar.
//
// What becomes what. Integers are whole and exact: 1.0 and 1e3 are no integers, and one that does
// not fit the member is refused. Doubles and floats are rounded to the nearest, and written with
// the fewest digits that give the same value back. Strings are UTF-8. A slice is an array, also
// when it is empty; a struct an object with a member for each field.
//
// null stands for the zero value: of a pointer NULL, of an optional BO_NULL, of a slice the empty
// one. It satisfies no .required, and what must not be zero (bora/type.h) must not be null.
// Pointers and optionals without a value are written as null.
//
// Names match exactly, case included. A name that is no field's is skipped, or refused by option; a
// field's name twice in an object is refused. What is skipped must be JSON too, but names in it are
// not compared.
//
// Refused, always: what follows the value, a byte order mark, invalid UTF-8, lone surrogates,
// control characters in strings, and NaN and the infinities, for which JSON has no words.
#ifndef BORA_JSON_H
#define BORA_JSON_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/io.h>
#include <bora/str.h>
#include <bora/type.h>

// The limits, in both directions where it applies. Beyond them: BO_TOO_LARGE.
#define BO_JSON_DEPTH_MAX 128             // Arrays and objects in each other.
#define BO_JSON_NUMBER_MAX 1024           // Bytes of a number.
#define BO_JSON_MEMORY_MAX (64ull << 20)  // Bytes for slices and pointers, unless an option says.

// How to decode. Zero is the default.
typedef struct {
    bool refuse_unknown;  // A name that is no field's is an error, and not skipped.
    size_t memory_max;  // In place of BO_JSON_MEMORY_MAX: "[{},{},...]" asks for much with little.
} bo_json_options;

// bo_json_decode(arena, text, T, value, options...) reads the whole of text into *value, which it
// overwrites: what is not in the text is zero. Strings are views of the text where they stand there
// as they are, and copies in the arena where the text has escapes: both must live as long as
// *value. (A text of under 16 bytes, or one that does not end in a bracket, is copied to the arena
// first.) Slices and what pointers point to live in the arena.
//
// Errors name the field, the byte (from 0), what was expected and what was found. BO_INVALID: this
// is not JSON, or not of this type; it stops at the first one. BO_UNPROCESSABLE: the text was read,
// and fields break their constraints; all are listed, up to 16 and then their number. BO_TOO_LARGE:
// see the limits. After an error *value is zero. Does not park.
#define bo_json_decode(arena, text, T, value, ...)                                                 \
    bo__json_decode((arena), (text), bo_type_of(T), (1 ? (value) : (T *)0),                        \
                    __extension__(bo_json_options){__VA_ARGS__})

// bo_json_encode(arena, T, value, out) writes *value as JSON, without spaces, into the arena; a NUL
// follows. BO_INVALID if a number is not finite or a string not UTF-8, with the field's path;
// BO_TOO_LARGE if it is nested too deeply. Does not park.
#define bo_json_encode(arena, T, value, out)                                                       \
    bo__json_encode((arena), bo_type_of(T), (1 ? (value) : (const T *)0), (out))

// bo_json_write(writer, T, value) is bo_json_encode to a writer, piece by piece: after an error
// some of it may have been written. The writer's errors are returned as they are. It does not
// flush. Parks where the writer does.
#define bo_json_write(writer, T, value)                                                            \
    bo__json_write((writer), bo_type_of(T), (1 ? (value) : (const T *)0))

// The untyped core: *value is of the type described.
bo_err bo__json_decode(bo_arena *arena, bo_str text, const bo_type *type, void *value,
                       bo_json_options options);
bo_err bo__json_encode(bo_arena *arena, const bo_type *type, const void *value, bo_str *out);
bo_err bo__json_write(bo_writer *writer, const bo_type *type, const void *value);

#endif
