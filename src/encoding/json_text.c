// SPDX-License-Identifier: MIT
// json_text.c: strings and numbers as they stand in the text.
//
// A string without escapes is a view. One with escapes is copied: what it means is never longer
// than what stands there, so the copy is taken from the arena at that size and the rest given back.
// The escapes being ASCII, and a pair of surrogates being one character, the copy is UTF-8 exactly
// if the text was.
#include "encoding/json.h"
#include "encoding/json_scan.h"

// What a backslash and this letter mean; 0: nothing. \u is apart.
static const char escaped[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

// hex_4 reads four hexadecimal digits, or returns -1. A NUL or a quote is none, so it does not read
// past the end of the string.
static int hex_4(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = json_is_digit(c)         ? c - '0'
                    : (c >= 'a' && c <= 'f') ? c - 'a' + 10
                    : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                             : -1;
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

// code_point reads what follows a backslash and begins with u; *len is the bytes read. It returns
// -1 if that is no character: not four digits, or half a surrogate pair.
static int code_point(const char *at, const char *end, size_t *len)
{
    int high = end - at >= 5 ? hex_4(at + 1) : -1;
    *len = 5;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || end - at < 11 || at[5] != '\\' || at[6] != 'u')
        return -1;
    int low = hex_4(at + 7);
    *len = 11;
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *put_utf8(char *to, int c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

// check_escape checks the escape whose backslash is at `at` and returns the place behind it.
static const char *check_escape(json_decoder *d, const char *at)
{
    size_t len = 1;
    char letter = at + 1 < d->end ? at[1] : '\0';
    if (letter == 'u') {
        if (code_point(at + 1, d->end, &len) < 0)
            return bo__json_fail(d, BO_INVALID, at, "expected \\u and a character's four digits");
    } else if (!escaped[(uint8_t)letter]) {
        return bo__json_expected(d, at + 1, "an escape");
    }
    return at + 1 + len;
}

// unescape copies a string that was checked.
static bo_str unescape(bo_arena *arena, bo_str raw)
{
    char *copy = bo_alloc_raw(arena, raw.len, 1), *to = copy;
    const char *at = raw.ptr, *end = raw.ptr + raw.len;
    while (at < end) {
        const char *backslash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((backslash ? backslash : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (!backslash)
            break;
        size_t len = 1;
        if (at[1] == 'u')
            to = put_utf8(to, code_point(at + 1, end, &len));
        else
            *to++ = escaped[(uint8_t)at[1]];
        at += 1 + len;
    }
    size_t len = (size_t)(to - copy);
    return bo_str_n(bo_arena_grow(arena, copy, raw.len, len, 1), len);
}

// long_way reads a string that has more than plain bytes, the first of them at `stop`.
static const char *long_way(json_decoder *d, const char *at, const char *stop, bo_str *out)
{
    bool escapes = false;
    while (stop < d->end && *stop != '"') {
        if (*stop == '\\') {
            stop = check_escape(d, stop);
            if (!stop)
                return NULL;
            escapes = true;
        } else if ((uint8_t)*stop < ' ') {
            return bo__json_expected(d, stop, "no control character in a string");
        }
        stop = json_find(stop, d->end, json_special);
    }
    if (stop >= d->end)
        return bo__json_expected(d, d->end, "the end of the string");
    bo_str raw = bo_str_n(at, (size_t)(stop - at));
    if (!bo_utf8_valid(raw))
        return bo__json_fail(d, BO_INVALID, at - 1, "expected UTF-8 in the string");
    if (out)
        *out = escapes ? unescape(d->arena, raw) : raw;
    return stop + 1;
}

const char *bo__json_str(json_decoder *d, const char *at, bo_str *out)
{
    const char *stop = json_find(at, d->end, json_not_plain);
    if (stop == d->end || *stop != '"')
        return long_way(d, at, stop, out);
    if (out)
        *out = bo_str_n(at, (size_t)(stop - at));
    return stop + 1;
}

static const char *skip_digits(const char *at)
{
    while (json_is_digit(*at))
        at++;
    return at;
}

const char *bo__json_number(json_decoder *d, const char *at)
{
    const char *begin = at;
    if (*at == '-')
        at++;
    if (!json_is_digit(*at))
        return bo__json_expected(d, at, "a digit");
    const char *digits = at;
    at = skip_digits(at);
    if (*digits == '0' && at > digits + 1)
        return bo__json_expected(d, begin, "a number without leading zeros");
    if (*at == '.') {
        if (!json_is_digit(at[1]))
            return bo__json_expected(d, at + 1, "a digit");
        at = skip_digits(at + 1);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-')
            at++;
        if (!json_is_digit(*at))
            return bo__json_expected(d, at, "a digit");
        at = skip_digits(at);
    }
    if (at - begin > BO_JSON_NUMBER_MAX)
        return bo__json_fail(d, BO_TOO_LARGE, begin, "expected a number of at most %d bytes",
                             BO_JSON_NUMBER_MAX);
    return at;
}
