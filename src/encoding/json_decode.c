// SPDX-License-Identifier: MIT
// json_decode.c: JSON into described structs, in one pass and without a tree.
//
// The description says what must come, so each value is read by code that knows where it goes. Two
// expectations carry most of the speed: the members of an object come in the order of the fields,
// so a name is first compared with the field that follows the last one; and strings have no
// escapes, so they are views of the text.
//
// The text is read without asking at every byte whether it goes on. Objects and arrays end in a
// bracket, and so does the text, or it is copied with NULs behind it; loops over digits, spaces and
// letters stop at either. Only three things pass a bracket: a string, whose scan knows the end; the
// bracket that closes the value itself; and one that closes an inner value but is the text's last
// byte, which `close_with` refuses.
//
// Functions take the place where they read and return the place behind it, or NULL after an error:
// so it stays in a register. Recursion is as deep as the text is nested, up to BO_JSON_DEPTH_MAX.
//
// Rejected: an index of all structural characters first, as simdjson has. It pays for long texts of
// which little is taken; here all of it is taken, and texts are short.
#include "encoding/double.h"
#include "encoding/json.h"
#include "encoding/json_scan.h"
#include "encoding/rules.h"

#define TEXT_BYTES_MIN 16  // What json_find and the compare of names load at once.

static inline const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

static bool enter(json_decoder *d, const char *at)
{
    if (++d->depth <= BO_JSON_DEPTH_MAX)
        return true;
    bo__json_fail(d, BO_TOO_LARGE, at, "expected at most %d arrays and objects in each other",
                  BO_JSON_DEPTH_MAX);
    return false;
}

// close_with passes the bracket at `at`, which closes what was entered.
static inline const char *close_with(json_decoder *d, const char *at)
{
    at++;
    if (--d->depth > 0 && at == d->end)
        return bo__json_expected(d, at, "',' or a closing bracket");
    return at;
}

// take_memory counts what slices and pointers take, so that a small text cannot ask for much.
static bool take_memory(json_decoder *d, const char *at, size_t count, size_t size)
{
    size_t bytes = 0;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= d->memory_left) {
        d->memory_left -= bytes;
        return true;
    }
    bo__json_fail(d, BO_TOO_LARGE, at, "expected a value that takes less memory");
    return false;
}

// ---- scalars ----

static const char *literal(json_decoder *d, const char *at, bo_str word)
{
    if ((size_t)(d->end - at) < word.len || memcmp(at, word.ptr, word.len) != 0)
        return bo__json_expected(d, at, "a value");
    return at + word.len;
}

static const char *decode_bool(json_decoder *d, const char *at, void *to)
{
    bool value = *at == 't';
    if (!value && *at != 'f')
        return bo__json_expected(d, at, "true or false");
    memcpy(to, &value, sizeof value);
    return literal(d, at, value ? bo_s("true") : bo_s("false"));
}

static const char *out_of_range(json_decoder *d, const char *at, bo_kind kind)
{
    static const char *const ranges[] = {
        [BO_KIND_INT8] = "integer from -128 to 127",
        [BO_KIND_INT16] = "integer from -32768 to 32767",
        [BO_KIND_INT32] = "integer from -2147483648 to 2147483647",
        [BO_KIND_INT64] = "integer from -9223372036854775808 to 9223372036854775807",
        [BO_KIND_UINT8] = "integer from 0 to 255",
        [BO_KIND_UINT16] = "integer from 0 to 65535",
        [BO_KIND_UINT32] = "integer from 0 to 4294967295",
        [BO_KIND_UINT64] = "integer from 0 to 18446744073709551615",
        [BO_KIND_FLOAT] = "number of at most 3.4028235e+38",
        [BO_KIND_DOUBLE] = "number of at most 1.7976931348623157e+308",
    };
    return bo__json_number(d, at) ? bo__json_expected(d, at, ranges[kind]) : NULL;
}

static const char *not_integer(json_decoder *d, const char *at)
{
    if ((*at == '-' || json_is_digit(*at)) && !bo__json_number(d, at))
        return NULL;
    return bo__json_expected(d, at, "integer");
}

// The largest magnitude of a kind, for a positive value.
static inline uint64_t magnitude_max(bo_kind kind)
{
    bool is_signed = kind <= BO_KIND_INT64;
    unsigned bits = 8u << (kind - (is_signed ? BO_KIND_INT8 : BO_KIND_UINT8));
    return UINT64_MAX >> (64 - bits + is_signed);
}

static inline const char *decode_integer(json_decoder *d, const char *at, bo_kind kind, void *to)
{
    bool negative = *at == '-';
    const char *digits = at + negative, *p = digits;
    uint64_t value = 0;
    for (uint8_t digit; (digit = (uint8_t)(*p - '0')) <= 9; p++)
        value = value * 10 + digit;
    size_t count = (size_t)(p - digits);
    if (count == 0 || (*digits == '0' && count > 1) || *p == '.' || *p == 'e' || *p == 'E')
        return not_integer(d, at);
    if (count >= 20 && (count > 20 || !bo_str_uint(bo_str_n(digits, count), &value)))
        return out_of_range(d, at, kind);
    uint64_t max = magnitude_max(kind);
    if (negative) {
        if (value > (kind <= BO_KIND_INT64 ? max + 1 : 0))
            return out_of_range(d, at, kind);
        value = -value;
    } else if (value > max) {
        return out_of_range(d, at, kind);
    }
    // The low bytes are the same for signed and unsigned, and come first on both architectures.
    memcpy(to, &value, (size_t)1 << ((kind - BO_KIND_INT8) & 3));
    return p;
}

static const char *decode_double(json_decoder *d, const char *at, bo_kind kind, void *to)
{
    if (*at != '-' && !json_is_digit(*at))
        return bo__json_expected(d, at, "number");
    const char *end = bo__json_number(d, at);
    if (!end)
        return NULL;
    bool fits;
    if (kind == BO_KIND_DOUBLE) {
        double value;
        fits = bo__parse_double(bo_str_n(at, (size_t)(end - at)), &value);
        memcpy(to, &value, sizeof value);
    } else {
        float value;
        fits = bo__parse_float(bo_str_n(at, (size_t)(end - at)), &value);
        memcpy(to, &value, sizeof value);
    }
    return fits ? end : out_of_range(d, at, kind);
}

// ---- what is skipped ----

static const char *decode_struct(json_decoder *d, const char *at, const bo_type *type, char *to);

static const char *skip_value(json_decoder *d, const char *at);

static const char *skip_array(json_decoder *d, const char *at)
{
    json_place here = {.outer = d->place, .is_slice = true};
    if (!enter(d, at))
        return NULL;
    d->place = &here;
    at = skip_space(at + 1);
    for (bool first = true; *at != ']' || !first; first = false) {
        at = skip_value(d, at);
        if (!at)
            return NULL;
        at = skip_space(at);
        if (*at == ']')
            break;
        if (*at != ',')
            return bo__json_expected(d, at, "',' or ']'");
        at = skip_space(at + 1);
        here.index++;
    }
    d->place = here.outer;
    return close_with(d, at);
}

// skip_value reads any value and keeps nothing of it. An object is a struct of which no field is
// known.
static const char *skip_value(json_decoder *d, const char *at)
{
    static const bo_field no_fields[1];
    static const bo_type nothing = {.name = "object", .kind = BO_KIND_STRUCT, .fields = no_fields};
    switch (*at) {
    case '"':
        return bo__json_str(d, at + 1, NULL);
    case '{':
        return decode_struct(d, at, &nothing, NULL);
    case '[':
        return skip_array(d, at);
    case 't':
        return literal(d, at, bo_s("true"));
    case 'f':
        return literal(d, at, bo_s("false"));
    case 'n':
        return literal(d, at, bo_s("null"));
    default:
        if (*at == '-' || json_is_digit(*at))
            return bo__json_number(d, at);
        return bo__json_expected(d, at, "a value");
    }
}

// ---- values that hold others ----

static const char *decode_value(json_decoder *d, const char *at, const bo_type *type, void *to);

static const char *decode_slice(json_decoder *d, const char *at, const bo_type *type, void *to)
{
    const bo_type *elem = type->elem;
    const bo__slice_elem layout = {elem->size, elem->align};
    bo__slice slice = {0};
    json_place here = {.outer = d->place, .is_slice = true};
    if (*at != '[')
        return bo__json_expected(d, at, "array");
    if (!enter(d, at))
        return NULL;
    d->place = &here;
    at = skip_space(at + 1);
    for (bool first = true; *at != ']' || !first; first = false) {
        here.index = slice.len;
        if (slice.len == slice.cap) {
            slice = bo__slice_grow(d->arena, slice, 1, layout);
            if (!take_memory(d, at, slice.cap - slice.len, elem->size))
                return NULL;
        }
        char *item = (char *)slice.ptr + slice.len++ * elem->size;
        memset(item, 0, elem->size);
        at = decode_value(d, at, elem, item);
        if (!at)
            return NULL;
        at = skip_space(at);
        if (*at == ']')
            break;
        if (*at != ',')
            return bo__json_expected(d, at, "',' or ']'");
        at = skip_space(at + 1);
    }
    memcpy(to, &slice, sizeof slice);
    d->place = here.outer;
    return close_with(d, at);
}

// check_missing asks the fields of a struct that did not come whether they may be zero. `seen` has
// a bit for each that came; NULL: none did.
static void check_missing(json_decoder *d, const char *at, const bo_type *type, const char *value,
                          const uint64_t *seen)
{
    char why[RULES_WHY_MAX];
    json_place here = {.outer = d->place};
    d->place = &here;
    for (unsigned i = 0; i < type->field_count; i++) {
        const bo_field *field = &type->fields[i];
        const char *member = value + field->offset;
        bool is_struct = field->kind == BO_KIND_STRUCT && field->type->has_rules;
        if ((!field->rules && !is_struct) || (seen && seen[i >> 6] >> (i & 63) & 1))
            continue;
        here.field = field;
        if (field->rules && field->rules->required)
            bo__json_add_broken(d, at, "required, but missing");
        else if (field->rules && bo__rules_broken(field, member, why))
            bo__json_add_broken(d, at, "expected %s, but missing", why);
        else if (is_struct && !(field->flags & (BO_FIELD_OMITEMPTY | BO_FIELD_OMITZERO)))
            check_missing(d, at, field->type, member, NULL);
    }
    d->place = here.outer;
}

static const char *decode_pointer(json_decoder *d, const char *at, const bo_type *type, void *to)
{
    const bo_type *elem = type->elem;
    if (!take_memory(d, at, 1, elem->size))
        return NULL;
    void *value = bo_alloc(d->arena, 1, elem->size, elem->align);
    memcpy(to, &value, sizeof value);
    return decode_value(d, at, elem, value);
}

static const char *read_null(json_decoder *d, const char *at, const bo_type *type, void *to)
{
    if (type->kind == BO_KIND_OPTIONAL)
        ((uint8_t *)to)[type->elem->size] = BO_NULL;
    return literal(d, at, bo_s("null"));
}

// decode_null leaves zeros, which must keep the constraints of a struct.
static const char *decode_null(json_decoder *d, const char *at, const bo_type *type, void *to)
{
    const char *behind = read_null(d, at, type, to);
    if (behind && type->kind == BO_KIND_STRUCT && type->has_rules)
        check_missing(d, at, type, to, NULL);
    return behind;
}

// decode_value reads a value of a type to where zeros stand.
static const char *decode_value(json_decoder *d, const char *at, const bo_type *type, void *to)
{
    if (*at == 'n')
        return decode_null(d, at, type, to);
    switch ((bo_kind)type->kind) {
    case BO_KIND_BOOL:
        return decode_bool(d, at, to);
    case BO_KIND_INT64:
        return decode_integer(d, at, BO_KIND_INT64, to);
    case BO_KIND_INT8:
    case BO_KIND_INT16:
    case BO_KIND_INT32:
    case BO_KIND_UINT8:
    case BO_KIND_UINT16:
    case BO_KIND_UINT32:
    case BO_KIND_UINT64:
        return decode_integer(d, at, type->kind, to);
    case BO_KIND_FLOAT:
    case BO_KIND_DOUBLE:
        return decode_double(d, at, type->kind, to);
    case BO_KIND_STR:
        return *at == '"' ? bo__json_str(d, at + 1, to) : bo__json_expected(d, at, "string");
    case BO_KIND_STRUCT:
        return decode_struct(d, at, type, to);
    case BO_KIND_SLICE:
        return decode_slice(d, at, type, to);
    case BO_KIND_POINTER:
        return decode_pointer(d, at, type, to);
    case BO_KIND_OPTIONAL:
        ((uint8_t *)to)[type->elem->size] = BO_PRESENT;
        return decode_value(d, at, type->elem, to);
    }
    bo_panic("a bo_type of kind %d", type->kind);
}

// An object that is being read.
typedef struct {
    const bo_type *type;
    char *to;              // The struct.
    const bo_field *next;  // The field behind the one that came last.
    uint64_t seen[4];      // A bit for each field.
    json_place here;
} object;

// is_name reports whether a field's name and the closing quote stand at `at`.
static inline bool is_name(const json_decoder *d, const char *at, const bo_field *field)
{
    size_t len = field->name_len, room = (size_t)(d->end - at);
    const char *name = field->key_ + 2;
    if (len > 16 || room < 16) {
        if (room <= len || memcmp(at, name, len) != 0)
            return false;
    } else {
        json_mask differ = ~json_equal(json_load(at), json_load(name));
        if (differ && json_first(differ) < len)
            return false;
    }
    return at[len] == '"' && !(field->flags & BO_FIELD_HIDDEN);
}

// find_name reads a name that isn't the next field's, from behind its first quote. *field is NULL
// if it is no field's.
static const char *find_name(json_decoder *d, const char *at, object *o, const bo_field **field)
{
    const char *end = bo__json_str(d, at, &o->here.name);
    if (!end)
        return NULL;
    *field = bo_type_field(o->type, o->here.name);
    if (*field || !d->refuse_unknown)
        return end;
    o->here.field = NULL;
    return bo__json_fail(d, BO_INVALID, at - 1, "no such field");
}

// mark_seen reports whether a field comes for the first time in its object.
static inline bool mark_seen(json_decoder *d, const char *at, object *o, const bo_field *field)
{
    size_t index = (size_t)(field - o->type->fields);
    uint64_t bit = UINT64_C(1) << (index & 63), *word = &o->seen[index >> 6];
    if (*word & bit) {
        bo__json_fail(d, BO_INVALID, at, "expected once in its object, but given twice");
        return false;
    }
    *word |= bit;
    return true;
}

static void check_rules(json_decoder *d, const char *at, const bo_field *field, const char *value)
{
    char why[RULES_WHY_MAX];
    if (*at == 'n' && field->rules->required)
        bo__json_add_broken(d, at, "required, got null");
    else if (bo__rules_broken(field, value, why))
        bo__json_add_broken(d, at, "expected %s", why);
}

// decode_member reads a member from its name on.
static inline const char *decode_member(json_decoder *d, const char *at, object *o)
{
    if (*at != '"')
        return bo__json_expected(d, at, "a name in quotes");
    const char *name = at++;
    const bo_field *field = o->next;
    if (field < o->type->fields + o->type->field_count && is_name(d, at, field)) {
        at += field->name_len + 1;
    } else {
        at = find_name(d, at, o, &field);
        if (!at)
            return NULL;
    }
    o->here.field = field;
    if (*at != ':')
        at = skip_space(at);
    if (*at != ':')
        return bo__json_expected(d, at, "':'");
    at = skip_space(at + 1);
    if (!field)
        return skip_value(d, at);
    if (!mark_seen(d, name, o, field))
        return NULL;
    o->next = field + 1;
    char *to = o->to + field->offset;
    const char *behind;
    if (*at == 'n' && field->flags)
        behind = read_null(d, at, field->type, to);  // As good as absent.
    else
        behind = decode_value(d, at, field->type, to);
    if (behind && field->rules)
        check_rules(d, at, field, to);
    return behind;
}

static const char *decode_struct(json_decoder *d, const char *at, const bo_type *type, char *to)
{
    object o = {.type = type, .to = to, .next = type->fields, .here = {.outer = d->place}};
    if (*at != '{')
        return bo__json_expected(d, at, "object");
    if (!enter(d, at))
        return NULL;
    d->place = &o.here;
    at = skip_space(at + 1);
    for (bool first = true; *at != '}' || !first; first = false) {
        at = decode_member(d, at, &o);
        if (!at)
            return NULL;
        o.here.field = NULL;
        o.here.name = (bo_str){0};
        at = skip_space(at);
        if (*at == '}')
            break;
        if (*at != ',')
            return bo__json_expected(d, at, "',' or '}'");
        at = skip_space(at + 1);
    }
    d->place = o.here.outer;
    if (type->has_rules)
        check_missing(d, at, type, to, o.seen);
    return close_with(d, at);
}

// ---- the whole text ----

// stops_itself reports whether the text can be read as described above.
static bool stops_itself(bo_str text)
{
    return text.len >= TEXT_BYTES_MIN &&
           (text.ptr[text.len - 1] == '}' || text.ptr[text.len - 1] == ']');
}

// with_stop copies the text between NULs: those behind stop the loops, and those before let a block
// that ends with the text begin before it.
static bo_str with_stop(bo_arena *arena, bo_str text)
{
    char *copy = bo_alloc(arena, text.len + 2 * TEXT_BYTES_MIN, 1, 1);
    if (text.len > 0)
        memcpy(copy + TEXT_BYTES_MIN, text.ptr, text.len);
    return bo_str_n(copy + TEXT_BYTES_MIN, text.len);
}

static void decode_all(json_decoder *d, const bo_type *type, void *value)
{
    const char *at = decode_value(d, skip_space(d->begin), type, value);
    if (!at)
        return;
    if (at < d->end)
        at = skip_space(at);
    if (at < d->end)
        bo__json_expected(d, at, "the end of the text");
    else
        d->err = bo__json_broken(d);
}

bo_err bo__json_decode(bo_arena *arena, bo_str text, const bo_type *type, void *value,
                       bo_json_options options)
{
    if (!stops_itself(text))
        text = with_stop(arena, text);
    json_decoder d = {
        .arena = arena,
        .begin = text.ptr,
        .end = text.ptr + text.len,
        .memory_left = options.memory_max ? options.memory_max : BO_JSON_MEMORY_MAX,
        .refuse_unknown = options.refuse_unknown,
    };
    memset(value, 0, type->size);
    decode_all(&d, type, value);
    if (d.err)
        memset(value, 0, type->size);
    return d.err;
}
