// SPDX-License-Identifier: MIT
#include <bora/go.h>
#include <bora/group.h>
#include <bora/signal.h>
#include <bora/sync.h>
#include <bora/test.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LISTENERS_MAX = 32 };

static bo_signals *listen_to(int number)
{
    bo_signals *s = NULL;
    REQUIRE_EQ(bo_signals_new(&number, 1, &s), NULL);
    return s;
}

static int next_of(bo_signals *s)
{
    int got = 0;
    EXPECT_EQ(bo_signals_next(s, &got), NULL);
    return got;
}

static bool has_default_action(int number)
{
    struct sigaction action;
    sigaction(number, NULL, &action);
    return action.sa_handler == SIG_DFL;
}

// expect_none checks that nothing is pending.
static void expect_none(bo_signals *s)
{
    int got = 0;
    BO_DEADLINE(0);
    EXPECT_ERR(bo_signals_next(s, &got), BO_TIMEOUT);
}

TEST(a_listener_gets_what_came_before_it_looked)
{
    bo_signals *s = listen_to(SIGUSR1);
    raise(SIGUSR1);
    EXPECT_EQ(next_of(s), SIGUSR1);
    expect_none(s);
    // From outside, and several that count as one.
    kill(getpid(), SIGUSR1);
    EXPECT_EQ(next_of(s), SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    EXPECT_EQ(next_of(s), SIGUSR1);
    expect_none(s);
    bo_signals_free(s);
}

TEST(pending_signals_come_in_the_order_of_their_numbers)
{
    const int wanted[] = {SIGTERM, SIGHUP, SIGRTMAX, SIGUSR2};
    bo_signals *s;
    REQUIRE_EQ(bo_signals_new(wanted, 4, &s), NULL);
    raise(SIGRTMAX);
    raise(SIGTERM);
    raise(SIGUSR2);
    raise(SIGHUP);
    EXPECT_EQ(next_of(s), SIGHUP);
    EXPECT_EQ(next_of(s), SIGUSR2);
    EXPECT_EQ(next_of(s), SIGTERM);
    EXPECT_EQ(next_of(s), SIGRTMAX);
    expect_none(s);
    bo_signals_free(s);
}

TEST(all_listeners_get_a_signal_and_only_what_they_asked_for)
{
    bo_signals *first = listen_to(SIGUSR1), *second = listen_to(SIGUSR1);
    bo_signals *other = listen_to(SIGUSR2);
    raise(SIGUSR1);
    EXPECT_EQ(next_of(first), SIGUSR1);
    EXPECT_EQ(next_of(second), SIGUSR1);
    expect_none(other);
    bo_signals_free(first);
    raise(SIGUSR1);
    EXPECT_EQ(next_of(second), SIGUSR1);
    bo_signals_free(second);
    bo_signals_free(other);
    bo_signals_free(NULL);
}

TEST(a_new_listener_knows_nothing_of_the_one_before)
{
    bo_signals *s = listen_to(SIGUSR1);
    raise(SIGUSR1);
    bo_signals_free(s);
    bo_signals *again = listen_to(SIGUSR1);
    EXPECT_EQ(again, s);
    expect_none(again);
    bo_signals_free(again);
}

static void count_signal(int number)
{
    (void)number;
}

TEST(actions_come_back_when_nobody_listens_any_more)
{
    EXPECT(has_default_action(SIGUSR1));
    bo_signals *first = listen_to(SIGUSR1), *second = listen_to(SIGUSR1);
    EXPECT(!has_default_action(SIGUSR1));
    bo_signals_free(first);
    EXPECT(!has_default_action(SIGUSR1));
    bo_signals_free(second);
    EXPECT(has_default_action(SIGUSR1));

    struct sigaction action;
    signal(SIGUSR1, count_signal);
    bo_signals_free(listen_to(SIGUSR1));
    sigaction(SIGUSR1, NULL, &action);
    EXPECT(action.sa_handler == count_signal);
}

TEST(signals_that_cannot_be_waited_for_are_refused)
{
    const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,       SIGTRAP,
                       SIGABRT, SIGSYS,  0,       -1,     32,     SIGRTMAX + 1, 1 << 20};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char want[64];
        const int wanted[] = {SIGUSR1, bad[i]};
        bo_signals *s = NULL;
        int got = 0;
        test_case("signal %d", bad[i]);
        snprintf(want, sizeof want, "signal %d cannot be waited for: invalid", bad[i]);
        EXPECT_ERR_TEXT(bo_signals_new(wanted, 2, &s), want);
        EXPECT_EQ(s, NULL);
        EXPECT_ERR(bo_signal_wait(&bad[i], 1, &got), BO_INVALID);
    }
    bo_signals *s = NULL;
    EXPECT_ERR(bo_signals_new(NULL, 0, &s), BO_INVALID);
    EXPECT(has_default_action(SIGUSR1));
}

TEST(there_are_so_many_listeners_and_no_more)
{
    bo_signals *all[LISTENERS_MAX], *more = NULL;
    for (int i = 0; i < LISTENERS_MAX; i++)
        all[i] = listen_to(SIGUSR1);
    EXPECT_ERR(bo_signals_new(&(int){SIGUSR1}, 1, &more), BO_EXHAUSTED);
    bo_signals_free(all[7]);
    all[7] = listen_to(SIGUSR1);
    raise(SIGUSR1);
    for (int i = 0; i < LISTENERS_MAX; i++) {
        EXPECT_EQ(next_of(all[i]), SIGUSR1);
        bo_signals_free(all[i]);
    }
}

TEST(without_a_descriptor_nobody_can_listen_yet)
{
    struct rlimit before, limit;
    bo_signals *s = NULL;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 0;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bo_err err = bo_signals_new(&(int){SIGUSR1}, 1, &s);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_ERR(err, bo_err_sys(EMFILE));
    EXPECT(has_default_action(SIGUSR1));
    bo_signals_free(listen_to(SIGUSR1));
}

static bo_err wait_in_group(bo_signals *s)
{
    int got;
    return bo_signals_next(s, &got);
}

TEST(a_wait_for_a_signal_ends_with_its_scope)
{
    bo_group group = {0};
    bo_signals *s = listen_to(SIGUSR1);
    bo_group_go(&group, wait_in_group, s);
    bo_group_cancel(&group);
    EXPECT_ERR_TEXT(bo_group_wait(&group), "wait for a signal: canceled");
    // The listener goes on.
    raise(SIGUSR1);
    EXPECT_EQ(next_of(s), SIGUSR1);
    bo_signals_free(s);

    int got;
    BO_DEADLINE(BO_MILLISECOND);
    EXPECT_ERR(bo_signal_wait(&(int){SIGUSR1}, 1, &got), BO_TIMEOUT);
    EXPECT(has_default_action(SIGUSR1));
}

static void await(bo_signals *s, bo_wg *wg)
{
    EXPECT_EQ(next_of(s), SIGUSR1);
    bo_wg_done(wg);
}

TEST(goroutines_that_wait_are_woken)
{
    enum { WAITING = 20 };
    bo_signals *all[WAITING];
    bo_wg wg = {0};
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < WAITING; i++) {
            all[i] = listen_to(SIGUSR1);
            bo_wg_add(&wg, 1);
            go(await, all[i], &wg);
        }
        for (int i = 0; i < round % 10; i++)
            bo_yield();
        kill(getpid(), SIGUSR1);
        bo_wg_wait(&wg);
        for (int i = 0; i < WAITING; i++)
            bo_signals_free(all[i]);
    }
}

// Listeners come and go while signals rain: none may be lost on one that listens the whole time,
// and none may end the program.
static void come_and_go(int number, bool *stop, bo_wg *wg)
{
    while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        bo_signals *s = listen_to(number);
        bo_yield();
        bo_signals_free(s);
    }
    bo_wg_done(wg);
}

static void *rain(void *stop)
{
    while (!__atomic_load_n((bool *)stop, __ATOMIC_ACQUIRE)) {
        kill(getpid(), SIGUSR1);
        kill(getpid(), SIGUSR2);
    }
    return NULL;
}

// What was sent to the process may still be on its way to a thread when the sender has ended;
// nobody may stop listening before it has arrived.
static bool is_on_its_way(int number)
{
    char line[256];
    unsigned long long pending = 0;
    FILE *file = fopen("/proc/self/status", "re");
    REQUIRE(file != NULL);
    while (fgets(line, sizeof line, file) && sscanf(line, "ShdPnd: %llx", &pending) != 1)
        ;
    fclose(file);
    return pending >> (number - 1) & 1;
}

TEST(listeners_come_and_go_while_signals_arrive)
{
    bool stop = false;
    bo_wg wg = {0};
    pthread_t thread;
    bo_signals *first = listen_to(SIGUSR1), *second = listen_to(SIGUSR2);
    REQUIRE_EQ(pthread_create(&thread, NULL, rain, &stop), 0);
    bo_wg_add(&wg, 4);
    for (int i = 0; i < 4; i++)
        go(come_and_go, i % 2 ? SIGUSR1 : SIGUSR2, &stop, &wg);
    for (int i = 0; i < 300; i++) {
        EXPECT_EQ(next_of(first), SIGUSR1);
        EXPECT_EQ(next_of(second), SIGUSR2);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    bo_wg_wait(&wg);
    bo_blocking(pthread_join, thread, NULL);
    while (is_on_its_way(SIGUSR1) || is_on_its_way(SIGUSR2))
        bo_yield();
    bo_signals_free(first);
    bo_signals_free(second);
}

static void interrupt(bool *stop, bo_wg *wg)
{
    while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        raise(SIGINT);
        bo_yield();
    }
    bo_wg_done(wg);
}

TEST_PROGRAM(twice_interrupted)
{
    const int wanted[] = {SIGINT, SIGTERM};
    int got = 0;
    bool stop = false;
    bo_wg wg = {0};
    bo_signals *guard = listen_to(SIGINT);
    bo_wg_add(&wg, 1);
    go(interrupt, &stop, &wg);
    EXPECT_EQ(bo_signal_wait(wanted, 2, &got), NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    bo_wg_wait(&wg);
    bo_signals_free(guard);
    printf("got %d\n", got);
    raise(SIGINT);
    puts("still here");
}

TEST(a_second_signal_ends_the_program)
{
    test_result r = test_run("twice_interrupted", NULL);
    EXPECT_EQ(r.status, 128 + SIGINT);
    EXPECT_EQ(r.output, "got 2\n");
}
