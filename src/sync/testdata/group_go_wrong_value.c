// SPDX-License-Identifier: MIT
// gcc: makes pointer from integer
// clang: incompatible integer to pointer conversion
#include <bora/group.h>

int fetch(const char *url);
void f(bo_group *group);

void f(bo_group *group)
{
    bo_group_go(group, fetch, "a");
}
