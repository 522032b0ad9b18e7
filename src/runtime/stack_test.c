// SPDX-License-Identifier: MIT
#include <bora/chan.h>
#include <bora/go.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// -- sizes ----------------------------------------------------------------------------------------

static __attribute__((noinline)) char fill(size_t bytes)
{
    // By hand: a sanitizer's memset needs some kilobytes of the stack for itself.
    volatile char *area = __builtin_alloca(bytes);
    for (size_t i = 0; i < bytes; i++)
        area[i] = 1;
    return area[bytes - 1];
}

static void fill_and_tell(bo_chan(int) out, size_t bytes)
{
    bo_send(out, fill(bytes));
}

TEST(a_stack_has_the_size_that_was_asked_for_rounded_up)
{
    static const struct {
        size_t asked, usable;
    } cases[] = {{1, 10 << 10},        {16 << 10, 10 << 10},     {(16 << 10) + 1, 56 << 10},
                 {64 << 10, 56 << 10}, {0, 240 << 10},           {256 << 10, 240 << 10},
                 {1 << 20, 900 << 10}, {(1 << 20) + 1, 7 << 20}, {8 << 20, 7 << 20}};
    bo_chan(int) out = bo_chan_new(int, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%zu", cases[i].asked);
        int value;
        bo_go_with((fill_and_tell, out, cases[i].usable), .stack_bytes = cases[i].asked);
        EXPECT(bo_recv(out, &value));
        EXPECT_EQ(value, 1);
    }
    bo_chan_free(out);
}

static void nothing(void)
{
}

TEST_PROGRAM(asks_for_a_stack_over_the_limit)
{
    bo_go_with((nothing), .stack_bytes = (8 << 20) + 1);
}

TEST(a_stack_over_the_limit_panics)
{
    test_result r = test_run("asks_for_a_stack_over_the_limit", NULL);
    EXPECT_EQ(r.status, 128 + SIGABRT);
    EXPECT(bo_str_find(r.output, bo_s("the limit is 8388608")) >= 0);
}

TEST(stacks_are_aligned_as_the_abi_wants)
{
    // Without it, the first SSE instruction that a callee spills with would fault.
    EXPECT_EQ((uintptr_t)__builtin_frame_address(0) % 16, 0);
}

// -- overflow -------------------------------------------------------------------------------------

static volatile int no_end = INT32_MAX;

static __attribute__((noinline)) int recurse_without_end(int depth)
{
    volatile char frame[512];
    frame[0] = (char)depth;
    return depth == no_end ? 0 : recurse_without_end(depth + 1) + frame[0];
}

static void overflow(void)
{
    printf("%d\n", recurse_without_end(0));
}

TEST_PROGRAM(overflows_its_stack)
{
    bo_go_with((overflow), .name = "deep", .stack_bytes = 64 << 10);
    bo_sleep(BO_HOUR);
}

static void expect_overflow_report(const char *guard)
{
    test_case("%s", guard);
    const char *const environment[] = {guard, NULL};
    test_result r = test_run("overflows_its_stack", environment);
    EXPECT_EQ(r.status, 128 + SIGSEGV);
    char size[64], remedy[64];
    uint32_t class = bo__stack_class(64 << 10);  // a larger one under sanitizers
    snprintf(size, sizeof size, "needs more than its %zu KB", bo__stack_sizes[class] >> 10);
    snprintf(remedy, sizeof remedy, "stack_bytes = %zu << 10", bo__stack_sizes[class + 1] >> 10);
    const char *const words[] = {"stack overflow: goroutine ", "\"deep\"", size,
                                 "recurse_without_end",        remedy,     "started by"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!EXPECT(bo_str_find(r.output, bo_str_of(words[i])) >= 0))
            test_fail("no \"%s\" in:\n" BO_FMT, words[i], BO_ARG(r.output));
}

TEST(an_overflow_names_the_goroutine_the_function_and_the_remedy)
{
    expect_overflow_report("BORA_GUARD=");
    expect_overflow_report("BORA_GUARD=mprotect");
}

static __attribute__((noinline)) char take_much(size_t bytes)
{
    char *area = __builtin_alloca(bytes);
    area[0] = 1;
    __asm__ volatile("" ::"r"(area) : "memory");
    return area[0];
}

static void leap(void)
{
    printf("%d\n", take_much(300 << 10));
}

TEST_PROGRAM(leaps_over_its_guard_page)
{
    go(leap);
    bo_sleep(BO_HOUR);
}

TEST(a_large_frame_cannot_leap_over_the_guard_page)
{
    test_result r = test_run("leaps_over_its_guard_page", NULL);
    EXPECT_EQ(r.status, 128 + SIGSEGV);
    EXPECT(bo_str_find(r.output, bo_s("stack overflow")) >= 0);
}

// Deeper than the slot, but back up before it parks would go unseen; this one parks at the bottom.
static __attribute__((noinline)) int park_deep(int depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    char *here = __builtin_frame_address(0);
    if (here < bo__self()->stack_low + 3000)
        bo_yield();
    else
        return park_deep(depth + 1) + frame[0];
    return 0;
}

static void go_deep(void)
{
    printf("%d\n", park_deep(0));
}

TEST_PROGRAM(parks_below_its_stack)
{
    go(nothing);
    bo_go_with((go_deep), .name = "deep", .stack_bytes = 16 << 10);
    for (;;)
        bo_yield();
}

TEST(without_a_guard_page_an_overflow_shows_at_the_next_park)
{
    const char *const environment[] = {"BORA_GUARD=check", "BORA_PROCS=1", NULL};
    test_result r = test_run("parks_below_its_stack", environment);
    EXPECT_EQ(r.status, 128 + SIGABRT);
    EXPECT(bo_str_find(r.output, bo_s("stack overflow: goroutine ")) >= 0);
    EXPECT(bo_str_find(r.output, bo_s("\"deep\" needs more than its ")) >= 0);
    EXPECT(bo_str_find(r.output, bo_s("stacks are checked at each park")) >= 0);
}

// -- many -----------------------------------------------------------------------------------------

static void wait_for_close(bo_chan(int) ch, bo_wg *arrived)
{
    bo_wg_done(arrived);
    bo_recv(ch, NULL);
}

// ThreadSanitizer holds some 8,000 goroutines, ASan's shadow of a stack is an eighth of it.
#if defined(BO__THREAD_SANITIZER)
#define MANY 1000
#elif defined(BO__ADDRESS_SANITIZER) || defined(BORA_VALGRIND)
#define MANY 5000
#else
#define MANY 50000
#endif

TEST_PROGRAM(parks_many)
{
    bo_chan(int) ch = bo_chan_new(int, 0);
    bo_wg arrived = {0};
    bo_wg_add(&arrived, MANY);
    for (int i = 0; i < MANY; i++)
        go(wait_for_close, ch, &arrived);
    bo_wg_wait(&arrived);
    EXPECT(bo_goroutine_count() >= MANY);
    bo_chan_close(ch);
    while (bo_goroutine_count() > 1)
        bo_yield();
    bo_chan_free(ch);
}

static size_t count_of(bo_str text, bo_str words)
{
    size_t n = 0;
    for (ptrdiff_t at; (at = bo_str_find(text, words)) >= 0; n++)
        text = bo_str_sub(text, (size_t)at + words.len, text.len);
    return n;
}

TEST(many_goroutines_park_whatever_guards_there_are_and_a_shortage_warns_once)
{
    // By default max_map_count is 65,530: mprotect guards 16,382 stacks, the rest are checked.
    static const struct {
        const char *guard;
        size_t warnings;
    } cases[] = {
        {"BORA_GUARD=", 0}, {"BORA_GUARD=mprotect", MANY > 20000}, {"BORA_GUARD=check", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].guard);
        const char *const environment[] = {cases[i].guard, NULL};
        test_result r = test_run("parks_many", environment);
        EXPECT_EQ(r.status, 0);
        size_t warnings = count_of(r.output, bo_s("stacks are checked at each park"));
        // Left to itself it takes what this kernel has, which may be mprotect.
        if (i > 0)
            EXPECT_EQ(warnings, cases[i].warnings);
        else
            EXPECT(warnings <= 1);
    }
}

// -- looking --------------------------------------------------------------------------------------

TEST(an_address_on_a_stack_leads_to_its_goroutine)
{
    bool guard = true;
    char here;
    bo__g *g = bo__self();
    EXPECT(bo__stack_find(&here, &guard) == g);
    EXPECT(!guard);
    EXPECT(bo__stack_find(g->stack_low, &guard) == g);
    EXPECT(guard);
    EXPECT(bo__stack_find(g->stack_low + 4095, &guard) == g);
    EXPECT(guard);
    EXPECT(bo__stack_find(g->stack_low + 4096, &guard) == g);
    EXPECT(!guard);
    static char elsewhere;
    EXPECT(bo__stack_find(&elsewhere, &guard) == NULL);
}
