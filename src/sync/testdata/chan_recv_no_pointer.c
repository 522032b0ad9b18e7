// SPDX-License-Identifier: MIT
// gcc: initialization of 'int *' from 'int' makes pointer from integer
// clang: incompatible integer to pointer conversion initializing
#include <bora/chan.h>

void f(bo_chan(int) ch);

void f(bo_chan(int) ch)
{
    int v = 0;
    bo_recv(ch, v);
}
