// SPDX-License-Identifier: MIT
// gcc: passing argument 1 of 'fetch' from incompatible pointer type
// clang: incompatible pointer types passing 'double *' to parameter of type 'const char *'
#include <bora/go.h>

void fetch(const char *url, int times);
void f(double *d);

void f(double *d)
{
    go(fetch, d, 1);
}
