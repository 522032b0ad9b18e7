// SPDX-License-Identifier: MIT
// group.c: groups of goroutines, and deadlines over a block. What a scope is: src/runtime/scope.c.
//
// running_ counts what must be over before the scope may be closed: the goroutines, and calls that
// cancel the scope at the moment. The one who takes it to zero wakes the owner. A goroutine at its
// end does that after it has left the scope (bo__spawn's at_exit).
//
// At its limit a group hands the place of one that ends to the first that waits to start one: the
// count stays, so nobody can come between.
//
// Locks: lock_ is a leaf, held for the counts and queues alone; never while a scope is touched.
#include <bora/group.h>
#include "sync/park.h"

static int64_t from_now(bo_duration d)
{
    int64_t deadline;
    return __builtin_add_overflow(bo_mono(), d, &deadline) ? BO__NO_DEADLINE : deadline;
}

// open_group makes the group's scope a child of the caller's, at the first use. Only the owner can
// be the first: others know the group from goroutines that were started in it.
static void open_group(bo_group *group)
{
    if (__atomic_load_n(&group->open_, __ATOMIC_ACQUIRE))
        return;
    bo__scope_open(&group->scope_);
    __atomic_store_n(&group->open_, 1, __ATOMIC_RELEASE);
}

// let_go ends what running_ counted. The group may be gone when it returns.
static void let_go(bo_group *group)
{
    bo__lock(&group->lock_);
    bo__waiter *w = NULL;
    if (!group->limit_ || group->running_ <= group->limit_)
        w = bo__waitq_claim(&group->starters_);
    if (!w && --group->running_ == 0)
        w = bo__waitq_claim(&group->waiters_);
    bo__g *g = w ? w->g : NULL;
    bo__unlock(&group->lock_);
    if (g)
        bo__ready(g);
}

static void begin_cancel(bo_group *group)
{
    bo__lock(&group->lock_);
    group->running_++;
    bo__unlock(&group->lock_);
}

// keep_first keeps an error if it is the first and reports that, else frees it.
static bool keep_first(bo_group *group, bo_err err)
{
    bo__lock(&group->lock_);
    bool first = !group->err_;
    if (first)
        group->err_ = err;
    bo__unlock(&group->lock_);
    if (!first)
        bo_err_free(err);
    return first;
}

static void at_exit(void *value, void *data)
{
    bo_group *group = data;
    bo_err err = value;
    if (err && keep_first(group, err))
        bo__scope_cancel(&group->scope_, BO_CANCELED);
    let_go(group);
}

void bo__group_go(bo_group *group, bo__call call, const bo_go_options *options)
{
    const void *site = __builtin_return_address(0);
    bo__perturb();
    open_group(group);
    bo__lock(&group->lock_);
    if (group->limit_ && group->running_ >= group->limit_) {
        bo__waiter w = {.g = bo__self()};
        bo__wait wait = {BO__WAIT_GROUP, group, BO__NO_DEADLINE, true};
        bo__park_in(&group->lock_, &group->starters_, &w, wait);
    } else {
        group->running_++;
        bo__unlock(&group->lock_);
    }
    bo__spawn(call, options, &group->scope_, at_exit, group, site);
}

bo_err bo_group_wait(bo_group *group)
{
    bo__perturb();
    if (!__atomic_load_n(&group->open_, __ATOMIC_ACQUIRE))
        return NULL;
    bo__lock(&group->lock_);
    if (group->running_ > 0) {
        bo__waiter w = {.g = bo__self()};
        bo__wait wait = {BO__WAIT_GROUP, group, BO__NO_DEADLINE, true};
        bo__park_in(&group->lock_, &group->waiters_, &w, wait);
    } else {
        bo__unlock(&group->lock_);
    }
    bo__scope_close(&group->scope_);
    bo_err err = group->err_;
    *group = (bo_group){0};
    return err;
}

void bo_group_deadline(bo_group *group, bo_duration d)
{
    open_group(group);
    int64_t deadline = from_now(d);
    if (group->deadline_ && group->deadline_ <= deadline)
        return;
    group->deadline_ = deadline;
    if (d > 0)
        bo__scope_deadline(&group->scope_, deadline);
    else
        bo__scope_cancel(&group->scope_, BO_TIMEOUT);
}

void bo_group_cancel(bo_group *group)
{
    open_group(group);
    begin_cancel(group);
    bo__scope_cancel(&group->scope_, BO_CANCELED);
    let_go(group);
}

void bo_group_limit(bo_group *group, int n)
{
    bo_assert(n > 0);
    group->limit_ = n;
}

void bo__deadline_begin(bo__deadline *deadline, bo_duration d)
{
    *deadline = (bo__deadline){0};
    bo__scope_open(&deadline->scope);
    if (d > 0)
        bo__scope_deadline(&deadline->scope, from_now(d));
    else
        bo__scope_cancel(&deadline->scope, BO_TIMEOUT);
    deadline->outer = bo__scope_enter(&deadline->scope);
}

void bo__deadline_end(bo__deadline *deadline)
{
    bo__scope_enter(deadline->outer);
    bo__scope_close(&deadline->scope);
}
