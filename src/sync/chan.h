// SPDX-License-Identifier: MIT
// chan.h: what a channel is, and one attempt to send or receive with its lock held. Shared by
// chan.c, where an attempt concerns one channel, and select.c, where it concerns several.
#ifndef BORA_SRC_CHAN_H
#define BORA_SRC_CHAN_H

#include <bora/chan.h>
#include "runtime/runtime.h"

#include <string.h>

// The values wait in a ring of capacity elements, from get to put. The goroutines that could not go
// ahead wait in the two queues; the data of a waiter is where its value is, or is to go (NULL: it
// is dropped), and its tag gets BO__TAG_OK if a value was moved, so that a waiter that is woken
// without it knows that the channel was closed.
//
// Invariants, whenever nobody holds the lock; waiters whose wait has ended do not count:
// - Receivers wait only while the ring is empty, senders only while it is full.
// - One of the queues is empty, but for the two sides of one goroutine's select.
// - In a closed channel nobody waits.
struct bo__chan {
    int32_t lock;  // Guards all of it; len, closed and the queues' ends are peeked at without.
    uint32_t closed;
    size_t element_size;
    size_t len, capacity;
    char *put, *get;  // Where the next value goes, where the oldest is.
    char *end;        // Of the ring, which begins right behind this struct.
    bo__waitq receivers, senders;
};

#define BO__TAG_OK ((uintptr_t)1)

// What became of an attempt. BO__CHAN_CLOSED: for a receive, also drained.
typedef enum { BO__CHAN_WAIT, BO__CHAN_DONE, BO__CHAN_CLOSED } bo__chan_outcome;

// A channel travels as a pointer to a function only because C lets that carry the element's type.
static inline struct bo__chan *bo__chan_of(bo__any_chan ch)
{
    return (struct bo__chan *)(uintptr_t)ch;
}

static inline char *bo__chan_ring(struct bo__chan *c)
{
    return (char *)(c + 1);
}

// The sizes that programs send most are copied in a register or two.
static inline void bo__chan_copy(void *to, const void *from, size_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else if (size == 16)
        memcpy(to, from, 16);
    else if (size == 1)
        memcpy(to, from, 1);
    else if (size == 2)
        memcpy(to, from, 2);
    else
        memcpy(to, from, size);
}

static inline void bo__chan_set_len(struct bo__chan *c, size_t len)
{
    __atomic_store_n(&c->len, len, __ATOMIC_RELAXED);
}

static inline void bo__chan_push(struct bo__chan *c, const void *value)
{
    bo__chan_copy(c->put, value, c->element_size);
    c->put += c->element_size;
    if (c->put == c->end)
        c->put = bo__chan_ring(c);
}

static inline void bo__chan_pop(struct bo__chan *c, void *to)
{
    if (to)
        bo__chan_copy(to, c->get, c->element_size);
    c->get += c->element_size;
    if (c->get == c->end)
        c->get = bo__chan_ring(c);
}

static inline bo__waiter *bo__chan_claim(bo__waitq *q)
{
    return q->first ? bo__waitq_claim(q) : NULL;
}

// bo__chan_put tries to send, with the lock held. *wake becomes the goroutine that the caller makes
// ready once the lock is open; it is left alone if there is none.
static inline bo__chan_outcome bo__chan_put(struct bo__chan *c, const void *value, bo__g **wake)
{
    if (c->closed)
        return BO__CHAN_CLOSED;
    bo__waiter *receiver = bo__chan_claim(&c->receivers);
    if (receiver) {
        if (receiver->data)
            bo__chan_copy(receiver->data, value, c->element_size);
        receiver->tag |= BO__TAG_OK;
        *wake = receiver->g;
        return BO__CHAN_DONE;
    }
    if (c->len == c->capacity)
        return BO__CHAN_WAIT;
    bo__chan_push(c, value);
    bo__chan_set_len(c, c->len + 1);
    return BO__CHAN_DONE;
}

// bo__chan_take tries to receive, likewise. Where senders wait the ring is full, so the value of
// the first one goes into the place that the oldest value leaves.
static inline bo__chan_outcome bo__chan_take(struct bo__chan *c, void *to, bo__g **wake)
{
    bo__waiter *sender = bo__chan_claim(&c->senders);
    if (c->len > 0) {
        bo__chan_pop(c, to);
        if (sender)
            bo__chan_push(c, sender->data);
        else
            bo__chan_set_len(c, c->len - 1);
    } else if (sender) {
        if (to)
            bo__chan_copy(to, sender->data, c->element_size);
    } else {
        return c->closed ? BO__CHAN_CLOSED : BO__CHAN_WAIT;
    }
    if (sender) {
        sender->tag |= BO__TAG_OK;
        *wake = sender->g;
    }
    return BO__CHAN_DONE;
}

// bo__chan_may_put and bo__chan_may_take look without the lock whether an attempt could succeed. A
// no is true of one moment during the call: when the length was read, or, for a channel without a
// ring, the queue; what is read after that, in this order, only confirms it. ThreadSanitizer is
// kept out, since the queues are written with plain stores.
#define BO__PEEKS __attribute__((no_sanitize("thread")))

BO__PEEKS static inline bool bo__chan_may_put(const struct bo__chan *c)
{
    return __atomic_load_n(&c->len, __ATOMIC_ACQUIRE) < c->capacity ||
           __atomic_load_n(&c->receivers.first, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&c->closed, __ATOMIC_RELAXED);
}

BO__PEEKS static inline bool bo__chan_may_take(const struct bo__chan *c)
{
    return __atomic_load_n(&c->len, __ATOMIC_ACQUIRE) > 0 ||
           __atomic_load_n(&c->senders.first, __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&c->closed, __ATOMIC_RELAXED);
}

// bo__chan_wait_forever is what becomes of one who waits for a NULL channel: only the end of the
// scope ends it.
void bo__chan_wait_forever(void);

_Noreturn void bo__chan_panic_send_closed(void);

#endif
