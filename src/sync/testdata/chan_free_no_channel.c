// SPDX-License-Identifier: MIT
// gcc: called object 'memory' is not a function
// clang: called object type 'void *' is not a function
#include <bora/chan.h>

void f(void *memory);

void f(void *memory)
{
    bo_chan_free(memory);
}
