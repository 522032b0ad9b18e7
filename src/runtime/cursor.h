// SPDX-License-Identifier: MIT
// runtime/cursor.h: reading untrusted bytes, little endian, without ever leaving them.
//
// The readers of ELF, DWARF line tables and unwind tables run inside a crash report, on data that
// may be damaged. A cursor that would step over its end sets bad, stays at the end, and yields
// zeros from then on: a parser may read a whole header and look at bad once. Every read of a
// variable-length thing consumes at least a byte or sets bad, so that a loop over a cursor ends.
#ifndef BORA_SRC_RUNTIME_CURSOR_H
#define BORA_SRC_RUNTIME_CURSOR_H

#include <bora/str.h>

struct bo__cursor {
    const char *at;   // The next byte; at <= end always.
    const char *end;  // Behind the last byte.
    bool bad;         // A read wanted more than there was.
};

static inline struct bo__cursor bo__cursor_of(bo_str bytes)
{
    // Nothing may be a null pointer, which C lets nobody add to.
    const char *at = bytes.ptr ? bytes.ptr : "";
    return (struct bo__cursor){at, at + bytes.len, false};
}

static inline size_t bo__cursor_left(const struct bo__cursor *c)
{
    return (size_t)(c->end - c->at);
}

static inline void bo__cursor_fail(struct bo__cursor *c)
{
    c->at = c->end;
    c->bad = true;
}

// bo__cursor_take steps over len bytes and returns them; empty and bad if there are fewer.
static inline bo_str bo__cursor_take(struct bo__cursor *c, uint64_t len)
{
    if (len > bo__cursor_left(c)) {
        bo__cursor_fail(c);
        return (bo_str){c->end, 0};
    }
    bo_str taken = {c->at, (size_t)len};
    c->at += len;
    return taken;
}

// bo__cursor_uint reads an unsigned integer of size 1, 2, 4 or 8.
static inline uint64_t bo__cursor_uint(struct bo__cursor *c, size_t size)
{
    bo_str raw = bo__cursor_take(c, size);
    uint64_t value = 0;
    for (size_t i = 0; i < raw.len && i < 8; i++)
        value |= (uint64_t)(unsigned char)raw.ptr[i] << (8 * i);
    return value;
}

static inline uint8_t bo__cursor_u8(struct bo__cursor *c)
{
    return (uint8_t)bo__cursor_uint(c, 1);
}

static inline uint16_t bo__cursor_u16(struct bo__cursor *c)
{
    return (uint16_t)bo__cursor_uint(c, 2);
}

static inline uint32_t bo__cursor_u32(struct bo__cursor *c)
{
    return (uint32_t)bo__cursor_uint(c, 4);
}

static inline uint64_t bo__cursor_u64(struct bo__cursor *c)
{
    return bo__cursor_uint(c, 8);
}

// bo__cursor_uleb and bo__cursor_sleb read LEB128 (DWARF 5 section 7.6). Bits above 64 are dropped.
static inline uint64_t bo__cursor_uleb(struct bo__cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = bo__cursor_u8(c);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static inline int64_t bo__cursor_sleb(struct bo__cursor *c)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = bo__cursor_u8(c);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
}

// bo__cursor_text reads a NUL-terminated string and steps over the NUL; bad if there is no NUL.
static inline bo_str bo__cursor_text(struct bo__cursor *c)
{
    const char *nul = bo__cursor_left(c) ? memchr(c->at, 0, bo__cursor_left(c)) : NULL;
    if (!nul) {
        bo__cursor_fail(c);
        return (bo_str){c->end, 0};
    }
    bo_str text = {c->at, (size_t)(nul - c->at)};
    c->at = nul + 1;
    return text;
}

// Names longer than this are cut, so that a string table without NULs cannot make a look-up slow.
#define BO__TEXT_MAX 4096

// bo__text_at is the NUL-terminated string at an offset of a string section; empty if there is
// none.
static inline bo_str bo__text_at(bo_str section, uint64_t offset)
{
    if (offset >= section.len)
        return (bo_str){0};
    size_t left = section.len - (size_t)offset;
    size_t limit = left < BO__TEXT_MAX ? left : BO__TEXT_MAX;
    const char *nul = memchr(section.ptr + offset, 0, limit);
    if (!nul && left <= BO__TEXT_MAX)
        return (bo_str){0};
    return bo_str_n(section.ptr + offset, nul ? (size_t)(nul - (section.ptr + offset)) : limit);
}

#endif
