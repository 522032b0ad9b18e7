// SPDX-License-Identifier: MIT
// scan.h: where a line of a message ends, and what its bytes are.
//
// Parsing a head is two stages. The first runs over whole vectors and knows one thing: the next
// control character, which either ends the line (CR) or spoils the message. The second is scalar
// code that reads the grammar of a line known to be complete and free of control characters.
//
// Rejected: finding ':' and ' ' with vectors too. Names and methods are some ten bytes, and their
// every byte must be looked up anyway to be a token.
#ifndef BORA_SRC_HTTP_SCAN_H
#define BORA_SRC_HTTP_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

// What a byte may be part of; one bit each.
enum {
    HTTP_TOKEN = 1,   // RFC 9110 5.6.2: methods, header names
    HTTP_TARGET = 2,  // a request target: visible ASCII but '#', which begins a fragment
    HTTP_HOST = 4,    // RFC 3986 3.2.2: a registered name or an address, outside of brackets
    HTTP_HEX = 8,
    HTTP_DIGIT = 16,
};

extern const uint8_t bo__http_byte_class[256];

static inline bool http_is(char c, int byte_class)
{
    return bo__http_byte_class[(uint8_t)c] & byte_class;
}

static inline bool http_is_control(char c)
{
    return ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f;
}

// http_scan_control returns the first control character but TAB in [at, end), or end.
static inline const char *http_scan_control(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i last_control = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low),
                                   _mm_cmpeq_epi8(bytes, del));
        int mask = _mm_movemask_epi8(bad);
        if (mask)
            return at + __builtin_ctz((unsigned)mask);
    }
#endif
    // Eight bytes at once: a byte below 0x20, or equal to 0x7f, leaves its top bit set. Bytes
    // behind the first such one may be set falsely by the borrow, so the scalar loop takes over
    // from here.
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    for (uint64_t word; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        uint64_t low = (word - ones * 0x20) & ~word, del_zero = word ^ (ones * 0x7f);
        if ((low | ((del_zero - ones) & ~del_zero)) & tops)
            break;
    }
    while (at < end && !http_is_control(*at))
        at++;
    return at;
}

#endif
