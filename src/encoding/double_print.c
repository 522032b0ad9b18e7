// SPDX-License-Identifier: MIT
// double_print.c: the shortest decimal number that gives a double back.
//
// Raffaello Giulietti, "The Schubfach way to render doubles" (2021). A double v stands for all
// reals nearer to it than to its neighbours. With k so that 10^k is not wider than that interval,
// but 10^(k+1) is or nearly so, the shortest number is among four candidates: the multiples of 10^k
// and of 10^(k+1) next to v, below and above. Whether one lies inside is asked of integers: v and
// the ends of its interval, times four and divided by 10^k, cut to integers whose last bit says
// that something was cut off (round to odd). The paper proves that 126 bits of 10^-k decide it.
//
// float goes the same way with its own interval; its numbers need less than the 128 bits that are
// there. Rejected: Ryu, which needs two tables and loops to drop digits; Grisu, which now and then
// does not find the shortest and then needs a second algorithm.
#include "base/digits.h"
#include "encoding/double.h"
#include "encoding/powers.h"

// A binary number: c times 2 to the q. It is `regular` unless its lower neighbour is half as far
// away as the upper one.
typedef struct {
    uint64_t c;
    int q;
    bool regular;
} binary;

// digits times 10 to the exponent.
typedef struct {
    uint64_t digits;
    int exponent;
} decimal;

// times_power is g * c, cut to its top bits; the last says whether anything was cut off.
static uint64_t times_power(bo__power g, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)g.low * c;
    unsigned __int128 high = (unsigned __int128)g.high * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static decimal shortest(binary v)
{
    bool even = v.c % 2 == 0;
    // floor(log10(2^q)), or that of 3/4 of it.
    int k = (v.q * 1262611 - (v.regular ? 0 : 524031)) >> 22;
    int shift = v.q + floor_log2(-k) + 1;
    bo__power g = power_of_ten(-k);
    uint64_t value = times_power(g, 4 * v.c << shift);
    uint64_t lower = times_power(g, (4 * v.c - (v.regular ? 2 : 1)) << shift) + !even;
    uint64_t upper = times_power(g, (4 * v.c + 2) << shift) - !even;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above)
            return (decimal){tens + above, k + 1};
    }
    bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above)
        return (decimal){s + above, k};
    uint64_t middle = 4 * s + 2;
    return (decimal){s + (value > middle || (value == middle && s % 2 == 1)), k};
}

static char *put_zeros(char *at, int count)
{
    memset(at, '0', (size_t)count);
    return at + count;
}

static char *put_bytes(char *at, const char *from, int count)
{
    memcpy(at, from, (size_t)count);
    return at + count;
}

static char *put_exponent(char *at, const char *digits, int count, int exponent)
{
    *at++ = digits[0];
    if (count > 1) {
        *at++ = '.';
        at = put_bytes(at, digits + 1, count - 1);
    }
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    return bo__put_u64(at, (uint64_t)(exponent < 0 ? -exponent : exponent));
}

static char *put_decimal(char *at, decimal d)
{
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    char digits[BO__DIGITS_MAX];
    int count = (int)(bo__put_u64(digits, d.digits) - digits);
    int point = count + d.exponent;  // The digits before the decimal point.
    if (point > 21 || point < -5)
        return put_exponent(at, digits, count, point - 1);
    if (point >= count)
        return put_zeros(put_bytes(at, digits, count), point - count);
    if (point > 0) {
        at = put_bytes(at, digits, point);
        *at++ = '.';
        return put_bytes(at, digits + point, count - point);
    }
    *at++ = '0';
    *at++ = '.';
    return put_bytes(put_zeros(at, -point), digits, count);
}

// put_binary writes a number of which the exponent as it is stored, the bits of the fraction and
// their count are known.
static char *put_binary(char *at, unsigned stored, uint64_t fraction, unsigned bits)
{
    if (stored == 0 && fraction == 0) {
        *at++ = '0';
        return at;
    }
    int bias = bits == 52 ? 1075 : 150;
    binary v = {.c = fraction, .q = 1 - bias, .regular = fraction != 0 || stored <= 1};
    if (stored > 0)
        v = (binary){fraction | UINT64_C(1) << bits, (int)stored - bias, v.regular};
    // Integers that are exact are written digit by digit.
    if (v.q <= 0 && v.q > -(int)(bits + 1) && (v.c & ((UINT64_C(1) << -v.q) - 1)) == 0)
        return bo__put_u64(at, v.c >> -v.q);
    return put_decimal(at, shortest(v));
}

char *bo__put_double(char *at, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (bits >> 63)
        *at++ = '-';
    return put_binary(at, bits >> 52 & 0x7ff, bits & ((UINT64_C(1) << 52) - 1), 52);
}

char *bo__put_float(char *at, float number)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (bits >> 31)
        *at++ = '-';
    return put_binary(at, bits >> 23 & 0xff, bits & ((UINT32_C(1) << 23) - 1), 23);
}
