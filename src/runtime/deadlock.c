// SPDX-License-Identifier: MIT
// deadlock.c: when no goroutine can ever run again.
//
// That is so when all Ps sleep, no timer is set, nothing is queued, no goroutine runs without a P (a
// blocking call, a pinned or long-running one), no descriptor is tied to a poller, and the process
// has no thread that the runtime does not know: any of those could still wake somebody.
#include "runtime/sched.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    if (!dir)
        return -1;
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static bool anything_left(void)
{
    // off_p first: a goroutine that gives it up is queued before.
    if (atomic_load(&bo__rt.off_p) > 0 || atomic_load(&bo__rt.foreign) > 0 ||
        atomic_load(&bo__rt.poll_fds) > 0 || atomic_load(&bo__rt.thread_timed) > 0 ||
        atomic_load(&bo__rt.global_count) > 0 || atomic_load(&bo__rt.in_run) == 0)
        return true;
    for (int i = 0; i < bo__rt.procs; i++) {
        bo__p *p = bo__rt.p[i];
        if (atomic_load(&p->idle) != BO__P_IDLE || bo__has_surplus(p) || bo__next(p) ||
            bo__wheel_count(p->wheel) > 0)
            return true;
#ifdef BORA_MIGRATE
        if (p->inbox_first)
            return true;
#endif
    }
    return false;
}

void bo__deadlock_check(void)
{
    if (anything_left() || bo_goroutine_count() == 0)
        return;
        // ThreadSanitizer has a thread of its own.
#ifdef BO__THREAD_SANITIZER
    const int tools = 1;
#else
    const int tools = 0;
#endif
    int known = tools + atomic_load(&bo__rt.threads) + 1 + atomic_load(&bo__rt.in_run);
    static atomic_flag reported = ATOMIC_FLAG_INIT;
    if (count_threads() != known || anything_left() || atomic_flag_test_and_set(&reported))
        return;
    static const char text[] = "fatal error: all goroutines are asleep - deadlock!\n\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    bo_dump(STDERR_FILENO);
    _exit(2);
}
