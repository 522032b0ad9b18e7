// SPDX-License-Identifier: MIT
// cond.c: conditions.
//
// A waiter must be in the queue before it lets the mutex go, or a signal between the two would be
// lost; but letting go may wake others, which a goroutine whose own wait has begun must not do. So
// it first queues as ENTERING, without a wait; lets the mutex go; and then, unless a signal has
// come meanwhile, begins its wait in the place that it has.
#include <bora/sync.h>
#include "sync/mutex.h"
#include "sync/park.h"

enum { ENTERING = 1, WAITING, SIGNALED };  // The tag of a waiter.

// park waits for the signal in the place that w has, unless it has come already.
static bo__wake park(bo_cond *c, bo__waiter *w, int64_t deadline, bool deaf)
{
    bo__lock(&c->lock_);
    if (w->tag == SIGNALED) {
        bo__unlock(&c->lock_);
        return BO__WAKE_EVENT;
    }
    w->tag = WAITING;
    bo__wait_begin(w->g, BO__WAIT_COND, c, deadline, deaf);
    bo__unlock(&c->lock_);
    bo__wake wake = bo__wait_park(w->g);
    if (wake != BO__WAKE_EVENT) {
        bo__lock(&c->lock_);
        bo__waitq_remove(&c->waiters_, w);
        bo__unlock(&c->lock_);
    }
    return wake;
}

static bo__wake wait(bo_cond *c, bo_mutex *m, int64_t deadline, bool deaf)
{
    bo__perturb();
    bo__waiter w = {.g = bo__self(), .tag = ENTERING};
    bo__lock(&c->lock_);
    bo__waitq_push(&c->waiters_, &w);
    bo__unlock(&c->lock_);
    bo__mutex_release(m);

    bo__wake wake = park(c, &w, deadline, deaf);
    bo_mutex_lock(m);
    return wake;
}

void bo_cond_wait(bo_cond *c, bo_mutex *m)
{
    wait(c, m, BO__NO_DEADLINE, true);
}

bo_err bo_cond_wait_until(bo_cond *c, bo_mutex *m, int64_t deadline)
{
    return bo__wake_err(wait(c, m, deadline, false));
}

// signal takes the first waiter that still waits or is about to. It puts the one to be made ready
// on the chain and reports whether there was any. Call it with the lock held.
static bool signal_first(bo_cond *c, bo__waiter ***chain_end)
{
    for (bo__waiter *w; (w = c->waiters_.first) != NULL;) {
        bo__waitq_remove(&c->waiters_, w);
        if (w->tag == ENTERING) {
            w->tag = SIGNALED;
            return true;
        }
        if (bo__wait_claim(w)) {
            **chain_end = w;
            *chain_end = &w->next;
            return true;
        }
    }
    return false;
}

void bo_cond_signal(bo_cond *c)
{
    bo__perturb();
    bo__waiter *chain = NULL, **end = &chain;
    bo__lock(&c->lock_);
    signal_first(c, &end);
    bo__unlock(&c->lock_);
    bo__ready_all(chain);
}

void bo_cond_broadcast(bo_cond *c)
{
    bo__perturb();
    bo__waiter *chain = NULL, **end = &chain;
    bo__lock(&c->lock_);
    while (signal_first(c, &end)) {
    }
    bo__unlock(&c->lock_);
    bo__ready_all(chain);
}
