// SPDX-License-Identifier: MIT
// bora/time.h: durations, the monotonic clock, and moments.
//
// A bo_duration is a signed number of nanoseconds (about 292 years either way). A bo_time is a
// moment: nanoseconds since 1970-01-01T00:00:00Z, UTC, without leap seconds. Deadlines inside Bora
// are on the monotonic clock, bo_mono(), which no clock adjustment moves.
//
// No function here parks. (bo_sleep is in bora/go.h.)
#ifndef BORA_TIME_H
#define BORA_TIME_H

#include <bora/str.h>

typedef int64_t bo_duration;

#define BO_NANOSECOND ((bo_duration)1)
#define BO_MICROSECOND (1000 * BO_NANOSECOND)
#define BO_MILLISECOND (1000 * BO_MICROSECOND)
#define BO_SECOND (1000 * BO_MILLISECOND)
#define BO_MINUTE (60 * BO_SECOND)
#define BO_HOUR (60 * BO_MINUTE)

typedef int64_t bo_time;

// bo_mono is the monotonic clock, in nanoseconds since some moment before the program's start.
int64_t bo_mono(void);

// bo_now is the wall clock.
bo_time bo_now(void);

// BO_TIME_MAX bytes hold any text that bo_time_format writes, with its NUL.
#define BO_TIME_MAX 40

// bo_time_format writes t as RFC 3339 in UTC, with as many digits of a second (0 to 9) as asked:
// "2026-11-24T04:05:06.789Z". What is left of the second is cut off. Returns a view of buffer.
bo_str bo_time_format(bo_time t, int digits, char buffer[BO_TIME_MAX]);

// bo_time_parse reads RFC 3339 with any offset and up to nine digits of a second, and reports
// whether s is such a moment; *out is written only then. A leap second (:60) is refused, and so is
// what a bo_time does not reach (before September 1677, after April 2262).
bool bo_time_parse(bo_str s, bo_time *out);

// bo_time_http writes t as an IMF-fixdate (RFC 9110 section 5.6.7), always 29 bytes:
// "Tue, 24 Nov 2026 04:05:06 GMT".
bo_str bo_time_http(bo_time t, char buffer[BO_TIME_MAX]);

// bo_duration_format writes d as Go does: "1h2m3.5s", "1.5ms", "2µs", "0s".
bo_str bo_duration_format(bo_duration d, char buffer[BO_TIME_MAX]);

#endif
