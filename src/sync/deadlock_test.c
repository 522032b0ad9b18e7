// SPDX-License-Identifier: MIT
//
// deadlock_test.c: a deadlock is reported, and nothing else is, however slowly threads wake.
#include <bora/chan.h>
#include <bora/sync.h>
#include <bora/test.h>

#include <string.h>

static int wait_for_ever(void)
{
    bo_recv((bo_chan(int))NULL, NULL);
    return 0;
}

static void leave(void)
{
    wait_for_ever();
}

static int leave_one_behind(void)
{
    go(leave);
    return 0;
}

TEST_PLAIN_PROGRAM(program_leaves_goroutines_behind)
{
    for (int i = 0; i < 500; i++)
        bo_run(leave_one_behind);
}

TEST_PLAIN_PROGRAM(program_waits_for_ever)
{
    bo_run(wait_for_ever);
}

static int compute_and_wait(bo_duration d)
{
    for (int64_t end = bo_mono() + d; bo_mono() < end;) {
    }
    return wait_for_ever();
}

// At about the time when the monitor gets a thread for the work that this one keeps waiting.
TEST_PLAIN_PROGRAM(program_computes_and_waits_for_ever)
{
    bo_run(compute_and_wait, 12 * BO_MILLISECOND);
}

// When its P was taken and sleeps, and the monitor rests.
TEST_PLAIN_PROGRAM(program_computes_for_long_and_waits_for_ever)
{
    bo_run(compute_and_wait, 200 * BO_MILLISECOND);
}

static int wait_pinned(void)
{
    bo_pin_thread();
    return wait_for_ever();
}

TEST_PLAIN_PROGRAM(program_waits_for_ever_on_a_pinned_thread)
{
    bo_run(wait_pinned);
}

static void wait_on_a_thread(bo_mutex *m, bo_wg *wg)
{
    bo_pin_thread();
    bo_mutex_lock(m);
    bo_mutex_unlock(m);
    bo_unpin_thread();
    bo_wg_done(wg);
}

// Everything sleeps between the unlock and the moment when the first thread gets a core.
static int hand_to_pinned_threads(void)
{
    for (int i = 0; i < 100; i++) {
        bo_mutex m = {0};
        bo_wg wg = {0};
        bo_wg_add(&wg, 3);
        bo_mutex_lock(&m);
        for (int k = 0; k < 3; k++)
            go(wait_on_a_thread, &m, &wg);
        bo_yield();
        bo_mutex_unlock(&m);
        bo_wg_wait(&wg);
    }
    return 0;
}

TEST_PLAIN_PROGRAM(program_hands_a_lock_to_pinned_threads)
{
    bo_run(hand_to_pinned_threads);
}

static const char words[] = "all goroutines are asleep - deadlock!";

TEST(deadlock_is_reported_whoever_was_the_last_to_wait)
{
    if (test_runs_under("qemu"))
        test_skip("nobody can count the program's threads under QEMU, which has some of its own");
    static const char *const programs[] = {
        "program_waits_for_ever", "program_waits_for_ever_on_a_pinned_thread",
        "program_computes_and_waits_for_ever", "program_computes_for_long_and_waits_for_ever"};
    for (int i = 0; i < 20; i++) {
        test_case("%s", programs[i % 4]);
        test_result r = test_run(programs[i % 4], NULL);
        EXPECT_EQ(r.status, 2);
        EXPECT(strstr(r.output.ptr, words));
    }
}

TEST(deadlock_is_not_reported_while_a_thread_is_on_its_way)
{
    static const char *const programs[] = {"program_leaves_goroutines_behind",
                                           "program_hands_a_lock_to_pinned_threads"};
    for (int i = 0; i < 2; i++) {
        test_case("%s", programs[i]);
        test_result r = test_run(programs[i], NULL);
        if (r.status != 0)
            test_fail("status %d: %s", r.status, r.output.ptr);
    }
}
