// SPDX-License-Identifier: MIT
// digits.c: integers to decimal text.
//
// The number of digits is counted first, so that the digits go to their final place from the back,
// two with each division by 100 (which compilers turn into a multiplication). Rejected: filling a
// scratch buffer from the back and copying; the copy of an unknown length costs more than counting.
#include "base/digits.h"

#define TENS(t) #t "0" #t "1" #t "2" #t "3" #t "4" #t "5" #t "6" #t "7" #t "8" #t "9"

// The array has no room for a NUL, which is meant.
const char bo__digit_pairs[200] =
    TENS(0) TENS(1) TENS(2) TENS(3) TENS(4) TENS(5) TENS(6) TENS(7) TENS(8) TENS(9);

static unsigned count_digits(uint64_t value)
{
    unsigned count = 1;
    for (; value >= 10000; value /= 10000)
        count += 4;
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

char *bo__put_u64(char *at, uint64_t value)
{
    char *end = at + count_digits(value);
    char *p = end;
    for (; value >= 100; value /= 100) {
        p -= 2;
        bo__put_2_digits(p, (uint32_t)(value % 100));
    }
    if (value >= 10)
        bo__put_2_digits(p - 2, (uint32_t)value);
    else
        p[-1] = (char)('0' + value);
    return end;
}

char *bo__put_i64(char *at, int64_t value)
{
    uint64_t magnitude = (uint64_t)value;
    if (value < 0) {
        *at++ = '-';
        magnitude = -magnitude;
    }
    return bo__put_u64(at, magnitude);
}
