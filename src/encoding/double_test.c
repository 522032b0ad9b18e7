// SPDX-License-Identifier: MIT
// Doubles from and to text, against the C library, which is exact too.
#include "encoding/double.h"
#include "encoding/powers.h"
#include <bora/test.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static const char *printed(double value)
{
    static char text[DOUBLE_BYTES_MAX + 1];
    char *end = bo__put_double(text, value);
    REQUIRE(end <= text + DOUBLE_BYTES_MAX);
    *end = '\0';
    return text;
}

static const char *printed_float(float value)
{
    static char text[DOUBLE_BYTES_MAX + 1];
    *bo__put_float(text, value) = '\0';
    return text;
}

TEST(a_double_is_written_as_javascript_and_go_do)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {123456789012345680, "123456789012345680"},
        {9007199254740991, "9007199254740991"},
        {9007199254740992, "9007199254740992"},
        {9007199254740994, "9007199254740994"},
        {1e20, "100000000000000000000"},
        {999999999999999900000.0, "999999999999999900000"},
        {1e21, "1e+21"},
        {1.5e21, "1.5e+21"},
        {1e23, "1e+23"},
        {0.000001, "0.000001"},
        {0.00000123, "0.00000123"},
        {0.000000999, "9.99e-7"},
        {1e-7, "1e-7"},
        {5e-324, "5e-324"},
        {2.225073858507201e-308, "2.225073858507201e-308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
        {4.35, "4.35"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].text);
        EXPECT_EQ(printed(cases[i].value), cases[i].text);
    }
    EXPECT_EQ(printed_float(0.1f), "0.1");
    EXPECT_EQ(printed_float(16777216), "16777216");
    EXPECT_EQ(printed_float(3.4028235e38f), "3.4028235e+38");
    EXPECT_EQ(printed_float(1e-45f), "1e-45");
    EXPECT_EQ(printed_float(-1.17549435e-38f), "-1.1754944e-38");
}

// digits is how many significant digits a text has.
static int digits(const char *text)
{
    int count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        count++;
    }
    return count - zeros;
}

// check writes a value, reads it back in two ways, and looks for a shorter text and a nearer one.
static void check(double value)
{
    const char *text = printed(value);
    double back;
    if (bits_of(strtod(text, NULL)) != bits_of(value))
        test_fail("%.17g is written as %s", value, text);
    if (!bo__parse_double(bo_str_of(text), &back) || bits_of(back) != bits_of(value))
        test_fail("%s is read as %.17g", text, back);
    int count = digits(text);
    char other[40];
    snprintf(other, sizeof other, "%.*e", count > 1 ? count - 2 : 0, value);
    if (count > 1 && strtod(other, NULL) == value)
        test_fail("%s is shorter than %s", other, text);
    // printf rounds right, so with that many digits nothing is nearer than what it writes.
    snprintf(other, sizeof other, "%.*e", count > 0 ? count - 1 : 0, value);
    long double far = fabsl(strtold(text, NULL) - (long double)value);
    if (strtod(other, NULL) == value && far > 0 &&
        fabsl(strtold(other, NULL) - (long double)value) < far * 0.999L)
        test_fail("%s is nearer than %s", other, text);
}

TEST(any_double_is_written_short_and_read_back)
{
    for (int i = 0; i < 100000; i++) {
        double value = double_of(next());
        if (isfinite(value))
            check(value);
    }
}

TEST(doubles_at_the_edges_are_written_short_and_read_back)
{
    // Powers of two, where the lower neighbour is nearer, with their neighbours.
    for (uint64_t exponent = 0; exponent < 2047; exponent++)
        for (int64_t by = -2; by <= 2; by++)
            if (exponent > 0 || by >= 0)
                check(double_of((exponent << 52) + (uint64_t)by));
    for (int i = 0; i < 20000; i++) {
        check(double_of(next() >> (12 + next() % 52)));     // Subnormal.
        check((double)(int64_t)(next() >> (next() % 64)));  // Whole.
        check((double)(next() % 100000000) / 100);          // Prices.
    }
}

static void check_read(const char *text)
{
    double want = strtod(text, NULL), got;
    bool fits = bo__parse_double(bo_str_of(text), &got);
    if (fits != isfinite(want) || bits_of(got) != bits_of(want))
        test_fail("%s is read as %.17g, not %.17g", text, got, want);
    float want_float = strtof(text, NULL), got_float;
    fits = bo__parse_float(bo_str_of(text), &got_float);
    if (fits != isfinite(want_float) || memcmp(&got_float, &want_float, sizeof want_float) != 0)
        test_fail("%s is read as float %.9g, not %.9g", text, (double)got_float,
                  (double)want_float);
}

TEST(any_decimal_is_rounded_to_the_nearest)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "0e999999999999",
        "1e400",
        "-1e400",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "0.00000000000000000000000000000000000000000000000001e50",
        "100000000000000000000000000000000000000000000000000e-50",
        "9007199254740993",
        "9007199254740993.0000000000000000000000000000000000000000001",
        "9007199254740992.9999999999999999999999999999999999999999999",
        "9007199254740995",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.797693134862315807e308",
        "1.797693134862315808e308",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977"
        "587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845"
        "817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559"
        "699508093042880177904174497791.999",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "2.225073858507201136057409796709131975934819546351645648023426109724822222021076945516529523"
        "908135087914149158913039621106870086438694594645527657207407820621743379988141063267329253552"
        "2868813721490129811224514518898490572223072852551331557550159143974763979834118019993239e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.47032822920623272088284396434110686182e-324",
        "1e-324",
        "16777217",
        "16777217.00000000000000000000000000001",
        "16777219",
        "3.4028235677973366e38",
        "3.4028235677973365e38",
        "7.006492321624085e-46",
        "7.0064923216240853546186479164495806564013097093825788587853e-46",
        "7.1e-46",
        "1.0000000596046448",
        "1.00000005960464477539062499999999999",
        "1.00000005960464477539062500000000001",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        test_case("%.40s", texts[i]);
        check_read(texts[i]);
    }
    for (int i = 0; i < 100000; i++) {
        char text[80];
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(next() >> next() % 64),
                 (unsigned long long)(next() >> next() % 64), (int)(next() % 700) - 350);
        check_read(text);
    }
}

// The middle between two doubles takes up to 767 digits, which printf has all of.
TEST(a_number_at_or_beside_the_middle_between_two_doubles_is_rounded_right)
{
    for (int i = 0; i < 3000; i++) {
        double low = double_of(next() >> 1 >> (i % 3 ? 0 : 11));
        double high = double_of(bits_of(low) + 1);
        if (!isfinite(low) || !isfinite(high))
            continue;
        char text[1200];
        long double middle = ((long double)low + high) / 2;
        int len = snprintf(text, sizeof text, "%.770Le", middle);
        char *e = strchr(text, 'e');
        check_read(text);
        // One more or less in the last of the digits.
        if (e[-1] == '0')
            e[-1] = '1';
        check_read(text);
        REQUIRE(len < (int)sizeof text);
    }
}

TEST(the_powers_of_ten_that_fit_are_exact)
{
    unsigned __int128 five = 1;
    for (int q = 0; q <= BO__POWER_EXACT; q++, five *= 5) {
        unsigned __int128 want = five;
        while (want >> 127 == 0)
            want <<= 1;
        test_case("%d", q);
        EXPECT_EQ(power_of_ten(q).high, (uint64_t)(want >> 64));
        EXPECT_EQ(power_of_ten(q).low, (uint64_t)want);
    }
}

// Each is ten times the one before. Of that the stored one is too large by less than 10, at the
// scale before, and the next by less than 1.
TEST(the_other_powers_of_ten_are_rounded_up_by_less_than_one)
{
    for (int q = BO__POWER_MIN; q < BO__POWER_MAX; q++) {
        bo__power a = power_of_ten(q), b = power_of_ten(q + 1);
        int shift = floor_log2(q + 1) - floor_log2(q);
        unsigned __int128 low = (unsigned __int128)a.low * 10;
        unsigned __int128 high = (unsigned __int128)a.high * 10 + (uint64_t)(low >> 64);
        unsigned __int128 ten_a = high << (64 - shift) | (uint64_t)low >> shift;
        unsigned __int128 next_one = (unsigned __int128)b.high << 64 | b.low;
        test_case("%d", q);
        EXPECT_EQ(b.high >> 63, 1);
        EXPECT_EQ((uint64_t)(high >> (64 + shift)), 0);
        __int128 above = (__int128)(ten_a - next_one);
        EXPECT(above >= -1 && above <= 10 >> shift);
    }
}
