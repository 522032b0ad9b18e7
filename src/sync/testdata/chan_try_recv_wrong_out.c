// SPDX-License-Identifier: MIT
// gcc: initialization of 'int *' from incompatible pointer type 'long int *'
// clang: (aka 'int *') with an expression of type 'long *'
#include <bora/chan.h>

void f(bo_chan(int) ch);

void f(bo_chan(int) ch)
{
    long v;
    bo_try_recv(ch, &v);
}
