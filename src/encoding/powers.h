// SPDX-License-Identifier: MIT
// powers.h: the powers of ten, in 128 bits each, for reading and writing doubles.
#ifndef BORA_SRC_ENCODING_POWERS_H
#define BORA_SRC_ENCODING_POWERS_H

#include <stdint.h>

#define BO__POWER_MIN (-342)  // 10 to that, times 19 digits, is less than half the least double.
#define BO__POWER_MAX 324     // What writing the least double takes.
#define BO__POWER_EXACT 55    // From 10 to the 0 on up to this one they are exact.

// 10 to the q is high:low times 2 to the (floor_log2(q) - 127): the top bit of high is set. Those
// that are not exact are rounded up: they are too large by less than one of the last bit.
typedef struct {
    uint64_t high, low;
} bo__power;

extern const bo__power bo__powers[BO__POWER_MAX - BO__POWER_MIN + 1];

static inline bo__power power_of_ten(int q)
{
    return bo__powers[q - BO__POWER_MIN];
}

// floor_log2 is that of 10 to the q, for q up to 1233 on both sides of 0.
static inline int floor_log2(int q)
{
    return (q * 1741647) >> 19;
}

#endif
