// SPDX-License-Identifier: MIT
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>

static bo_once once;
static int calls, evaluations;

static void set_up(int *value, int n)
{
    for (int i = 0; i < 20; i++)
        bo_yield();
    *value = n;
    calls++;
}

static int forty_two(void)
{
    return __atomic_add_fetch(&evaluations, 1, __ATOMIC_RELAXED) + 41;
}

static void use(int *value, bo_wg *wg)
{
    bo_once_do(&once, set_up, value, forty_two());
    EXPECT_EQ(*value, 42);
    bo_wg_done(wg);
}

struct user {
    int *value;
    bo_wg *wg;
};

static void *thread_use(void *arg)
{
    struct user *u = arg;
    use(u->value, u->wg);
    return NULL;
}

TEST(once_calls_once_and_nobody_goes_on_before_the_call_has_returned)
{
    int value = 0;
    bo_wg wg = {0};
    struct user u = {&value, &wg};
    pthread_t threads[3];
    bo_wg_add(&wg, 103);
    for (int i = 0; i < 100; i++)
        go(use, &value, &wg);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_use, &u) == 0);
    bo_wg_wait(&wg);
    for (int i = 0; i < 3; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(evaluations, 1);
}

static void note(int *n)
{
    ++*n;
}

static void note_nothing(void)
{
    calls++;
}

TEST(once_takes_functions_with_and_without_arguments)
{
    bo_once a = {0}, b = {0};
    int n = 0;
    for (int i = 0; i < 3; i++) {
        bo_once_do(&a, note, &n);
        bo_once_do(&b, note_nothing);
    }
    EXPECT_EQ(n, 1);
    EXPECT_EQ(calls, 1);
}

static void wait_for(bo_wg *gate)
{
    bo_wg_wait(gate);
}

static bo_err do_in_scope(bo_once *o, bo_wg *gate)
{
    bo_once_do(o, wait_for, gate);
    return bo_scope_err();
}

TEST(once_outlasts_the_scope)
{
    bo_once o = {0};
    bo_wg gate = {0};
    bo_group group = {0};
    bo_wg_add(&gate, 1);
    for (int i = 0; i < 3; i++)
        bo_group_go(&group, do_in_scope, &o, &gate);
    await_queue(&o.lock_, &o.waiters_, 2);
    bo_group_cancel(&group);
    EXPECT_EQ(queue_length(&o.lock_, &o.waiters_), 2);
    bo_wg_done(&gate);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
}
