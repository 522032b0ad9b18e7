// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define await_waiters(c, n) await_queue(&(c)->lock_, &(c)->waiters_, (n))

struct gate {
    bo_mutex lock;
    bo_cond changed;
    int open;  // guarded by lock: how many may pass
    int held;  // guarded by lock: nobody else sees it raised
};

static void pass(struct gate *g, int who, bo_chan(int) out)
{
    bo_mutex_lock(&g->lock);
    bo_cond_wait(&g->changed, &g->lock);
    EXPECT_EQ(g->held++, 0);  // The mutex is ours again.
    bo_yield();
    g->held--;
    bo_mutex_unlock(&g->lock);
    bo_send(out, who);
}

TEST(cond_signal_wakes_the_one_that_waits_longest)
{
    struct gate g = {0};
    bo_chan(int) out = bo_chan_new(int, 5);
    for (int i = 0; i < 5; i++) {
        go(pass, &g, i, out);
        await_waiters(&g.changed, (size_t)i + 1);
    }
    for (int i = 0, who; i < 5; i++) {
        bo_cond_signal(&g.changed);
        REQUIRE(bo_recv(out, &who));
        EXPECT_EQ(who, i);
        EXPECT_EQ(queue_length(&g.changed.lock_, &g.changed.waiters_), (size_t)(4 - i));
    }
    bo_chan_free(out);
}

TEST(cond_broadcast_wakes_all_and_a_signal_to_nobody_is_not_kept)
{
    struct gate g = {0};
    bo_chan(int) out = bo_chan_new(int, 20);
    bo_cond_signal(&g.changed);
    bo_cond_broadcast(&g.changed);
    for (int i = 0; i < 20; i++)
        go(pass, &g, i, out);
    await_waiters(&g.changed, 20);
    EXPECT_EQ(bo_chan_len(out), 0);
    bo_cond_broadcast(&g.changed);
    int seen[20] = {0};
    for (int i = 0, who; i < 20; i++) {
        REQUIRE(bo_recv(out, &who));
        seen[who]++;
    }
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(seen[i], 1);
    bo_chan_free(out);
}

// -- no signal is lost ----------------------------------------------------------------------------

struct turns {
    bo_mutex lock;
    bo_cond turn[2];
    int whose, rounds;
    bool outside;  // Signal without the mutex.
    bo_wg running;
};

static void play(struct turns *t, int me)
{
    for (int i = 0; i < t->rounds; i++) {
        bo_mutex_lock(&t->lock);
        while (t->whose != me)
            bo_cond_wait(&t->turn[me], &t->lock);
        t->whose = !me;
        if (!t->outside)
            bo_cond_signal(&t->turn[!me]);
        bo_mutex_unlock(&t->lock);
        if (t->outside)
            bo_cond_signal(&t->turn[!me]);
    }
    bo_wg_done(&t->running);
}

static void *thread_play(void *arg)
{
    play(arg, 1);
    return NULL;
}

TEST(cond_loses_no_signal_between_unlock_and_wait)
{
    for (int outside = 0; outside <= 1; outside++) {
        test_case("signals %s the mutex", outside ? "without" : "under");
        struct turns t = {.rounds = 3000, .outside = outside};
        bo_wg_add(&t.running, 2);
        go(play, &t, 0);
        go(play, &t, 1);
        bo_wg_wait(&t.running);

        test_case("with a thread, signals %s the mutex", outside ? "without" : "under");
        pthread_t thread;
        t.rounds = 500;
        bo_wg_add(&t.running, 2);
        REQUIRE(pthread_create(&thread, NULL, thread_play, &t) == 0);
        go(play, &t, 0);
        bo_wg_wait(&t.running);
        bo_blocking(pthread_join, thread, NULL);
    }
}

struct queue {
    bo_mutex lock;
    bo_cond filled, emptied;
    int items, put, taken;
    bo_wg running;
};

static void produce(struct queue *q, int times)
{
    for (int i = 0; i < times; i++) {
        bo_mutex_lock(&q->lock);
        while (q->items == 3)
            bo_cond_wait(&q->emptied, &q->lock);
        q->items++;
        q->put++;
        bo_mutex_unlock(&q->lock);
        bo_cond_signal(&q->filled);
    }
    bo_wg_done(&q->running);
}

static void consume(struct queue *q, int times)
{
    for (int i = 0; i < times; i++) {
        bo_mutex_lock(&q->lock);
        while (q->items == 0)
            bo_cond_wait(&q->filled, &q->lock);
        q->items--;
        q->taken++;
        bo_mutex_unlock(&q->lock);
        bo_cond_signal(&q->emptied);
    }
    bo_wg_done(&q->running);
}

TEST(cond_serves_a_bounded_queue)
{
    struct queue q = {0};
    bo_wg_add(&q.running, 20);
    for (int i = 0; i < 10; i++) {
        go(produce, &q, 300);
        go(consume, &q, 300);
    }
    bo_wg_wait(&q.running);
    EXPECT_EQ(q.put, 3000);
    EXPECT_EQ(q.taken, 3000);
    EXPECT_EQ(q.items, 0);
}

// -- deadlines and scopes -------------------------------------------------------------------------

TEST(cond_wait_until_gives_up_at_the_deadline_with_the_mutex_locked)
{
    struct gate g = {0};
    bo_mutex_lock(&g.lock);
    EXPECT_EQ(bo_cond_wait_until(&g.changed, &g.lock, 0), BO_TIMEOUT);
    EXPECT(!bo_mutex_try_lock(&g.lock));
    int64_t soon = bo_mono() + BO_MILLISECOND;
    EXPECT_EQ(bo_cond_wait_until(&g.changed, &g.lock, soon), BO_TIMEOUT);
    EXPECT(bo_mono() >= soon);
    EXPECT(!bo_mutex_try_lock(&g.lock));
    bo_mutex_unlock(&g.lock);
    EXPECT_EQ(g.changed.waiters_.first, NULL);
}

static bo_err wait_in_scope(struct gate *g)
{
    bo_mutex_lock(&g->lock);
    bo_err err = bo_cond_wait_until(&g->changed, &g->lock, BO_NO_DEADLINE);
    EXPECT_EQ(g->held++, 0);
    bo_yield();
    g->held--;
    bo_mutex_unlock(&g->lock);
    return err;
}

static bo_err wait_deaf(struct gate *g)
{
    bo_mutex_lock(&g->lock);
    bo_cond_wait(&g->changed, &g->lock);
    bo_mutex_unlock(&g->lock);
    return NULL;
}

TEST(cond_wait_until_ends_with_the_scope_and_wait_does_not)
{
    struct gate g = {0};
    bo_group group = {0};
    for (int i = 0; i < 10; i++)
        bo_group_go(&group, wait_in_scope, &g);
    bo_group_go(&group, wait_deaf, &g);
    await_waiters(&g.changed, 11);
    bo_group_cancel(&group);
    await_waiters(&g.changed, 1);
    bo_cond_signal(&g.changed);  // Not swallowed by those that gave up.
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(g.lock.state_, 0);
}

static void wait_briefly(struct gate *g, int *woken, bo_wg *wg)
{
    bo_mutex_lock(&g->lock);
    bo_err err = NULL;
    while (g->open == 0 && !err)
        err = bo_cond_wait_until(&g->changed, &g->lock, bo_mono() + 300 * BO_MICROSECOND);
    if (g->open > 0) {
        g->open--;
        ++*woken;
    }
    bo_mutex_unlock(&g->lock);
    bo_wg_done(wg);
}

// Each signal goes to one who waits; whoever times out at that moment looks at the state and takes
// what is there, so nothing that was opened may be left while somebody still waits.
TEST(cond_signal_is_not_lost_on_one_that_times_out)
{
    for (int round = 0; round < 100; round++) {
        struct gate g = {0};
        int woken = 0;
        bo_wg wg = {0};
        bo_wg_add(&wg, 8);
        for (int i = 0; i < 8; i++)
            go(wait_briefly, &g, &woken, &wg);
        for (int i = 0; i < 4; i++) {
            bo_mutex_lock(&g.lock);
            g.open++;
            bo_mutex_unlock(&g.lock);
            bo_cond_signal(&g.changed);
        }
        bo_wg_wait(&wg);
        EXPECT_EQ(woken + g.open, 4);
        EXPECT_EQ(g.changed.waiters_.first, NULL);
    }
}

// -- life -----------------------------------------------------------------------------------------

static void signal_it(struct gate *g)
{
    bo_mutex_lock(&g->lock);
    g->open = 1;
    bo_cond_signal(&g->changed);
    bo_mutex_unlock(&g->lock);
}

TEST(cond_may_be_freed_by_the_one_that_was_woken)
{
    for (int round = 0; round < 1000; round++) {
        struct gate *g = calloc(1, sizeof *g);
        go(signal_it, g);
        bo_mutex_lock(&g->lock);
        while (!g->open)
            bo_cond_wait(&g->changed, &g->lock);
        bo_mutex_unlock(&g->lock);
        memset(g, 0xff, sizeof *g);
        free(g);
    }
}
