// SPDX-License-Identifier: MIT
// rules.c: constraints, asked of values in memory.
#include "encoding/rules.h"
#include <stdio.h>

#define EMAIL_BYTES_MAX 254  // RFC 5321 4.5.3.1.3, without the brackets.
#define LABEL_BYTES_MAX 63

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Letters, digits and hyphens, with no hyphen at an end.
static bool is_label(bo_str label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_alphanumeric(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return true;
}

// What <input type=email> takes. RFC 5322 has comments and quoted strings, which no form wants.
static bool is_email(bo_str text)
{
    bo_str local, domain, label;
    if (text.len > EMAIL_BYTES_MAX || !bo_str_cut(text, '@', &local, &domain) || local.len == 0)
        return false;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.ptr[i];
        if (!is_alphanumeric(c) && (c == '\0' || !strchr(".!#$%&'*+/=?^_`{|}~-", c)))
            return false;
    }
    for (bo_str rest = domain; bo_str_next(&rest, '.', &label);)
        if (!is_label(label))
            return false;
    return true;
}

bool bo__format_holds(bo_format format, bo_str text)
{
    return format != BO_FORMAT_EMAIL || is_email(text);
}

static size_t count_characters(bo_str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((uint8_t)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static bool length_broken(const bo_rules *rules, size_t len, const char *unit, char *why)
{
    bool less = len < rules->min_len;
    if (!less && len <= rules->max_len)
        return false;
    size_t limit = less ? rules->min_len : rules->max_len;
    snprintf(why, RULES_WHY_MAX, "at %s %zu %s%s", less ? "least" : "most", limit, unit,
             limit == 1 ? "" : "s");
    return true;
}

static bool str_broken(const bo_rules *rules, bo_str text, char *why)
{
    // No text has more characters than bytes: most need not be counted.
    if (rules->min_len > 0 || text.len > rules->max_len) {
        if (length_broken(rules, count_characters(text), "character", why))
            return true;
    }
    if (bo__format_holds(rules->format, text))
        return false;
    snprintf(why, RULES_WHY_MAX, "an email address");
    return true;
}

// Every number of 64 bits is exact in a long double.
static long double number_of(const bo_type *type, const void *value)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        float f;
        double d;
    } n;
    memcpy(&n, value, type->size);
    switch ((bo_kind)type->kind) {
    case BO_KIND_INT8:
        return n.i8;
    case BO_KIND_INT16:
        return n.i16;
    case BO_KIND_INT32:
        return n.i32;
    case BO_KIND_INT64:
        return n.i64;
    case BO_KIND_UINT8:
        return n.u8;
    case BO_KIND_UINT16:
        return n.u16;
    case BO_KIND_UINT32:
        return n.u32;
    case BO_KIND_UINT64:
        return n.u64;
    case BO_KIND_FLOAT:
        return n.f;
    default:
        return n.d;
    }
}

static bool number_broken(const bo_rules *rules, const bo_type *type, const void *value, char *why)
{
    long double number = number_of(type, value);
    bool less = number < rules->min;
    if (!less && number <= rules->max)
        return false;
    // All digits of an integer; of a double as many as it surely has.
    int digits = type->kind <= BO_KIND_UINT64 ? 20 : 15;
    snprintf(why, RULES_WHY_MAX, "at %s %.*Lg", less ? "least" : "most", digits,
             less ? rules->min : rules->max);
    return true;
}

// inside steps to what a pointer or an optional holds, and reports whether it holds something.
static bool inside(const bo_type **type, const void **value)
{
    if ((*type)->kind == BO_KIND_OPTIONAL) {
        if (((const uint8_t *)*value)[(*type)->elem->size] != BO_PRESENT)
            return false;
        *type = (*type)->elem;
    } else if ((*type)->kind == BO_KIND_POINTER) {
        memcpy(value, *value, sizeof *value);
        *type = (*type)->elem;
    }
    return *value != NULL;
}

bool bo__rules_broken(const bo_field *field, const void *value, char why[RULES_WHY_MAX])
{
    const bo_rules *rules = field->rules;
    const bo_type *type = field->type;
    if ((field->flags & (BO_FIELD_OMITEMPTY | BO_FIELD_OMITZERO)) && bo_type_is_zero(type, value))
        return false;
    if (!inside(&type, &value))
        return false;
    switch ((bo_kind)type->kind) {
    case BO_KIND_STR:
        return str_broken(rules, *(const bo_str *)value, why);
    case BO_KIND_SLICE: {
        bo__slice slice;
        memcpy(&slice, value, sizeof slice);
        return length_broken(rules, slice.len, "element", why);
    }
    case BO_KIND_BOOL:
    case BO_KIND_STRUCT:
    case BO_KIND_POINTER:
    case BO_KIND_OPTIONAL:
        return false;
    default:
        return number_broken(rules, type, value, why);
    }
}
