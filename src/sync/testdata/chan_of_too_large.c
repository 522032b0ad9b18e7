// SPDX-License-Identifier: MIT
// gcc: a channel\'s element has at most 64 KB: send a pointer
// clang: a channel's element has at most 64 KB: send a pointer
#include <bora/chan.h>

struct large {
    char bytes[(64 << 10) + 1];
};

void f(void);

void f(void)
{
    bo_chan_free(bo_chan_new(struct large, 1));
}
