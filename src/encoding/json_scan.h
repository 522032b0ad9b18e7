// SPDX-License-Identifier: MIT
// json_scan.h: sixteen bytes of a string at a time.
//
// Of a string in JSON only a few bytes mean more than themselves: the quote that ends it, the
// backslash, control characters, which are not allowed, and those beyond ASCII, which must be
// UTF-8. Most strings have none of them but the quote, so one compare of sixteen bytes finds their
// end. SSE2 and NEON are part of the two architectures, so nothing asks at run time.
//
// A mask has one bit for each byte of a block, or four, first byte lowest.
#ifndef BORA_SRC_ENCODING_JSON_SCAN_H
#define BORA_SRC_ENCODING_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
#include <emmintrin.h>

typedef __m128i json_block;
typedef uint32_t json_mask;
#define JSON_MASK_BITS 1  // For each byte.

static inline json_block json_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

// json_load_8 and json_load_4 load that many bytes, or so many from each of two places.
static inline json_block json_load_8(const char *p, const char *q)
{
    return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)p),
                              _mm_loadl_epi64((const __m128i *)(const void *)q));
}

static inline void json_store(char *p, json_block block)
{
    _mm_storeu_si128((__m128i *)(void *)p, block);
}

static inline json_mask json_equal(json_block a, json_block b)
{
    return (json_mask)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}

// json_special: quotes, backslashes, control characters.
static inline json_mask json_special(json_block block)
{
    json_block quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    json_block backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    json_block control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    return (json_mask)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
}

// json_not_plain: those and all beyond ASCII, which as signed bytes are less than a space too.
static inline json_mask json_not_plain(json_block block)
{
    json_block quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    json_block backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    json_block outside = _mm_cmplt_epi8(block, _mm_set1_epi8(' '));
    return (json_mask)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), outside));
}

#else
#include <arm_neon.h>

typedef uint8x16_t json_block;
typedef uint64_t json_mask;
#define JSON_MASK_BITS 4

static inline json_block json_load(const char *p)
{
    return vld1q_u8((const uint8_t *)p);
}

static inline json_block json_load_8(const char *p, const char *q)
{
    return vcombine_u8(vld1_u8((const uint8_t *)p), vld1_u8((const uint8_t *)q));
}

static inline void json_store(char *p, json_block block)
{
    vst1q_u8((uint8_t *)p, block);
}

// Shifting each pair of bytes right by four and narrowing keeps a nibble of every byte.
static inline json_mask json_mask_of(uint8x16_t bytes)
{
    uint8x8_t nibbles = vshrn_n_u16(vreinterpretq_u16_u8(bytes), 4);
    return vget_lane_u64(vreinterpret_u64_u8(nibbles), 0);
}

static inline json_mask json_equal(json_block a, json_block b)
{
    return json_mask_of(vceqq_u8(a, b));
}

static inline uint8x16_t json_quote_or_backslash(json_block block)
{
    return vorrq_u8(vceqq_u8(block, vdupq_n_u8('"')), vceqq_u8(block, vdupq_n_u8('\\')));
}

static inline json_mask json_special(json_block block)
{
    uint8x16_t control = vcltq_u8(block, vdupq_n_u8(' '));
    return json_mask_of(vorrq_u8(json_quote_or_backslash(block), control));
}

static inline json_mask json_not_plain(json_block block)
{
    uint8x16_t outside = vcltq_s8(vreinterpretq_s8_u8(block), vdupq_n_s8(' '));
    return json_mask_of(vorrq_u8(json_quote_or_backslash(block), outside));
}

#endif

// json_first is the first byte that a mask names; the mask is not 0.
static inline unsigned json_first(json_mask mask)
{
    return (unsigned)__builtin_ctzll(mask) / JSON_MASK_BITS;
}

// json_find returns the first byte from `at` on that `in` names, or end. At least sixteen bytes
// lie before end, though perhaps before `at` too: the last block is that which ends with the text.
static inline const char *json_find(const char *at, const char *end,
                                    json_mask (*in)(json_block block))
{
    for (; end - at >= 16; at += 16) {
        json_mask mask = in(json_load(at));
        if (mask)
            return at + json_first(mask);
    }
    if (at == end)
        return end;
    json_mask mask = in(json_load(end - 16)) >> (16 - (end - at)) * JSON_MASK_BITS;
    return mask ? at + json_first(mask) : end;
}

#endif
