// SPDX-License-Identifier: MIT
// gcc: called object 'n' is not a function
// clang: called object type 'int' is not a function
#include <bora/chan.h>

void f(int n);

void f(int n)
{
    bo_recv(n, &n);
}
