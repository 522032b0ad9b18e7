// SPDX-License-Identifier: MIT
// mutex.c: mutexes.
//
// Free or not is one bit of state_: without contention, lock and unlock are one atomic operation
// each. Who finds it taken spins for a moment, then queues and parks.
//
// Normally an unlock opens the mutex and wakes the first waiter, which competes with whoever comes
// by (barging): the mutex does not stand idle while a goroutine is on its way back to a core. One
// that loses this way for longer than 1 ms turns the mutex to starving: nobody barges, and each
// unlock hands the mutex to the first in the queue, closed, until nobody waits that long. So nobody
// waits forever. (In seeded mode, where no clock may decide, so many lost turns count as long.)
// Handing over always would make each lock cost a switch.
//
// The bits of state_:
//   LOCKED    somebody has it.
//   QUEUED    waiters_ is not empty. Changes under lock_ only; set only while LOCKED.
//   WOKEN     somebody is awake and trying, or about to: an unlock need not wake another. Set by
//             one who tries or for one who is made to; cleared by one who got it or queued again.
//             One bit may stand for two, so it may be missing; it is never there for nobody.
//   STARVING  hand over. Only while LOCKED; set under lock_.
//
// Invariant: while QUEUED, the mutex is LOCKED, or somebody is awake and trying.
//
// Unlocking touches the mutex for the last time when it opens it: the next one in may free it.
#include "sync/mutex.h"
#include "sync/park.h"

enum { LOCKED = 1, QUEUED = 2, WOKEN = 4, STARVING = 8 };
enum { HANDED = 1 };  // The tag of a waiter to which the mutex was handed.
enum { SPINS = 4, SPIN_PAUSES = 30 };
enum { STARVING_AFTER = 1000 * 1000, STARVING_TURNS = 8 };

static uint32_t load(const bo_mutex *m)
{
    return __atomic_load_n(&m->state_, __ATOMIC_RELAXED);
}

static bool swap(bo_mutex *m, uint32_t *from, uint32_t to)
{
    return __atomic_compare_exchange_n(&m->state_, from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

// What one goroutine that tries to lock knows between its turns.
struct attempt {
    bo_mutex *m;
    int64_t deadline;
    bool deaf;
    bo__waiter waiter;
    int64_t since;  // When it first parked; 0: it has not yet.
    int turns;      // How often it was woken to try.
    int spins;
    bool woken;  // It has set, or was given, WOKEN.
};

static void pause_briefly(void)
{
    for (int i = 0; i < SPIN_PAUSES; i++)
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        __asm__ volatile("yield");
#endif
}

// spin waits a little for a holder that is about to be done. It sets WOKEN, so that the holder does
// not wake another one meanwhile.
static bool spin(struct attempt *a, uint32_t state)
{
    if ((state & STARVING) || a->spins == SPINS || bo_procs() == 1)
        return false;
    if (!a->woken && (state & (QUEUED | WOKEN)) == QUEUED)
        a->woken = swap(a->m, &state, state | WOKEN);
    pause_briefly();
    a->spins++;
    return true;
}

static bool waits_long(const struct attempt *a)
{
    if (!a->since)
        return false;
    return bo__seeded ? a->turns >= STARVING_TURNS : bo_mono() - a->since > STARVING_AFTER;
}

// enqueue puts the goroutine into the queue, in front if it was there before, and begins its wait.
// It returns false if the mutex is open, else with lock_ released.
static bool enqueue(struct attempt *a, bool starving)
{
    bo_mutex *m = a->m;
    bo__lock(&m->lock_);
    uint32_t state = load(m), next;
    do {
        if (!(state & LOCKED)) {
            bo__unlock(&m->lock_);
            return false;
        }
        next = (state & ~(uint32_t)(a->woken ? WOKEN : 0)) | QUEUED | (starving ? STARVING : 0);
    } while (!swap(m, &state, next));
    a->woken = false;
    a->waiter = (bo__waiter){.g = bo__self()};
    bo__wait_begin(a->waiter.g, BO__WAIT_MUTEX, m, a->deadline, a->deaf);
    if (a->since)
        bo__waitq_push_front(&m->waiters_, &a->waiter);
    else
        bo__waitq_push(&m->waiters_, &a->waiter);
    bo__unlock(&m->lock_);
    return true;
}

// give_up takes the goroutine out of the queue.
static void give_up(struct attempt *a)
{
    bo_mutex *m = a->m;
    bo__lock(&m->lock_);
    bo__waitq_remove(&m->waiters_, &a->waiter);
    if (!m->waiters_.first)
        __atomic_fetch_and(&m->state_, ~(uint32_t)(QUEUED | STARVING), __ATOMIC_RELAXED);
    bo__unlock(&m->lock_);
}

// settle_in is for the one to which the mutex was handed: back to barging, unless the next one
// waits for long, too.
static void settle_in(const struct attempt *a)
{
    if (!(load(a->m) & QUEUED) || !waits_long(a))
        __atomic_fetch_and(&a->m->state_, ~(uint32_t)STARVING, __ATOMIC_RELAXED);
}

static bo__wake lock_slow(bo_mutex *m, int64_t deadline, bool deaf)
{
    struct attempt a = {.m = m, .deadline = deadline, .deaf = deaf};
    for (;;) {
        uint32_t state = load(m);
        if (!(state & LOCKED)) {
            if (swap(m, &state, (state & ~(uint32_t)(a.woken ? WOKEN : 0)) | LOCKED))
                return BO__WAKE_EVENT;
            continue;
        }
        if (spin(&a, state))
            continue;
        if (!enqueue(&a, waits_long(&a)))
            continue;
        if (!a.since)
            a.since = bo_mono();
        bo__wake wake = bo__wait_park(a.waiter.g);
        if (wake != BO__WAKE_EVENT) {
            give_up(&a);
            return wake;
        }
        if (a.waiter.tag == HANDED) {
            settle_in(&a);
            return BO__WAKE_EVENT;
        }
        a.woken = true;
        a.spins = 0;
        a.turns++;
    }
}

static bool try_lock(bo_mutex *m)
{
    uint32_t state = 0;
    return __builtin_expect(swap(m, &state, LOCKED), 1);
}

void bo_mutex_lock(bo_mutex *m)
{
    bo__perturb();
    if (!try_lock(m))
        lock_slow(m, BO__NO_DEADLINE, true);
}

bool bo_mutex_try_lock(bo_mutex *m)
{
    bo__perturb();
    uint32_t state = load(m);
    while (!(state & LOCKED))
        if (swap(m, &state, state | LOCKED))
            return true;
    return false;
}

bo_err bo_mutex_lock_until(bo_mutex *m, int64_t deadline)
{
    bo__perturb();
    return try_lock(m) ? NULL : bo__wake_err(lock_slow(m, deadline, false));
}

// take_first takes a waiter off the queue for the holder, and keeps the bits true.
static bo__waiter *take_first(bo_mutex *m)
{
    bo__waiter *w = bo__waitq_claim(&m->waiters_);
    if (!w)
        __atomic_fetch_and(&m->state_, ~(uint32_t)(QUEUED | STARVING), __ATOMIC_RELAXED);
    else if (!m->waiters_.first)
        __atomic_fetch_and(&m->state_, ~(uint32_t)QUEUED, __ATOMIC_RELAXED);
    return w;
}

// Whether an unlock that has woken one already, or nobody yet, has to take one off the queue.
static bool takes_one(uint32_t state, const bo__g *woken)
{
    return (state & STARVING) || (!woken && (state & (QUEUED | WOKEN)) == QUEUED);
}

static void unlock_slow(bo_mutex *m)
{
    bo__g *wake = NULL, *heir = NULL;
    while (!heir) {
        uint32_t state = load(m);
        if (!(state & LOCKED))
            bo_panic("unlock of a mutex that is not locked");
        if (!takes_one(state, wake)) {
            if (swap(m, &state, state & ~(uint32_t)LOCKED))
                break;
            continue;
        }
        bo__lock(&m->lock_);
        // The one that starved may have given up meanwhile. From here STARVING stays as it is.
        state = load(m);
        bo__waiter *w = takes_one(state, wake) ? take_first(m) : NULL;
        if (w && (state & STARVING)) {
            w->tag = HANDED;
            heir = w->g;
        } else if (w) {
            __atomic_fetch_or(&m->state_, WOKEN, __ATOMIC_RELAXED);
            wake = w->g;
        }
        bo__unlock(&m->lock_);
    }
    if (wake)
        bo__ready(wake);
    if (heir)
        bo__ready(heir);
}

void bo__mutex_release(bo_mutex *m)
{
    uint32_t state = LOCKED;
    if (!__builtin_expect(swap(m, &state, 0), 1))
        unlock_slow(m);
}

void bo_mutex_unlock(bo_mutex *m)
{
    bo__perturb();
    bo__mutex_release(m);
}
