// SPDX-License-Identifier: MIT
// scope.c: goroutines that are canceled together.
//
// A scope knows its members and its child scopes. It ends once, with a reason; that wakes each
// member that waits, and ends the children. A member that runs meets the reason at its next wait.
//
// The race between "I am about to wait" and "it has ended" is decided by order: the goroutine opens
// its wait and then looks at the reason, cancellation sets the reason and then looks at the waits,
// both sequentially consistent, so one of them sees the other.
//
// Locks: a parent's before its child's. A wheel's lock may be held by the caller (a deadline
// fires), so timers are added and removed without any scope's lock.
#include "runtime/sched.h"

bo_err bo__scope_reason(const bo__scope *scope)
{
    return __atomic_load_n(&scope->reason_, __ATOMIC_SEQ_CST);
}

bo_err bo_scope_err(void)
{
    bo__scope *scope = bo__self()->scope;
    return scope ? bo__scope_reason(scope) : NULL;
}

void bo__scope_open(bo__scope *scope)
{
    bo__scope *parent = bo__self()->scope;
    scope->parent_ = parent;
    if (!parent)
        return;
    bo__lock(&parent->lock_);
    scope->next_ = parent->child_;
    if (parent->child_)
        parent->child_->prev_ = scope;
    parent->child_ = scope;
    __atomic_store_n(&scope->reason_, bo__scope_reason(parent), __ATOMIC_SEQ_CST);
    bo__unlock(&parent->lock_);
}

void bo__scope_close(bo__scope *scope)
{
    bo__timer_remove(&scope->timer_);
    bo_assert(!scope->member_ && !scope->child_);
    bo__scope *parent = scope->parent_;
    if (parent) {
        bo__lock(&parent->lock_);
        if (scope->prev_)
            scope->prev_->next_ = scope->next_;
        else
            parent->child_ = scope->next_;
        if (scope->next_)
            scope->next_->prev_ = scope->prev_;
        bo__unlock(&parent->lock_);
    }
    // A cancellation from the parent may still be at work on this one: it holds both locks.
    bo__lock(&scope->lock_);
    bo__unlock(&scope->lock_);
    scope->parent_ = scope->next_ = scope->prev_ = NULL;
}

// Ends scope and what is below, and puts the goroutines whose waits that ended on a chain.
static void end_locked(bo__scope *scope, bo_err reason, bo__g **chain)
{
    if (bo__scope_reason(scope))
        return;
    __atomic_store_n(&scope->reason_, reason, __ATOMIC_SEQ_CST);
    for (bo__g *g = scope->member_; g; g = g->scope_next) {
        // A deaf wait has a mark of its own.
        uintptr_t open = BO__CLAIM_OPEN;
        if (!atomic_compare_exchange_strong(&g->claim, &open, BO__CLAIM_SCOPE))
            continue;
        // It waits, and only we may make it ready: its queue link is free.
        g->task.next = (bo__task *)*chain;
        *chain = g;
    }
    for (bo__scope *child = scope->child_; child; child = child->next_) {
        bo__lock(&child->lock_);
        end_locked(child, reason, chain);
        bo__unlock(&child->lock_);
    }
}

bo__g *bo__scope_end(bo__scope *scope, bo_err reason)
{
    bo__g *chain = NULL;
    bo__lock(&scope->lock_);
    end_locked(scope, reason, &chain);
    bo__unlock(&scope->lock_);
    return chain;
}

void bo__scope_cancel(bo__scope *scope, bo_err reason)
{
    bo__g *chain = bo__scope_end(scope, reason);
    while (chain) {
        bo__g *g = chain;
        chain = (bo__g *)g->task.next;
        bo__ready(g);
    }
}

static void fire_scope(bo__timer *timer)
{
    bo__scope *scope = (bo__scope *)(void *)((char *)timer - offsetof(bo__scope, timer_));
    bo__scope_cancel(scope, BO_TIMEOUT);
}

void bo__scope_deadline(bo__scope *scope, int64_t deadline)
{
    bo__timer_remove(&scope->timer_);
    scope->timer_.fire_ = fire_scope;
    bo__m *m = bo__enter();
    bo__timer_add(m, &scope->timer_, deadline);
    bo__leave(m);
}

void bo__scope_join(bo__scope *scope, bo__g *g)
{
    g->scope = scope;
    bo__lock(&scope->lock_);
    g->scope_prev = NULL;
    g->scope_next = scope->member_;
    if (scope->member_)
        scope->member_->scope_prev = g;
    scope->member_ = g;
    bo__unlock(&scope->lock_);
}

void bo__scope_leave(bo__g *g)
{
    bo__scope *scope = g->scope;
    bo__lock(&scope->lock_);
    if (g->scope_prev)
        g->scope_prev->scope_next = g->scope_next;
    else
        scope->member_ = g->scope_next;
    if (g->scope_next)
        g->scope_next->scope_prev = g->scope_prev;
    bo__unlock(&scope->lock_);
    g->scope = NULL;
}

bo__scope *bo__scope_enter(bo__scope *scope)
{
    bo__g *g = bo__self();
    bo__scope *before = g->scope;
    if (before)
        bo__scope_leave(g);
    if (scope)
        bo__scope_join(scope, g);
    return before;
}
