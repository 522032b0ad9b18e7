// SPDX-License-Identifier: MIT
// gcc: initialization of 'int' from 'const char *' makes integer from pointer
// clang: incompatible pointer to integer conversion initializing
#include <bora/chan.h>

void f(bo_chan(int) ch, const char *text);

void f(bo_chan(int) ch, const char *text)
{
    bo_send(ch, text);
}
