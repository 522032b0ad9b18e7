// SPDX-License-Identifier: MIT
//
// seed_test.c: BORA_SEED=n stands for one interleaving of a program that only uses channels, locks
// and goroutines, in whatever process and however fast it runs.
#include <bora/chan.h>
#include <bora/group.h>
#include <bora/test.h>
#include "sync/waiting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -- the trace of a program that uses everything --------------------------------------------------

static struct {
    bo_mutex lock;
    bo_rwmutex rwlock;
    bo_cond cond;
    bo_semaphore semaphore;
    bo_once once;
    int whose;  // turn it is
    bo_chan(int) there, buffered;
    uint64_t hash;  // of who did what, in order
    uint64_t steps;
    bo_wg running;
} world = {.semaphore = {.permits = 3}, .hash = 14695981039346656037u};

// In seeded mode there is one P, so nobody else is at this at the same time.
static void note(int who, int what)
{
    world.hash = (world.hash ^ (uint64_t)(who * 100 + what)) * 1099511628211u;
    world.steps++;
}

static void note_once(int who)
{
    note(who, 90);
}

static void step(int who, int i)
{
    int v = -1;
    switch ((who + i) % 7) {
    case 0:
        bo_mutex_lock(&world.lock);
        note(who, 1);
        bo_yield();
        note(who, 2);
        bo_mutex_unlock(&world.lock);
        break;
    case 1:
        bo_rwmutex_read_lock(&world.rwlock);
        note(who, 3);
        bo_rwmutex_read_unlock(&world.rwlock);
        break;
    case 2:
        bo_rwmutex_lock(&world.rwlock);
        note(who, 4);
        bo_rwmutex_unlock(&world.rwlock);
        break;
    case 3:
        bo_semaphore_acquire(&world.semaphore, 2);
        note(who, 5);
        bo_semaphore_release(&world.semaphore, 2);
        break;
    case 4:
        note(who, 10 + bo_select(bo_on_send(world.buffered, who), bo_on_recv(world.buffered, &v),
                                 bo_on_send(world.there, who), bo_on_recv(world.there, &v)));
        break;
    case 5:
        note(who, bo_try_send(world.buffered, who) ? 20 : 21);
        note(who, bo_try_recv(world.buffered, &v) ? 30 + v % 20 : 22);
        break;
    default:
        bo_once_do(&world.once, note_once, who);
        note(who, 6);
    }
}

static void act(int who, int steps)
{
    for (int i = 0; i < steps; i++)
        step(who, i);
    bo_wg_done(&world.running);
}

static void take_turns(int me, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        bo_mutex_lock(&world.lock);
        while (world.whose != me)
            bo_cond_wait(&world.cond, &world.lock);
        note(me, 7);
        world.whose = !me;
        bo_cond_broadcast(&world.cond);
        bo_mutex_unlock(&world.lock);
    }
    bo_wg_done(&world.running);
}

static void trace(int goroutines, int steps)
{
    world.there = bo_chan_new(int, 0);
    world.buffered = bo_chan_new(int, 2);
    bo_wg_add(&world.running, goroutines + 2);
    go(take_turns, 0, steps);
    go(take_turns, 1, steps);
    for (int i = 0; i < goroutines; i++)
        go(act, i, steps);
    bo_wg_wait(&world.running);
    printf("%llu steps, %016llx\n", (unsigned long long)world.steps,
           (unsigned long long)world.hash);
}

TEST_PROGRAM(program_traces_a_few)
{
    trace(6, 300);
}

// More than a run queue holds.
TEST_PROGRAM(program_traces_a_thousand)
{
    trace(1000, 10);
}

static char *seed_variable(int seed)
{
    static char variable[32];
    snprintf(variable, sizeof variable, "BORA_SEED=%d", seed);
    return variable;
}

static test_result run_seeded(const char *program, int seed)
{
    return test_run(program, (const char *[]){seed_variable(seed), NULL});
}

static void check_traces(const char *program)
{
    enum { SEEDS = 6, TIMES = 4 };
    bo_str first[SEEDS];
    int different = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        test_case("%s, seed %d", program, seed);
        test_result r = run_seeded(program, seed);
        REQUIRE_EQ(r.status, 0);
        first[seed] = r.output;
        for (int i = 1; i < TIMES; i++)
            EXPECT_EQ(run_seeded(program, seed).output, first[seed]);
        different += seed > 0 && !bo_str_eq(first[seed], first[0]);
    }
    EXPECT_EQ(different, SEEDS - 1);
}

TEST(seed_gives_the_same_trace_in_every_process_and_another_seed_another)
{
    check_traces("program_traces_a_few");
}

TEST(seed_holds_for_more_goroutines_than_a_run_queue_has_places)
{
    check_traces("program_traces_a_thousand");
}

// -- a planted bug --------------------------------------------------------------------------------

static struct {
    bo_mutex lock;
    int balance;  // guarded by lock
    int failures;
    bo_wg running;
} account = {.balance = 100};

static int balance(void)
{
    bo_mutex_lock(&account.lock);
    int b = account.balance;
    bo_mutex_unlock(&account.lock);
    return b;
}

// The bug: between the look and the withdrawal somebody else may have been at it.
static void withdraw(int amount)
{
    if (balance() >= amount) {
        bo_mutex_lock(&account.lock);
        account.balance -= amount;
        bo_mutex_unlock(&account.lock);
    }
    bo_wg_done(&account.running);
}

TEST_PROGRAM(program_checks_then_acts)
{
    bo_wg_add(&account.running, 2);
    go(withdraw, 80);
    go(withdraw, 80);
    bo_wg_wait(&account.running);
    printf("%d\n", account.balance);
    if (account.balance < 0)
        exit(3);
}

TEST(seed_that_shows_a_race_shows_it_every_time)
{
    int shows = 0, hides = 0;
    for (int seed = 1; seed <= 300 && !(shows && hides); seed++) {
        int status = run_seeded("program_checks_then_acts", seed).status;
        if (status == 3 && !shows)
            shows = seed;
        if (status == 0 && !hides)
            hides = seed;
    }
    REQUIRE(shows && hides);
    for (int i = 0; i < 15; i++) {
        EXPECT_EQ(run_seeded("program_checks_then_acts", shows).status, 3);
        EXPECT_EQ(run_seeded("program_checks_then_acts", hides).status, 0);
    }
}

// -- what else has to go on -----------------------------------------------------------------------

static void turn_on(int *flag)
{
    bo_sleep(BO_MILLISECOND);
    __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
}

static void turn(const int *flag, bo_wg *wg)
{
    while (!__atomic_load_n(flag, __ATOMIC_RELAXED))
        bo_yield();
    bo_wg_done(wg);
}

TEST_PROGRAM(program_yields_until_a_timer_fires)
{
    int flag = 0;
    bo_wg wg = {0};
    bo_wg_add(&wg, 600);
    go(turn_on, &flag);
    for (int i = 0; i < 600; i++)
        go(turn, &flag, &wg);
    bo_wg_wait(&wg);
    EXPECT_EQ(bo_procs(), 1);
}

TEST(seeded_mode_starves_neither_timers_nor_those_in_the_global_queue)
{
    test_result r = run_seeded("program_yields_until_a_timer_fires", 1);
    if (r.status != 0)
        test_fail("%s", r.output.ptr);
}

TEST(seed_that_is_no_number_is_refused_in_words)
{
    test_result r = test_run("program_traces_a_few", (const char *[]){"BORA_SEED=x", NULL});
    EXPECT(strstr(r.output.ptr, "BORA_SEED=x is not a number"));
}
