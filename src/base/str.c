// SPDX-License-Identifier: MIT
// str.c: what strings as views can be asked.
//
// Nothing here owns or changes bytes; what makes new ones takes an arena first. Searching is left
// to the C library, whose memchr and memmem are vectorised and never quadratic. The comparison
// without case is our own: header names are looked up with it, and strncasecmp asks the locale for
// each byte.
#include "base/bytes.h"

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/str.h>
#include <stdarg.h>
#include <stdio.h>

// lower_8 turns the ASCII capitals among eight bytes into small letters. With the top bit of each
// byte out of the way, adding sets it again where the byte is at least 'A', and where it is beyond
// 'Z'; the bytes where just the first holds differ from their small letter in bit 5.
static uint64_t lower_8(uint64_t bytes)
{
    uint64_t low = bytes & BO__EACH_BYTE(0x7f);
    uint64_t from_a = low + BO__EACH_BYTE(0x80 - 'A');
    uint64_t beyond_z = low + BO__EACH_BYTE(0x7f - 'Z');
    uint64_t capital = (from_a ^ beyond_z) & ~bytes & BO__EACH_BYTE(0x80);
    return bytes | capital >> 2;
}

static uint8_t lower(char c)
{
    uint8_t byte = (uint8_t)c;
    return (uint8_t)(byte - 'A') < 26 ? byte | 0x20 : byte;
}

bool bo_str_eq_fold(bo_str a, bo_str b)
{
    if (a.len != b.len)
        return false;
    size_t len = a.len;
    if (len < 8) {
        for (size_t i = 0; i < len; i++)
            if (lower(a.ptr[i]) != lower(b.ptr[i]))
                return false;
        return true;
    }
    for (size_t i = 0; i + 8 <= len; i += 8)
        if (lower_8(bo__load_64(a.ptr + i)) != lower_8(bo__load_64(b.ptr + i)))
            return false;
    // The last eight bytes, some of them for the second time.
    return lower_8(bo__load_64(a.ptr + len - 8)) == lower_8(bo__load_64(b.ptr + len - 8));
}

int bo_str_cmp(bo_str a, bo_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool bo_str_starts(bo_str s, bo_str prefix)
{
    return s.len >= prefix.len && bo_str_eq(bo_str_n(s.ptr, prefix.len), prefix);
}

bool bo_str_ends(bo_str s, bo_str suffix)
{
    if (s.len < suffix.len || suffix.len == 0)
        return suffix.len == 0;
    return memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len) == 0;
}

ptrdiff_t bo_str_find(bo_str s, bo_str needle)
{
    if (needle.len == 0)
        return 0;
    if (s.len < needle.len)
        return -1;
    const char *found = memmem(s.ptr, s.len, needle.ptr, needle.len);
    return found ? found - s.ptr : -1;
}

ptrdiff_t bo_str_find_byte(bo_str s, char byte)
{
    const char *found = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return found ? found - s.ptr : -1;
}

bo_str bo_str_sub(bo_str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from >= to)
        return (bo_str){0};
    return bo_str_n(s.ptr + from, to - from);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bo_str bo_str_trim(bo_str s)
{
    for (; s.len > 0 && is_space(s.ptr[0]); s.len--)
        s.ptr++;
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool bo_str_cut(bo_str s, char separator, bo_str *before, bo_str *after)
{
    ptrdiff_t at = bo_str_find_byte(s, separator);
    size_t end = at < 0 ? s.len : (size_t)at;
    if (before)
        *before = bo_str_n(s.ptr, end);
    if (after)
        *after = at < 0 ? (bo_str){0} : bo_str_n(s.ptr + end + 1, s.len - end - 1);
    return at >= 0;
}

bool bo_str_next(bo_str *rest, char separator, bo_str *field)
{
    // A pointer of NULL says that the last field is taken: "a/" has a second, empty one.
    if (!rest->ptr)
        return false;
    bo_str_cut(*rest, separator, field, rest);
    return true;
}

bool bo_str_uint(bo_str s, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t digit = (uint8_t)(s.ptr[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    if (s.len > 0)
        *out = value;
    return s.len > 0;
}

bool bo_str_int(bo_str s, int64_t *out)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t magnitude;
    if (!bo_str_uint(negative ? bo_str_n(s.ptr + 1, s.len - 1) : s, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *out = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

bo_str bo_str_clone(bo_arena *arena, bo_str s)
{
    char *copy = bo_alloc_raw(arena, s.len + 1, 1);
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return bo_str_n(copy, s.len);
}

const char *bo_str_c(bo_arena *arena, bo_str s)
{
    return bo_str_clone(arena, s).ptr;
}

bo_str bo_str_printf(bo_arena *arena, const char *format, ...)
{
    // Most texts are short: they are formatted in place, and what they left over is given back.
    size_t room = 128;
    char *text = bo_alloc_raw(arena, room, 1);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int wanted = vsnprintf(text, room, format, args);
    bo_assert(wanted >= 0);
    size_t len = (size_t)wanted;
    text = bo_arena_grow(arena, text, room, len + 1, 1);
    if (len >= room)
        vsnprintf(text, len + 1, format, again);
    va_end(again);
    va_end(args);
    return bo_str_n(text, len);
}
