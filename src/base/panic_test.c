// SPDX-License-Identifier: MIT
#include <bora/err.h>
#include <bora/test.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ABORTED = 128 + SIGABRT };

static bool contains(bo_str text, const char *part)
{
    return strstr(text.ptr, part) != NULL;
}

static size_t count_of(bo_str text, const char *part)
{
    size_t count = 0;
    for (const char *at = text.ptr; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

TEST(an_assertion_that_holds_does_nothing)
{
    int evaluated = 0;
    bo_assert(++evaluated == 1);
    EXPECT_EQ(evaluated, 1);
}

TEST_PROGRAM(asserts_wrongly)
{
    int apples = 3;
    bo_assert(apples == 4);
    puts("went on");
}

TEST(an_assertion_says_what_and_where)
{
    test_result r = test_run("asserts_wrongly", NULL);
    EXPECT_EQ(r.status, ABORTED);
    EXPECT(contains(r.output, "panic: "));
    EXPECT(contains(r.output, "panic_test.c:"));
    EXPECT(contains(r.output, ": assertion failed: apples == 4\n"));
    EXPECT(!contains(r.output, "went on"));
}

TEST_PROGRAM(panics)
{
    bo_panic("%d apples, %s", 3, "no pears");
}

TEST(a_panic_says_its_words_and_dumps_the_goroutines)
{
    test_result r = test_run("panics", NULL);
    EXPECT_EQ(r.status, ABORTED);
    EXPECT(contains(r.output, ": 3 apples, no pears\n"));
    EXPECT(contains(r.output, "goroutine 1 "));
}

// The message is up to 1023 bytes with its line break, whatever is asked for.
TEST_PLAIN_PROGRAM(panics_at_length)
{
    static char words[5000];
    memset(words, 'w', sizeof words - 1);
    bo__panic("file.c", 7, "%.*s", atoi(getenv("LENGTH")), words);
}

TEST(a_long_panic_is_cut_and_still_ends_its_line)
{
    static const int lengths[] = {0, 1, 1005, 1006, 1007, 1008, 1009, 4999};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char variable[32];
        const char *const environment[] = {variable, NULL};
        snprintf(variable, sizeof variable, "LENGTH=%d", lengths[i]);
        test_case("%d", lengths[i]);
        test_result r = test_run("panics_at_length", environment);
        const char *end = strchr(r.output.ptr, '\n');
        EXPECT_EQ(r.status, ABORTED);
        REQUIRE(bo_str_starts(r.output, bo_s("panic: file.c:7: ")));
        REQUIRE(end != NULL);
        size_t words = strspn(r.output.ptr + 17, "w");
        EXPECT_EQ(words, lengths[i] < 1006 ? lengths[i] : 1005);
        EXPECT_EQ(end - r.output.ptr, 17 + words);
    }
}

static void say_hook(void)
{
    static const char text[] = "hook\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

static void panic_again(void)
{
    say_hook();
    bo_panic("again");
}

TEST_PLAIN_PROGRAM(panics_without_a_hook)
{
    bo__panic_hook = NULL;
    bo_panic("first");
}

TEST_PLAIN_PROGRAM(panics_with_a_hook)
{
    bo__panic_hook = say_hook;
    bo_panic("first");
}

TEST_PLAIN_PROGRAM(panics_in_its_hook)
{
    bo__panic_hook = panic_again;
    bo_panic("first");
}

TEST(the_hook_runs_once_after_the_message)
{
    EXPECT_EQ(test_run("panics_without_a_hook", NULL).status, ABORTED);
    test_result r = test_run("panics_with_a_hook", NULL);
    EXPECT_EQ(r.status, ABORTED);
    EXPECT(contains(r.output, ": first\nhook\n"));
    EXPECT_EQ(count_of(r.output, "hook"), 1);

    r = test_run("panics_in_its_hook", NULL);
    EXPECT_EQ(r.status, ABORTED);
    EXPECT(contains(r.output, ": first\nhook\n"));
    EXPECT(contains(r.output, ": again\n"));
    EXPECT_EQ(count_of(r.output, "hook"), 1);
}

// Others that panic while the first one is at its report say so, and leave the end to it.
static _Atomic int others;

static void *panic_too(void *arg)
{
    (void)arg;
    atomic_fetch_add(&others, 1);
    bo_panic("other");
}

static void await_others(void)
{
    enum { THREADS = 3 };
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, panic_too, NULL);
    }
    while (atomic_load(&others) < THREADS)
        sched_yield();
    say_hook();
}

TEST_PLAIN_PROGRAM(panics_on_several_threads)
{
    bo__panic_hook = await_others;
    bo_panic("first");
}

TEST(the_first_thread_to_panic_ends_the_program)
{
    test_result r = test_run("panics_on_several_threads", NULL);
    EXPECT_EQ(r.status, ABORTED);
    EXPECT_EQ(count_of(r.output, ": first\n"), 1);
    EXPECT_EQ(count_of(r.output, "hook\n"), 1);
    EXPECT(count_of(r.output, ": other\n") <= 3);
}
