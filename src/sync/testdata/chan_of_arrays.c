// SPDX-License-Identifier: MIT
// gcc: declared as function returning an array
// clang: function cannot return array type
#include <bora/chan.h>

void f(void);

void f(void)
{
    (void)bo_chan_new(char[10], 1);
}
