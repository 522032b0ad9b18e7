// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>
#include <bora/test.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// -- arguments ------------------------------------------------------------------------------------

static void take_none(void)
{
}

static struct {
    signed char c;
    short s;
    int i;
    int64_t l;
    double d;
    float f;
    const char *text;
    bo_str str;
    bool flag;
    int (*fn)(int);
} took;

static void take_narrow(bo_wg *wg, signed char c, short s, int i, int64_t l, bool flag)
{
    took.c = c;
    took.s = s;
    took.i = i;
    took.l = l;
    took.flag = flag;
    bo_wg_done(wg);
}

static void take_wide(bo_wg *wg, double d, float f, const char *text, int (*fn)(int))
{
    took.d = d;
    took.f = f;
    took.text = text;
    took.fn = fn;
    bo_wg_done(wg);
}

static void take_str(bo_wg *wg, bo_str str)
{
    took.str = str;
    bo_wg_done(wg);
}

static int twice(int n)
{
    return 2 * n;
}

TEST(go_passes_integers_of_every_width)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    go(take_narrow, &wg, -7, -30000, INT32_MIN, INT64_MAX, 42);
    bo_wg_wait(&wg);
    EXPECT_EQ(took.c, -7);
    EXPECT_EQ(took.s, -30000);
    EXPECT_EQ(took.i, INT32_MIN);
    EXPECT_EQ(took.l, INT64_MAX);
    EXPECT(took.flag);
}

TEST(go_converts_arguments_to_the_types_of_the_parameters)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    char text[] = "an array decays";
    // An int for a double, a double for a float, a function without its &.
    go(take_wide, &wg, 3, 0.5, text, twice);
    bo_wg_wait(&wg);
    EXPECT_EQ(took.d, 3.0);
    EXPECT_EQ((double)took.f, 0.5);
    EXPECT(took.text == text);
    EXPECT_EQ(took.fn(4), 8);
}

TEST(go_passes_a_str_as_two_scalars)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 1);
    go(take_str, &wg, bo_s("hello"));
    bo_wg_wait(&wg);
    EXPECT_EQ(took.str, "hello");
}

static void add(int *sum, bo_wg *wg, int n)
{
    __atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
    bo_wg_done(wg);
}

TEST(go_evaluates_its_arguments_once_and_at_once)
{
    bo_wg wg = {0};
    int sum = 0, n = 0;
    bo_wg_add(&wg, 100);
    for (int i = 0; i < 100; i++)
        go(add, &sum, &wg, n++);
    EXPECT_EQ(n, 100);
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, 4950);
}

TEST(go_calls_through_a_function_pointer_that_may_change_afterwards)
{
    bo_wg wg = {0};
    int sum = 0;
    void (*fn)(int *, bo_wg *, int) = add;
    bo_wg_add(&wg, 1);
    go(fn, &sum, &wg, 5);
    fn = NULL;
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, 5);
}

TEST(go_takes_a_function_without_arguments)
{
    size_t before = bo_goroutine_count();
    go(take_none);
    while (bo_goroutine_count() != before)
        bo_yield();
}

// -- identity -------------------------------------------------------------------------------------

static void tell_self(bo_chan(bo_goroutine) out)
{
    bo_send(out, bo_self());
}

TEST(goroutines_have_ids_of_their_own_and_the_names_they_were_given)
{
    bo_chan(bo_goroutine) out = bo_chan_new(bo_goroutine, 0);
    bo_goroutine a, b, self = bo_self();
    go(tell_self, out);
    bo_recv(out, &a);
    bo_go_with((tell_self, out), .name = "teller");
    bo_recv(out, &b);
    EXPECT(a.id > 0 && b.id > 0 && self.id > 0);
    EXPECT(a.id != b.id && a.id != self.id && b.id != self.id);
    EXPECT_EQ(a.name, "");
    EXPECT_EQ(b.name, "teller");
    bo_set_name("tester");
    EXPECT_EQ(bo_self().name, "tester");
    bo_chan_free(out);
}

static void *self_of_thread(void *out)
{
    *(bo_goroutine *)out = bo_self();
    return NULL;
}

TEST(a_foreign_thread_is_no_goroutine)
{
    bo_goroutine self = {.id = 1};
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, self_of_thread, &self), 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(self.id, 0);
}

// -- errno ----------------------------------------------------------------------------------------

static void keep_errno(bo_wg *wg, int value, int *wrong)
{
    if (errno != 0)
        __atomic_fetch_add(wrong, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 200; i++) {
        errno = value;
        bo_yield();
        if (errno != value)
            __atomic_fetch_add(wrong, 1, __ATOMIC_RELAXED);
    }
    bo_wg_done(wg);
}

TEST(errno_belongs_to_the_goroutine_and_begins_at_zero)
{
    bo_wg wg = {0};
    int wrong = 0;
    bo_wg_add(&wg, 50);
    for (int i = 0; i < 50; i++)
        go(keep_errno, &wg, i + 1, &wrong);
    bo_wg_wait(&wg);
    EXPECT_EQ(wrong, 0);
}

// -- locals ---------------------------------------------------------------------------------------

static bo_local colour, shape;
static int freed;

static void count_freed(void *value)
{
    __atomic_fetch_add(&freed, (int)(intptr_t)value, __ATOMIC_RELAXED);
}

static void use_locals(bo_wg *wg, intptr_t n)
{
    EXPECT(bo_local_get(&colour) == NULL);
    bo_local_set(&colour, (void *)n, count_freed);
    bo_local_set(&shape, (void *)(n * 1000), NULL);
    bo_yield();
    EXPECT_EQ((intptr_t)bo_local_get(&colour), n);
    EXPECT_EQ((intptr_t)bo_local_get(&shape), n * 1000);
    bo_local_set(&colour, (void *)(n + 100), count_freed);  // frees n
    bo_wg_done(wg);
}

TEST(locals_are_each_goroutines_own_and_freed_when_replaced_and_at_its_end)
{
    bo_wg wg = {0};
    size_t before = bo_goroutine_count();
    bo_wg_add(&wg, 3);
    for (intptr_t i = 1; i <= 3; i++)
        go(use_locals, &wg, i);
    bo_wg_wait(&wg);
    while (bo_goroutine_count() != before)
        bo_yield();
    EXPECT_EQ(freed, 1 + 2 + 3 + 101 + 102 + 103);
    EXPECT(bo_local_get(&colour) == NULL);
}

// -- defer ----------------------------------------------------------------------------------------

static void append(char *text)
{
    static char next = 'a';
    text[strlen(text)] = next++;
}

static void append_x(char *text)
{
    text[strlen(text)] = 'x';
}

TEST(defer_runs_at_the_end_of_its_block_the_last_one_first)
{
    char text[8] = "";
    {
        bo_defer(append, text);
        bo_defer(append_x, text);
        EXPECT_EQ(text, "");
    }
    EXPECT_EQ(text, "xa");
}

// -- run ------------------------------------------------------------------------------------------

static int sum_up(int a, int b)
{
    bo_yield();
    return a + b;
}

TEST_PLAIN(run_returns_the_functions_value)
{
    EXPECT_EQ(bo_run(sum_up, 3, 4), 7);
    EXPECT_EQ(bo_run(sum_up, -3, -4), -7);
}

TEST(run_within_a_goroutine_waits_for_another_one)
{
    EXPECT_EQ(bo_run(sum_up, 1, 2), 3);
}

static void *run_from_thread(void *sum)
{
    for (int i = 0; i < 100; i++)
        *(int *)sum += bo_run(sum_up, i, 0);
    return NULL;
}

TEST_PLAIN(several_threads_may_run_goroutines_at_once)
{
    pthread_t threads[4];
    int sums[4] = {0};
    for (int i = 0; i < 4; i++)
        REQUIRE_EQ(pthread_create(&threads[i], NULL, run_from_thread, &sums[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        EXPECT_EQ(sums[i], 4950);
    }
}

static void wait_for_ever(bo_wg *ready, bo_wg *never)
{
    bo_wg_done(ready);
    bo_wg_wait(never);
}

TEST_PROGRAM(returns_while_another_waits)
{
    static bo_wg ready, never;
    bo_wg_add(&ready, 1);
    bo_wg_add(&never, 1);
    go(wait_for_ever, &ready, &never);
    bo_wg_wait(&ready);
}

// The thread that waits in bo_run has yet to wake up when all Ps go to sleep.
TEST(a_program_that_ends_while_goroutines_wait_is_no_deadlock)
{
    for (int i = 0; i < 40; i++)
        REQUIRE_EQ(test_run("returns_while_another_waits", NULL).status, 0);
}

TEST_PROGRAM(exits_with_seven)
{
    exit(7);
}

TEST(exit_from_a_goroutine_ends_the_program_with_its_status)
{
    EXPECT_EQ(test_run("exits_with_seven", NULL).status, 7);
}

// -- sleep ----------------------------------------------------------------------------------------

TEST(sleep_lasts_at_least_as_long_as_asked)
{
    static const bo_duration durations[] = {1, BO_MICROSECOND, 100 * BO_MICROSECOND,
                                            3 * BO_MILLISECOND, 20 * BO_MILLISECOND};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        int64_t begun = bo_mono();
        EXPECT(bo_sleep(durations[i]) == NULL);
        EXPECT(bo_mono() - begun >= durations[i]);
    }
    EXPECT(bo_sleep(0) == NULL);
    EXPECT(bo_sleep(-BO_HOUR) == NULL);
}

static bo_err sleep_for(bo_duration d)
{
    return bo_sleep(d);
}

TEST(sleep_ends_with_the_scope_however_long_it_was_to_be)
{
    static const bo_duration durations[] = {BO_HOUR, 1000 * 24 * BO_HOUR, INT64_MAX};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        bo_group group = {0};
        bo_group_go(&group, sleep_for, durations[i]);
        bo_yield();
        bo_group_cancel(&group);
        EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    }
}

// -- fork -----------------------------------------------------------------------------------------

TEST_PROGRAM(forks_and_uses_goroutines_in_the_child)
{
    pid_t child = fork();
    if (child == 0) {
        go(take_none);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

TEST(a_forked_child_that_uses_goroutines_panics)
{
    test_result r = test_run("forks_and_uses_goroutines_in_the_child", NULL);
    EXPECT_EQ(r.status, 128 + SIGABRT);
    EXPECT(bo_str_find(r.output, bo_s("fork")) >= 0);
}
