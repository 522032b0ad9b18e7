// SPDX-License-Identifier: MIT
// gcc: passing argument 1 of 'close_it' from incompatible pointer type
// clang: incompatible pointer types passing 'double *' to parameter of type 'int *'
#include <bora/go.h>

void close_it(int *fd);
void f(double *d);

void f(double *d)
{
    bo_defer(close_it, d);
}
