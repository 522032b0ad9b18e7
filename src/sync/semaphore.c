// SPDX-License-Identifier: MIT
// semaphore.c: weighted semaphores.
//
// Strictly first come, first served: permits go to the first in the queue as soon as there are
// enough for it, and to nobody else meanwhile, so that many small requests cannot starve a large
// one. Who leaves the queue early may have stood in the way of others and lets them in.
#include <bora/sync.h>
#include "sync/park.h"

// grant takes those off the queue for whom there is enough now. A waiter's tag is what it asked
// for. Call it with the lock held; one whose wait has ended is passed over.
static bo__waiter *grant(bo_semaphore *s)
{
    bo__waiter *chain = NULL, **end = &chain;
    for (bo__waiter *w; (w = s->waiters_.first) != NULL && (int64_t)w->tag <= s->permits;) {
        bo__waitq_remove(&s->waiters_, w);
        if (!bo__wait_claim(w))
            continue;
        s->permits -= (int64_t)w->tag;
        *end = w;
        end = &w->next;
    }
    return chain;
}

// take takes n permits if they are free and nobody waits for them. Call it with the lock held.
static bool take(bo_semaphore *s, int64_t n)
{
    if (s->waiters_.first || s->permits < n)
        return n == 0;
    s->permits -= n;
    return true;
}

static bo__wake acquire(bo_semaphore *s, int64_t n, int64_t deadline, bool deaf)
{
    bo_assert(n >= 0);
    bo__perturb();
    bo__lock(&s->lock_);
    if (take(s, n)) {
        bo__unlock(&s->lock_);
        return BO__WAKE_EVENT;
    }
    bo__waiter w = {.g = bo__self(), .tag = (uintptr_t)n};
    bo__wait wait = {BO__WAIT_SEMAPHORE, s, deadline, deaf};
    bo__wake wake = bo__park_in(&s->lock_, &s->waiters_, &w, wait);
    if (wake != BO__WAKE_EVENT) {
        bo__lock(&s->lock_);
        bo__waiter *chain = grant(s);
        bo__unlock(&s->lock_);
        bo__ready_all(chain);
    }
    return wake;
}

void bo_semaphore_acquire(bo_semaphore *s, int64_t n)
{
    acquire(s, n, BO__NO_DEADLINE, true);
}

bool bo_semaphore_try_acquire(bo_semaphore *s, int64_t n)
{
    bo_assert(n >= 0);
    bo__perturb();
    bo__lock(&s->lock_);
    bool taken = take(s, n);
    bo__unlock(&s->lock_);
    return taken;
}

bo_err bo_semaphore_acquire_until(bo_semaphore *s, int64_t n, int64_t deadline)
{
    return bo__wake_err(acquire(s, n, deadline, false));
}

void bo_semaphore_release(bo_semaphore *s, int64_t n)
{
    bo_assert(n >= 0);
    bo__perturb();
    bo__lock(&s->lock_);
    if (__builtin_add_overflow(s->permits, n, &s->permits))
        bo_panic("a semaphore has more than 2^63 permits");
    bo__waiter *chain = grant(s);
    bo__unlock(&s->lock_);
    bo__ready_all(chain);
}
