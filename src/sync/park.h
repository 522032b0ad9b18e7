// SPDX-License-Identifier: MIT
// park.h: the one way in which the primitives of this room wait, and wake many at once.
#ifndef BORA_SRC_PARK_H
#define BORA_SRC_PARK_H

#include "runtime/runtime.h"

typedef struct {
    bo__wait_reason reason;
    const void *on;  // For dumps.
    int64_t deadline;
    bool deaf;  // The scope's end does not end this wait.
} bo__wait;

// bo__park_in queues w, opens the lock and waits. Ended by the deadline or
// the scope, w is out of the queue again.
static inline bo__wake bo__park_in(int32_t *lock, bo__waitq *q, bo__waiter *w, bo__wait wait)
{
    bo__wait_begin(w->g, wait.reason, wait.on, wait.deadline, wait.deaf);
    bo__waitq_push(q, w);
    bo__unlock(lock);
    bo__wake wake = bo__wait_park(w->g);
    if (wake != BO__WAKE_EVENT) {
        bo__lock(lock);
        bo__waitq_remove(q, w);
        bo__unlock(lock);
    }
    return wake;
}

// bo__claim_all takes everybody off a queue whose wait is still open, and returns them, oldest
// first, as a chain for bo__ready_all with rest behind it.
static inline bo__waiter *bo__claim_all(bo__waitq *q, bo__waiter *rest)
{
    bo__waiter *chain = rest, **end = &chain;
    for (bo__waiter *w; (w = bo__waitq_claim(q)) != NULL; end = &w->next)
        *end = w;
    *end = rest;
    return chain;
}

// bo__wake_err is what a call that heeds deadline and scope returns.
static inline bo_err bo__wake_err(bo__wake wake)
{
    switch (wake) {
    case BO__WAKE_DEADLINE:
        return BO_TIMEOUT;
    case BO__WAKE_SCOPE:
        return bo_scope_err();
    default:
        return NULL;
    }
}

#endif
