// SPDX-License-Identifier: MIT
// waiting.h: how this room's tests know that a goroutine has parked, without a clock: they look
// into the queue that it has to be in.
#ifndef BORA_SRC_WAITING_H
#define BORA_SRC_WAITING_H

#include <bora/sync.h>
#include "sync/chan.h"

static inline size_t queue_length(int32_t *lock, const bo__waitq *q)
{
    size_t n = 0;
    bo__lock(lock);
    for (const bo__waiter *w = q->first; w; w = w->next)
        n++;
    bo__unlock(lock);
    return n;
}

// await_queue returns once n goroutines are in a queue; if they never are, the test's time runs
// out.
static inline void await_queue(int32_t *lock, const bo__waitq *q, size_t n)
{
    while (queue_length(lock, q) != n)
        bo_sleep(20 * BO_MICROSECOND);
}

#define queue_of_receivers(ch) (&bo__chan_of(bo__chan_any(ch))->receivers)
#define queue_of_senders(ch) (&bo__chan_of(bo__chan_any(ch))->senders)
#define lock_of(ch) (&bo__chan_of(bo__chan_any(ch))->lock)
#define receivers(ch) queue_length(lock_of(ch), queue_of_receivers(ch))
#define senders(ch) queue_length(lock_of(ch), queue_of_senders(ch))
#define await_receivers(ch, n) await_queue(lock_of(ch), queue_of_receivers(ch), (n))
#define await_senders(ch, n) await_queue(lock_of(ch), queue_of_senders(ch), (n))

// ThreadSanitizer holds at most some 8,000 goroutines at a time.
#ifdef __SANITIZE_THREAD__
#define MANY 2000
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MANY 2000
#endif
#endif
#ifndef MANY
#define MANY 10000
#endif

#endif
