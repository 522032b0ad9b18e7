// SPDX-License-Identifier: MIT
// gcc: initialization of 'int *' from incompatible pointer type 'double *'
// clang: incompatible pointer types initializing
#include <bora/chan.h>

void f(bo_chan(int *) ch, double *d);

void f(bo_chan(int *) ch, double *d)
{
    bo_try_send(ch, d);
}
