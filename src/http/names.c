// SPDX-License-Identifier: MIT
// names.c: the classes of bytes, and header names by number. See scan.h and names.h.
#include "http/names.h"
#include "http/scan.h"

#define TOKEN HTTP_TOKEN
#define TARGET HTTP_TARGET
#define ALPHA (HTTP_TOKEN | HTTP_TARGET | HTTP_HOST)
#define HEX_ALPHA (ALPHA | HTTP_HEX)
#define DIGIT (ALPHA | HTTP_HEX | HTTP_DIGIT)
#define SUB (HTTP_TOKEN | HTTP_TARGET | HTTP_HOST)  // part of all three
#define HOST (HTTP_TARGET | HTTP_HOST)

// Of what is visible, a target lacks only '#'. Bytes from 0x80 on are in no class: they are legal
// in values alone.
const uint8_t bo__http_byte_class[256] = {
    ['!'] = SUB,
    ['"'] = TARGET,
    ['#'] = TOKEN,
    ['$'] = SUB,
    ['%'] = SUB,
    ['&'] = SUB,
    ['\''] = SUB,
    ['('] = HOST,
    [')'] = HOST,
    ['*'] = SUB,
    ['+'] = SUB,
    [','] = HOST,
    ['-'] = SUB,
    ['.'] = SUB,
    ['/'] = TARGET,
    ['0' ... '9'] = DIGIT,
    [':'] = TARGET,
    [';'] = HOST,
    ['<'] = TARGET,
    ['='] = HOST,
    ['>'] = TARGET,
    ['?'] = TARGET,
    ['@'] = TARGET,
    ['A' ... 'F'] = HEX_ALPHA,
    ['G' ... 'Z'] = ALPHA,
    ['['] = TARGET,
    ['\\'] = TARGET,
    [']'] = TARGET,
    ['^'] = TOKEN | TARGET,
    ['_'] = SUB,
    ['`'] = TOKEN | TARGET,
    ['a' ... 'f'] = HEX_ALPHA,
    ['g' ... 'z'] = ALPHA,
    ['{'] = TARGET,
    ['|'] = TOKEN | TARGET,
    ['}'] = TARGET,
    ['~'] = SUB,
};

// The factors come from a search over small ones; -Woverride-init and the test tell of a collision.
#define SLOT(len, first, last) (((len) + (first)*4u + (last)*23u) & 63)

static const uint8_t slots[64] = {
#define ENTRY(id, text, first, last) [SLOT(sizeof(text) - 1, first, last)] = HTTP_NAME_##id,
    HTTP_NAMES(ENTRY)
#undef ENTRY
};

static const bo_str texts[HTTP_NAME_COUNT] = {
#define ENTRY(id, text, first, last) [HTTP_NAME_##id] = {text, sizeof(text) - 1},
    HTTP_NAMES(ENTRY)
#undef ENTRY
};

http_name bo__http_name_of(bo_str name)
{
    if (name.len == 0)
        return HTTP_NAME_OTHER;
    uint8_t first = (uint8_t)name.ptr[0] | 0x20, last = (uint8_t)name.ptr[name.len - 1] | 0x20;
    http_name id = slots[SLOT(name.len, first, last)];
    if (id == HTTP_NAME_OTHER || texts[id].len != name.len)
        return HTTP_NAME_OTHER;
    // Setting bit 5 folds letters and leaves '-' alone. What else becomes a letter or '-' by it is
    // no token character.
    for (size_t i = 0; i < name.len; i++) {
        if (((uint8_t)name.ptr[i] | 0x20) != (uint8_t)texts[id].ptr[i])
            return HTTP_NAME_OTHER;
    }
    return id;
}

bo_str bo__http_name_text(http_name name)
{
    return texts[name];
}

bool bo__http_token(bo_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!http_is(s.ptr[i], HTTP_TOKEN))
            return false;
    }
    return s.len > 0;
}

bool bo__http_value_valid(bo_str s)
{
    return s.len == 0 || http_scan_control(s.ptr, s.ptr + s.len) == s.ptr + s.len;
}
