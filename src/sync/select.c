// SPDX-License-Identifier: MIT
// select.c: waiting for several channels at once.
//
// A select goes through up to three stages, each dearer than the one before:
//
// 1. Look at the cases one by one in a random order, locking one channel at a time and only when a
//    glance without the lock says that it may be ready. The first that can go ahead is taken: each
//    of the ready ones is as likely, since each order is.
// 2. Lock all channels, in the order of their addresses, and look again: now nothing can change
//    between the looks. Only here may a select find that nothing is ready (default).
// 3. Queue a waiter in each channel, open the locks, park. One waker claims the goroutine through
//    one of its waiters and does that case's work, as for a plain send or receive (chan.c). The
//    others are taken out again before the select returns, so that a goroutine never has waiters of
//    two waits. The winner's own channel is left alone: whoever has the value may have freed it.
//
// Nothing is allocated for up to 16 cases.
//
// Rejected: going straight to stage 2, as Go does. A select of four with one ready takes one lock
// instead of four.
#include "sync/chan.h"

#include <bora/arena.h>

#include <stdlib.h>

enum { CASES_ON_STACK = 16 };

// What one select needs beside its cases. Only the cases that have a channel count as live.
struct selection {
    const bo_case *cases;
    size_t live;
    uint32_t *order;      // The live cases: by chance in stages 1 and 2, then by address.
    bo__waiter *waiters;  // By live position, as order in stage 3.
    int fallback;         // The default case, or -1.
    int timeout;          // The case with the shortest timeout, or -1.
    bo__g *wake;
    int chosen;   // The case whose channel was ready, or -1.
    bool closed;  // It was ready because it is closed.
};

static struct bo__chan *channel(const struct selection *s, size_t position)
{
    return bo__chan_of(s->cases[s->order[position]].chan_);
}

// survey sorts the cases by what they are.
static void survey(struct selection *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bo_case *c = &s->cases[i];
        if (c->kind_ == BO__CASE_DEFAULT)
            s->fallback = (int)i;
        else if (c->kind_ == BO__CASE_TIMEOUT) {
            if (s->timeout < 0 || c->timeout_ < s->cases[s->timeout].timeout_)
                s->timeout = (int)i;
        } else if (c->chan_)
            s->order[s->live++] = (uint32_t)i;
    }
}

// attempt tries one case with its channel locked. true: it is the one.
static bool attempt(struct selection *s, uint32_t index)
{
    const bo_case *c = &s->cases[index];
    struct bo__chan *ch = bo__chan_of(c->chan_);
    bo__chan_outcome outcome = c->kind_ == BO__CASE_SEND ? bo__chan_put(ch, c->data_, &s->wake)
                                                         : bo__chan_take(ch, c->data_, &s->wake);
    if (outcome == BO__CHAN_WAIT)
        return false;
    s->chosen = (int)index;
    s->closed = outcome == BO__CHAN_CLOSED;
    return true;
}

static bool may_succeed(const bo_case *c)
{
    const struct bo__chan *ch = bo__chan_of(c->chan_);
    return c->kind_ == BO__CASE_SEND ? bo__chan_may_put(ch) : bo__chan_may_take(ch);
}

// draw is a random number below n out of *luck, 32 random bits that several small draws share: the
// high half of the product is the number, the low half what is left of the chance. Six draws below
// 16 use up 23 of the bits.
static uint32_t draw(uint32_t *luck, size_t drawn, uint32_t n)
{
    if (drawn % 6 == 0 || n > CASES_ON_STACK)
        *luck = bo__random(UINT32_MAX);
    uint64_t product = (uint64_t)*luck * n;
    *luck = (uint32_t)product;
    return (uint32_t)(product >> 32);
}

// look_one_by_one is stage 1. It shuffles the order as it goes.
static bool look_one_by_one(struct selection *s)
{
    uint32_t luck = 0;
    for (size_t i = 0; i < s->live; i++) {
        size_t other = i + (s->live - i > 1 ? draw(&luck, i, (uint32_t)(s->live - i)) : 0);
        uint32_t index = s->order[other];
        s->order[other] = s->order[i];
        s->order[i] = index;
        if (!may_succeed(&s->cases[index]))
            continue;
        struct bo__chan *ch = bo__chan_of(s->cases[index].chan_);
        bo__lock(&ch->lock);
        bool done = attempt(s, index);
        bo__unlock(&ch->lock);
        if (done)
            return true;
    }
    return false;
}

static int by_address(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t)((const bo__waiter *)left)->data;
    uintptr_t b = (uintptr_t)((const bo__waiter *)right)->data;
    return a < b ? -1 : a > b;
}

// sort_waiters fills the waiters, one a live case in the order of their channels' addresses. Until
// the locks are held, a waiter's data is its channel.
static void sort_waiters(struct selection *s, bo__g *g)
{
    bool small = s->live <= CASES_ON_STACK;
    for (size_t i = 0; i < s->live; i++) {
        bo__waiter w = {.g = g, .data = channel(s, i), .tag = (uintptr_t)s->order[i] << 1};
        size_t at = i;
        for (; small && at > 0 && by_address(&s->waiters[at - 1], &w) > 0; at--)
            s->waiters[at] = s->waiters[at - 1];
        s->waiters[at] = w;
    }
    if (!small)
        qsort(s->waiters, s->live, sizeof *s->waiters, by_address);
}

static const bo_case *case_of(const struct selection *s, const bo__waiter *w)
{
    return &s->cases[w->tag >> 1];
}

static struct bo__chan *channel_of(const struct selection *s, const bo__waiter *w)
{
    return bo__chan_of(case_of(s, w)->chan_);
}

static bo__waitq *queue_of(const struct selection *s, const bo__waiter *w)
{
    struct bo__chan *c = channel_of(s, w);
    return case_of(s, w)->kind_ == BO__CASE_SEND ? &c->senders : &c->receivers;
}

// A channel that several cases name is locked once: they are neighbours.
static bool first_of_channel(const struct selection *s, size_t i)
{
    return i == 0 || channel_of(s, &s->waiters[i]) != channel_of(s, &s->waiters[i - 1]);
}

static void lock_all(const struct selection *s)
{
    for (size_t i = 0; i < s->live; i++)
        if (first_of_channel(s, i))
            bo__lock(&channel_of(s, &s->waiters[i])->lock);
}

static void unlock_all(const struct selection *s)
{
    for (size_t i = s->live; i-- > 0;)
        if (first_of_channel(s, i))
            bo__unlock(&channel_of(s, &s->waiters[i])->lock);
}

// look_under_locks is stage 2: all channels locked, the order still that of stage 1.
static bool look_under_locks(struct selection *s)
{
    for (size_t i = 0; i < s->live; i++)
        if (attempt(s, s->order[i]))
            return true;
    return false;
}

// leave_queues takes all waiters out but the winner (NULL: none), which its waker has taken out.
static void leave_queues(const struct selection *s, const bo__waiter *winner)
{
    for (size_t i = 0; i < s->live; i++) {
        if (&s->waiters[i] == winner)
            continue;
        struct bo__chan *c = channel_of(s, &s->waiters[i]);
        bo__lock(&c->lock);
        bo__waitq_remove(queue_of(s, &s->waiters[i]), &s->waiters[i]);
        bo__unlock(&c->lock);
    }
}

// wait_in_all is stage 3, entered with all channels locked. It returns the chosen case, or
// BO_SELECT_CANCELED.
static int wait_in_all(struct selection *s, bo__g *g)
{
    int64_t deadline = BO__NO_DEADLINE;
    if (s->timeout >= 0) {
        bo_duration d = s->cases[s->timeout].timeout_;
        if (__builtin_add_overflow(bo_mono(), d, &deadline))
            deadline = BO__NO_DEADLINE;
    }
    bo__wait_begin(g, s->live ? BO__WAIT_SELECT : BO__WAIT_FOREVER, s->cases, deadline, false);
    for (size_t i = 0; i < s->live; i++) {
        bo__waiter *w = &s->waiters[i];
        w->data = case_of(s, w)->data_;
        bo__waitq_push(queue_of(s, w), w);
    }
    unlock_all(s);
    bo__wake wake = bo__wait_park(g);
    const bo__waiter *winner = wake == BO__WAKE_EVENT ? bo__wait_waiter(g) : NULL;
    leave_queues(s, winner);
    if (wake == BO__WAKE_DEADLINE)
        return s->timeout;
    if (wake == BO__WAKE_SCOPE)
        return BO_SELECT_CANCELED;
    s->closed = !(winner->tag & BO__TAG_OK);
    return (int)(winner->tag >> 1);
}

// conclude reports what the chosen case found.
static int conclude(const struct selection *s, int index)
{
    if (index < 0 || index == s->timeout || index == s->fallback)
        return index;
    const bo_case *c = &s->cases[index];
    if (c->kind_ == BO__CASE_SEND && s->closed)
        bo__chan_panic_send_closed();
    if (c->ok_)
        *c->ok_ = !s->closed;
    return index;
}

// select_slowly is stages 2 and 3.
static int select_slowly(struct selection *s)
{
    if (s->fallback >= 0 && s->live <= 1)
        return s->fallback;  // Of one channel, stage 1 has seen a moment at which it was not ready.
    bo__g *g = bo__self();
    sort_waiters(s, g);
    lock_all(s);
    bool done = look_under_locks(s);
    if (!done && s->fallback < 0 && !(s->timeout >= 0 && s->cases[s->timeout].timeout_ <= 0))
        return conclude(s, wait_in_all(s, g));
    unlock_all(s);
    if (!done)
        return s->fallback >= 0 ? s->fallback : s->timeout;
    if (s->wake)
        bo__ready(s->wake);
    return conclude(s, s->chosen);
}

static int run(struct selection *s, size_t count)
{
    survey(s, count);
    bo__perturb();
    if (!look_one_by_one(s))
        return select_slowly(s);
    if (s->wake)
        bo__ready(s->wake);
    return conclude(s, s->chosen);
}

int bo_select_n(const bo_case *cases, size_t count)
{
    struct selection s = {.cases = cases, .fallback = -1, .timeout = -1, .chosen = -1};
    if (count <= CASES_ON_STACK) {
        uint32_t order[CASES_ON_STACK];
        bo__waiter waiters[CASES_ON_STACK];
        s.order = order;
        s.waiters = waiters;
        return run(&s, count);
    }
    if (count > INT32_MAX)
        bo_panic("a select of %zu cases", count);
    s.order = bo_malloc(count * sizeof *s.order);
    s.waiters = bo_malloc(count * sizeof *s.waiters);
    int index = run(&s, count);
    free(s.order);
    free(s.waiters);
    return index;
}
