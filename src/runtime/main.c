// SPDX-License-Identifier: MIT
// main.c: main for programs that have a bo_main. A program with a main of its own does not link it.
#include <bora/go.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    exit(bo_run(bo_main, argc, argv));
}
