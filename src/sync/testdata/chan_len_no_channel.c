// SPDX-License-Identifier: MIT
// gcc: called object 'text' is not a function
// clang: called object type 'const char *' is not a function
#include <bora/chan.h>

void f(const char *text);

void f(const char *text)
{
    bo_chan_len(text);
}
