// SPDX-License-Identifier: MIT
// chan.c: channels.
//
// One lock a channel, held for some ten nanoseconds, and two queues of waiters that live on the
// stacks of the goroutines that wait; chan.h has the structure, its invariants and the one attempt
// to send or receive that everything else is made of. Whoever finds a counterpart waiting copies
// the value straight between the two stacks and makes the other ready: the value passes through the
// ring only when nobody waits. So no call allocates, and none reads a clock.
//
// A goroutine is made ready after the lock is open, so that it does not run into the lock at once.
//
// Rejected: a lock-free ring. Under the lock a buffered send is one atomic exchange, a copy and a
// store; a lock-free one needs two atomic operations, and then close, select and hand-off need a
// protocol beside it that nobody can explain.
#include "sync/chan.h"
#include "sync/park.h"

#include <bora/arena.h>

#include <stdlib.h>

enum { BYTES_MAX = 1 << 30 };

void bo__chan_wait_forever(void)
{
    bo__g *g = bo__self();
    bo__wait_begin(g, BO__WAIT_FOREVER, NULL, BO__NO_DEADLINE, false);
    bo__wait_park(g);
}

void bo__chan_panic_send_closed(void)
{
    bo_panic("send on a closed channel");
}

bo__any_chan bo__chan_new(size_t element_size, size_t capacity)
{
    if (element_size && capacity > BYTES_MAX / element_size)
        bo_panic("a channel of %zu elements of %zu bytes: the limit is %d bytes", capacity,
                 element_size, BYTES_MAX);
    struct bo__chan *c = bo_malloc(sizeof *c + element_size * capacity);
    *c = (struct bo__chan){.element_size = element_size, .capacity = capacity};
    c->put = c->get = bo__chan_ring(c);
    c->end = c->put + element_size * capacity;
    return (bo__any_chan)(uintptr_t)c;
}

void bo__chan_free(bo__any_chan ch)
{
    struct bo__chan *c = bo__chan_of(ch);
    if (!c)
        return;
    bo__lock(&c->lock);
    if (c->receivers.first || c->senders.first)
        bo_panic("a channel is freed while goroutines wait in it");
    bo__unlock(&c->lock);
    free(c);
}

bool bo__chan_send(bo__any_chan ch, const void *value)
{
    struct bo__chan *c = bo__chan_of(ch);
    if (!c) {
        bo__chan_wait_forever();
        return false;
    }
    bo__perturb();
    bo__g *wake = NULL;
    bo__lock(&c->lock);
    bo__chan_outcome outcome = bo__chan_put(c, value, &wake);
    if (outcome == BO__CHAN_WAIT) {
        // The receiver only reads through the pointer.
        bo__waiter w = {.g = bo__self(), .data = (void *)(uintptr_t)value};
        bo__wait wait = {BO__WAIT_SEND, c, BO__NO_DEADLINE, false};
        if (bo__park_in(&c->lock, &c->senders, &w, wait) != BO__WAKE_EVENT)
            return false;
        if (!(w.tag & BO__TAG_OK))
            bo__chan_panic_send_closed();
        return true;
    }
    bo__unlock(&c->lock);
    if (outcome == BO__CHAN_CLOSED)
        bo__chan_panic_send_closed();
    if (wake)
        bo__ready(wake);
    return true;
}

bool bo__chan_recv(bo__any_chan ch, void *to)
{
    struct bo__chan *c = bo__chan_of(ch);
    if (!c) {
        bo__chan_wait_forever();
        return false;
    }
    bo__perturb();
    bo__g *wake = NULL;
    bo__lock(&c->lock);
    bo__chan_outcome outcome = bo__chan_take(c, to, &wake);
    if (outcome == BO__CHAN_WAIT) {
        bo__waiter w = {.g = bo__self(), .data = to};
        bo__wait wait = {BO__WAIT_RECV, c, BO__NO_DEADLINE, false};
        bo__park_in(&c->lock, &c->receivers, &w, wait);
        return w.tag & BO__TAG_OK;
    }
    bo__unlock(&c->lock);
    if (wake)
        bo__ready(wake);
    return outcome == BO__CHAN_DONE;
}

bool bo__chan_try_send(bo__any_chan ch, const void *value)
{
    struct bo__chan *c = bo__chan_of(ch);
    bo__perturb();
    if (!c || !bo__chan_may_put(c))
        return false;
    bo__g *wake = NULL;
    bo__lock(&c->lock);
    bo__chan_outcome outcome = bo__chan_put(c, value, &wake);
    bo__unlock(&c->lock);
    if (outcome == BO__CHAN_CLOSED)
        bo__chan_panic_send_closed();
    if (wake)
        bo__ready(wake);
    return outcome == BO__CHAN_DONE;
}

bool bo__chan_try_recv(bo__any_chan ch, void *to)
{
    struct bo__chan *c = bo__chan_of(ch);
    bo__perturb();
    if (!c || !bo__chan_may_take(c))
        return false;
    bo__g *wake = NULL;
    bo__lock(&c->lock);
    bo__chan_outcome outcome = bo__chan_take(c, to, &wake);
    bo__unlock(&c->lock);
    if (wake)
        bo__ready(wake);
    return outcome == BO__CHAN_DONE;
}

void bo__chan_close(bo__any_chan ch)
{
    struct bo__chan *c = bo__chan_of(ch);
    if (!c)
        bo_panic("close of a NULL channel");
    bo__perturb();
    bo__lock(&c->lock);
    bool again = c->closed;
    __atomic_store_n(&c->closed, 1, __ATOMIC_RELAXED);
    bo__waiter *chain = bo__claim_all(&c->receivers, bo__claim_all(&c->senders, NULL));
    bo__unlock(&c->lock);
    if (again)
        bo_panic("close of a closed channel");
    bo__ready_all(chain);
}

size_t bo__chan_len(bo__any_chan ch)
{
    struct bo__chan *c = bo__chan_of(ch);
    return c ? __atomic_load_n(&c->len, __ATOMIC_RELAXED) : 0;
}

size_t bo__chan_cap(bo__any_chan ch)
{
    struct bo__chan *c = bo__chan_of(ch);
    return c ? c->capacity : 0;
}
