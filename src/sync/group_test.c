// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static bo_err succeed(int *sum)
{
    bo_yield();
    __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
    return NULL;
}

// -- errors ---------------------------------------------------------------------------------------

TEST(group_waits_for_all_and_may_be_used_again)
{
    bo_group group = {0};
    int sum = 0;
    EXPECT_EQ(bo_group_wait(&group), NULL);
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 50; i++)
            bo_group_go(&group, succeed, &sum);
        EXPECT_EQ(bo_group_wait(&group), NULL);
        EXPECT_EQ(sum, 50 * round);
    }
}

static bo_err fail_with(int number)
{
    return bo_errf(NULL, "number %d", number);
}

static bo_err sleep_long(int *woken)
{
    bo_err err = bo_sleep(BO_HOUR);
    EXPECT_EQ(err, bo_scope_err());
    __atomic_fetch_add(woken, 1, __ATOMIC_RELAXED);
    return err;
}

TEST(group_first_error_cancels_the_rest_and_is_returned)
{
    bo_group group = {0};
    int woken = 0;
    for (int i = 0; i < 20; i++)
        bo_group_go(&group, sleep_long, &woken);
    bo_group_go(&group, fail_with, 7);
    bo_err err = bo_group_wait(&group);
    EXPECT_EQ(bo_err_message(err), "number 7");
    EXPECT_EQ(woken, 20);
    bo_err_free(err);
    EXPECT_EQ(bo_scope_err(), NULL);
}

TEST(group_keeps_one_error_and_frees_the_others)
{
    bo_group group = {0};
    for (int i = 0; i < 20; i++)
        bo_group_go(&group, fail_with, i);
    bo_err err = bo_group_wait(&group);  // The leak checker sees to the other nineteen.
    EXPECT(err && bo_str_starts(bo_str_of(bo_err_message(err)), bo_s("number ")));
    bo_err_free(err);
    EXPECT_EQ(bo_group_wait(&group), NULL);
}

static bo_err say_scope(bo_err *reason)
{
    *reason = bo_scope_err();
    return NULL;
}

TEST(group_that_has_ended_still_runs_what_is_started_in_it)
{
    bo_group group = {0};
    bo_err reason = NULL;
    bo_group_cancel(&group);
    bo_group_go(&group, say_scope, &reason);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(reason, BO_CANCELED);
    bo_group_go(&group, say_scope, &reason);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(reason, NULL);
}

static bo_err spread(bo_group *group, int depth, int *sum)
{
    __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
    for (int i = 0; depth > 0 && i < 2; i++)
        bo_group_go(group, spread, group, depth - 1, sum);
    return NULL;
}

TEST(group_goroutines_may_start_others_in_it)
{
    bo_group group = {0};
    int sum = 0;
    bo_group_go(&group, spread, &group, 9, &sum);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(sum, (1 << 10) - 1);
}

static bo_err name_self(const char **name)
{
    *name = bo_self().name;
    return NULL;
}

TEST(group_takes_options)
{
    bo_group group = {0};
    const char *name = NULL;
    bo_group_go_with(&group, (name_self, &name), .name = "shard", .stack_bytes = 16 << 10);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(name, "shard");
}

// -- what a cancellation reaches ------------------------------------------------------------------

struct objects {
    bo_chan(int) empty, full;
    bo_mutex locked, other;
    bo_cond cond;
    bo_semaphore none;
    bo_wg arrived;
};

static bo_err parked_in_sleep(struct objects *o)
{
    bo_wg_done(&o->arrived);
    return bo_sleep(BO_HOUR);
}

static bo_err parked_in_recv(struct objects *o)
{
    bo_wg_done(&o->arrived);
    EXPECT(!bo_recv(o->empty, NULL));
    return bo_scope_err();
}

static bo_err parked_in_send(struct objects *o)
{
    bo_wg_done(&o->arrived);
    EXPECT(!bo_send(o->full, 1));
    return bo_scope_err();
}

static bo_err parked_in_null(struct objects *o)
{
    bo_wg_done(&o->arrived);
    EXPECT(!bo_recv((bo_chan(int))NULL, NULL));
    return bo_scope_err();
}

static bo_err parked_in_select(struct objects *o)
{
    bo_wg_done(&o->arrived);
    EXPECT_EQ(bo_select(bo_on_recv(o->empty, NULL), bo_on_send(o->full, 1)), BO_SELECT_CANCELED);
    return bo_scope_err();
}

static bo_err parked_in_empty_select(struct objects *o)
{
    bo_wg_done(&o->arrived);
    EXPECT_EQ(bo_select_n(NULL, 0), BO_SELECT_CANCELED);
    return bo_scope_err();
}

static bo_err parked_in_lock(struct objects *o)
{
    bo_wg_done(&o->arrived);
    return bo_mutex_lock_until(&o->locked, bo_mono() + BO_HOUR);
}

static bo_err parked_in_cond(struct objects *o)
{
    bo_mutex_lock(&o->other);
    bo_wg_done(&o->arrived);
    bo_err err = bo_cond_wait_until(&o->cond, &o->other, BO_NO_DEADLINE);
    bo_mutex_unlock(&o->other);
    return err;
}

static bo_err parked_in_semaphore(struct objects *o)
{
    bo_wg_done(&o->arrived);
    return bo_semaphore_acquire_until(&o->none, 1, BO_NO_DEADLINE);
}

static bo_err parked_below(struct objects *o)
{
    bo_group inner = {0};
    bo_group_go(&inner, parked_in_recv, o);
    return bo_group_wait(&inner);
}

static bo_err parked_behind_a_deadline(struct objects *o)
{
    BO_DEADLINE(BO_HOUR);
    return parked_in_select(o);
}

static bo_err (*const parked[])(struct objects *) = {
    parked_in_sleep,     parked_in_recv,         parked_in_send,           parked_in_null,
    parked_in_select,    parked_in_empty_select, parked_in_lock,           parked_in_cond,
    parked_in_semaphore, parked_below,           parked_behind_a_deadline,
};

enum { PARKED = sizeof parked / sizeof *parked };

static void objects_init(struct objects *o)
{
    *o = (struct objects){.empty = bo_chan_new(int, 0), .full = bo_chan_new(int, 1)};
    bo_send(o->full, 0);
    bo_mutex_lock(&o->locked);
    bo_wg_add(&o->arrived, PARKED);
}

static void objects_check(struct objects *o)
{
    EXPECT_EQ(receivers(o->empty), 0);
    EXPECT_EQ(senders(o->full), 0);
    EXPECT_EQ(bo_chan_len(o->full), 1);
    bo_mutex_unlock(&o->locked);
    EXPECT_EQ(o->locked.state_, 0);
    EXPECT_EQ(o->other.state_, 0);
    EXPECT_EQ(o->cond.waiters_.first, NULL);
    EXPECT_EQ(o->none.waiters_.first, NULL);
    bo_chan_free(o->empty);
    bo_chan_free(o->full);
}

// The reason arrives as the value of each of them; the group keeps the first.
TEST(group_cancel_reaches_every_call_that_waits)
{
    struct objects o;
    objects_init(&o);
    bo_group group = {0};
    for (int i = 0; i < PARKED; i++)
        bo_group_go(&group, parked[i], &o);
    bo_wg_wait(&o.arrived);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    objects_check(&o);
}

TEST(group_deadline_reaches_every_call_that_waits)
{
    for (int i = 0; i < PARKED; i++) {
        test_case("call %d", i);
        struct objects o;
        objects_init(&o);
        bo_wg_add(&o.arrived, 1 - PARKED);
        bo_group group = {0};
        bo_group_deadline(&group, BO_MILLISECOND);
        bo_group_go(&group, parked[i], &o);
        EXPECT_EQ(bo_group_wait(&group), BO_TIMEOUT);
        objects_check(&o);
    }
}

static bo_err parked_pinned(bo_err (*call)(struct objects *), struct objects *o)
{
    bo_pin_thread();
    bo_err err = call(o);
    bo_unpin_thread();
    return err;
}

TEST(group_cancel_reaches_goroutines_that_are_pinned_to_threads)
{
    struct objects o;
    objects_init(&o);
    bo_group group = {0};
    for (int i = 0; i < PARKED; i++)
        bo_group_go(&group, parked_pinned, parked[i], &o);
    bo_wg_wait(&o.arrived);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    objects_check(&o);
}

static bo_err compute(int *rounds)
{
    while (!bo_scope_err())
        __atomic_fetch_add(rounds, 1, __ATOMIC_RELAXED);
    return bo_scope_err();
}

TEST(group_cancel_is_seen_by_a_computation_that_asks)
{
    bo_group group = {0};
    int rounds = 0;
    bo_group_go(&group, compute, &rounds);
    while (__atomic_load_n(&rounds, __ATOMIC_RELAXED) < 100)
        bo_sleep(20 * BO_MICROSECOND);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
}

static void outside(bo_err *reason, bo_wg *wg)
{
    *reason = bo_scope_err();
    bo_wg_done(wg);
}

static bo_err start_plain(bo_err *reason, bo_wg *wg)
{
    go(outside, reason, wg);
    return bo_scope_err();
}

TEST(group_cancel_does_not_reach_a_plain_go)
{
    bo_group group = {0};
    bo_err reason = BO_TIMEOUT;
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    bo_group_cancel(&group);
    bo_group_go(&group, start_plain, &reason, &wg);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    bo_wg_wait(&wg);
    EXPECT_EQ(reason, NULL);
}

// -- nesting --------------------------------------------------------------------------------------

static bo_err inner_that_fails(bo_err *after)
{
    bo_group inner = {0};
    int woken = 0;
    bo_group_go(&inner, sleep_long, &woken);
    bo_group_go(&inner, fail_with, 1);
    bo_err err = bo_group_wait(&inner);
    EXPECT_EQ(woken, 1);
    bo_err_free(err);
    *after = bo_scope_err();
    return NULL;
}

TEST(group_end_does_not_reach_the_scope_around_it)
{
    bo_group group = {0};
    bo_err after = BO_TIMEOUT;
    bo_group_go(&group, inner_that_fails, &after);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(after, NULL);
}

static bo_err nest(int depth, bo_wg *arrived)
{
    if (depth == 0) {
        bo_wg_done(arrived);
        return bo_sleep(BO_HOUR);
    }
    bo_group inner = {0};
    bo_group_go(&inner, nest, depth - 1, arrived);
    bo_group_go(&inner, nest, depth - 1, arrived);
    return bo_group_wait(&inner);
}

TEST(group_end_reaches_all_that_is_below_it)
{
    bo_group group = {0};
    bo_wg arrived = {0};
    bo_wg_add(&arrived, 1 << 6);
    bo_group_go(&group, nest, 6, &arrived);
    bo_wg_wait(&arrived);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
}

TEST(group_opened_in_an_ended_scope_has_ended)
{
    BO_DEADLINE(0);
    bo_group group = {0};
    int woken = 0;
    bo_group_go(&group, sleep_long, &woken);
    EXPECT_EQ(bo_group_wait(&group), BO_TIMEOUT);
    EXPECT_EQ(woken, 1);
}

// -- deadlines ------------------------------------------------------------------------------------

TEST(group_deadline_that_is_earliest_counts)
{
    static const bo_duration orders[][2] = {
        {BO_MILLISECOND, BO_HOUR},   {BO_HOUR, BO_MILLISECOND}, {BO_HOUR, 0}, {-1, BO_HOUR},
        {INT64_MAX, BO_MILLISECOND},
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        test_case("order %zu", i);
        bo_group group = {0};
        int woken = 0;
        bo_group_deadline(&group, orders[i][0]);
        bo_group_go(&group, sleep_long, &woken);
        bo_group_deadline(&group, orders[i][1]);
        EXPECT_EQ(bo_group_wait(&group), BO_TIMEOUT);
    }
}

TEST(deadline_holds_until_the_closing_brace_and_only_narrows)
{
    EXPECT_EQ(bo_scope_err(), NULL);
    {
        BO_DEADLINE(BO_HOUR);
        EXPECT_EQ(bo_sleep(BO_MICROSECOND), NULL);
        {
            BO_DEADLINE(BO_MILLISECOND);
            {
                BO_DEADLINE(BO_HOUR);
                EXPECT_EQ(bo_sleep(BO_HOUR), BO_TIMEOUT);
                EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
            }
            EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
        }
        EXPECT_EQ(bo_scope_err(), NULL);
        EXPECT_EQ(bo_sleep(BO_MICROSECOND), NULL);
    }
    EXPECT_EQ(bo_scope_err(), NULL);
}

static bo_err sleep_within(bo_duration d, bo_duration limit)
{
    BO_DEADLINE(limit);
    bo_err err = bo_sleep(d);
    if (err)
        return err;
    BO_DEADLINE(BO_HOUR);  // A second one in the same block.
    return bo_scope_err();
}

TEST(deadline_ends_with_a_return)
{
    EXPECT_EQ(sleep_within(BO_HOUR, BO_MILLISECOND), BO_TIMEOUT);
    EXPECT_EQ(bo_scope_err(), NULL);
    EXPECT_EQ(sleep_within(BO_MICROSECOND, BO_HOUR), NULL);
    EXPECT_EQ(bo_scope_err(), NULL);
}

TEST(deadline_ends_the_groups_inside_it)
{
    bo_group group = {0};
    int woken = 0;
    {
        BO_DEADLINE(BO_MILLISECOND);
        for (int i = 0; i < 10; i++)
            bo_group_go(&group, sleep_long, &woken);
        EXPECT_EQ(bo_group_wait(&group), BO_TIMEOUT);
    }
    EXPECT_EQ(woken, 10);
}

TEST(deadline_that_has_not_come_leaves_no_timer_behind)
{
    for (int i = 0; i < 1000; i++) {
        BO_DEADLINE(50 * BO_MICROSECOND + i);
        bo_yield();
    }
    EXPECT_EQ(bo_sleep(BO_MILLISECOND), NULL);
}

// -- limit ----------------------------------------------------------------------------------------

struct limited {
    int running, most;
};

static bo_err be_one_of_few(struct limited *l)
{
    int running = __atomic_add_fetch(&l->running, 1, __ATOMIC_SEQ_CST);
    int most = __atomic_load_n(&l->most, __ATOMIC_SEQ_CST);
    while (running > most && !__atomic_compare_exchange_n(&l->most, &most, running, false,
                                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    bo_yield();
    __atomic_sub_fetch(&l->running, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

TEST(group_limit_lets_so_many_run_at_once)
{
    static const int limits[] = {1, 2, 5};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        test_case("limit %d", limits[i]);
        struct limited l = {0};
        bo_group group = {0};
        bo_group_limit(&group, limits[i]);
        for (int n = 0; n < 300; n++)
            bo_group_go(&group, be_one_of_few, &l);
        EXPECT_EQ(bo_group_wait(&group), NULL);
        EXPECT_EQ(l.running, 0);
        EXPECT(l.most >= 1 && l.most <= limits[i]);
    }
}

static bo_err hold(bo_chan(int) until)
{
    bo_recv(until, NULL);
    return NULL;
}

static bo_err start_one_more(bo_group *group, bo_chan(int) until, int *sum)
{
    bo_group_go(group, succeed, sum);
    bo_recv(until, NULL);
    return NULL;
}

TEST(group_limit_makes_go_wait_for_a_place)
{
    bo_group group = {0};
    bo_chan(int) until = bo_chan_new(int, 0);
    int sum = 0;
    bo_group_limit(&group, 2);
    bo_group_go(&group, hold, until);
    bo_group_go(&group, start_one_more, &group, until, &sum);
    await_queue(&group.lock_, &group.starters_, 1);
    EXPECT_EQ(__atomic_load_n(&sum, __ATOMIC_RELAXED), 0);
    bo_send(until, 1);  // One of the two that wait for it ends: the first.
    bo_send(until, 1);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(sum, 1);
    bo_chan_free(until);
}

TEST(group_cancel_at_the_limit_neither_starts_too_many_nor_hangs)
{
    for (int round = 0; round < 50; round++) {
        bo_group group = {0};
        struct limited l = {0};
        bo_group_limit(&group, 1);
        for (int i = 0; i < 20; i++) {
            bo_group_go(&group, be_one_of_few, &l);
            if (i % 5 == 4)
                bo_group_cancel(&group);
        }
        EXPECT_EQ(bo_group_wait(&group), NULL);
        EXPECT_EQ(l.most, 1);
    }
}

// -- foreign threads ------------------------------------------------------------------------------

static void *thread_with_deadline(void *arg)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    {
        BO_DEADLINE(BO_MILLISECOND);
        EXPECT(!bo_recv(ch, NULL));
        EXPECT_EQ(bo_scope_err(), BO_TIMEOUT);
    }
    EXPECT_EQ(bo_scope_err(), NULL);
    EXPECT_EQ(bo_sleep(BO_MICROSECOND), NULL);
    bo_chan_free(ch);
    return arg;
}

static void *thread_with_group(void *arg)
{
    int woken = 0;
    bo_group group = {0};
    for (int i = 0; i < 20; i++)
        bo_group_go(&group, sleep_long, &woken);
    bo_group_go(&group, fail_with, 3);
    bo_err err = bo_group_wait(&group);
    EXPECT_EQ(bo_err_message(err), "number 3");
    EXPECT_EQ(woken, 20);
    bo_err_free(err);
    return arg;
}

static void *thread_cancel(void *group)
{
    bo_group_cancel(group);
    return NULL;
}

TEST(group_and_deadline_work_on_threads)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        REQUIRE(pthread_create(&threads[i], NULL, i % 2 ? thread_with_deadline : thread_with_group,
                               NULL) == 0);
    for (int i = 0; i < 4; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    bo_group group = {0};
    int woken = 0;
    for (int i = 0; i < 5; i++)
        bo_group_go(&group, sleep_long, &woken);
    REQUIRE(pthread_create(&threads[0], NULL, thread_cancel, &group) == 0);
    bo_blocking(pthread_join, threads[0], NULL);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(woken, 5);
}

// -- everything at once ---------------------------------------------------------------------------

static bo_err storm_member(bo_chan(int) ch, int n)
{
    BO_DEADLINE(n % 7 == 0 ? 30 * BO_MICROSECOND : BO_HOUR);
    for (int i = 0; i < 20; i++) {
        bo_err err = NULL;
        switch ((n + i) % 4) {
        case 0:
            err = bo_sleep((bo_duration)(n % 3) * BO_MICROSECOND);
            break;
        case 1:
            err = bo_send(ch, n) ? NULL : bo_scope_err();
            break;
        case 2:
            err = bo_recv(ch, NULL) ? NULL : bo_scope_err();
            break;
        default:
            bo_select(bo_on_send(ch, n), bo_on_recv(ch, NULL),
                      bo_on_timeout((bo_duration)(n % 50) * BO_MICROSECOND));
        }
        if (err)
            return n % 5 ? NULL : bo_errf(err, "member %d", n);
    }
    return NULL;
}

// An error, two deadlines and a cancellation race for the same waits. A wake-up that goes to nobody
// or to two shows as a hang or a crash; the group's memory is freed as soon as wait returns.
TEST(group_ends_whole_whatever_ends_it)
{
    for (int round = 0; round < 60; round++) {
        bo_chan(int) ch = bo_chan_new(int, (size_t)round % 3);
        bo_group *group = calloc(1, sizeof *group);
        bo_group_deadline(group, (50 + round * 7) * BO_MICROSECOND);
        for (int i = 0; i < 40; i++)
            bo_group_go(group, storm_member, ch, i);
        if (round % 3 == 0)
            bo_group_cancel(group);
        bo_err_free(bo_group_wait(group));
        memset(group, 0xff, sizeof *group);
        free(group);
        EXPECT_EQ(receivers(ch) + senders(ch), 0);
        bo_chan_free(ch);
    }
}

// -- mistakes -------------------------------------------------------------------------------------

TEST_PROGRAM(program_leaves_a_deadline_before_its_group)
{
    bo_group group = {0};
    int woken = 0;
    BO_DEADLINE(BO_HOUR);
    bo_group_go(&group, sleep_long, &woken);
}

TEST_PROGRAM(program_limits_a_group_to_none)
{
    bo_group group = {0};
    bo_group_limit(&group, 0);
}

TEST(group_mistakes_panic_with_a_reason)
{
    test_result r = test_run("program_leaves_a_deadline_before_its_group", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "member_ && !scope->child_"));
    r = test_run("program_limits_a_group_to_none", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "n > 0"));
}
