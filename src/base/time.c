// SPDX-License-Identifier: MIT
// time.c: clocks, and moments as text.
//
// Dates are computed, not looked up: no time zone file, no lock, no locale. The calendar is counted
// from the first of March of the year 0, since then the leap day is the last of its year and the
// lengths of the months follow a straight line: month m (March is 0) begins on day (153 m + 2) / 5.
// Four hundred years have 146,097 days whichever they are. A bo_time reaches from 1677 to 2262, so
// that all of this happens in positive numbers.
#include "base/digits.h"

#include <bora/time.h>
#include <time.h>

#define NANOS_PER_SECOND 1000000000
#define SECONDS_PER_DAY 86400
#define DAYS_FROM_MARCH_0000 719468  // From 0000-03-01 to 1970-01-01.
#define DAYS_IN_400_YEARS 146097

typedef struct {
    uint32_t year, month, day;  // January and the first are 1.
} civil_date;

typedef struct {
    int64_t days;   // Since 1970-01-01.
    uint32_t time;  // Seconds since midnight.
    uint32_t nanos;
} split_time;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NANOS_PER_SECOND + now.tv_nsec;
}

int64_t bo_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

bo_time bo_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

// floor_div divides downwards, so that moments before 1970 have a day and a time of day too.
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static split_time split(bo_time t)
{
    int64_t seconds = floor_div(t, NANOS_PER_SECOND);
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    return (split_time){
        .days = days,
        .time = (uint32_t)(seconds - days * SECONDS_PER_DAY),
        // The product alone may lie below what fits, hence the wrapping arithmetic.
        .nanos = (uint32_t)((uint64_t)t - (uint64_t)seconds * NANOS_PER_SECOND),
    };
}

static civil_date civil_of_days(int64_t days)
{
    uint32_t day = (uint32_t)(days + DAYS_FROM_MARCH_0000);
    uint32_t era = day / DAYS_IN_400_YEARS;
    uint32_t of_era = day % DAYS_IN_400_YEARS;
    // Leap days are taken out, so that every year has 365 days: one each 4 years (1,461 days), but
    // none at the end of a century (36,524 days), but one at the very last day of the 400 years.
    uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * of_year + 2) / 153;
    return (civil_date){
        .year = 400 * era + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - (153 * month + 2) / 5 + 1,
    };
}

static int64_t days_of_civil(civil_date date)
{
    // January and February of the year 0 lie before the count begins: 400 years more, and less.
    uint32_t year = date.year + 400 - (date.month <= 2);
    uint32_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    uint32_t of_year = (153 * month + 2) / 5 + date.day - 1;
    uint32_t days = 365 * year + year / 4 - year / 100 + year / 400 + of_year;
    return (int64_t)days - DAYS_IN_400_YEARS - DAYS_FROM_MARCH_0000;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
    if (month == 2)
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    return 30 + ((month + (month >= 8)) & 1);
}

static char *put_text(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

// put_clock writes "04:05:06".
static char *put_clock(char *at, uint32_t time)
{
    at = bo__put_2_digits(at, time / 3600);
    *at++ = ':';
    at = bo__put_2_digits(at, time / 60 % 60);
    *at++ = ':';
    return bo__put_2_digits(at, time % 60);
}

static bo_str finish(char *buffer, char *end)
{
    *end = '\0';
    return bo_str_n(buffer, (size_t)(end - buffer));
}

bo_str bo_time_format(bo_time t, int digits, char buffer[BO_TIME_MAX])
{
    split_time parts = split(t);
    civil_date date = civil_of_days(parts.days);
    char *at = bo__put_2_digits(buffer, date.year / 100);
    at = bo__put_2_digits(at, date.year % 100);
    *at++ = '-';
    at = bo__put_2_digits(at, date.month);
    *at++ = '-';
    at = bo__put_2_digits(at, date.day);
    *at++ = 'T';
    at = put_clock(at, parts.time);
    if (digits > 0) {
        *at++ = '.';
        uint32_t unit = NANOS_PER_SECOND / 10;
        for (int i = 0; i < digits && i < 9; i++, unit /= 10)
            *at++ = (char)('0' + parts.nanos / unit % 10);
    }
    *at++ = 'Z';
    return finish(buffer, at);
}

// take_number takes exactly count digits off *rest.
static bool take_number(bo_str *rest, size_t count, uint32_t *out)
{
    uint64_t value;
    if (rest->len < count || !bo_str_uint(bo_str_n(rest->ptr, count), &value))
        return false;
    *rest = bo_str_n(rest->ptr + count, rest->len - count);
    *out = (uint32_t)value;
    return true;
}

static bool take_byte(bo_str *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = bo_str_n(rest->ptr + 1, rest->len - 1);
    return true;
}

// take_date reads "2026-11-24" and checks it against the calendar.
static bool take_date(bo_str *rest, civil_date *date)
{
    return take_number(rest, 4, &date->year) && take_byte(rest, '-') &&
           take_number(rest, 2, &date->month) && take_byte(rest, '-') &&
           take_number(rest, 2, &date->day) && date->month >= 1 && date->month <= 12 &&
           date->day >= 1 && date->day <= days_in_month(date->year, date->month);
}

static bool take_clock(bo_str *rest, uint32_t *time)
{
    uint32_t hour, minute, second;
    bool ok = take_number(rest, 2, &hour) && take_byte(rest, ':') &&
              take_number(rest, 2, &minute) && take_byte(rest, ':') &&
              take_number(rest, 2, &second) && hour < 24 && minute < 60 && second < 60;
    if (ok)
        *time = hour * 3600 + minute * 60 + second;
    return ok;
}

// take_fraction reads ".789" if it is there.
static bool take_fraction(bo_str *rest, uint32_t *nanos)
{
    *nanos = 0;
    if (!take_byte(rest, '.'))
        return true;
    size_t count = 0;
    while (count < rest->len && (uint8_t)(rest->ptr[count] - '0') < 10)
        count++;
    if (count > 9 || !take_number(rest, count, nanos))
        return false;
    for (; count < 9; count++)
        *nanos *= 10;
    return true;
}

// take_offset reads "Z", "+01:00" or "-07:30" as seconds east of Greenwich.
static bool take_offset(bo_str *rest, int64_t *offset)
{
    *offset = 0;
    if (take_byte(rest, 'Z') || take_byte(rest, 'z'))
        return true;
    bool west = take_byte(rest, '-');
    if (!west && !take_byte(rest, '+'))
        return false;
    uint32_t hours, minutes;
    if (!take_number(rest, 2, &hours) || !take_byte(rest, ':') || !take_number(rest, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset = (int64_t)hours * 3600 + minutes * 60;
    if (west)
        *offset = -*offset;
    return true;
}

bool bo_time_parse(bo_str s, bo_time *out)
{
    civil_date date;
    uint32_t time, nanos;
    int64_t offset;
    if (!take_date(&s, &date) || (!take_byte(&s, 'T') && !take_byte(&s, 't')) ||
        !take_clock(&s, &time) || !take_fraction(&s, &nanos) || !take_offset(&s, &offset) ||
        s.len > 0)
        return false;
    int64_t seconds = days_of_civil(date) * SECONDS_PER_DAY + time - offset;
    __int128 t = (__int128)seconds * NANOS_PER_SECOND + nanos;
    if (t < INT64_MIN || t > INT64_MAX)
        return false;
    *out = (bo_time)t;
    return true;
}

bo_str bo_time_http(bo_time t, char buffer[BO_TIME_MAX])
{
    static const char weekdays[7][5] = {"Thu, ", "Fri, ", "Sat, ", "Sun, ",
                                        "Mon, ", "Tue, ", "Wed, "};
    static const char months[12][5] = {" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
                                       " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "};
    split_time parts = split(t);
    civil_date date = civil_of_days(parts.days);
    // 1970-01-01 was a Thursday; seven times 20,000 days before it were, too.
    char *at = put_text(buffer, weekdays[(parts.days + 140000) % 7], 5);
    at = bo__put_2_digits(at, date.day);
    at = put_text(at, months[date.month - 1], 5);
    at = bo__put_2_digits(at, date.year / 100);
    at = bo__put_2_digits(at, date.year % 100);
    *at++ = ' ';
    at = put_clock(at, parts.time);
    at = put_text(at, " GMT", 4);
    return finish(buffer, at);
}

// put_fraction writes value / unit with as many digits behind the point as it has, unit being a
// power of ten.
static char *put_fraction(char *at, uint64_t value, uint64_t unit)
{
    at = bo__put_u64(at, value / unit);
    uint64_t rest = value % unit;
    if (rest == 0)
        return at;
    *at++ = '.';
    for (; rest > 0; rest %= unit) {
        unit /= 10;
        *at++ = (char)('0' + rest / unit);
    }
    return at;
}

bo_str bo_duration_format(bo_duration d, char buffer[BO_TIME_MAX])
{
    char *at = buffer;
    uint64_t nanos = d < 0 ? -(uint64_t)d : (uint64_t)d;
    if (d < 0)
        *at++ = '-';
    if (nanos == 0) {
        at = put_text(at, "0s", 2);
    } else if (nanos < 1000) {
        at = put_text(put_fraction(at, nanos, 1), "ns", 2);
    } else if (nanos < 1000000) {
        at = put_text(put_fraction(at, nanos, 1000), "µs", sizeof("µs") - 1);
    } else if (nanos < NANOS_PER_SECOND) {
        at = put_text(put_fraction(at, nanos, 1000000), "ms", 2);
    } else {
        uint64_t minutes = nanos / ((uint64_t)60 * NANOS_PER_SECOND);
        if (minutes >= 60) {
            at = bo__put_u64(at, minutes / 60);
            *at++ = 'h';
        }
        if (minutes > 0) {
            at = bo__put_u64(at, minutes % 60);
            *at++ = 'm';
        }
        at = put_fraction(at, nanos - minutes * 60 * NANOS_PER_SECOND, NANOS_PER_SECOND);
        *at++ = 's';
    }
    return finish(buffer, at);
}
