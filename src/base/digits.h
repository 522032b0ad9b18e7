// SPDX-License-Identifier: MIT
// base/digits.h: decimal digits, two at a time.
//
// Times, log lines, JSON and HTTP heads are full of small integers, and printf spends most of its
// time reading its format. These write digits and nothing else: no NUL, no locale, no allocation.
#ifndef BORA_SRC_BASE_DIGITS_H
#define BORA_SRC_BASE_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// BO__DIGITS_MAX bytes hold any 64-bit integer with its sign.
#define BO__DIGITS_MAX 20

// The pairs "00" to "99", one behind the other.
extern const char bo__digit_pairs[200];

// bo__put_2_digits writes value, at most 99, as two digits and returns the place behind them.
static inline char *bo__put_2_digits(char *at, uint32_t value)
{
    memcpy(at, bo__digit_pairs + 2 * (size_t)value, 2);
    return at + 2;
}

// bo__put_u64 writes value without leading zeros, bo__put_i64 with a minus sign if it is negative.
// Both return the place behind the last digit.
char *bo__put_u64(char *at, uint64_t value);
char *bo__put_i64(char *at, int64_t value);

#endif
