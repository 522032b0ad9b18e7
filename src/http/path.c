// SPDX-License-Identifier: MIT
// path.c: request paths as segments, and percent-encoding. See path.h.
//
// A path is strict, since two readings of a path are two resources: a broken escape or a NUL is an
// error. A query is lenient as browsers' forms are (WHATWG URL 5.1): a broken escape is itself.
#include "http/path.h"
#include "http/scan.h"

static int hex_digit(char c)
{
    if (!http_is(c, HTTP_HEX))
        return -1;
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

// escape_at is the byte that the escape at s[i], a percent sign, stands for, or -1.
static int escape_at(bo_str s, size_t i)
{
    if (s.len - i < 3)
        return -1;
    int high = hex_digit(s.ptr[i + 1]), low = hex_digit(s.ptr[i + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

// dots is how many dots a raw segment consists of, encoded or not, if it is "." or ".."; else 0.
static int dots(bo_str raw)
{
    int count = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '%' && escape_at(raw, i) == '.')
            i += 2;
        else if (raw.ptr[i] != '.')
            return 0;
        count++;
    }
    return count <= 2 ? count : 0;
}

// decode_segment writes a decoded segment at into, which has room for it, and returns its length,
// or -1.
static ptrdiff_t decode_segment(bo_str raw, char *into)
{
    char *to = into;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '%') {
            *to++ = raw.ptr[i];
            continue;
        }
        int byte = escape_at(raw, i);
        if (byte <= 0)
            return -1;
        *to++ = (char)byte;
        i += 2;
    }
    return to - into;
}

const char *bo__http_path_split(bo_str raw, bo_arena *arena, http_path *out)
{
    // Browsers take "\\" for "/": "/\\host" would be another server if it went into a Location.
    if (bo_str_find_byte(raw, '\\') >= 0)
        return "the path has a backslash";
    bool encoded = bo_str_find_byte(raw, '%') >= 0;
    char *text = encoded ? bo_alloc_raw(arena, raw.len, 1) : NULL, *to = text;
    out->count = 0;
    out->unclean = false;
    const char *at = raw.ptr, *end = raw.ptr + raw.len;
    while (at < end) {
        const char *slash = memchr(at + 1, '/', (size_t)(end - at - 1));
        bo_str segment = bo_str_n(at + 1, (size_t)((slash ? slash : end) - at - 1));
        if (out->count == HTTP_SEGMENTS_MAX)
            return "the path has too many segments";
        out->unclean |= (segment.len == 0 && slash) || dots(segment);
        if (encoded) {
            *to++ = '/';
            ptrdiff_t len = decode_segment(segment, to);
            if (len < 0)
                return "the path has an invalid escape";
            segment = bo_str_n(to, (size_t)len);
            to += len;
        }
        out->segments[out->count++] = segment;
        at = slash ? slash : end;
    }
    out->text = encoded ? bo_str_n(text, (size_t)(to - text)) : raw;
    return NULL;
}

bo_str bo__http_path_clean(bo_str raw, bo_arena *arena)
{
    char *text = bo_alloc_raw(arena, raw.len + 1, 1), *to = text;
    const char *at = raw.ptr, *end = raw.ptr + raw.len;
    bool directory = false;  // The last segment was dropped: the path ends in a slash.
    while (at < end) {
        const char *slash = memchr(at + 1, '/', (size_t)(end - at - 1));
        bo_str segment = bo_str_n(at + 1, (size_t)((slash ? slash : end) - at - 1));
        at = slash ? slash : end;
        int up = dots(segment);
        directory = segment.len == 0 || up;
        if (!directory) {
            *to++ = '/';
            memcpy(to, segment.ptr, segment.len);
            to += segment.len;
        } else if (up == 2) {
            while (to > text && *--to != '/')
                ;
        }
    }
    if (directory || to == text)
        *to++ = '/';
    return bo_str_n(text, (size_t)(to - text));
}

// decode_form decodes a name or a value of a query; s itself if there is nothing to decode.
static bo_str decode_form(bo_str s, bo_arena *arena)
{
    if (bo_str_find_byte(s, '%') < 0 && bo_str_find_byte(s, '+') < 0)
        return s;
    char *text = bo_alloc_raw(arena, s.len, 1), *to = text;
    for (size_t i = 0; i < s.len; i++) {
        int byte = s.ptr[i] == '%' ? escape_at(s, i) : -1;
        if (byte >= 0)
            i += 2;
        *to++ = byte >= 0 ? (char)byte : s.ptr[i] == '+' ? ' ' : s.ptr[i];
    }
    return bo_str_n(text, (size_t)(to - text));
}

bool bo__http_query_find(bo_str query, bo_str name, bo_arena *arena, bo_str *out)
{
    for (bo_str pair; bo_str_next(&query, '&', &pair);) {
        bo_str key, value;
        bo_str_cut(pair, '=', &key, &value);
        if (pair.len == 0 || !bo_str_eq(decode_form(key, arena), name))
            continue;
        *out = decode_form(value, arena);
        return true;
    }
    return false;
}
