// SPDX-License-Identifier: MIT
// deadlock.c: when no goroutine can ever run again.
//
// That is so when all Ps sleep, no timer is set, nothing is queued, no goroutine runs without a P
// (a blocking call, a pinned or long-running one), no descriptor is tied to a poller, and the
// process has no thread that the runtime does not know: any of those could still wake somebody.
#include "runtime/sched.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The kernel's own count (proc(5), field 20 of stat). Listing /proc/self/task will not do: while
// threads end, others are left out of it.
static int count_threads(void)
{
    enum { FIELDS_BEHIND_NAME = 17 };  // the state is the first of them, the count the 18th
    char text[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return -1;
    text[len] = '\0';
    // The name stands in parentheses and may hold any.
    const char *at = strrchr(text, ')');
    at = at ? at + 1 : "";
    for (int i = 0; i < FIELDS_BEHIND_NAME && *at; i++)
        at = at + 1 + strcspn(at + 1, " ");
    return atoi(at);
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
