// SPDX-License-Identifier: MIT
// gcc: a goroutine takes at most six arguments
// clang: a goroutine takes at most six arguments
#include <bora/go.h>

void seven(int, int, int, int, int, int, int);
void f(void);

void f(void)
{
    go(seven, 1, 2, 3, 4, 5, 6, 7);
}
