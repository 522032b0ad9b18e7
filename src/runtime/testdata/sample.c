// SPDX-License-Identifier: MIT
// sample.c: what the tests of the readers compile, with each compiler and each kind of debug
// information, to look into what comes out. It is linked without libc.
#include "sample.h"

int sample_weights[64];

int sample_leaf(int x)
{
    return x * 3 + 1;
}

static __attribute__((noinline)) int sample_static(int x, int y)
{
    int sum = 0;
    for (int i = 0; i < x; i++) {
        sum += clamp(sample_weights[i & 63], -y, y);
        if (sum > 1000)
            sum -= sample_leaf(i);
    }
    return sum;
}

int sample_switch(int x)
{
    switch (x) {
    case 1:
        return sample_static(1, 2);
    case 2:
        return sample_static(3, 4) + 1;
    case 7:
        return sample_leaf(sample_weights[7]);
    default:
        return x;
    }
}

// The frame is of a size that only the frame pointer knows.
int sample_dynamic(int n)
{
    volatile char *buffer = __builtin_alloca((unsigned long)n);
    for (int i = 0; i < n; i++)
        buffer[i] = (char)sample_switch(i);
    return buffer[n / 2];
}

// Many registers are saved, and the stack is aligned to more than the ABI asks for.
int sample_aligned(int a, int b, int c, int d)
{
    _Alignas(64) volatile int cells[16] = {a, b, c, d};
    int sum = 0;
    for (int i = 0; i < 16; i++)
        sum += sample_switch(cells[i]) * (a ^ b) + sample_dynamic(c) * d;
    return sum;
}

// An error path that compilers move out of the way (".cold").
int sample_unlikely(int x)
{
    if (__builtin_expect(x < 0, 0)) {
        sample_weights[0] = sample_static(x, 1);
        sample_weights[1] = sample_static(x, 2);
        __builtin_trap();
    }
    return sample_leaf(x);
}
