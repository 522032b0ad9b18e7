// SPDX-License-Identifier: MIT
// json_encode.c: described structs as JSON.
//
// Text goes to a window of memory: the arena's allocation, which grows, or a buffer that is sent to
// a writer whenever it is full. Either way the code that writes asks for room rarely: once for a
// field, with its key and any number, and once for a string. A key comes ready from the
// description, comma and quote included, and is copied in blocks of sixteen bytes, past its end.
//
// A string is copied sixteen bytes at a time, and looked at on the way. Only one that has something
// to escape, or is not ASCII, takes the longer way.
#include "encoding/double.h"
#include "encoding/json.h"
#include "encoding/json_scan.h"
#include "base/digits.h"

#define WINDOW_BYTES 2048  // Of a writer.
#define FIRST_BYTES 512    // Of an arena's allocation.
#define KEY_BYTES_MAX 80   // A comma, a name of 64 in quotes, a colon; copied in blocks.
#define SCALAR_BYTES_MAX 32
#define ESCAPE_BYTES_MAX 6

typedef struct {
    char *begin, *end;  // The window.
    bo_arena *arena;    // Where it grows, or
    bo_writer *writer;  // where it goes.
    bo_err err;
    const json_place *place;
    unsigned depth;
} encoder;

static char *fail(encoder *e, bo_err kind, const char *what)
{
    char path[JSON_PATH_MAX + 8];
    bo_str where = bo__json_path(e->place, path);
    e->err = bo_err_new(kind, BO_FMT "%s", BO_ARG(where), what);
    return NULL;
}

// more makes room for `need` bytes behind `at` and returns where that is now. To a writer, `need`
// is at most what a window holds.
__attribute__((noinline)) static char *more(encoder *e, char *at, size_t need)
{
    size_t used = (size_t)(at - e->begin), size = (size_t)(e->end - e->begin);
    if (e->writer) {
        e->err = bo_write(e->writer, bo_str_n(e->begin, used));
        return e->err ? NULL : e->begin;
    }
    size_t wanted = 2 * size > used + need ? 2 * size : used + need;
    e->begin = bo_arena_grow(e->arena, e->begin, size, wanted, 1);
    e->end = e->begin + wanted;
    return e->begin + used;
}

static inline char *room(encoder *e, char *at, size_t need)
{
    return (size_t)(e->end - at) >= need ? at : more(e, at, need);
}

// ---- strings ----

static char *put_escape(char *at, char c)
{
    static const char letters[256] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                      ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    *at++ = '\\';
    if (letters[(uint8_t)c]) {
        *at++ = letters[(uint8_t)c];
        return at;
    }
    memcpy(at, "u00", 3);
    at[3] = (char)('0' + (c >> 4));
    at[4] = "0123456789abcdef"[c & 15];
    return at + 5;
}

static bool is_special(char c)
{
    return (uint8_t)c < ' ' || c == '"' || c == '\\';
}

// put_any_str writes a string that may need escapes or more room than a window has.
__attribute__((noinline)) static char *put_any_str(encoder *e, char *at, bo_str s)
{
    const char *p = s.ptr, *end = p + s.len;
    if (!bo_utf8_valid(s))
        return fail(e, BO_INVALID, "a string that is not UTF-8");
    at = room(e, at, 32);
    if (!at)
        return NULL;
    *at++ = '"';
    while (p < end) {
        at = room(e, at, 32);
        if (!at)
            return NULL;
        if (is_special(*p)) {
            at = put_escape(at, *p++);
        } else if (end - p < 16) {
            *at++ = *p++;
        } else {
            json_block block = json_load(p);
            json_mask stop = json_special(block);
            unsigned plain = stop ? json_first(stop) : 16;
            json_store(at, block);
            at += plain;
            p += plain;
        }
    }
    at = room(e, at, 1);
    if (at)
        *at++ = '"';
    return at;
}

// copy_plain copies up to fifteen bytes and reports whether all are plain.
static inline bool copy_plain(char *to, const char *p, size_t len)
{
    uint64_t low = 0, high = 0;
    if (len >= 8) {
        memcpy(&low, p, 8);
        memcpy(&high, p + len - 8, 8);
        memcpy(to, &low, 8);
        memcpy(to + len - 8, &high, 8);
        return !json_not_plain(json_load_8(p, p + len - 8));
    }
    for (size_t i = 0; i < len; i++) {
        // As a signed byte, what is beyond ASCII is less than a space too.
        if ((int8_t)p[i] < ' ' || p[i] == '"' || p[i] == '\\')
            return false;
        to[i] = p[i];
    }
    return true;
}

static inline char *put_str(encoder *e, char *at, bo_str s)
{
    const char *p = s.ptr;
    size_t left = s.len;
    if ((size_t)(e->end - at) < s.len + 18) {
        if (e->writer && s.len + 18 > WINDOW_BYTES)
            return put_any_str(e, at, s);
        at = more(e, at, s.len + 18);
        if (!at)
            return NULL;
    }
    char *to = at;
    *to++ = '"';
    for (; left >= 16; left -= 16, p += 16, to += 16) {
        json_block block = json_load(p);
        json_store(to, block);
        if (json_not_plain(block))
            return put_any_str(e, at, s);
    }
    if (!copy_plain(to, p, left))
        return put_any_str(e, at, s);
    to[left] = '"';
    return to + left + 1;
}

// ---- values ----

static char *put_value(encoder *e, char *at, const bo_type *type, const void *value);

static char *put_literal(encoder *e, char *at, bo_str word)
{
    at = room(e, at, word.len);
    if (at)
        memcpy(at, word.ptr, word.len);
    return at ? at + word.len : NULL;
}

static char *put_double(encoder *e, char *at, double number)
{
    if (!__builtin_isfinite(number))
        return fail(e, BO_INVALID, "a number that is not finite");
    return bo__put_double(at, number);
}

static char *put_float(encoder *e, char *at, float number)
{
    if (!__builtin_isfinite(number))
        return fail(e, BO_INVALID, "a number that is not finite");
    return bo__put_float(at, number);
}

static char *put_slice(encoder *e, char *at, const bo_type *type, const void *value)
{
    bo__slice slice;
    memcpy(&slice, value, sizeof slice);
    json_place here = {.outer = e->place, .is_slice = true};
    e->place = &here;
    at = room(e, at, 2);
    if (!at)
        return NULL;
    *at++ = '[';
    for (size_t i = 0; i < slice.len; i++) {
        here.index = i;
        at = room(e, at, SCALAR_BYTES_MAX + 1);
        if (!at)
            return NULL;
        if (i > 0)
            *at++ = ',';
        at = put_value(e, at, type->elem, (const char *)slice.ptr + i * type->elem->size);
        if (!at)
            return NULL;
    }
    at = room(e, at, 1);
    if (!at)
        return NULL;
    *at++ = ']';
    e->place = here.outer;
    return at;
}

// is_empty is what omitempty asks.
static bool is_empty(const bo_type *type, const void *value)
{
    if (type->kind == BO_KIND_STRUCT)
        return false;
    if (type->kind == BO_KIND_OPTIONAL)
        return ((const uint8_t *)value)[type->elem->size] != BO_PRESENT;
    return bo_type_is_zero(type, value);
}

static bool is_omitted(const bo_field *field, const void *value)
{
    if (field->flags & BO_FIELD_HIDDEN)
        return true;
    if (field->kind == BO_KIND_OPTIONAL &&
        ((const uint8_t *)value)[field->type->elem->size] == BO_ABSENT)
        return true;
    if (field->flags & BO_FIELD_OMITEMPTY && is_empty(field->type, value))
        return true;
    return field->flags & BO_FIELD_OMITZERO && bo_type_is_zero(field->type, value);
}

static inline char *put_key(char *at, const bo_field *field, char comma)
{
    size_t len = 2 + (size_t)field->name_len;
    memcpy(at, field->key_, 16);
    for (size_t done = 16; done < len; done += 16)
        memcpy(at + done, field->key_ + done, 16);
    *at = comma;
    memcpy(at + len, "\":", 2);
    return at + len + 2;
}

static char *put_struct(encoder *e, char *at, const bo_type *type, const char *value)
{
    json_place here = {.outer = e->place};
    char comma = '{';
    e->place = &here;
    for (unsigned i = 0; i < type->field_count; i++) {
        const bo_field *field = &type->fields[i];
        const char *member = value + field->offset;
        if ((field->flags || field->kind == BO_KIND_OPTIONAL) && is_omitted(field, member))
            continue;
        here.field = field;
        at = room(e, at, KEY_BYTES_MAX + SCALAR_BYTES_MAX);
        if (!at)
            return NULL;
        at = put_key(at, field, comma);
        comma = ',';
        at = put_value(e, at, field->type, member);
        if (!at)
            return NULL;
    }
    at = room(e, at, 2);
    if (!at)
        return NULL;
    if (comma == '{')
        *at++ = '{';
    *at++ = '}';
    e->place = here.outer;
    return at;
}

__attribute__((noinline)) static char *put_nested(encoder *e, char *at, const bo_type *type,
                                                  const void *value)
{
    if (++e->depth > BO_JSON_DEPTH_MAX)
        return fail(e, BO_TOO_LARGE, "nested too deeply");
    at = type->kind == BO_KIND_STRUCT ? put_struct(e, at, type, value)
                                      : put_slice(e, at, type, value);
    e->depth--;
    return at;
}

static char *put_optional(encoder *e, char *at, const bo_type *type, const void *value)
{
    if (((const uint8_t *)value)[type->elem->size] != BO_PRESENT)
        return put_literal(e, at, bo_s("null"));
    return put_value(e, at, type->elem, value);
}

static char *put_pointer(encoder *e, char *at, const bo_type *type, const void *value)
{
    const void *target;
    memcpy(&target, value, sizeof target);
    return target ? put_value(e, at, type->elem, target) : put_literal(e, at, bo_s("null"));
}

#define LOAD(T, value)                                                                             \
    __extension__({                                                                                \
        T loaded;                                                                                  \
        memcpy(&loaded, value, sizeof loaded);                                                     \
        loaded;                                                                                    \
    })

__attribute__((noinline)) static char *put_scalar(encoder *e, char *at, bo_kind kind,
                                                  const void *value)
{
    switch (kind) {
    case BO_KIND_BOOL:
        return put_literal(e, at, LOAD(bool, value) ? bo_s("true") : bo_s("false"));
    case BO_KIND_INT8:
        return bo__put_i64(at, LOAD(int8_t, value));
    case BO_KIND_INT16:
        return bo__put_i64(at, LOAD(int16_t, value));
    case BO_KIND_INT32:
        return bo__put_i64(at, LOAD(int32_t, value));
    case BO_KIND_INT64:
        return bo__put_i64(at, LOAD(int64_t, value));
    case BO_KIND_UINT8:
        return bo__put_u64(at, LOAD(uint8_t, value));
    case BO_KIND_UINT16:
        return bo__put_u64(at, LOAD(uint16_t, value));
    case BO_KIND_UINT32:
        return bo__put_u64(at, LOAD(uint32_t, value));
    case BO_KIND_UINT64:
        return bo__put_u64(at, LOAD(uint64_t, value));
    case BO_KIND_FLOAT:
        return put_float(e, at, LOAD(float, value));
    case BO_KIND_DOUBLE:
        return put_double(e, at, LOAD(double, value));
    default:
        bo_panic("a bo_type of kind %d", kind);
    }
}

// put_value has room for a scalar. Scalars, structs and slices are kept out of it: its frame stands
// between those of what holds each other, and the stack is to last for BO_JSON_DEPTH_MAX.
static char *put_value(encoder *e, char *at, const bo_type *type, const void *value)
{
    switch ((bo_kind)type->kind) {
    case BO_KIND_STR:
        return put_str(e, at, *(const bo_str *)value);
    case BO_KIND_STRUCT:
    case BO_KIND_SLICE:
        return put_nested(e, at, type, value);
    case BO_KIND_POINTER:
        return put_pointer(e, at, type, value);
    case BO_KIND_OPTIONAL:
        return put_optional(e, at, type, value);
    default:
        return put_scalar(e, at, type->kind, value);
    }
}

bo_err bo__json_encode(bo_arena *arena, const bo_type *type, const void *value, bo_str *out)
{
    char *begin = bo_alloc_raw(arena, FIRST_BYTES, 1);
    encoder e = {.begin = begin, .end = begin + FIRST_BYTES, .arena = arena};
    char *at = put_value(&e, begin, type, value);
    if (at)
        at = room(&e, at, 1);
    if (!at)
        return e.err;
    *at = '\0';
    size_t len = (size_t)(at - e.begin);
    bo_arena_grow(arena, e.begin, (size_t)(e.end - e.begin), len + 1, 1);
    *out = bo_str_n(e.begin, len);
    return NULL;
}

bo_err bo__json_write(bo_writer *writer, const bo_type *type, const void *value)
{
    char window[WINDOW_BYTES];
    encoder e = {.begin = window, .end = window + sizeof window, .writer = writer};
    char *at = put_value(&e, window, type, value);
    return at ? bo_write(writer, bo_str_n(window, (size_t)(at - window))) : e.err;
}
