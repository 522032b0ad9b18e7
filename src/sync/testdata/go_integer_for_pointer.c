// SPDX-License-Identifier: MIT
// gcc: passing argument 1 of 'fetch' makes pointer from integer
// clang: incompatible integer to pointer conversion passing 'int' to parameter of type 'const char *'
#include <bora/go.h>

void fetch(const char *url, int times);
void f(void);

void f(void)
{
    go(fetch, 5, 1);
}
