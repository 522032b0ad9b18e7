// SPDX-License-Identifier: MIT
// wait.c: how a goroutine waits, and how a wait ends. The contract is in runtime.h.
//
// g->claim is the whole state: OPEN while the wait can be ended, then the mark of the one who did.
// A wait that only one waker can end (a single queue, no deadline, no scope) needs no atomic
// operation for that, since the queue's lock decides already: g->solo.
#include "runtime/sched.h"

#include <errno.h>

const char *bo__wait_name(bo__wait_reason reason)
{
    static const char *const names[] = {
        [BO__WAIT_NONE] = "waiting",
        [BO__WAIT_SLEEP] = "sleep",
        [BO__WAIT_RECV] = "chan receive",
        [BO__WAIT_SEND] = "chan send",
        [BO__WAIT_SELECT] = "select",
        [BO__WAIT_FOREVER] = "nothing, for ever",
        [BO__WAIT_MUTEX] = "mutex",
        [BO__WAIT_RWMUTEX_READ] = "rwmutex read lock",
        [BO__WAIT_RWMUTEX_WRITE] = "rwmutex write lock",
        [BO__WAIT_COND] = "cond",
        [BO__WAIT_SEMAPHORE] = "semaphore",
        [BO__WAIT_GROUP] = "group",
        [BO__WAIT_WG] = "wait group",
        [BO__WAIT_ONCE] = "once",
        [BO__WAIT_READ] = "IO read",
        [BO__WAIT_WRITE] = "IO write",
        [BO__WAIT_THREAD] = "a free thread",
        [BO__WAIT_SIGNAL] = "signal",
    };
    return reason < sizeof names / sizeof names[0] ? names[reason] : "waiting";
}

bo__g *bo__self(void)
{
    bo__m *m = bo__m_self();
    return __builtin_expect(m != NULL, 1) ? m->g : bo__attach_foreign()->g;
}

void bo__wait_begin(bo__g *g, bo__wait_reason reason, const void *on, int64_t deadline, bool deaf)
{
    deaf |= !g->scope;
    g->reason = (uint8_t)reason;
    g->waits_on = on;
    g->deadline = deadline;
    g->deaf = deaf;
    g->solo = deaf && deadline == BO__NO_DEADLINE && reason != BO__WAIT_SELECT;
    atomic_store_explicit(&g->since, atomic_load_explicit(&bo__rt.coarse_now, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&g->state, BO__G_WAITING, memory_order_relaxed);
    if (g->thread)
        atomic_store(&g->futex, 0);
    if (deaf)
        atomic_store_explicit(&g->claim, BO__CLAIM_OPEN_DEAF, memory_order_relaxed);
    else
        // Ordered before the look at the scope's reason in bo__wait_park; see bo__scope_cancel.
        atomic_store(&g->claim, BO__CLAIM_OPEN);
}

static void wait_end(bo__g *g)
{
    atomic_store_explicit(&g->state, BO__G_RUNNING, memory_order_relaxed);
}

static bool claim_as(bo__g *g, uintptr_t mark)
{
    uintptr_t open = g->deaf ? BO__CLAIM_OPEN_DEAF : BO__CLAIM_OPEN;
    return atomic_compare_exchange_strong(&g->claim, &open, mark);
}

bool bo__wait_claim(bo__waiter *w)
{
    bo__g *g = w->g;
    if (!g->solo)
        return claim_as(g, (uintptr_t)w);
    atomic_store_explicit(&g->claim, (uintptr_t)w, memory_order_relaxed);
    return true;
}

bo__waiter *bo__wait_waiter(const bo__g *g)
{
    return (bo__waiter *)atomic_load_explicit(&g->claim, memory_order_relaxed);
}

static void fire_deadline(bo__timer *timer)
{
    bo__g *g = (bo__g *)(void *)((char *)timer - offsetof(bo__g, timer));
    if (claim_as(g, BO__CLAIM_DEADLINE))
        bo__ready(g);
}

static bo__wake outcome(bo__g *g)
{
    switch (atomic_load_explicit(&g->claim, memory_order_acquire)) {
    case BO__CLAIM_DEADLINE:
        return BO__WAKE_DEADLINE;
    case BO__CLAIM_SCOPE:
        return BO__WAKE_SCOPE;
    default:
        return BO__WAKE_EVENT;
    }
}

// Ends the wait at once if its scope or its deadline is over already.
static bool over(bo__g *g)
{
    if (!g->deaf && bo__scope_reason(g->scope))
        return claim_as(g, BO__CLAIM_SCOPE);
    if (g->deadline <= atomic_load_explicit(&bo__rt.coarse_now, memory_order_relaxed))
        return claim_as(g, BO__CLAIM_DEADLINE);
    return false;
}

bo__wake bo__wait_park(bo__g *g)
{
    if (!g->solo && over(g)) {
        wait_end(g);
        return outcome(g);
    }
    if (g->thread) {
        int saved = *bo__errno();
        bo__thread_park(g);
        *bo__errno() = saved;
        wait_end(g);
        return outcome(g);
    }
    bo__m *m = bo__enter();
    bool timed = g->deadline != BO__NO_DEADLINE;
    if (timed) {
        g->timer.fire_ = fire_deadline;
        bo__timer_add(m, &g->timer, g->deadline);
    }
    bo__swap_out(m, g);
    bo__leave(bo__m_self());
    if (timed)
        bo__timer_remove(&g->timer);
    return outcome(g);
}

bo_err bo_sleep(bo_duration d)
{
    if (d <= 0) {
        bo_yield();
        return bo_scope_err();
    }
    bo__g *g = bo__self();
    int64_t now = bo_mono();
    int64_t deadline = d < INT64_MAX - 1 - now ? now + d : INT64_MAX - 1;
    bo__wait_begin(g, BO__WAIT_SLEEP, NULL, deadline, false);
    return bo__wait_park(g) == BO__WAKE_SCOPE ? bo_scope_err() : NULL;
}
