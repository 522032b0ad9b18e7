// SPDX-License-Identifier: MIT
// rwmutex.c: many readers or one writer.
//
// state_ is the number of readers, whether one writes, and whether anybody is queued. While
// somebody is queued nobody else gets in: so a writer waits for the readers that are in, not for
// those that keep coming. Who lets go last while somebody is queued hands the lock over, closed: a
// writer to all readers that wait by then, or to the next writer; the last reader to the first
// writer. So readers and writers take turns and neither can starve the other.
//
// The bits of state_:
//   WRITER    one writes.
//   QUEUED    a queue is not empty. Set under lock_, and only while somebody has the lock; cleared
//             under lock_ by the one who hands it over.
//   READER    the rest counts readers, in units of this.
//
// Invariant: while QUEUED, somebody has the lock or is about to hand it over (it took the number of
// readers to zero). So under QUEUED or WRITER only that one changes anything but the number of
// readers.
//
// These waits cannot end early: each queued goroutine stays until the lock is handed to it.
//
// Rejected: barging and a starving mode, as for mutexes: a lock that readers share is open most of
// the time, and turns are easier to reason about.
#include <bora/sync.h>
#include "sync/park.h"

enum { WRITER = 1, QUEUED = 2, READER = 4 };

static bool swap(bo_rwmutex *m, uint32_t *from, uint32_t to)
{
    return __atomic_compare_exchange_n(&m->state_, from, to, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

static uint32_t load(const bo_rwmutex *m)
{
    return __atomic_load_n(&m->state_, __ATOMIC_RELAXED);
}

// enter takes the lock if state_ has none of the bits that keep out, else announces a waiter. Call
// it with lock_ held. true: taken.
static bool enter(bo_rwmutex *m, uint32_t unit, uint32_t kept_out_by)
{
    uint32_t state = load(m);
    for (;;) {
        bool open = !(state & kept_out_by);
        if (swap(m, &state, open ? state + unit : state | QUEUED))
            return open;
    }
}

static void lock_slow(bo_rwmutex *m, bool write)
{
    bo__lock(&m->lock_);
    if (enter(m, write ? WRITER : READER, write ? UINT32_MAX : WRITER | QUEUED)) {
        bo__unlock(&m->lock_);
        return;
    }
    bo__waiter w = {.g = bo__self()};
    bo__wait wait = {write ? BO__WAIT_RWMUTEX_WRITE : BO__WAIT_RWMUTEX_READ, m, BO__NO_DEADLINE,
                     true};
    bo__park_in(&m->lock_, write ? &m->writers_ : &m->readers_, &w, wait);
}

static uint32_t queued(const bo_rwmutex *m)
{
    return m->readers_.first || m->writers_.first ? QUEUED : 0;
}

// to_readers hands the lock to all readers that wait, and returns them.
static bo__waiter *to_readers(bo_rwmutex *m)
{
    bo__waiter *chain = bo__claim_all(&m->readers_, NULL);
    uint32_t readers = 0;
    for (const bo__waiter *w = chain; w; w = w->next)
        readers += READER;
    __atomic_store_n(&m->state_, readers | queued(m), __ATOMIC_RELEASE);
    return chain;
}

static bo__waiter *to_writer(bo_rwmutex *m)
{
    bo__waiter *w = bo__waitq_claim(&m->writers_);
    __atomic_store_n(&m->state_, WRITER | queued(m), __ATOMIC_RELEASE);
    return w;
}

// hand_over is for the one who lets go while somebody is queued. Those to whom it goes keep the
// mutex alive until they are woken.
static void hand_over(bo_rwmutex *m, bool readers_first)
{
    bo__lock(&m->lock_);
    bool readers = m->readers_.first && (readers_first || !m->writers_.first);
    bo__waiter *chain = readers ? to_readers(m) : to_writer(m);
    bo__unlock(&m->lock_);
    bo__ready_all(chain);
}

void bo_rwmutex_lock(bo_rwmutex *m)
{
    bo__perturb();
    if (!swap(m, &(uint32_t){0}, WRITER))
        lock_slow(m, true);
}

bool bo_rwmutex_try_lock(bo_rwmutex *m)
{
    bo__perturb();
    return swap(m, &(uint32_t){0}, WRITER);
}

void bo_rwmutex_unlock(bo_rwmutex *m)
{
    bo__perturb();
    uint32_t state = WRITER;
    if (swap(m, &state, 0))
        return;
    if (!(state & WRITER))
        bo_panic("unlock of an rwmutex that nobody writes under");
    hand_over(m, true);
}

bool bo_rwmutex_try_read_lock(bo_rwmutex *m)
{
    bo__perturb();
    uint32_t state = load(m);
    while (!(state & (WRITER | QUEUED))) {
        if (state > UINT32_MAX - READER)
            bo_panic("too many readers of one rwmutex");
        if (swap(m, &state, state + READER))
            return true;
    }
    return false;
}

void bo_rwmutex_read_lock(bo_rwmutex *m)
{
    if (!bo_rwmutex_try_read_lock(m))
        lock_slow(m, false);
}

void bo_rwmutex_read_unlock(bo_rwmutex *m)
{
    bo__perturb();
    uint32_t before = __atomic_fetch_sub(&m->state_, READER, __ATOMIC_ACQ_REL);
    if (before < READER)
        bo_panic("read unlock of an rwmutex that nobody reads under");
    if (before == (READER | QUEUED))
        hand_over(m, false);
}
