// SPDX-License-Identifier: MIT
// gcc: incompatible type for argument 1 of 'fetch'
// clang: passing 'struct pair' to parameter of incompatible type 'const char *'
#include <bora/go.h>

struct pair {
    int a, b;
};

void fetch(const char *url, int times);
void f(struct pair p);

void f(struct pair p)
{
    go(fetch, p, 1);
}
