// SPDX-License-Identifier: MIT
// hash.c: a keyed hash built on one folded multiplication.
//
// fold(a, b) multiplies two words to 128 bits and adds the halves without carry: every bit of the
// input reaches every bit of the result in about four cycles. Sixteen bytes of input go into one
// fold; long inputs run three chains side by side, since a multiplication takes three cycles but
// can start every cycle. What the input is combined with is secret and drawn at start: who does not
// know it can neither aim at a collision nor make an operand zero, which is the one weak point of
// a product.
//
// The result differs from run to run and from machine to machine: it is for tables in memory, never
// for anything written down. Rejected: SipHash-1-3. It has the better proof and costs three times
// as much for the keys of a dozen bytes that header and JSON tables are full of.
#include "base/hash.h"
#include "base/bytes.h"

#include <bora/str.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <time.h>

static uint64_t secret[4];

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// The first constructor of all, so that no table is ever made before the secret is.
__attribute__((constructor(101))) static void draw_secret(void)
{
    if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) != (ssize_t)sizeof(secret)) {
        // A sandbox may forbid the call, and early at boot there is nothing to draw from yet. The
        // kernel gave every process 16 random bytes; the clock and an address add what they can.
        const char *random = (const char *)getauxval(AT_RANDOM);  // NOLINT: an address by contract
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t a = random ? bo__load_64(random) : (uint64_t)(uintptr_t)&now;
        uint64_t b = random ? bo__load_64(random + 8) : (uint64_t)now.tv_sec;
        for (size_t i = 0; i < 4; i++) {
            a = fold(a ^ 0x9e3779b97f4a7c15, b ^ (uint64_t)now.tv_nsec ^ (i << 32)) + i;
            secret[i] = a ^ (b << i);
        }
    }
    // An odd multiplier loses no bit of what it multiplies.
    secret[1] |= 1;
    secret[3] |= 1;
}

// mix_long takes in all but the last 1 to 16 bytes of an input of more than 16.
static uint64_t mix_long(const char *p, size_t len, uint64_t state)
{
    if (len > 48) {
        uint64_t second = state, third = state;
        for (; len > 48; p += 48, len -= 48) {
            state = fold(bo__load_64(p) ^ secret[1], bo__load_64(p + 8) ^ state);
            second = fold(bo__load_64(p + 16) ^ secret[2], bo__load_64(p + 24) ^ second);
            third = fold(bo__load_64(p + 32) ^ secret[3], bo__load_64(p + 40) ^ third);
        }
        state ^= second ^ third;
    }
    for (; len > 16; p += 16, len -= 16)
        state = fold(bo__load_64(p) ^ secret[2], bo__load_64(p + 8) ^ state);
    return state;
}

uint64_t bo_str_hash(bo_str s)
{
    const char *p = s.ptr;
    size_t len = s.len;
    uint64_t state = secret[0], a = 0, b = 0;
    // The two words overlap where the input is shorter than both; the length, mixed in at the end,
    // tells such inputs apart.
    if (len > 16) {
        state = mix_long(p, len, state);
        a = bo__load_64(p + len - 16);
        b = bo__load_64(p + len - 8);
    } else if (len >= 8) {
        a = bo__load_64(p);
        b = bo__load_64(p + len - 8);
    } else if (len >= 4) {
        a = (uint64_t)bo__load_32(p) << 32 | bo__load_32(p + len - 4);
    } else if (len > 0) {
        a = (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[len / 2] << 8 |
            (uint64_t)(uint8_t)p[len - 1];
    }
    uint64_t mixed = fold(a ^ secret[1], b ^ state);
    return fold(mixed ^ secret[2], (uint64_t)len ^ secret[3]);
}

uint64_t bo__hash_u64(uint64_t value)
{
    // One fold is enough for every bit to reach every bit. But it sends keys at equal distances
    // (numbers of tickets, moments, addresses) to places at equal distances, and for one secret in
    // a hundred these lie so close together that a table becomes a list.
    return fold(fold(value ^ secret[0], secret[1]) ^ secret[2], secret[3]);
}
