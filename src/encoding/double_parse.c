// SPDX-License-Identifier: MIT
// double_parse.c: the double nearest to a decimal number.
//
// Three ways, each for what the one before cannot decide:
//
// 1. Up to 2^53 times or through a power of ten that is itself a double is one operation, which
//    rounds as it must (Clinger, 1990).
// 2. The first 19 digits times a power of ten of 128 bits is too large by less than the digits
// times
//    the last bit: so the true value lies between two numbers of 192 bits. If both round to the
//    same double, that is it (after Eisel and Lemire, whose bound is finer, and harder to see).
// 3. Else the two doubles are neighbours, and whole integers say on which side of the middle
//    between them the number lies. That takes a number that is within 2^-60 or so of the middle.
//
// No strtod: it reads the locale's decimal point.
#include "encoding/double.h"
#include "encoding/powers.h"

#define DIGITS_MAX 19            // As many as always fit in 64 bits.
#define EXPONENT_SEEN_MAX 99999  // Beyond it an exponent says no more than that.
#define LIMBS_MAX 160            // 5120 bits: a number of 1024 digits takes 3402, powers of 5 less.

// What differs between double and float.
typedef struct {
    int bits;  // Of the significand, the hidden one included.
    int exponent_min, exponent_max;
} layout;

static const layout layout_double = {53, -1022, 1023};
static const layout layout_float = {24, -126, 127};

// The text, taken apart: digits * 10^exponent, or a bit more if some were left out.
typedef struct {
    bool negative;
    bool more;  // Digits other than 0 were left out.
    uint64_t digits;
    int exponent;
    bo_str text;        // The digits and the point.
    int text_exponent;  // digits of the text * 10^text_exponent is exact.
} decimal;

static decimal take_apart(bo_str number)
{
    decimal d = {0};
    const char *at = number.ptr, *end = at + number.len;
    d.negative = *at == '-';
    at += d.negative;
    d.text.ptr = at;
    int count = 0;
    bool point = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        unsigned digit = (unsigned)(*at - '0');
        d.text_exponent -= point;
        if (count < DIGITS_MAX) {
            d.digits = d.digits * 10 + digit;
            d.exponent -= point;
            count += d.digits > 0;
        } else {
            d.more |= digit > 0;
            d.exponent += !point;
        }
    }
    d.text.len = (size_t)(at - d.text.ptr);
    if (at == end)
        return d;
    bool negative = *++at == '-';
    at += negative || *at == '+';
    int exponent = 0;
    for (; at < end; at++)
        if (exponent < EXPONENT_SEEN_MAX)
            exponent = exponent * 10 + (*at - '0');
    d.exponent += negative ? -exponent : exponent;
    d.text_exponent += negative ? -exponent : exponent;
    return d;
}

// An unsigned integer of 192 bits times 2 to the exponent. It is too large by less than `error`.
typedef struct {
    uint64_t high, middle, low, error;
    int exponent;
} wide;

// times_power is digits * 10^q, which is not 0.
static wide times_power(uint64_t digits, int q)
{
    int zeros = __builtin_clzll(digits);
    digits <<= zeros;
    bo__power g = power_of_ten(q);
    unsigned __int128 low = (unsigned __int128)g.low * digits;
    unsigned __int128 high = (unsigned __int128)g.high * digits + (uint64_t)(low >> 64);
    uint64_t error = q < 0 || q > BO__POWER_EXACT ? digits : 0;
    return (wide){(uint64_t)(high >> 64), (uint64_t)high, (uint64_t)low, error,
                  floor_log2(q) - 127 - zeros};
}

static wide without_error(wide w)
{
    w.high -= w.middle == 0 && w.low < w.error;
    w.middle -= w.low < w.error;
    w.low -= w.error;
    return w;
}

// round_to rounds to the nearest number of a layout, ties to even, and returns its bits.
static uint64_t round_to(layout to, wide w)
{
    int zeros = __builtin_clzll(w.high);
    uint64_t top = w.high, rest = w.middle;
    if (zeros > 0) {
        top = top << zeros | rest >> (64 - zeros);
        rest <<= zeros;
    }
    bool sticky = rest != 0 || w.low != 0;
    int exponent = w.exponent + 128 + 63 - zeros;  // top is 1.xxx times 2 to this.
    int drop = 64 - to.bits;
    if (exponent < to.exponent_min)
        drop += to.exponent_min - exponent;
    if (drop > 64)
        return 0;
    uint64_t kept = drop < 64 ? top >> drop : 0;
    uint64_t dropped = top << (64 - drop), half = UINT64_C(1) << 63;
    kept += dropped > half || (dropped == half && (sticky || kept % 2 == 1));
    // The hidden bit, where there is one, adds 1 to the stored exponent.
    uint64_t stored = exponent < to.exponent_min ? 0 : (uint64_t)(exponent - to.exponent_min);
    return (stored << (to.bits - 1)) + kept;
}

// ---- whole integers ----

typedef struct {
    uint32_t limbs[LIMBS_MAX];  // Lowest first.
    int len;
} big;

static void big_multiply_add(big *b, uint32_t by, uint32_t add)
{
    uint64_t carry = add;
    for (int i = 0; i < b->len; i++) {
        carry += (uint64_t)b->limbs[i] * by;
        b->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        b->limbs[b->len++] = (uint32_t)carry;
}

static void big_times_power(big *b, uint32_t base, int exponent)
{
    for (int i = 0; i < exponent; i++)
        big_multiply_add(b, base, 0);
}

static void big_shift_left(big *b, int bits)
{
    big_times_power(b, 2, bits % 32);
    int limbs = bits / 32;
    memmove(b->limbs + limbs, b->limbs, (size_t)b->len * sizeof b->limbs[0]);
    memset(b->limbs, 0, (size_t)limbs * sizeof b->limbs[0]);
    b->len += limbs;
}

static int big_compare(const big *a, const big *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    for (int i = a->len - 1; i >= 0; i--)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    return 0;
}

// side_of_middle compares the number with the middle between the one whose bits these are and the
// next larger one.
static int side_of_middle(const decimal *d, layout of, uint64_t bits)
{
    uint64_t hidden = UINT64_C(1) << (of.bits - 1);
    uint64_t stored = bits >> (of.bits - 1);
    uint64_t middle = 2 * (stored ? (bits & (hidden - 1)) | hidden : bits) + 1;
    int two = of.exponent_min - of.bits + (stored ? (int)stored - 1 : 0);
    int ten = d->text_exponent;

    big left = {.len = 0}, right = {.limbs = {(uint32_t)middle, (uint32_t)(middle >> 32)}};
    right.len = 1 + (middle >> 32 != 0);
    for (size_t i = 0; i < d->text.len; i++)
        if (d->text.ptr[i] != '.')
            big_multiply_add(&left, 10, (uint32_t)(d->text.ptr[i] - '0'));
    // left * 5^ten * 2^ten against right * 2^two, with no negative exponents.
    big_times_power(ten > 0 ? &left : &right, 5, ten > 0 ? ten : -ten);
    int shift = ten - two;
    big_shift_left(shift > 0 ? &left : &right, shift > 0 ? shift : -shift);
    return big_compare(&left, &right);
}

// nearest returns the bits of the nearest number of a layout, without the sign.
static uint64_t nearest(layout to, const decimal *d)
{
    // Beyond these any digits give infinity, or nothing.
    if (d->digits == 0 || d->exponent < BO__POWER_MIN)
        return 0;
    uint64_t infinite = (uint64_t)(to.exponent_max - to.exponent_min + 2) << (to.bits - 1);
    if (d->exponent > 308)
        return infinite;
    wide upper = times_power(d->digits + d->more, d->exponent);
    wide lower = without_error(times_power(d->digits, d->exponent));
    uint64_t low = round_to(to, lower), high = round_to(to, upper);
    if (low != high) {
        int side = side_of_middle(d, to, low);
        low += side > 0 || (side == 0 && low % 2 == 1);
    }
    return low < infinite ? low : infinite;
}

bool bo__parse_double(bo_str number, double *out)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d = take_apart(number);
    double value;
    if (!d.more && d.digits <= UINT64_C(1) << 53 && d.exponent >= -22 && d.exponent <= 22) {
        value = (double)d.digits;
        value = d.exponent < 0 ? value / tens[-d.exponent] : value * tens[d.exponent];
    } else {
        uint64_t bits = nearest(layout_double, &d);
        memcpy(&value, &bits, sizeof value);
    }
    *out = d.negative ? -value : value;
    return __builtin_isfinite(value);
}

bool bo__parse_float(bo_str number, float *out)
{
    decimal d = take_apart(number);
    uint32_t bits = (uint32_t)nearest(layout_float, &d);
    float value;
    memcpy(&value, &bits, sizeof value);
    *out = d.negative ? -value : value;
    return __builtin_isfinite(value);
}
