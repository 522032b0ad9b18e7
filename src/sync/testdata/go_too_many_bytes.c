// SPDX-License-Identifier: MIT
// gcc: at most 48 bytes of arguments: six scalars
// clang: at most 48 bytes of arguments: six scalars
#include <bora/go.h>

struct large {
    char bytes[49];
};

void take(struct large l);
void f(struct large l);

void f(struct large l)
{
    go(take, l);
}
