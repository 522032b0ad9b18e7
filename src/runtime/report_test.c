// SPDX-License-Identifier: MIT
// What dumps, deadlock reports and crash reports say.
#include <bora/chan.h>
#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// ThreadSanitizer holds a signal back until the thread calls one of the functions that it watches:
// one that computes or sleeps in the kernel by syscall() does not answer.
#ifdef BO__THREAD_SANITIZER
#define SIGNALS_COME false
#else
#define SIGNALS_COME true
#endif

static bool has(bo_str text, const char *words)
{
    return bo_str_find(text, bo_str_of(words)) >= 0;
}

// Checks that the words come in this order.
static void expect_in_order(bo_str text, const char *const *words)
{
    bo_str rest = text;
    for (; *words; words++) {
        ptrdiff_t at = bo_str_find(rest, bo_str_of(*words));
        if (at < 0) {
            test_fail("no \"%s\" (in this order) in:\n" BO_FMT, *words, BO_ARG(text));
            return;
        }
        rest = bo_str_sub(rest, (size_t)at + strlen(*words), rest.len);
    }
}

// -- a program with goroutines in every state -----------------------------------------------------

static bo_mutex held;
static bo_rwmutex written;
static bo_cond never;
static bo_semaphore empty;
static bo_wg unfinished;

static void receives(bo_chan(int) ch)
{
    bo_recv(ch, NULL);
    puts("");
}

static void sends(bo_chan(int) ch)
{
    bo_send(ch, 1);
    puts("");
}

static void selects(bo_chan(int) a, bo_chan(int) b)
{
    bo_select(bo_on_recv(a, NULL), bo_on_send(b, 1));
    puts("");
}

static void locks(void)
{
    bo_mutex_lock(&held);
    puts("");
}

static void reads_locked(void)
{
    bo_rwmutex_read_lock(&written);
    puts("");
}

static void waits_for_signal(void)
{
    bo_mutex own = {0};
    bo_mutex_lock(&own);
    bo_cond_wait(&never, &own);
    puts("");
}

static void acquires(void)
{
    bo_semaphore_acquire(&empty, 1);
    puts("");
}

static void waits_for_group(void)
{
    bo_wg_wait(&unfinished);
    puts("");
}

static void sleeps(void)
{
    bo_err_free(bo_sleep(BO_HOUR));
    puts("");
}

static void computes(void)
{
    for (volatile uint64_t n = 0;; n++)
        ;
}

static void blocks(int fd)
{
    char byte;
    (void)!read(fd, &byte, 1);
    puts("");
}

static void blocks_announced(int fd)
{
    bo_blocking(blocks, fd);
    puts("");
}

static void pinned(bo_chan(int) ch)
{
    bo_pin_thread();
    bo_recv(ch, NULL);
    puts("");
}

static void *foreign_locks(void *unused)
{
    bo_mutex_lock(&held);
    return unused;
}

static void start_all(void)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_chan(int) other = bo_chan_new(int, 0);
    int pipes[2];
    pthread_t thread;
    REQUIRE_EQ(pipe(pipes), 0);
    bo_mutex_lock(&held);
    bo_rwmutex_lock(&written);
    bo_wg_add(&unfinished, 1);
    bo_go_with((receives, ch), .name = "receiver");
    go(sends, other);
    go(selects, (bo_chan(int))NULL, (bo_chan(int))NULL);
    go(locks);
    go(reads_locked);
    go(waits_for_signal);
    go(acquires);
    go(waits_for_group);
    go(sleeps);
    go(blocks, pipes[0]);
    go(blocks_announced, pipes[0]);
    go(pinned, ch);
    REQUIRE_EQ(pthread_create(&thread, NULL, foreign_locks, NULL), 0);
    go(computes);
}

static bool count_waiting(bo__g *g, void *data)
{
    bo__g_state state = (bo__g_state)atomic_load(&g->state);
    *(int *)data += state == BO__G_WAITING || state == BO__G_BLOCKING;
    return true;
}

// To look at how others are doing is a race, by the letter.
__attribute__((no_sanitize("thread"))) static void await_waiting(int goroutines, int threads)
{
    for (int waiting = 0, foreign = 0; waiting < goroutines || foreign < threads;) {
        waiting = foreign = 0;
        bo__stack_each(count_waiting, &waiting);
        for (bo__m *m = atomic_load(&bo__rt.all_m); m; m = m->next_all)
            foreign += atomic_load(&m->alive) && m->foreign &&
                       atomic_load(&m->g0.state) == BO__G_WAITING && m->g0.reason == BO__WAIT_MUTEX;
        bo_yield();
    }
}

static void expect_all_states(bo_str output)
{
    static const char *const parked[][4] = {
        {"\"receiver\" [chan receive on 0x", "receives (", "receives started by start_all", NULL},
        {"[chan send on 0x", "sends (", "sends started by start_all", NULL},
        {"[nothing, for ever", "selects (", "selects started by start_all", NULL},
        {"[mutex on 0x", "locks (", "locks started by start_all", NULL},
        {"[rwmutex read lock on 0x", "reads_locked (", "reads_locked started by start_all", NULL},
        {"[cond on 0x", "waits_for_signal (", "waits_for_signal started by", NULL},
        {"[semaphore on 0x", "acquires (", "acquires started by start_all", NULL},
        {"[wait group on 0x", "waits_for_group (", "waits_for_group started by", NULL},
        {"[sleep, ", "sleeps (", "sleeps started by start_all", NULL},
    };
    static const char *const on_threads[][4] = {
        {"[running", "computes (", "computes started by start_all", NULL},
        {"[in a blocking call]", "blocks", "blocks_announced started by start_all", NULL},
        {", pinned]", "pinned (", "pinned started by start_all", NULL},
        {"[mutex on 0x", "foreign_locks (", NULL, NULL},
    };
    EXPECT(has(output, "goroutine 1 \"main\" [running"));
    for (size_t i = 0; i < sizeof parked / sizeof parked[0]; i++)
        expect_in_order(output, parked[i]);
    for (size_t i = 0; SIGNALS_COME && i < sizeof on_threads / sizeof on_threads[0]; i++)
        expect_in_order(output, on_threads[i]);
    EXPECT(has(output, "report_test.c:"));
    EXPECT(!has(output, "bo__g_main"));
    EXPECT(!has(output, "bo__swap_out"));
}

TEST_PROGRAM(dumps)
{
    start_all();
    await_waiting(11, 1);
    bo_dump(STDOUT_FILENO);
    _exit(0);
}

TEST(a_dump_shows_what_each_goroutine_waits_for_where_it_is_and_who_started_it)
{
    test_result r = test_run("dumps", NULL);
    if (!EXPECT_EQ(r.status, 0))
        test_fail(BO_FMT, BO_ARG(r.output));
    expect_all_states(r.output);
}

TEST_PROGRAM(sends_itself_a_sigquit)
{
    start_all();
    await_waiting(11, 1);
    kill(getpid(), SIGQUIT);
    bo_sleep(BO_HOUR);
}

TEST(sigquit_dumps_and_ends_the_program_with_2)
{
    if (!SIGNALS_COME)
        test_skip("ThreadSanitizer holds signals back");
    test_result r = test_run("sends_itself_a_sigquit", NULL);
    EXPECT_EQ(r.status, 2);
    EXPECT(has(r.output, "SIGQUIT: all goroutines"));
    EXPECT(has(r.output, "receives started by start_all"));
    EXPECT(has(r.output, "computes started by start_all"));
}

static void wait_named(bo_chan(int) ch, bo_wg *arrived)
{
    bo_wg_done(arrived);
    bo_recv(ch, NULL);
    puts("");
}

TEST_PROGRAM(dumps_many)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_wg arrived = {0};
    bo_wg_add(&arrived, 1000);
    for (int i = 0; i < 1000; i++)
        go(wait_named, ch, &arrived);
    bo_wg_wait(&arrived);
    await_waiting(1000, 0);
    bo_dump(STDOUT_FILENO);
    _exit(0);
}

static size_t count_of(bo_str text, const char *words)
{
    size_t n = 0;
    for (ptrdiff_t at; (at = bo_str_find(text, bo_str_of(words))) >= 0; n++)
        text = bo_str_sub(text, (size_t)at + strlen(words), text.len);
    return n;
}

TEST(a_dump_of_many_alike_prints_each_of_them_and_their_stack_once)
{
    test_result r = test_run("dumps_many", NULL);
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(count_of(r.output, "[chan receive on 0x"), 1000);
    EXPECT_EQ(count_of(r.output, "    as goroutine "), 999);
    EXPECT_EQ(count_of(r.output, "wait_named ("), 1);
}

static void churn(bo_chan(int) ch)
{
    for (int n = 0;; n++) {
        bo_send(ch, n);
        bo_yield();
    }
}

static void drain(bo_chan(int) ch)
{
    while (bo_recv(ch, NULL))
        ;
}

TEST(dumps_of_goroutines_that_move_all_the_time_come_to_an_end)
{
    bo_chan(int) ch = bo_chan_new(int, 1);
    int null = open("/dev/null", O_WRONLY);
    REQUIRE(null >= 0);
    for (int i = 0; i < 8; i++) {
        go(churn, ch);
        go(drain, ch);
    }
    for (int i = 0; i < 50; i++)
        bo_dump(null);
    close(null);
}

static void dump_often(int fd, bo_wg *done)
{
    for (int i = 0; i < 10; i++)
        bo_dump(fd);
    bo_wg_done(done);
}

TEST(several_may_dump_at_once)
{
    bo_wg done = {0};
    int null = open("/dev/null", O_WRONLY);
    bo_wg_add(&done, 4);
    for (int i = 0; i < 4; i++)
        go(dump_often, null, &done);
    bo_wg_wait(&done);
    close(null);
}

// -- deadlock -------------------------------------------------------------------------------------

TEST_PROGRAM(receives_what_nobody_sends)
{
    bo_mutex_lock(&held);
    go(locks);
    bo_recv(bo_chan_new(int, 0), NULL);
    puts("");
}

TEST(a_deadlock_is_reported_with_all_goroutines_and_status_2)
{
    if (test_runs_under("qemu"))
        test_skip("nobody can count the program's threads under QEMU, which has some of its own");
    test_result r = test_run("receives_what_nobody_sends", NULL);
    EXPECT_EQ(r.status, 2);
    static const char *const words[] = {"fatal error: all goroutines are asleep - deadlock!",
                                        "goroutine 1 \"main\" [chan receive on 0x", NULL};
    expect_in_order(r.output, words);
    EXPECT(has(r.output, "[mutex on 0x"));
}

TEST_PROGRAM(deadlocks_pinned)
{
    bo_pin_thread();
    bo_recv(bo_chan_new(int, 0), NULL);
    puts("");
}

TEST(a_deadlock_of_a_pinned_goroutine_is_one_too)
{
    if (test_runs_under("qemu"))
        test_skip("nobody can count the program's threads under QEMU, which has some of its own");
    test_result r = test_run("deadlocks_pinned", NULL);
    EXPECT_EQ(r.status, 2);
    EXPECT(has(r.output, "deadlock!"));
}

static void *send_later(void *ch)
{
    usleep(30000);
    bo_send((bo_chan(int))ch, 1);
    return NULL;
}

TEST_PROGRAM(waits_for_a_foreign_thread)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, send_later, (void *)ch), 0);
    EXPECT(bo_recv(ch, NULL));
    bo_blocking(pthread_join, thread, NULL);
}

TEST(waiting_for_a_foreign_thread_is_no_deadlock)
{
    EXPECT_EQ(test_run("waits_for_a_foreign_thread", NULL).status, 0);
}

static void *give_up(void *ch)
{
    EXPECT(!bo_try_recv((bo_chan(int))ch, NULL));
    usleep(30000);
    return NULL;
}

TEST_PROGRAM(waits_for_a_foreign_thread_that_ends)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, give_up, (void *)ch), 0);
    bo_recv(ch, NULL);
    puts("");
}

TEST(it_is_a_deadlock_once_the_last_foreign_thread_has_ended)
{
    if (test_runs_under("qemu"))
        test_skip("nobody can count the program's threads under QEMU, which has some of its own");
    test_result r = test_run("waits_for_a_foreign_thread_that_ends", NULL);
    EXPECT_EQ(r.status, 2);
    EXPECT(has(r.output, "deadlock!"));
}

static void sleep_and_send(bo_chan(int) ch)
{
    bo_err_free(bo_sleep(20 * BO_MILLISECOND));
    bo_send(ch, 1);
}

TEST_PROGRAM(waits_for_a_sleeper)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    go(sleep_and_send, ch);
    EXPECT(bo_recv(ch, NULL));
}

TEST(waiting_for_one_that_sleeps_is_no_deadlock)
{
    EXPECT_EQ(test_run("waits_for_a_sleeper", NULL).status, 0);
}

// -- crashes --------------------------------------------------------------------------------------

static int *volatile null_pointer;
static volatile int zero;

static __attribute__((noinline, no_sanitize("undefined"))) void write_to_null(void)
{
    *null_pointer = 1;
    puts("");
}

TEST_PROGRAM(writes_to_null)
{
    write_to_null();
}

TEST_PROGRAM(divides_by_zero)
{
    raise(SIGFPE);
    printf("%d\n", 1 / zero);
}

TEST_PROGRAM(aborts)
{
    abort();
}

TEST_PROGRAM(calls_null)
{
    void (*volatile fn)(void) = NULL;
    fn();
    puts("");
}

TEST_PROGRAM(panics)
{
    bo_panic("the %s is %d", "answer", 42);
}

static void *crash_here(void *unused)
{
    write_to_null();
    return unused;
}

TEST_PROGRAM(crashes_in_a_foreign_thread)
{
    pthread_t thread;
    pthread_create(&thread, NULL, crash_here, NULL);
    bo_sleep(BO_HOUR);
}

TEST(a_crash_is_reported_and_the_status_is_that_of_the_signal)
{
    static const struct {
        const char *program;
        int signal;
        const char *words[4];
    } cases[] = {
        {"writes_to_null", SIGSEGV, {"fatal error: SIGSEGV", "address 0x0", "write_to_null"}},
        {"divides_by_zero", SIGFPE, {"fatal error: SIGFPE", "goroutine 1 \"main\" [running"}},
        {"aborts", SIGABRT, {"fatal error: SIGABRT: abort", "aborts"}},
        {"calls_null", SIGSEGV, {"fatal error: SIGSEGV", "address 0x0", "calls_null"}},
        {"panics", SIGABRT, {"panic: ", "the answer is 42\n", "goroutine 1 \"main\"", "panics"}},
        {"crashes_in_a_foreign_thread",
         SIGSEGV,
         {"fatal error: SIGSEGV", "write_to_null", "goroutine 1"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].program);
        test_result r = test_run(cases[i].program, NULL);
        EXPECT_EQ(r.status, 128 + cases[i].signal);
        for (size_t w = 0; w < 4 && cases[i].words[w]; w++)
            if (!EXPECT(has(r.output, cases[i].words[w])))
                test_fail("no \"%s\" in:\n" BO_FMT, cases[i].words[w], BO_ARG(r.output));
    }
}

TEST_PROGRAM(crashes_on_many_threads_at_once)
{
    for (int i = 0; i < 20; i++)
        go(write_to_null);
    bo_sleep(BO_HOUR);
}

TEST(only_the_first_of_many_crashes_is_reported)
{
    test_result r = test_run("crashes_on_many_threads_at_once", NULL);
    EXPECT_EQ(r.status, 128 + SIGSEGV);
    EXPECT_EQ(count_of(r.output, "fatal error:"), 1);
}
