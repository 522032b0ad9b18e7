// SPDX-License-Identifier: MIT
// utf8.c: is it UTF-8?
//
// Most text is ASCII, so sixteen bytes at a time are tested for a top bit and skipped. Where there
// is one, an automaton takes the next sixteen bytes. Its states are shift amounts: each byte has a
// word that holds, at the offset of every state, the state that follows, so a step is one load that
// waits for nothing and one shift, and there is no branch to mispredict.
//
// The states say what must come next (Unicode 15, table 3-7):
//
//     START   a character                 E0, ED   80..BF cut short: no overlong form, no surrogate
//     TAIL1   one byte 80..BF             F0, F4   80..BF cut short: no overlong form, <= U+10FFFF
//     TAIL2   two of them                 FAIL     nothing any more
//     TAIL3   three of them
//
// Rejected: the classification of 16 bytes by shuffles. It is a few times faster on text that has
// no ASCII at all, and costs a second version of everything for machines without the instruction.
#include "base/bytes.h"

#include <bora/str.h>

enum {
    FAIL = 0,
    START = 6,
    TAIL1 = 12,
    TAIL2 = 18,
    TAIL3 = 24,
    E0 = 30,
    ED = 36,
    F0 = 42,
    F4 = 48
};

// NEXT says that state `from` is followed by state `to`. FAIL, being 0, needs no entry and leads to
// 0.
#define NEXT(from, to) ((uint64_t)(to) << (from))

#define ASCII NEXT(START, START)
#define TAIL_COMMON (NEXT(TAIL1, START) | NEXT(TAIL2, TAIL1) | NEXT(TAIL3, TAIL2))
#define TAIL_80_8F (TAIL_COMMON | NEXT(ED, TAIL1) | NEXT(F4, TAIL2))
#define TAIL_90_9F (TAIL_COMMON | NEXT(ED, TAIL1) | NEXT(F0, TAIL2))
#define TAIL_A0_BF (TAIL_COMMON | NEXT(E0, TAIL1) | NEXT(F0, TAIL2))

static const uint64_t step[256] = {
    [0x00 ... 0x7f] = ASCII,
    [0x80 ... 0x8f] = TAIL_80_8F,
    [0x90 ... 0x9f] = TAIL_90_9F,
    [0xa0 ... 0xbf] = TAIL_A0_BF,
    [0xc2 ... 0xdf] = NEXT(START, TAIL1),
    [0xe0] = NEXT(START, E0),
    [0xe1 ... 0xec] = NEXT(START, TAIL2),
    [0xed] = NEXT(START, ED),
    [0xee ... 0xef] = NEXT(START, TAIL2),
    [0xf0] = NEXT(START, F0),
    [0xf1 ... 0xf3] = NEXT(START, TAIL3),
    [0xf4] = NEXT(START, F4),
};

// run takes the automaton through len bytes. What is above the low six bits of the state is left
// over from the other states and is cut off by the next shift.
static uint64_t run(uint64_t state, const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        state = step[(uint8_t)p[i]] >> (state & 63);
    return state & 63;
}

static bool ascii_16(const char *p)
{
    return ((bo__load_64(p) | bo__load_64(p + 8)) & BO__EACH_BYTE(0x80)) == 0;
}

bool bo_utf8_valid(bo_str s)
{
    const char *p = s.ptr;
    size_t left = s.len;
    uint64_t state = START;
    for (; left >= 16; p += 16, left -= 16) {
        if (state == START && ascii_16(p))
            continue;
        state = run(state, p, 16);
        if (state == FAIL)
            return false;
    }
    return run(state, p, left) == START;
}
