// SPDX-License-Identifier: MIT
// gcc: passing argument 2 of 'fetch' makes integer from pointer
// clang: incompatible pointer to integer conversion passing
#include <bora/go.h>

void fetch(const char *url, int times);
void f(void);

void f(void)
{
    go(fetch, "a", "b");
}
