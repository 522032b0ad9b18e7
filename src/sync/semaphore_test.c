// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define await_waiters(s, n) await_queue(&(s)->lock_, &(s)->waiters_, (n))

TEST(semaphore_gives_what_is_free)
{
    bo_semaphore s = {.permits = 3};
    EXPECT(bo_semaphore_try_acquire(&s, 2));
    EXPECT(!bo_semaphore_try_acquire(&s, 2));
    EXPECT(bo_semaphore_try_acquire(&s, 1));
    EXPECT(!bo_semaphore_try_acquire(&s, 1));
    EXPECT(bo_semaphore_try_acquire(&s, 0));
    bo_semaphore_acquire(&s, 0);
    bo_semaphore_release(&s, 5);
    bo_semaphore_acquire(&s, 5);
    EXPECT_EQ(s.permits, 0);
}

static void take(bo_semaphore *s, int64_t n, bo_chan(int64_t) out)
{
    bo_semaphore_acquire(s, n);
    bo_send(out, n);
}

TEST(semaphore_serves_first_come_first_whatever_they_ask_for)
{
    bo_semaphore s = {0};
    bo_chan(int64_t) out = bo_chan_new(int64_t, 3);
    int64_t n;
    go(take, &s, (int64_t)5, out);
    await_waiters(&s, 1);
    go(take, &s, (int64_t)1, out);
    await_waiters(&s, 2);
    bo_semaphore_release(&s, 4);
    EXPECT_EQ(queue_length(&s.lock_, &s.waiters_), 2);
    EXPECT(!bo_semaphore_try_acquire(&s, 1));
    bo_semaphore_release(&s, 1);
    REQUIRE(bo_recv(out, &n));
    EXPECT_EQ(n, 5);
    EXPECT_EQ(queue_length(&s.lock_, &s.waiters_), 1);
    bo_semaphore_release(&s, 2);
    REQUIRE(bo_recv(out, &n));
    EXPECT_EQ(n, 1);
    EXPECT_EQ(s.permits, 1);
    bo_chan_free(out);
}

TEST(semaphore_release_may_let_several_in)
{
    bo_semaphore s = {0};
    bo_chan(int64_t) out = bo_chan_new(int64_t, 10);
    for (size_t i = 1; i <= 10; i++) {
        go(take, &s, (int64_t)i, out);
        await_waiters(&s, i);
    }
    bo_semaphore_release(&s, 1 + 2 + 3 + 4 + 5);
    int64_t n, sum = 0;
    for (int i = 0; i < 5; i++) {
        REQUIRE(bo_recv(out, &n));
        sum += n;
    }
    EXPECT_EQ(sum, 15);
    EXPECT_EQ(queue_length(&s.lock_, &s.waiters_), 5);
    bo_semaphore_release(&s, 6 + 7 + 8 + 9 + 10);
    for (int i = 0; i < 5; i++)
        bo_recv(out, NULL);
    EXPECT_EQ(s.permits, 0);
    bo_chan_free(out);
}

// -- deadlines and scopes -------------------------------------------------------------------------

static bo_err acquire_in_scope(bo_semaphore *s, int64_t n)
{
    return bo_semaphore_acquire_until(s, n, BO_NO_DEADLINE);
}

TEST(semaphore_acquire_until_gives_up_and_takes_nothing)
{
    bo_semaphore s = {.permits = 2};
    EXPECT_EQ(bo_semaphore_acquire_until(&s, 3, 0), BO_TIMEOUT);
    EXPECT_EQ(bo_semaphore_acquire_until(&s, 3, bo_mono() + BO_MILLISECOND), BO_TIMEOUT);
    EXPECT_EQ(s.permits, 2);
    EXPECT_EQ(bo_semaphore_acquire_until(&s, 2, 0), NULL);
    EXPECT_EQ(s.permits, 0);
    EXPECT_EQ(s.waiters_.first, NULL);
}

TEST(semaphore_that_a_large_request_leaves_lets_the_small_ones_behind_it_in)
{
    bo_semaphore s = {.permits = 2};
    bo_chan(int64_t) out = bo_chan_new(int64_t, 2);
    bo_group group = {0};
    bo_group_go(&group, acquire_in_scope, &s, (int64_t)5);
    await_waiters(&s, 1);
    go(take, &s, (int64_t)1, out);
    await_waiters(&s, 2);
    go(take, &s, (int64_t)1, out);
    await_waiters(&s, 3);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT(bo_recv(out, NULL) && bo_recv(out, NULL));
    EXPECT_EQ(s.permits, 0);
    bo_chan_free(out);
}

static bo_err acquire_deaf(bo_semaphore *s)
{
    bo_semaphore_acquire(s, 1);
    return bo_scope_err();
}

TEST(semaphore_acquire_outlasts_the_scope)
{
    bo_semaphore s = {0};
    bo_group group = {0};
    bo_group_go(&group, acquire_deaf, &s);
    await_waiters(&s, 1);
    bo_group_cancel(&group);
    EXPECT_EQ(queue_length(&s.lock_, &s.waiters_), 1);
    bo_semaphore_release(&s, 1);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(s.permits, 0);
}

// -- many -----------------------------------------------------------------------------------------

struct pool {
    bo_semaphore slots;
    int64_t used;
    bo_wg running;
};

static void use(struct pool *p, int times, int64_t most)
{
    for (int i = 0; i < times; i++) {
        int64_t n = 1 + i % 3;
        bo_err err =
            i % 4 ? NULL
                  : bo_semaphore_acquire_until(&p->slots, n, bo_mono() + 20 * BO_MICROSECOND);
        if (i % 4)
            bo_semaphore_acquire(&p->slots, n);
        if (err)
            continue;
        EXPECT(__atomic_add_fetch(&p->used, n, __ATOMIC_RELAXED) <= most);
        if (i % 5 == 0)
            bo_yield();
        __atomic_fetch_sub(&p->used, n, __ATOMIC_RELAXED);
        bo_semaphore_release(&p->slots, n);
    }
    bo_wg_done(&p->running);
}

static void *thread_use(void *arg)
{
    use(arg, 300, 5);
    return NULL;
}

TEST(semaphore_never_gives_more_than_it_has)
{
    struct pool p = {.slots = {.permits = 5}};
    pthread_t threads[3];
    bo_wg_add(&p.running, 33);
    for (int i = 0; i < 30; i++)
        go(use, &p, 300, (int64_t)5);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_use, &p) == 0);
    bo_wg_wait(&p.running);
    for (int i = 0; i < 3; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    EXPECT_EQ(p.slots.permits, 5);
    EXPECT_EQ(p.slots.waiters_.first, NULL);
}

static void release_one(bo_semaphore *s)
{
    bo_semaphore_release(s, 1);
}

TEST(semaphore_may_be_freed_by_the_one_that_was_let_in)
{
    for (int round = 0; round < 1000; round++) {
        bo_semaphore *s = calloc(1, sizeof *s);
        go(release_one, s);
        bo_semaphore_acquire(s, 1);
        memset(s, 0xff, sizeof *s);
        free(s);
    }
}

TEST_PROGRAM(program_releases_too_many)
{
    bo_semaphore s = {.permits = INT64_MAX - 1};
    bo_semaphore_release(&s, 1);
    bo_semaphore_release(&s, 1);
}

TEST_PROGRAM(program_acquires_a_negative_number)
{
    bo_semaphore s = {.permits = 1};
    bo_semaphore_acquire(&s, -1);
}

TEST(semaphore_mistakes_panic_with_a_reason)
{
    test_result r = test_run("program_releases_too_many", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "more than 2^63 permits"));
    r = test_run("program_acquires_a_negative_number", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "n >= 0"));
}
