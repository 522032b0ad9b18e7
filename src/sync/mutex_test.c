// SPDX-License-Identifier: MIT
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define await_waiters(m, n) await_queue(&(m)->lock_, &(m)->waiters_, (n))

struct counter {
    bo_mutex lock;
    int64_t n;  // guarded by lock
    bo_wg running;
};

static void count(struct counter *c, int times)
{
    for (int i = 0; i < times; i++) {
        bo_mutex_lock(&c->lock);
        int64_t n = c->n;
        if (i % 16 == 0)
            bo_yield();  // A holder may park.
        c->n = n + 1;
        bo_mutex_unlock(&c->lock);
    }
    bo_wg_done(&c->running);
}

static void *thread_count(void *arg)
{
    count(arg, 500);
    return NULL;
}

TEST(mutex_lets_one_in_at_a_time_goroutines_and_threads)
{
    struct counter c = {0};
    pthread_t threads[3];
    bo_wg_add(&c.running, 53);
    for (int i = 0; i < 50; i++)
        go(count, &c, 200);
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_count, &c) == 0);
    bo_wg_wait(&c.running);
    for (int i = 0; i < 3; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    EXPECT_EQ(c.n, 50 * 200 + 3 * 500);
    EXPECT_EQ(c.lock.state_, 0);
}

TEST(mutex_try_lock_takes_only_a_free_one)
{
    bo_mutex m = {0};
    EXPECT(bo_mutex_try_lock(&m));
    EXPECT(!bo_mutex_try_lock(&m));
    bo_mutex_unlock(&m);
    EXPECT(bo_mutex_try_lock(&m));
    bo_mutex_unlock(&m);
}

static void lock_and_note(bo_mutex *m, int *noted)
{
    bo_mutex_lock(m);
    __atomic_store_n(noted, 1, __ATOMIC_RELEASE);
    bo_mutex_unlock(m);
}

TEST(mutex_keeps_others_waiting_until_it_is_unlocked)
{
    bo_mutex m = {0};
    int noted = 0;
    bo_mutex_lock(&m);
    go(lock_and_note, &m, &noted);
    await_waiters(&m, 1);
    EXPECT_EQ(__atomic_load_n(&noted, __ATOMIC_ACQUIRE), 0);
    bo_mutex_unlock(&m);
    while (!__atomic_load_n(&noted, __ATOMIC_ACQUIRE))
        bo_yield();
    bo_mutex_lock(&m);
    bo_mutex_unlock(&m);
}

static void unlock_for_another(bo_mutex *m)
{
    bo_mutex_unlock(m);
}

TEST(mutex_may_be_unlocked_by_another_goroutine)
{
    bo_mutex m = {0};
    bo_mutex_lock(&m);
    go(unlock_for_another, &m);
    bo_mutex_lock(&m);
    bo_mutex_unlock(&m);
}

// -- deadlines and scopes -------------------------------------------------------------------------

TEST(mutex_lock_until_gives_up_at_the_deadline_and_takes_what_is_free_after_it)
{
    bo_mutex m = {0};
    int64_t past = bo_mono() - 1;
    EXPECT_EQ(bo_mutex_lock_until(&m, past), NULL);
    EXPECT_EQ(bo_mutex_lock_until(&m, past), BO_TIMEOUT);
    EXPECT_EQ(bo_mutex_lock_until(&m, 0), BO_TIMEOUT);
    int64_t soon = bo_mono() + BO_MILLISECOND;
    EXPECT_EQ(bo_mutex_lock_until(&m, soon), BO_TIMEOUT);
    EXPECT(bo_mono() >= soon);
    EXPECT_EQ(m.waiters_.first, NULL);
    bo_mutex_unlock(&m);
    EXPECT_EQ(bo_mutex_lock_until(&m, BO_NO_DEADLINE), NULL);
    bo_mutex_unlock(&m);
    EXPECT_EQ(m.state_, 0);
}

static bo_err lock_in_scope(bo_mutex *m)
{
    return bo_mutex_lock_until(m, BO_NO_DEADLINE);
}

static bo_err lock_deaf(bo_mutex *m, int *noted)
{
    bo_mutex_lock(m);
    __atomic_store_n(noted, bo_scope_err() == BO_CANCELED ? 1 : 2, __ATOMIC_RELEASE);
    bo_mutex_unlock(m);
    return NULL;
}

TEST(mutex_lock_until_ends_with_the_scope_and_lock_does_not)
{
    bo_mutex m = {0};
    int noted = 0;
    bo_group group = {0};
    bo_mutex_lock(&m);
    bo_group_go(&group, lock_in_scope, &m);
    bo_group_go(&group, lock_deaf, &m, &noted);
    await_waiters(&m, 2);
    bo_group_cancel(&group);
    await_waiters(&m, 1);
    EXPECT_EQ(__atomic_load_n(&noted, __ATOMIC_ACQUIRE), 0);
    bo_mutex_unlock(&m);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(noted, 1);
    EXPECT_EQ(m.state_, 0);
}

static void lock_briefly(bo_mutex *m, bo_wg *wg, bo_err want)
{
    bo_err err = bo_mutex_lock_until(m, bo_mono() + (want ? BO_MILLISECOND : BO_HOUR));
    EXPECT_EQ(err, want);
    if (!err)
        bo_mutex_unlock(m);
    bo_wg_done(wg);
}

TEST(mutex_passes_over_those_that_gave_up)
{
    bo_mutex m = {0};
    bo_wg impatient = {0}, patient = {0};
    bo_mutex_lock(&m);
    bo_wg_add(&impatient, 10);
    bo_wg_add(&patient, 10);
    for (int i = 0; i < 10; i++) {
        go(lock_briefly, &m, &impatient, BO_TIMEOUT);
        go(lock_briefly, &m, &patient, (bo_err)NULL);
    }
    bo_wg_wait(&impatient);
    await_waiters(&m, 10);
    bo_mutex_unlock(&m);
    bo_wg_wait(&patient);
    EXPECT_EQ(m.state_, 0);
}

// -- nobody waits forever -------------------------------------------------------------------------

struct hogs {
    bo_mutex lock;
    int stop;
    bo_wg running;
};

static void hog(struct hogs *h)
{
    while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
        bo_mutex_lock(&h->lock);
        bo_mutex_unlock(&h->lock);
    }
    bo_wg_done(&h->running);
}

static void *thread_hog(void *arg)
{
    hog(arg);
    return NULL;
}

static void lock_among_hogs(int hogs, int times)
{
    struct hogs h = {0};
    pthread_t thread;
    bo_wg_add(&h.running, hogs + 1);
    for (int i = 0; i < hogs; i++)
        go(hog, &h);
    REQUIRE(pthread_create(&thread, NULL, thread_hog, &h) == 0);
    for (int i = 0; i < times; i++) {
        bo_mutex_lock(&h.lock);
        bo_yield();
        bo_mutex_unlock(&h.lock);
    }
    __atomic_store_n(&h.stop, 1, __ATOMIC_RELAXED);
    bo_wg_wait(&h.running);
    bo_blocking(pthread_join, thread, NULL);
    EXPECT_EQ(h.lock.state_, 0);
}

TEST(mutex_cannot_be_kept_by_those_who_lock_in_a_loop)
{
    lock_among_hogs(4, 50);
}

TEST_PROGRAM(program_locks_among_hogs)
{
    lock_among_hogs(2, 20);
}

TEST(mutex_cannot_be_kept_on_a_single_processor)
{
    test_result r = test_run("program_locks_among_hogs", (const char *[]){"BORA_PROCS=1", NULL});
    if (r.status != 0)
        test_fail("%s", r.output.ptr);
}

// -- life and mistakes ----------------------------------------------------------------------------

struct shared {
    bo_mutex lock;
    int users;  // guarded by lock
};

static void leave(struct shared *s, bo_wg *wg)
{
    bo_mutex_lock(&s->lock);
    bool last = --s->users == 0;
    bo_mutex_unlock(&s->lock);
    if (last) {
        memset(s, 0xff, sizeof *s);  // Whoever still uses it hangs or panics, also without ASan.
        free(s);
    }
    bo_wg_done(wg);
}

TEST(mutex_may_be_freed_by_the_last_one_right_after_unlock)
{
    bo_wg wg = {0};
    for (int round = 0; round < 500; round++) {
        struct shared *s = calloc(1, sizeof *s);
        s->users = 5;
        bo_wg_add(&wg, 5);
        for (int i = 0; i < 5; i++)
            go(leave, s, &wg);
        bo_wg_wait(&wg);
    }
}

TEST_PROGRAM(program_unlocks_an_open_mutex)
{
    bo_mutex m = {0};
    bo_mutex_lock(&m);
    bo_mutex_unlock(&m);
    bo_mutex_unlock(&m);
}

TEST(mutex_unlock_of_an_open_one_panics)
{
    test_result r = test_run("program_unlocks_an_open_mutex", NULL);
    EXPECT(r.status != 0);
    EXPECT(strstr(r.output.ptr, "unlock of a mutex that is not locked"));
}
