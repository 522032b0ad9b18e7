// SPDX-License-Identifier: MIT
// monitor.c: the thread that sees to it that nobody starves.
//
// It looks at every P each 2 ms while anything runs, and sleeps when nothing does. A P that made no
// scheduling decision for 10 ms is taken from its thread, whose goroutine computes or sits in a
// system call, and given to a spare; what waits in the next slot of a busy P while others are idle
// is moved to them.
//
// Taking needs the answer to one question: is the thread inside the runtime? The thread writes
// "inside" with a plain store and then reads "lost"; we write "lost" and then read "inside". For
// one of the two to see the other there must be a full barrier on both sides, and membarrier(2)
// puts one into all running threads of the process at our expense alone. Where the kernel has no
// membarrier the threads pay for their own (bo__enter).
#include "runtime/sched.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TICK (2 * BO_MILLISECOND)
#define HOG (10 * BO_MILLISECOND)
#define IDLE_TICKS 25
#define TRIM_EVERY (2 * BO_SECOND)
#define TRIM_PAUSE (100 * BO_MILLISECOND)  // between steps while nothing runs

static _Atomic uint32_t asleep;

static void order_all_threads(void)
{
    if (bo__has_membarrier)
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    else
        atomic_thread_fence(memory_order_seq_cst);
}

// True: the thread is outside and stays so until m->take_lock is released; it holds p.
static bool catch_locked(bo__m *m, const bo__p *p)
{
    atomic_store(&m->lost, 1);
    order_all_threads();
    if (__atomic_load_n(&m->inside, __ATOMIC_ACQUIRE) == 0 && m->p == p)
        return true;
    if (m->p)
        atomic_store(&m->lost, 0);
    return false;
}

static bool outside(bo__m *m)
{
    return m && __atomic_load_n(&m->inside, __ATOMIC_RELAXED) == 0;
}

static void take(bo__p *p, bo__m *m)
{
    if (atomic_load(&bo__rt.threads) >= bo__rt.threads_max + bo__rt.procs)
        return;
    bo__m *spare = bo__spare_get();
    if (!spare)
        return;
    bo__lock(&m->take_lock);
    bool taken = catch_locked(m, p);
    if (taken) {
        atomic_store(&m->p, NULL);
        atomic_fetch_add(&bo__rt.off_p, 1);
    }
    bo__unlock(&m->take_lock);
    if (taken)
        bo__give(spare, p);
    else
        bo__spare_put(spare);
}

static void evacuate_next(bo__p *p, bo__m *m)
{
    bo__task *task = NULL;
    bo__lock(&m->take_lock);
    if (catch_locked(m, p)) {
        task = bo__next(p);
        bo__set_next(p, NULL);
        atomic_store(&m->lost, 0);
    }
    bo__unlock(&m->take_lock);
    if (!task)
        return;
    bo__queue_global(task);
    bo__wake_one();
}

static void look_at(bo__p *p, int64_t now)
{
    uint32_t tick = atomic_load_explicit(&p->tick, memory_order_relaxed);
    bool idle_others = atomic_load(&bo__rt.idle_count) > 0;
    if (idle_others && bo__has_surplus(p))
        bo__wake_one();
    if (tick != p->seen_tick) {
        p->seen_tick = tick;
        p->seen_at = now;
        return;
    }
    bo__m *m = atomic_load(&p->m);
    if (!outside(m))
        return;
    if (now - p->seen_at >= HOG)
        take(p, m);
    else if (idle_others)
        evacuate_next(p, m);
}

static bool all_idle(void)
{
    return atomic_load(&bo__rt.idle_count) == bo__rt.procs;
}

static void pause_until_busy(void)
{
    atomic_store(&asleep, 1);
    while (all_idle() && atomic_load(&asleep))
        syscall(SYS_futex, &asleep, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    atomic_store(&asleep, 0);
}

// The P that went to sleep last has looked for a deadlock, but may have seen a thread too many: one
// that was just being started for it here, or a foreign one on its way out. After whatever ended
// the rest, the idle ticks are counted anew.
static int rest(void)
{
    if (all_idle())
        bo__deadlock_check();
    pause_until_busy();
    return 0;
}

void bo__monitor_wake(void)
{
    if (__builtin_expect(atomic_load(&asleep) == 0, 1))
        return;
    if (atomic_exchange(&asleep, 0))
        syscall(SYS_futex, &asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void look_at_all(int64_t now)
{
    for (int i = 0; i < bo__rt.procs; i++)
        if (atomic_load(&bo__rt.p[i]->idle) == BO__P_BUSY)
            look_at(bo__rt.p[i], now);
}

static void *monitor_main(void *unused)
{
    (void)unused;
    int idle_ticks = 0;
    int64_t trim_at = bo_mono() + TRIM_EVERY;
    for (;;) {
        int64_t now = bo_mono();
        atomic_store_explicit(&bo__rt.coarse_now, now, memory_order_relaxed);
        if (!bo__seeded)
            look_at_all(now);
        idle_ticks = all_idle() ? idle_ticks + 1 : 0;
        bool resting = idle_ticks >= IDLE_TICKS;
        if (now >= trim_at) {
            bo__stacks_trim();
            bo__starts_trim();
            trim_at = now + (resting ? TRIM_PAUSE : TRIM_EVERY);
        }
        if (!resting)
            nanosleep(&(struct timespec){0, TICK}, NULL);
        else if (bo__stacks_trimmable() || bo__starts_trimmable())
            nanosleep(&(struct timespec){0, TRIM_PAUSE}, NULL);
        else
            idle_ticks = rest();
    }
    return NULL;
}

void bo__monitor_start(void)
{
    bo__has_membarrier =
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 128 << 10);
    pthread_t thread;
    if (pthread_create(&thread, &attr, monitor_main, NULL) != 0)
        bo_panic("cannot start the monitor thread");
    pthread_attr_destroy(&attr);
}
