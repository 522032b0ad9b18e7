// SPDX-License-Identifier: MIT
// json.h: what decoding and encoding share: where in a value we are, and how errors say so.
//
// Each struct or slice that is being worked on has a json_place in its stack frame, linked to the
// one around it. Nobody builds a path unless there is an error to report.
#ifndef BORA_SRC_ENCODING_JSON_H
#define BORA_SRC_ENCODING_JSON_H

#include <bora/json.h>

typedef struct json_place json_place;
struct json_place {
    const json_place *outer;
    const bo_field *field;  // The field of a struct; NULL: none yet, or an element.
    bo_str name;            // In place of a field: a name that is none's, as it stands in the text.
    bool is_slice;
    size_t index;  // Of the element.
};

// The most that a path takes in an error; the outer parts are cut.
#define JSON_PATH_MAX 128

// bo__json_path writes a path like `users[3].age`, and ": " behind it if it isn't empty.
bo_str bo__json_path(const json_place *place, char buffer[JSON_PATH_MAX + 8]);

// ---- decoding ----

typedef struct {
    bo_arena *arena;
    const char *begin, *end;  // The text: at least sixteen bytes, see json_decode.c.
    const json_place *place;  // The innermost.
    bo_err err;               // The first error; static or owned.
    char *broken;             // The list of broken constraints, of BROKEN_BYTES, or NULL.
    size_t broken_len;
    size_t broken_count;
    size_t memory_left;
    unsigned depth;
    bool refuse_unknown;
} json_decoder;

// These report what is wrong at a byte, and return NULL for their callers to return.
const char *bo__json_expected(json_decoder *d, const char *at, const char *expected);
const char *bo__json_fail(json_decoder *d, bo_err kind, const char *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// bo__json_add_broken adds to the list of broken constraints: "name: expected ... at byte 9".
void bo__json_add_broken(json_decoder *d, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// bo__json_broken is the list as an error, or NULL if there is none.
bo_err bo__json_broken(const json_decoder *d);

// bo__json_str reads a string from behind its first quote and returns the place behind its last;
// out may be NULL. NULL after an error.
const char *bo__json_str(json_decoder *d, const char *at, bo_str *out);

// bo__json_number checks the grammar of the number at `at` and returns the place behind it.
const char *bo__json_number(json_decoder *d, const char *at);

// A digit, a minus: what begins a number, or would.
static inline bool json_is_digit(char c)
{
    return (uint8_t)(c - '0') <= 9;
}

#endif
