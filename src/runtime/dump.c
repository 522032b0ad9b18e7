// SPDX-License-Identifier: MIT
#include "runtime/sched.h"

#include <stdio.h>
#include <unistd.h>

void bo_dump(int fd)
{
    dprintf(fd, "%zu goroutines\n", bo_goroutine_count());
}
