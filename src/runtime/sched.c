// SPDX-License-Identifier: MIT
// sched.c: run queues, and who runs next.
//
// Each P has a slot for the goroutine that was made ready last (next) and a ring of 256; what does
// not fit goes to the global queue by halves. A goroutine that parks picks its successor itself and
// switches to it directly; only when its P has nothing queued does it switch to g0, the thread's
// own stack, which looks further: timers, the global queue, the poller, other Ps' rings.
//
// A goroutine may be in a queue while it is still on its stack (it has announced its wait, somebody
// was quick). Whoever takes it from there waits for on_cpu to become 0, which the switch does as
// its last step on the old stack.
//
// Waking other Ps costs microseconds and takes work away from warm caches, so it is done late: at
// once for new goroutines that pile up, since starting one asks for parallelism; for goroutines
// made ready only when the ring has held a surplus for some 20 us. The monitor sees to what is left
// over.
//
// Rejected: handing next to thieves. It needs an atomic exchange on each switch; instead the
// monitor evacuates it from a P whose goroutine does not let it run (monitor.c).
#include "runtime/sched.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define NEXT_STREAK 16  // then the ring has its turn, so that two goroutines cannot starve the rest
#define GLOBAL_TURN 64  // every so many decisions the global queue comes first

static_assert(offsetof(bo__g, sp) == 16 && offsetof(bo__g, on_cpu) == 24,
              "switch_*.S knows these offsets");
static_assert(sizeof(bo__start) == 2 * BO__CACHE_LINE, "a start is two cache lines");

bo__runtime bo__rt;
_Thread_local bo__m *bo__tls_m;
bool bo__has_membarrier;
bool bo__seeded;
uint64_t bo__cycles_20us = 50000;

#if !defined(__x86_64__)
__attribute__((noinline)) bo__m *bo__m_self(void)
{
    __asm__ volatile("" ::: "memory");
    return bo__tls_m;
}
#endif

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield" ::: "memory");
#endif
}

void bo__lock_slow(int32_t *lock)
{
    for (int tries = 0;; tries++) {
        for (int spin = 0; spin < 64; spin++) {
            if (bo__trylock(lock))
                return;
            relax();
        }
        // The holder was probably interrupted by the kernel: let it run.
        if (tries < 8)
            sched_yield();
        else
            usleep(50);
    }
}

// -- the global queue -----------------------------------------------------------------------------

static void queue_global(bo__task *first, bo__task *last, uint32_t count)
{
    last->next = NULL;
    bo__lock(&bo__rt.global_lock);
    if (bo__rt.global_last)
        bo__rt.global_last->next = first;
    else
        bo__rt.global_first = first;
    bo__rt.global_last = last;
    // Sequentially consistent: see bo__wake_one.
    atomic_fetch_add(&bo__rt.global_count, count);
    bo__unlock(&bo__rt.global_lock);
}

void bo__queue_global(bo__task *task)
{
    queue_global(task, task, 1);
}

// Takes this P's share of the global queue: one to run, the rest into the ring, which is short.
static bo__task *take_global(bo__m *m)
{
    if (atomic_load(&bo__rt.global_count) == 0)
        return NULL;
    bo__lock(&bo__rt.global_lock);
    uint32_t count = atomic_load_explicit(&bo__rt.global_count, memory_order_relaxed);
    uint32_t share = count / (uint32_t)bo__rt.procs + 1;
    share = share < count ? share : count;
    share = share < BO__RING / 2 ? share : BO__RING / 2;
    bo__task *first = bo__rt.global_first, *last = NULL;
    for (uint32_t i = 0; i < share; i++) {
        last = bo__rt.global_first;
        bo__rt.global_first = last->next;
    }
    if (!bo__rt.global_first)
        bo__rt.global_last = NULL;
    atomic_fetch_sub(&bo__rt.global_count, share);
    bo__unlock(&bo__rt.global_lock);
    if (!last)
        return NULL;
    last->next = NULL;
    for (bo__task *task = first->next; task;) {
        bo__task *after = task->next;
        bo__queue(m, task, false);
        task = after;
    }
    return first;
}

// -- the ring -------------------------------------------------------------------------------------

static uint32_t ring_count(const bo__p *p)
{
    uint32_t tail = atomic_load_explicit(&p->tail, memory_order_acquire);
    return tail - atomic_load_explicit(&p->head, memory_order_acquire);
}

bool bo__has_surplus(const bo__p *p)
{
    return ring_count(p) > 0;
}

// Moves the older half and the new task to the global queue. False: thieves were quicker, there is
// room again.
static bool spill(bo__p *p, bo__task *task, uint32_t head)
{
    const uint32_t half = BO__RING / 2;
    bo__task *batch[BO__RING / 2];
    for (uint32_t i = 0; i < half; i++)
        batch[i] = atomic_load_explicit(&p->ring[(head + i) % BO__RING], memory_order_relaxed);
    if (!atomic_compare_exchange_strong(&p->head, &head, head + half))
        return false;
    for (uint32_t i = 0; i + 1 < half; i++)
        batch[i]->next = batch[i + 1];
    batch[half - 1]->next = task;
    queue_global(batch[0], task, half + 1);
    return true;
}

static void ring_push(bo__p *p, bo__task *task)
{
    for (;;) {
        uint32_t head = atomic_load_explicit(&p->head, memory_order_acquire);
        uint32_t tail = atomic_load_explicit(&p->tail, memory_order_relaxed);
        if (tail - head < BO__RING) {
            atomic_store_explicit(&p->ring[tail % BO__RING], task, memory_order_relaxed);
            atomic_store_explicit(&p->tail, tail + 1, memory_order_release);
            return;
        }
        if (spill(p, task, head))
            return;
    }
}

static bo__task *ring_pop(bo__p *p)
{
    uint32_t head = atomic_load_explicit(&p->head, memory_order_acquire);
    for (;;) {
        if (head == atomic_load_explicit(&p->tail, memory_order_relaxed))
            return NULL;
        bo__task *task = atomic_load_explicit(&p->ring[head % BO__RING], memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&p->head, &head, head + 1, memory_order_acq_rel,
                                                  memory_order_acquire))
            return task;
    }
}

// Half of the victim's ring moves to the thief's, which is empty; the last of it is returned.
static bo__task *steal(bo__p *thief, bo__p *victim)
{
    uint32_t to = atomic_load_explicit(&thief->tail, memory_order_relaxed);
    for (;;) {
        uint32_t head = atomic_load_explicit(&victim->head, memory_order_acquire);
        uint32_t count = atomic_load_explicit(&victim->tail, memory_order_acquire) - head;
        count -= count / 2;
        if (count == 0)
            return NULL;
        if (count > BO__RING / 2)
            continue;  // head and tail were not of one moment
        for (uint32_t i = 0; i < count; i++) {
            bo__task *task =
                atomic_load_explicit(&victim->ring[(head + i) % BO__RING], memory_order_relaxed);
            atomic_store_explicit(&thief->ring[(to + i) % BO__RING], task, memory_order_relaxed);
        }
        if (!atomic_compare_exchange_strong_explicit(&victim->head, &head, head + count,
                                                     memory_order_acq_rel, memory_order_acquire))
            continue;
        atomic_store_explicit(&thief->tail, to + count - 1, memory_order_release);
        return atomic_load_explicit(&thief->ring[(to + count - 1) % BO__RING],
                                    memory_order_relaxed);
    }
}

// -- waking Ps ------------------------------------------------------------------------------------

void bo__wake_p(bo__p *p)
{
    uint64_t one = 1;
    // The eventfd is edge-triggered and never read: each write is an edge. It cannot overflow
    // within any lifetime.
    (void)!write(p->wake_fd, &one, sizeof one);
}

// Whoever adds to the global queue calls this after; whoever goes idle says so (idle_count,
// searching) and looks at the global queue after. Both orders are sequentially consistent, so one
// of the two sees the other.
void bo__wake_one(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&bo__rt.idle_count, memory_order_relaxed) == 0)
        return;
    int none = 0;
    if (!atomic_compare_exchange_strong(&bo__rt.searching, &none, 1))
        return;
    uint32_t start = bo__random((uint32_t)bo__rt.procs);
    for (int i = 0; i < bo__rt.procs; i++) {
        bo__p *p = bo__rt.p[(start + (uint32_t)i) % (uint32_t)bo__rt.procs];
        uint32_t idle = BO__P_IDLE;
        if (atomic_load_explicit(&p->idle, memory_order_relaxed) == BO__P_IDLE &&
            atomic_compare_exchange_strong(&p->idle, &idle, BO__P_WOKEN)) {
            atomic_fetch_sub(&bo__rt.idle_count, 1);
            bo__wake_p(p);
            return;
        }
    }
    atomic_store(&bo__rt.searching, 0);
}

static void stop_searching(bo__p *p)
{
    if (!p->searching)
        return;
    p->searching = false;
    atomic_store(&bo__rt.searching, 0);
}

// The ring holds more than is about to run, and some P is idle.
static __attribute__((noinline)) void surplus(bo__p *p)
{
    uint64_t now = bo__cycles();
    if (p->surplus_at == 0) {
        p->surplus_at = now;
    } else if (now - p->surplus_at > bo__cycles_20us) {
        p->surplus_at = 0;
        bo__wake_one();
    }
}

// -- queueing -------------------------------------------------------------------------------------

#ifdef BORA_MIGRATE
// Forced migration: a goroutine that was made ready goes to another P, always.
static bool migrate(bo__m *m, bo__task *task)
{
    if (bo__rt.procs < 2 || task->kind != BO__TASK_G)
        return false;
    uint32_t step = 1 + bo__random((uint32_t)bo__rt.procs - 1);
    bo__p *to = bo__rt.p[((uint32_t)m->p->index + step) % (uint32_t)bo__rt.procs];
    task->next = NULL;
    bo__lock(&to->inbox_lock);
    if (to->inbox_last)
        to->inbox_last->next = task;
    else
        to->inbox_first = task;
    to->inbox_last = task;
    bo__unlock(&to->inbox_lock);
    bo__wake_p(to);
    return true;
}

static bo__task *take_inbox(bo__p *p)
{
    bo__lock(&p->inbox_lock);
    bo__task *task = p->inbox_first;
    if (task && !(p->inbox_first = task->next))
        p->inbox_last = NULL;
    bo__unlock(&p->inbox_lock);
    return task;
}
#endif

void bo__queue(bo__m *m, bo__task *task, bool next)
{
    bo__p *p = m->p;
    if (!p) {
        queue_global(task, task, 1);
        bo__wake_one();
        return;
    }
#ifdef BORA_MIGRATE
    if (migrate(m, task))
        return;
#endif
    if (next) {
        bo__task *before = bo__next(p);
        bo__set_next(p, task);
        if (!before)
            return;
        task = before;
    }
    ring_push(p, task);
}

void bo__ready_on(bo__m *m, bo__g *g)
{
    if (g->thread) {
        bo__thread_wake(g);
        return;
    }
    atomic_store_explicit(&g->state, BO__G_RUNNABLE, memory_order_relaxed);
    bo__queue(m, &g->task, true);
}

void bo__ready(bo__g *g)
{
    bo__m *m = bo__enter();
    bo__ready_on(m, g);
    bo__leave(m);
}

void bo__ready_all(bo__waiter *chain)
{
    bo__m *m = bo__enter();
    while (chain) {
        bo__waiter *after = chain->next;  // the record may be gone once its goroutine runs
        bo__ready_on(m, chain->g);
        chain = after;
    }
    bo__leave(m);
}

// -- choosing -------------------------------------------------------------------------------------

// Seeded mode: any of the queued ones, by the seed; there is one P and nobody steals. No clock may
// have a say in who runs next, or the same seed would not give the same order again.
static bo__task *pick_seeded(bo__p *p)
{
    uint32_t count = ring_count(p);
    uint32_t total = count + (bo__next(p) != NULL);
    if (total == 0)
        return NULL;
    uint32_t choice = bo__random(total);
    if (choice == count) {
        bo__task *task = bo__next(p);
        bo__set_next(p, NULL);
        return task;
    }
    uint32_t head = atomic_load_explicit(&p->head, memory_order_relaxed);
    _Atomic(bo__task *) *first = &p->ring[head % BO__RING];
    _Atomic(bo__task *) *chosen = &p->ring[(head + choice) % BO__RING];
    bo__task *task = *chosen;
    *chosen = *first;
    *first = task;
    return ring_pop(p);
}

bo__task *bo__next_task(bo__m *m)
{
    bo__p *p = m->p;
    if (!p)
        return NULL;
    uint32_t tick = atomic_load_explicit(&p->tick, memory_order_relaxed) + 1;
    atomic_store_explicit(&p->tick, tick, memory_order_relaxed);
    // g0 has its turn, so that timers, descriptors and the global queue do not starve.
    if (__builtin_expect(bo__seeded, 0))
        return tick % GLOBAL_TURN == 0 ? NULL : pick_seeded(p);
    // The monitor moved the clock: time for g0 to look at timers and descriptors.
    if (p->polled_at != atomic_load_explicit(&bo__rt.coarse_now, memory_order_relaxed))
        return NULL;
#ifdef BORA_MIGRATE
    bo__task *arrived = take_inbox(p);
    if (arrived)
        return arrived;
#endif
    if (tick % GLOBAL_TURN == 0 && atomic_load(&bo__rt.global_count) > 0) {
        bo__task *task = take_global(m);
        if (task)
            return task;
    }
    bo__task *task = bo__next(p);
    if (task && (++p->next_streak < NEXT_STREAK || ring_count(p) == 0)) {
        bo__set_next(p, NULL);
        return task;
    }
    p->next_streak = 0;
    task = ring_pop(p);
    if (!task)
        return NULL;
    if (__builtin_expect(atomic_load_explicit(&bo__rt.idle_count, memory_order_relaxed) > 0, 0)) {
        if (ring_count(p) > 0)
            surplus(p);
        else
            p->surplus_at = 0;
    }
    return task;
}

bo__g *bo__claim_task(bo__m *m, bo__task *task, const bo__g *current)
{
    if (task->kind == BO__TASK_START)
        return bo__bind(m->p, (bo__start *)task, NULL);
    bo__g *g = (bo__g *)task;
    if (g == current)
        return g;
    for (int spin = 0; atomic_load_explicit(&g->on_cpu, memory_order_acquire) != 0; spin++) {
        if (spin < 1000)
            relax();
        else
            sched_yield();
    }
    atomic_store_explicit(&g->on_cpu, 1, memory_order_relaxed);
    return g;
}

// Not instrumented: TSan's bookkeeping of calls is the fiber's, and the fiber changes in here.
BO__NO_TSAN static void switch_stacks(bo__g *from, bo__g *to)
{
#ifdef BO__ADDRESS_SANITIZER
    bool dying = atomic_load_explicit(&from->state, memory_order_relaxed) == BO__G_DEAD &&
                 from->stack_high && from != &from->m->g0;
    __sanitizer_start_switch_fiber(dying ? NULL : &from->fake_stack, to->stack_low,
                                   (size_t)(to->stack_high - to->stack_low));
#endif
#ifdef BO__THREAD_SANITIZER
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    bo__switch(from, to);
#ifdef BO__ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

void bo__swap(bo__m *m, bo__g *from, bo__g *to)
{
    m->g = to;
    to->m = m;
    atomic_store_explicit(&to->state, BO__G_RUNNING, memory_order_relaxed);
    from->saved_errno = *bo__errno();
    switch_stacks(from, to);
    *bo__errno() = from->saved_errno;
}

void bo__swap_out(bo__m *m, bo__g *g)
{
    if (__builtin_expect(bo__stack_checked, 0))
        bo__stack_check(g);
    bo__task *task = bo__next_task(m);
    bo__g *to = task ? bo__claim_task(m, task, g) : &m->g0;
    if (to == g) {
        atomic_store_explicit(&g->state, BO__G_RUNNING, memory_order_relaxed);
        return;
    }
    bo__swap(m, g, to);
}

void bo__requeue_self(bo__m *m, bo__g *g)
{
    atomic_store_explicit(&g->state, BO__G_RUNNABLE, memory_order_relaxed);
    queue_global(&g->task, &g->task, 1);
    bo__wake_one();
    bo__swap(m, g, &m->g0);
}

void bo_yield(void)
{
    bo__m *m = bo__enter();
    bo__g *g = m->g;
    bo__p *p = m->p;
    if (g->thread) {
        bo__leave(m);
        sched_yield();
        return;
    }
    if (!p) {
        bo__requeue_self(m, g);
    } else if (bo__seeded || bo__next(p) || ring_count(p) > 0 ||
               atomic_load(&bo__rt.global_count) > 0 ||
               p->polled_at != atomic_load_explicit(&bo__rt.coarse_now, memory_order_relaxed)) {
        atomic_store_explicit(&g->state, BO__G_RUNNABLE, memory_order_relaxed);
        bo__queue(m, &g->task, false);
        bo__swap_out(m, g);
    }
    bo__leave(bo__m_self());
}

int bo__proc_index(void)
{
    bo__m *m = bo__enter();
    bo__p *p = m->p;
    int index = p ? p->index : 0;
    bo__leave(m);
    return index;
}

void bo__perturb_slow(void)
{
    if (bo__random(8) == 0)
        bo_yield();
}

// -- g0: looking further --------------------------------------------------------------------------

static bo__task *steal_any(bo__p *p)
{
    uint32_t procs = (uint32_t)bo__rt.procs;
    uint32_t start = procs > 1 ? bo__random(procs) : 0;
    for (uint32_t i = 0; i < procs; i++) {
        bo__p *victim = bo__rt.p[(start + i) % procs];
        if (victim == p || ring_count(victim) == 0)
            continue;
        bo__task *task = steal(p, victim);
        if (task)
            return task;
    }
    return NULL;
}

// What a busy P has no time for: its due timers, and its descriptors if it has not looked at them
// for longer than the clock's last step.
static void help_others(bo__m *m, bo__p *p, int64_t now)
{
    for (int i = 0; i < bo__rt.procs; i++) {
        bo__p *other = bo__rt.p[i];
        if (other == p || atomic_load_explicit(&other->idle, memory_order_relaxed) != BO__P_BUSY)
            continue;
        bo__wheel_run(other->wheel, now);
        if (now - __atomic_load_n(&other->polled_at, __ATOMIC_RELAXED) > 4 * BO_MILLISECOND)
            bo__poll_run(m, other, 0);
    }
}

static bo__task *local_task(bo__p *p)
{
    if (bo__seeded)
        return pick_seeded(p);
    bo__task *task = bo__next(p);
    if (task)
        bo__set_next(p, NULL);
    return task ? task : ring_pop(p);
}

// Moves the coarse clock on if it has fallen behind, as it does while the monitor rests. Not
// otherwise: each step of it sends every P here.
static int64_t coarse_time(int64_t now)
{
    int64_t coarse = atomic_load_explicit(&bo__rt.coarse_now, memory_order_relaxed);
    if (now - coarse < BO_MILLISECOND)
        return coarse;
    atomic_store_explicit(&bo__rt.coarse_now, now, memory_order_relaxed);
    return now;
}

static bo__task *look_around(bo__m *m, bo__p *p)
{
    int64_t now = bo_mono();
    int64_t coarse = coarse_time(now);
    bo__wheel_run(p->wheel, now);
    // A busy P looks at its descriptors here; one with nothing to do looks when it goes to sleep.
    if (bo__next(p) || ring_count(p) > 0)
        bo__poll_run(m, p, 0);
    __atomic_store_n(&p->polled_at, coarse, __ATOMIC_RELAXED);
#ifdef BORA_MIGRATE
    bo__task *arrived = take_inbox(p);
    if (arrived)
        return arrived;
#endif
    // In seeded mode nobody else looks at the global queue while there is work of one's own.
    bo__task *task = bo__seeded ? take_global(m) : NULL;
    if (!task)
        task = local_task(p);
    if (!task)
        task = take_global(m);
    if (!task)
        task = steal_any(p);
    if (!task) {
        help_others(m, p, now);
        task = local_task(p);
    }
    return task;
}

// Work that came up between the last look and the announcement of sleep.
static bool work_left(const bo__p *p)
{
    if (atomic_load(&bo__rt.global_count) > 0)
        return true;
#ifdef BORA_MIGRATE
    if (p->inbox_first)
        return true;
#endif
    for (int i = 0; i < bo__rt.procs; i++)
        if (bo__rt.p[i] != p && ring_count(bo__rt.p[i]) > 1)
            return true;
    return false;
}

static void sleep_in_poller(bo__m *m, bo__p *p)
{
    atomic_store(&p->idle, BO__P_IDLE);
    int idle = atomic_fetch_add(&bo__rt.idle_count, 1) + 1;
    stop_searching(p);
    int64_t timeout = 0;
    if (!work_left(p)) {
        int64_t due = bo__wheel_due(p->wheel);
        timeout = due == INT64_MAX ? -1 : due - bo_mono();
        timeout = due != INT64_MAX && timeout < 0 ? 0 : timeout;
        if (timeout < 0 && idle == bo__rt.procs)
            bo__deadlock_check();
    }
    bo__poll_run(m, p, timeout);
    if (atomic_exchange(&p->idle, BO__P_BUSY) == BO__P_WOKEN)
        p->searching = true;
    else
        atomic_fetch_sub(&bo__rt.idle_count, 1);
    bo__monitor_wake();
}

static bo__task *find_work(bo__m *m, bo__p *p)
{
    for (;;) {
        bo__task *task = look_around(m, p);
        if (task) {
            bool searched = p->searching;
            stop_searching(p);
            // One that was woken passes the alarm on while there is more than it can take.
            if (searched && (ring_count(p) > 0 || atomic_load(&bo__rt.global_count) > 0))
                bo__wake_one();
            return task;
        }
        sleep_in_poller(m, p);
    }
}

static void bury(bo__m *m)
{
    bo__g *g = m->dead;
    m->dead = NULL;
#ifdef BO__THREAD_SANITIZER
    __tsan_destroy_fiber(g->fiber);
    g->fiber = NULL;
#endif
    bo__stack_put_idle(g);
}

_Noreturn void bo__schedule_loop(bo__m *m)
{
    for (;;) {
        if (m->dead)
            bury(m);
        if (!m->p) {
            atomic_fetch_sub(&bo__rt.off_p, 1);
            bo__tell_idle();
            bo__spare_wait(m);
        }
        bo__task *task = find_work(m, m->p);
        bo__swap(m, &m->g0, bo__claim_task(m, task, NULL));
    }
}
