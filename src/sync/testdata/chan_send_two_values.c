// SPDX-License-Identifier: MIT
// gcc: expected identifier or '('
// clang: expected identifier or '('
#include <bora/chan.h>

void f(bo_chan(int) ch);

void f(bo_chan(int) ch)
{
    bo_send(ch, 1, 2);
}
