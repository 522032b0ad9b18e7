// SPDX-License-Identifier: MIT
// gcc: incompatible types when initializing type 'int' using type 'struct pair'
// clang: with an expression of incompatible type 'struct pair'
#include <bora/chan.h>

struct pair {
    int a, b;
};

void f(bo_chan(int) ch, struct pair p);

void f(bo_chan(int) ch, struct pair p)
{
    bo_send(ch, p);
}
