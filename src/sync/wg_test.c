// SPDX-License-Identifier: MIT
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void add_and_finish(int *sum, bo_wg *wg)
{
    bo_defer(bo_wg_done, wg);
    bo_yield();
    __atomic_fetch_add(sum, 1, __ATOMIC_RELAXED);
}

TEST(wg_waits_for_all_and_may_be_used_again)
{
    bo_wg wg = {0};
    int sum = 0;
    bo_wg_wait(&wg);
    for (int round = 1; round <= 20; round++) {
        bo_wg_add(&wg, 100);
        for (int i = 0; i < 100; i++)
            go(add_and_finish, &sum, &wg);
        bo_wg_wait(&wg);
        EXPECT_EQ(sum, round * 100);
        EXPECT_EQ(wg.state_, 0);
    }
}

TEST(wg_shows_what_was_written_before_done)
{
    bo_wg wg = {0};
    int plain[50] = {0};
    bo_wg_add(&wg, 50);
    for (int i = 0; i < 50; i++)
        go(add_and_finish, &plain[i], &wg);
    bo_wg_wait(&wg);
    for (int i = 0; i < 50; i++)
        EXPECT_EQ(plain[i], 1);
}

static void wait_and_count(bo_wg *wg, int *through, bo_wg *all)
{
    bo_wg_wait(wg);
    __atomic_fetch_add(through, 1, __ATOMIC_RELAXED);
    bo_wg_done(all);
}

struct waiting {
    bo_wg *wg, *all;
    int *through;
};

static void *thread_wait(void *arg)
{
    struct waiting *w = arg;
    wait_and_count(w->wg, w->through, w->all);
    return NULL;
}

TEST(wg_lets_every_waiter_go_goroutines_and_threads)
{
    bo_wg wg = {0}, all = {0};
    int through = 0;
    struct waiting w = {&wg, &all, &through};
    pthread_t threads[3];
    bo_wg_add(&wg, 2);
    bo_wg_add(&all, 23);
    for (int i = 0; i < 20; i++)
        go(wait_and_count, &wg, &through, &all);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_wait, &w) == 0);
    await_queue(&wg.lock_, &wg.waiters_, 23);
    bo_wg_done(&wg);
    EXPECT_EQ(queue_length(&wg.lock_, &wg.waiters_), 23);
    EXPECT_EQ(__atomic_load_n(&through, __ATOMIC_RELAXED), 0);
    bo_wg_done(&wg);
    bo_wg_wait(&all);
    EXPECT_EQ(through, 23);
    for (int i = 0; i < 3; i++)
        bo_blocking(pthread_join, threads[i], NULL);
}

static void *thread_done(void *wg)
{
    bo_wg_done(wg);
    return NULL;
}

TEST(wg_counts_what_threads_finish)
{
    for (int round = 0; round < 20; round++) {
        bo_wg wg = {0};
        pthread_t threads[4];
        bo_wg_add(&wg, 4);
        for (int i = 0; i < 4; i++)
            REQUIRE(pthread_create(&threads[i], NULL, thread_done, &wg) == 0);
        bo_wg_wait(&wg);
        for (int i = 0; i < 4; i++)
            bo_blocking(pthread_join, threads[i], NULL);
    }
}

static bo_err wait_deaf(bo_wg *wg)
{
    bo_wg_wait(wg);
    return bo_scope_err();
}

TEST(wg_wait_outlasts_the_scope)
{
    bo_wg wg = {0};
    bo_group group = {0};
    bo_wg_add(&wg, 1);
    bo_group_go(&group, wait_deaf, &wg);
    await_queue(&wg.lock_, &wg.waiters_, 1);
    bo_group_cancel(&group);
    EXPECT_EQ(queue_length(&wg.lock_, &wg.waiters_), 1);
    bo_wg_done(&wg);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
}

TEST(wg_may_be_freed_as_soon_as_wait_returns)
{
    for (int round = 0; round < 2000; round++) {
        bo_wg *wg = calloc(1, sizeof *wg);
        bo_wg_add(wg, 2);
        go(bo_wg_done, wg);
        go(bo_wg_done, wg);
        bo_wg_wait(wg);
        memset(wg, 0xff, sizeof *wg);  // A late done would hang on this, or panic.
        free(wg);
    }
}

TEST_PROGRAM(program_is_done_too_often)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    bo_wg_add(&wg, -2);
}

TEST(wg_below_zero_panics)
{
    test_result r = test_run("program_is_done_too_often", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "a wait group has fewer goroutines than were done"));
}
