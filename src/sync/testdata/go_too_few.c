// SPDX-License-Identifier: MIT
// gcc: too few arguments to function 'fetch'
// clang: too few arguments to function call, expected 2, have 1
#include <bora/go.h>

void fetch(const char *url, int times);
void f(void);

void f(void)
{
    go(fetch, "a");
}
