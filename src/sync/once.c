// SPDX-License-Identifier: MIT
// once.c: the first time only. Those who come while the first call runs queue until it has ended.
#include <bora/sync.h>
#include "sync/park.h"

enum { NEVER, RUNNING, DONE };  // state_; bora/sync.h reads DONE without the lock.

bool bo__once_begin(bo_once *once)
{
    bo__perturb();
    bo__lock(&once->lock_);
    if (once->state_ != RUNNING) {
        bool first = once->state_ == NEVER;
        if (first)
            __atomic_store_n(&once->state_, RUNNING, __ATOMIC_RELAXED);
        bo__unlock(&once->lock_);
        return first;
    }
    bo__waiter w = {.g = bo__self()};
    bo__wait wait = {BO__WAIT_ONCE, once, BO__NO_DEADLINE, true};
    bo__park_in(&once->lock_, &once->waiters_, &w, wait);
    return false;
}

void bo__once_end(bo_once *once)
{
    bo__lock(&once->lock_);
    __atomic_store_n(&once->state_, DONE, __ATOMIC_RELEASE);
    bo__waiter *chain = bo__claim_all(&once->waiters_, NULL);
    bo__unlock(&once->lock_);
    bo__ready_all(chain);
}
