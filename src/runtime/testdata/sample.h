// SPDX-License-Identifier: MIT
// sample.h: code of one file within a function of another.

static inline int clamp(int x, int low, int high)
{
    if (x < low)
        return low;
    return x > high ? high : x;
}
