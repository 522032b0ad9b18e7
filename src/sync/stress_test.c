// SPDX-License-Identifier: MIT
//
// stress_test.c: ten thousand goroutines at everything at once. Sums say that nothing was lost or
// doubled; a wake-up that is lost shows as a test that runs out of time.
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>

// A small generator of one's own for each goroutine, so that a run depends on nothing shared.
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void add(int64_t *sum, int64_t n)
{
    __atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
}

// -- channels -------------------------------------------------------------------------------------

static void pass_plus_one(bo_chan(int) from, bo_chan(int) to)
{
    for (int v; bo_recv(from, &v);)
        bo_send(to, v + 1);
    bo_chan_close(to);
}

TEST(stress_a_chain_of_ten_thousand_goroutines)
{
    bo_chan(int) *links = calloc(MANY + 1, sizeof *links);
    for (int i = 0; i <= MANY; i++)
        links[i] = bo_chan_new(int, 0);
    for (int i = 0; i < MANY; i++)
        go(pass_plus_one, links[i], links[i + 1]);
    for (int round = 0, v; round < 5; round++) {
        bo_send(links[0], round);
        REQUIRE(bo_recv(links[MANY], &v));
        EXPECT_EQ(v, round + MANY);
    }
    bo_chan_close(links[0]);
    EXPECT(!bo_recv(links[MANY], NULL));
    for (int i = 0; i <= MANY; i++)
        bo_chan_free(links[i]);
    free(links);
}

struct market {
    bo_chan(int) stalls[8];
    int64_t sent, received;
    bo_wg sellers, buyers;
};

static void sell(struct market *m, int who)
{
    uint32_t random = (uint32_t)who;
    for (int i = 0; i < 10; i++) {
        int v = (int)(next_random(&random) % 1000);
        bo_send(m->stalls[next_random(&random) % 8], v);
        add(&m->sent, v);
    }
    bo_wg_done(&m->sellers);
}

static void buy(struct market *m, int who)
{
    for (int v; bo_recv(m->stalls[who % 8], &v);)
        add(&m->received, v);
    bo_wg_done(&m->buyers);
}

static void *thread_sell(void *m)
{
    for (int i = 0; i < 20; i++)
        sell(m, i);
    return NULL;
}

static void *thread_buy(void *m)
{
    buy(m, 3);
    return NULL;
}

TEST(stress_ten_thousand_senders_and_receivers)
{
    struct market m = {0};
    pthread_t threads[2];
    for (size_t i = 0; i < 8; i++)
        m.stalls[i] = bo_chan_new(int, i *i);
    bo_wg_add(&m.sellers, MANY / 2 + 20);
    bo_wg_add(&m.buyers, MANY / 2 + 1);
    REQUIRE(pthread_create(&threads[0], NULL, thread_sell, &m) == 0);
    REQUIRE(pthread_create(&threads[1], NULL, thread_buy, &m) == 0);
    for (int i = 0; i < MANY / 2; i++) {
        go(sell, &m, i);
        go(buy, &m, i);
    }
    bo_wg_wait(&m.sellers);
    for (int i = 0; i < 8; i++)
        bo_chan_close(m.stalls[i]);
    bo_wg_wait(&m.buyers);
    EXPECT_EQ(m.received, m.sent);
    for (int i = 0; i < 2; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    for (int i = 0; i < 8; i++)
        bo_chan_free(m.stalls[i]);
}

// -- select ---------------------------------------------------------------------------------------

// Whoever gives takes no less often, so the last ones find each other or their timeouts.
static void barter(struct market *m, int who)
{
    uint32_t random = (uint32_t)who;
    for (int i = 0; i < 5; i++) {
        bo_chan(int) *s = m->stalls;
        int v = -1, offer = (int)(next_random(&random) % 1000);
        uint32_t a = next_random(&random) % 8, b = next_random(&random) % 8;
        uint32_t c = next_random(&random) % 8, d = next_random(&random) % 8;
        bo_duration patience = (bo_duration)(next_random(&random) % 2000) * BO_MICROSECOND;
        switch (bo_select(bo_on_recv(s[a], &v), bo_on_send(s[b], offer), bo_on_recv(s[c], &v),
                          bo_on_send(s[d], offer), bo_on_timeout(patience))) {
        case 0:
        case 2:
            EXPECT(v >= 0);
            add(&m->received, v);
            break;
        case 1:
        case 3:
            add(&m->sent, offer);
            break;
        }
    }
    bo_wg_done(&m->sellers);
}

static void *thread_barter(void *m)
{
    for (int i = 0; i < 50; i++)
        barter(m, i);
    return NULL;
}

TEST(stress_ten_thousand_in_select)
{
    struct market m = {0};
    pthread_t threads[2];
    for (size_t i = 0; i < 8; i++)
        m.stalls[i] = bo_chan_new(int, i % 3);
    bo_wg_add(&m.sellers, MANY + 100);
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_barter, &m) == 0);
    for (int i = 0; i < MANY; i++)
        go(barter, &m, i);
    bo_wg_wait(&m.sellers);
    for (int i = 0, v; i < 8; i++) {
        EXPECT_EQ(receivers(m.stalls[i]) + senders(m.stalls[i]), 0);
        while (bo_try_recv(m.stalls[i], &v))
            m.received += v;
        bo_chan_free(m.stalls[i]);
    }
    EXPECT_EQ(m.received, m.sent);
    for (int i = 0; i < 2; i++)
        bo_blocking(pthread_join, threads[i], NULL);
}

// -- locks ----------------------------------------------------------------------------------------

struct bank {
    bo_mutex lock;
    bo_rwmutex rwlock;
    bo_semaphore tellers;
    bo_once opening;
    bo_cond grown;
    int64_t under_lock, under_rwlock, opened, timeouts, inside;
    bo_wg running;
};

static void visit(struct bank *b, int who)
{
    bo_once_do(&b->opening, add, &b->opened, 1);
    bo_semaphore_acquire(&b->tellers, 1 + who % 3);
    add(&b->inside, 1 + who % 3);
    EXPECT(__atomic_load_n(&b->inside, __ATOMIC_RELAXED) <= 50);

    bo_rwmutex_read_lock(&b->rwlock);
    EXPECT(b->under_rwlock <= MANY + 100);
    bo_rwmutex_read_unlock(&b->rwlock);
    bo_rwmutex_lock(&b->rwlock);
    b->under_rwlock++;
    bo_rwmutex_unlock(&b->rwlock);

    bo_err err = bo_mutex_lock_until(&b->lock, bo_mono() + who % 100 * BO_MICROSECOND);
    if (err) {
        add(&b->timeouts, 1);
        bo_mutex_lock(&b->lock);
    }
    b->under_lock++;
    bo_mutex_unlock(&b->lock);
    bo_cond_signal(&b->grown);

    add(&b->inside, -1 - who % 3);
    bo_semaphore_release(&b->tellers, 1 + who % 3);
    bo_wg_done(&b->running);
}

static void *thread_visit(void *b)
{
    for (int i = 0; i < 50; i++)
        visit(b, i);
    return NULL;
}

TEST(stress_ten_thousand_at_locks)
{
    struct bank b = {.tellers = {.permits = 50}};
    pthread_t threads[2];
    bo_wg_add(&b.running, MANY + 100);
    for (int i = 0; i < 2; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_visit, &b) == 0);
    for (int i = 0; i < MANY; i++)
        go(visit, &b, i);
    bo_mutex_lock(&b.lock);
    while (b.under_lock < MANY + 100)
        bo_cond_wait(&b.grown, &b.lock);
    bo_mutex_unlock(&b.lock);
    bo_wg_wait(&b.running);
    for (int i = 0; i < 2; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    EXPECT_EQ(b.opened, 1);
    EXPECT_EQ(b.under_lock, MANY + 100);
    EXPECT_EQ(b.under_rwlock, MANY + 100);
    EXPECT_EQ(b.tellers.permits, 50);
    EXPECT_EQ(b.lock.state_ | b.rwlock.state_, 0);
    EXPECT_EQ(b.grown.waiters_.first, NULL);
}

// -- timers, deadlines, cancellation --------------------------------------------------------------

struct endings {
    bo_chan(int) ch;
    int64_t values, timeouts, canceled;
};

static bo_err end_somehow(struct endings *e, int who)
{
    uint32_t random = (uint32_t)who;
    for (int i = 0; i < 3; i++) {
        BO_DEADLINE((bo_duration)(next_random(&random) % 3000) * BO_MICROSECOND);
        bool done;
        if (who % 3 == 0)
            done = bo_send(e->ch, 1);
        else if (who % 3 == 1)
            done = bo_recv(e->ch, NULL);
        else
            done = !bo_sleep((bo_duration)(next_random(&random) % 3000) * BO_MICROSECOND);
        bo_err err = bo_scope_err();
        add(done ? &e->values : err == BO_TIMEOUT ? &e->timeouts : &e->canceled, 1);
        EXPECT(done || err);
    }
    return NULL;
}

TEST(stress_ten_thousand_deadlines_against_events)
{
    struct endings e = {.ch = bo_chan_new(int, 0)};
    bo_group group = {0};
    for (int i = 0; i < MANY; i++)
        bo_group_go(&group, end_somehow, &e, i);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(e.values + e.timeouts, 3 * MANY);
    EXPECT_EQ(e.canceled, 0);
    EXPECT_EQ(receivers(e.ch) + senders(e.ch), 0);
    bo_chan_free(e.ch);
}

TEST(stress_a_cancellation_against_ten_thousand_waits)
{
    struct endings e = {.ch = bo_chan_new(int, 1)};
    bo_group group = {0};
    for (int i = 0; i < MANY; i++)
        bo_group_go(&group, end_somehow, &e, i);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), NULL);
    EXPECT_EQ(e.values + e.timeouts + e.canceled, 3 * MANY);
    EXPECT_EQ(receivers(e.ch) + senders(e.ch), 0);
    bo_chan_free(e.ch);
}
