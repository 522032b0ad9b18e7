// SPDX-License-Identifier: MIT
// gcc: initialization of 'int' from 'char *' makes integer from pointer
// clang: incompatible pointer to integer conversion initializing
#include <bora/chan.h>

void f(bo_chan(int) ch);

void f(bo_chan(int) ch)
{
    bo_select(bo_on_send(ch, "text"));
}
