// SPDX-License-Identifier: MIT
// gcc: too many arguments to function 'fetch'
// clang: too many arguments to function call, expected 2, have 3
#include <bora/go.h>

void fetch(const char *url, int times);
void f(void);

void f(void)
{
    go(fetch, "a", 1, 2);
}
