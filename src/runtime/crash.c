// SPDX-License-Identifier: MIT
#include "runtime/sched.h"

void bo__crash_init(void)
{
}

void bo__crash_thread_init(bo__m *m)
{
    (void)m;
}
