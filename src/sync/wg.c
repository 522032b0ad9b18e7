// SPDX-License-Identifier: MIT
// wg.c: wait groups.
//
// The number of pending goroutines and "somebody waits" share one word, so that whoever takes the
// number to zero knows from that one atomic operation whether there is anybody to wake. If not, it
// does not touch the group again: one who saw zero may have freed it. If so, the group lives on,
// because those in the queue are still using it.
//
// The mark is set under the lock, and only while something is pending; so a waiter that is queued
// is always found by the one who comes to zero.
#include <bora/sync.h>
#include "sync/park.h"

#define WAITED ((int64_t)1)
#define ONE_PENDING ((int64_t)2)

static void wake_waiters(bo_wg *wg)
{
    bo__lock(&wg->lock_);
    bo__waiter *chain = NULL;
    // Between zero and the lock, somebody may have begun to use the group again.
    if (__atomic_load_n(&wg->state_, __ATOMIC_RELAXED) == WAITED) {
        chain = bo__claim_all(&wg->waiters_, NULL);
        __atomic_fetch_and(&wg->state_, ~WAITED, __ATOMIC_RELAXED);
    }
    bo__unlock(&wg->lock_);
    bo__ready_all(chain);
}

void bo_wg_add(bo_wg *wg, int n)
{
    bo__perturb();
    int64_t state = __atomic_add_fetch(&wg->state_, n * ONE_PENDING, __ATOMIC_ACQ_REL);
    if (state < 0)
        bo_panic("a wait group has fewer goroutines than were done");
    if (state == WAITED)
        wake_waiters(wg);
}

void bo_wg_done(bo_wg *wg)
{
    bo_wg_add(wg, -1);
}

// mark sets the mark unless nothing is pending. Call it with the lock held.
static bool mark(bo_wg *wg)
{
    int64_t state = __atomic_load_n(&wg->state_, __ATOMIC_ACQUIRE);
    do {
        if (state < ONE_PENDING)
            return false;
    } while (!__atomic_compare_exchange_n(&wg->state_, &state, state | WAITED, true,
                                          __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE));
    return true;
}

void bo_wg_wait(bo_wg *wg)
{
    bo__perturb();
    if (__atomic_load_n(&wg->state_, __ATOMIC_ACQUIRE) < ONE_PENDING)
        return;
    bo__lock(&wg->lock_);
    if (!mark(wg)) {
        bo__unlock(&wg->lock_);
        return;
    }
    bo__waiter w = {.g = bo__self()};
    bo__park_in(&wg->lock_, &wg->waiters_, &w, (bo__wait){BO__WAIT_WG, wg, BO__NO_DEADLINE, true});
}
