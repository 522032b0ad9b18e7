// SPDX-License-Identifier: MIT
// gcc: initialization of '_Bool *' from incompatible pointer type 'int *'
// clang: incompatible pointer types initializing 'bool *' with an expression of type 'int *'
#include <bora/chan.h>

void f(bo_chan(int) ch);

void f(bo_chan(int) ch)
{
    int v, ok;
    bo_select(bo_on_recv(ch, &v, &ok));
}
