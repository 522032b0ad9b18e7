// SPDX-License-Identifier: MIT
// gcc: void value not ignored as it ought to be
// clang: with an expression of incompatible type 'void'
#include <bora/group.h>

void fetch(const char *url);
void f(bo_group *group);

void f(bo_group *group)
{
    bo_group_go(group, fetch, "a");
}
