// SPDX-License-Identifier: MIT
#include "base/base_test.h"

#include <bora/str.h>
#include <bora/test.h>
#include <bora/time.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t floor_seconds(bo_time t)
{
    return t / BO_SECOND - (t % BO_SECOND < 0);
}

// ---- against libc ----

static void expect_as_libc(bo_time t)
{
    char got[BO_TIME_MAX], want[80], day[60];
    time_t seconds = floor_seconds(t);
    unsigned nanos = (unsigned)((uint64_t)t - (uint64_t)seconds * BO_SECOND);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(want, sizeof want, "%s.%09uZ", day, nanos);
    bo_str text = bo_time_format(t, 9, got);
    EXPECT_EQ(text, want);
    EXPECT_EQ(got[text.len], 0);

    bo_time back = 0;
    EXPECT(bo_time_parse(text, &back));
    EXPECT_EQ(back, t);

    strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    text = bo_time_http(t, got);
    EXPECT_EQ(text, want);
    EXPECT_EQ(text.len, 29);
    EXPECT_EQ(got[text.len], 0);
}

TEST(every_day_is_the_one_of_libc)
{
    for (int64_t day = INT64_MIN / (24 * BO_HOUR); day <= INT64_MAX / (24 * BO_HOUR); day++) {
        test_case("day %lld", (long long)day);
        char got[BO_TIME_MAX], want[64];
        time_t seconds = day * 86400;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (!EXPECT_EQ(bo_time_http(day * 24 * BO_HOUR, got), want))
            break;
    }
}

TEST(random_moments_are_those_of_libc)
{
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++)
        expect_as_libc((bo_time)random_next(&random));
    const bo_time edges[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX,     INT64_MAX - 1, 0, -1,
                             1,         -BO_SECOND,    BO_SECOND - 1, -BO_SECOND - 1};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        expect_as_libc(edges[i]);
}

TEST(random_dates_are_those_of_timegm)
{
    uint64_t random = 1;
    for (int i = 0; i < 50000; i++) {
        struct tm tm = {.tm_year = 1600 - 1900 + (int)random_below(&random, 800),
                        .tm_mon = (int)random_below(&random, 12),
                        .tm_mday = (int)random_below(&random, 32),
                        .tm_hour = (int)random_below(&random, 25),
                        .tm_min = (int)random_below(&random, 61),
                        .tm_sec = (int)random_below(&random, 61)};
        char text[80];
        int minutes = (int)random_below(&random, 24 * 60), nanos = (int)random_below(&random, 1000);
        bool west = random_below(&random, 2);
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 nanos, west ? '-' : '+', minutes / 60, minutes % 60);
        // timegm carries what is too large over into the next field: then it was no date.
        struct tm same = tm;
        __int128 want = timegm(&same) + (west ? minutes : -minutes) * 60;
        want = want * BO_SECOND + nanos * BO_MILLISECOND;
        bool ok = same.tm_mon == tm.tm_mon && same.tm_mday == tm.tm_mday &&
                  same.tm_hour == tm.tm_hour && same.tm_min == tm.tm_min &&
                  same.tm_sec == tm.tm_sec && want >= INT64_MIN && want <= INT64_MAX;
        bo_time got = 77;
        test_case("%s", text);
        EXPECT_EQ(bo_time_parse(bo_str_of(text), &got), ok);
        EXPECT_EQ(got, ok ? (bo_time)want : 77);
    }
}

// ---- tables ----

TEST(parse_takes_rfc_3339)
{
    static const struct {
        const char *text;
        bo_time want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00+00:00", 0},
        {"1970-01-01T00:00:00-00:00", 0},
        {"1970-01-01T01:00:00+01:00", 0},
        {"1969-12-31T16:30:00-07:30", 0},
        {"1970-01-01T23:59:00+23:59", 0},
        {"1969-12-31T23:59:59.999999999Z", -1},
        {"1970-01-01T00:00:00.5Z", BO_SECOND / 2},
        {"1970-01-01T00:00:00.000000001Z", 1},
        {"1970-01-01T00:00:00.123456789+00:00", 123456789},
        {"2000-02-29T00:00:00Z", 951782400 * BO_SECOND},
        {"2024-02-29T23:59:59Z", 1709251199 * BO_SECOND},
        {"1677-09-21T00:12:43.145224192Z", INT64_MIN},
        {"2262-04-11T23:47:16.854775807Z", INT64_MAX},
        {"2262-04-12T23:47:16.854775807+24:00", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_time got = 0;
        test_case("%s", cases[i].text);
        bool last = i == sizeof cases / sizeof *cases - 1;  // An offset of a whole day is none.
        EXPECT_EQ(bo_time_parse(bo_str_of(cases[i].text), &got), !last);
        EXPECT_EQ(got, cases[i].want);
    }
}

TEST(parse_refuses_what_is_no_moment)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-24",
        "2026-11-24T04:05:06",
        "2026-11-24 04:05:06Z",
        "2026-11-24T04:05Z",
        "2026-11-24T04:05:06ZZ",
        "2026-11-24T04:05:06 Z",
        " 2026-11-24T04:05:06Z",
        "2026-11-24T04:05:06Z ",
        "2026-11-24T04:05:06+01",
        "2026-11-24T04:05:06+0100",
        "2026-11-24T04:05:06+1:00",
        "2026-11-24T04:05:06+24:00",
        "2026-11-24T04:05:06+01:60",
        "2026-11-24T04:05:06.Z",
        "2026-11-24T04:05:06,5Z",
        "2026-11-24T04:05:06.1234567890Z",
        "2026-11-24T04:05:60Z",  // A leap second.
        "2026-11-24T04:60:06Z",
        "2026-11-24T24:00:00Z",
        "2026-11-31T04:05:06Z",
        "2026-02-29T04:05:06Z",
        "1900-02-29T04:05:06Z",
        "2026-13-24T04:05:06Z",
        "2026-00-24T04:05:06Z",
        "2026-11-00T04:05:06Z",
        "2026-1-24T04:05:06Z",
        "26-11-24T04:05:06Z",
        "02026-11-24T04:05:06Z",
        "-026-11-24T04:05:06Z",
        "+026-11-24T04:05:06Z",
        "2026-11-24T+4:05:06Z",
        "2026-11-24T04:05:06.+5Z",
        "2026/11/24T04:05:06Z",
        "2026-11-24T04.05.06Z",
        "2026-11-24T04:05:06−01:00",  // A minus sign, not a hyphen.
        "1677-09-21T00:12:43.145224191Z",
        "2262-04-11T23:47:16.854775808Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bo_time got = 77;
        test_case("%s", bad[i]);
        EXPECT(!bo_time_parse(bo_str_of(bad[i]), &got));
        EXPECT_EQ(got, 77);
    }
    bo_time got;
    EXPECT(!bo_time_parse(bo_s("2026-11-24T04:05:06Z\0"), &got));
    EXPECT(!bo_time_parse((bo_str){0}, &got));
}

TEST(parse_refuses_every_text_with_one_byte_changed_to_no_digit)
{
    static const char good[] = "2026-11-24T04:05:06.789+01:00";
    bo_time got;
    REQUIRE(bo_time_parse(bo_s("2026-11-24T04:05:06.789+01:00"), &got));
    for (size_t len = 0; len < sizeof good - 1; len++) {
        test_case("%zu bytes", len);
        EXPECT(!bo_time_parse(bo_str_n(good, len), &got));
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            bool may_be = good[len] == 'T' ? byte == 't' : good[len] == '+' && byte == '-';
            if (byte == good[len] || may_be || (byte >= '0' && byte <= '9'))
                continue;
            text[len] = (char)byte;
            EXPECT(!bo_time_parse(bo_str_n(text, sizeof good - 1), &got));
        }
    }
}

TEST(format_cuts_the_second_to_the_digits_asked_for)
{
    static const struct {
        int digits;
        const char *want;
    } cases[] = {
        {-1, "2026-11-24T04:05:06Z"},           {0, "2026-11-24T04:05:06Z"},
        {1, "2026-11-24T04:05:06.9Z"},          {3, "2026-11-24T04:05:06.987Z"},
        {6, "2026-11-24T04:05:06.987654Z"},     {9, "2026-11-24T04:05:06.987654321Z"},
        {10, "2026-11-24T04:05:06.987654321Z"}, {1 << 30, "2026-11-24T04:05:06.987654321Z"},
    };
    bo_time t;
    REQUIRE(bo_time_parse(bo_s("2026-11-24T04:05:06.987654321Z"), &t));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[BO_TIME_MAX];
        test_case("%d digits", cases[i].digits);
        EXPECT_EQ(bo_time_format(t, cases[i].digits, buffer), cases[i].want);
    }
}

TEST(http_dates_are_those_of_the_rfc)
{
    char buffer[BO_TIME_MAX];
    EXPECT_EQ(bo_time_http(784111777 * BO_SECOND, buffer), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(bo_time_http(784111777 * BO_SECOND + 999999999, buffer),
              "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(durations_read_as_in_go)
{
    static const struct {
        bo_duration d;
        const char *want;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {-1, "-1ns"},
        {999, "999ns"},
        {1000, "1µs"},
        {1100, "1.1µs"},
        {999999, "999.999µs"},
        {2200 * BO_MICROSECOND, "2.2ms"},
        {BO_SECOND - 1, "999.999999ms"},
        {BO_SECOND, "1s"},
        {3300 * BO_MILLISECOND, "3.3s"},
        {BO_MINUTE - 1, "59.999999999s"},
        {BO_MINUTE, "1m0s"},
        {4 * BO_MINUTE + 5 * BO_SECOND, "4m5s"},
        {4 * BO_MINUTE + 5001 * BO_MILLISECOND, "4m5.001s"},
        {BO_HOUR, "1h0m0s"},
        {5 * BO_HOUR + 6 * BO_MINUTE + 7001 * BO_MILLISECOND, "5h6m7.001s"},
        {8 * BO_MINUTE + 1, "8m0.000000001s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[BO_TIME_MAX];
        test_case("%s", cases[i].want);
        bo_str text = bo_duration_format(cases[i].d, buffer);
        EXPECT_EQ(text, cases[i].want);
        EXPECT_EQ(buffer[text.len], 0);
    }
}

// ---- clocks ----

TEST(clocks_are_those_of_the_kernel)
{
    struct timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    bo_time now = bo_now();
    clock_gettime(CLOCK_REALTIME, &after);
    EXPECT(now >= before.tv_sec * BO_SECOND + before.tv_nsec);
    EXPECT(now <= after.tv_sec * BO_SECOND + after.tv_nsec);

    clock_gettime(CLOCK_MONOTONIC, &before);
    int64_t mono = bo_mono(), later = bo_mono();
    clock_gettime(CLOCK_MONOTONIC, &after);
    EXPECT(mono >= before.tv_sec * BO_SECOND + before.tv_nsec);
    EXPECT(later >= mono);
    EXPECT(later <= after.tv_sec * BO_SECOND + after.tv_nsec);
}
