// SPDX-License-Identifier: MIT
// unwind_test.c: walks up stacks in all the ways that a report does it, compared with libgcc's
// where that one can be asked, and over stacks that nobody should have to read.
#include "runtime/unwind.h"

#include "runtime/module.h"
#include "runtime/sched.h"
#include "runtime/symbol.h"

#include <bora/sync.h>
#include <bora/test.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static struct bo__stack own_stack(void)
{
    const bo__g *g = bo__self();
    return (struct bo__stack){.low = (uintptr_t)g->stack_low, .high = (uintptr_t)g->stack_high};
}

// unwind takes the report lock around a walk.
static void unwind(bo__trace *trace, struct bo__regs regs, struct bo__stack stack, bool interrupted)
{
    REQUIRE(bo__report_lock(10000));
    bo__unwind(trace, regs, stack, interrupted);
    bo__report_unlock();
}

static bo_str name_of(uintptr_t pc)
{
    bo__symbol s = {0};
    REQUIRE(bo__report_lock(10000));
    bo__symbolize(pc, &s);
    bo__report_unlock();
    return s.function.len ? s.function : bo_s("?");
}

enum { NAMES_MAX = 4096 };

// names_of writes a trace's functions as "inner < outer < outermost" and returns text.
static const char *names_of(const bo__trace *trace, char text[NAMES_MAX])
{
    size_t len = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < trace->count && len < NAMES_MAX - 100; i++) {
        bo_str name = name_of(trace->pcs[i]);
        len += (size_t)snprintf(text + len, NAMES_MAX - len, "%s" BO_FMT, i ? " < " : "",
                                BO_ARG(name));
    }
    return text;
}

// expect_names looks for a part of the trace, and for how a goroutine's stack ends.
static void expect_names(const bo__trace *trace, const char *part)
{
    char names[NAMES_MAX];
    names_of(trace, names);
    if (!strstr(names, part) || !bo_str_ends(bo_str_of(names), bo_s(" < bo__g_main < bo__g_entry")))
        test_fail("want \"... %s ... < bo__g_main < bo__g_entry\" in \"%s\"", part, names);
}

// -- from here, and libgcc's opinion --------------------------------------------------------------

struct opinion {
    uintptr_t pcs[BO__TRACE_MAX];
    uint32_t count;
};

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *data)
{
    struct opinion *o = data;
    uintptr_t pc = (uintptr_t)_Unwind_GetIP(context);
    if (pc != 0 && o->count < BO__TRACE_MAX)
        o->pcs[o->count++] = pc - 1;
    return _URC_NO_REASON;
}

static int compared;

// compare_here asks both for the stack it stands on. Where it stands itself they differ.
static __attribute__((noinline)) void compare_here(void)
{
    bo__trace trace;
    struct opinion other = {0};
    unwind(&trace, bo__regs_here(), own_stack(), false);
    _Unwind_Backtrace(add_frame, &other);
    EXPECT_EQ(trace.count, other.count);
    for (uint32_t i = 1; i < trace.count && i < other.count; i++)
        EXPECT_EQ(trace.pcs[i], other.pcs[i]);
    expect_names(&trace, "compare_here < ");
    compared++;
}

typedef void leaf(void);

// here_is_more keeps a call before it from being the last thing that a function does, which it
// could do without a frame.
#define here_is_more() __asm__ volatile("")

static __attribute__((noinline)) int plain(leaf *f, int a)
{
    f();
    here_is_more();
    return a + 1;
}

static __attribute__((noinline)) int dynamic(leaf *f, int n)
{
    volatile char *buffer = __builtin_alloca((size_t)n);
    buffer[n - 1] = (char)n;
    return plain(f, n) + buffer[n - 1];
}

static __attribute__((noinline)) int aligned(leaf *f, int a)
{
    _Alignas(128) volatile char cells[256] = {(char)a};
    return dynamic(f, 300 + a) + cells[a & 255];
}

static __attribute__((noinline)) int many(int a, int b, int c, int d, int e, int g, int h, leaf *f)
{
    return aligned(f, a) * b + c * d - e + g * h;
}

static __attribute__((noinline)) int shapes(leaf *f)
{
    return many(1, 2, 3, 4, 5, 6, 7, f) + 1;
}

static leaf *at_compare;

static int compare_ints(const void *a, const void *b)
{
    if (at_compare)
        at_compare();
    at_compare = NULL;
    return *(const int *)a - *(const int *)b;
}

static __attribute__((noinline)) int sorts(leaf *f)
{
    int numbers[] = {3, 1, 2, 5, 4};
    at_compare = f;
    qsort(numbers, 5, sizeof numbers[0], compare_ints);
    return numbers[0];
}

static ssize_t write_cookie(void *cookie, const char *bytes, size_t size)
{
    (void)bytes;
    (*(leaf **)cookie)();
    return (ssize_t)size;
}

static __attribute__((noinline)) int prints(leaf *f)
{
    FILE *out = fopencookie(&f, "w", (cookie_io_functions_t){.write = write_cookie});
    REQUIRE(out != NULL);
    setvbuf(out, NULL, _IONBF, 0);
    int n = fprintf(out, "%d %s %5.2f\n", 1, "two", 3.0);
    fclose(out);
    return n;
}

static const struct {
    const char *name, *part;
    int (*run)(leaf *);
} ways[] = {
    {"shapes", "plain < dynamic < aligned < many < shapes < ", shapes},
    {"qsort", "compare_ints < ", sorts},
    {"fprintf", "write_cookie < ", prints},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

TEST(unwind_agrees_with_libgcc_from_a_call)
{
    for (int i = 0; i < WAYS; i++) {
        test_case("%s", ways[i].name);
        compared = 0;
        ways[i].run(compare_here);
        EXPECT(compared > 0);
    }
}

static void compare_and_tell(bo_wg *wg)
{
    for (int i = 0; i < WAYS; i++)
        ways[i].run(compare_here);
    bo_wg_done(wg);
}

TEST(unwind_ends_at_the_entry_of_every_goroutine)
{
    for (size_t size = 64 << 10; size <= 8 << 20; size *= 4) {
        test_case("%zu KB", size >> 10);
        bo_wg wg = {0};
        bo_wg_add(&wg, 1);
        bo_go_with((compare_and_tell, &wg), .stack_bytes = size);
        bo_wg_wait(&wg);
    }
}

static const char *part_wanted;

static __attribute__((noinline)) void look_here(void)
{
    bo__trace trace;
    unwind(&trace, bo__regs_here(), own_stack(), false);
    expect_names(&trace, part_wanted);
}

TEST(unwind_names_all_calls_between_here_and_the_entry)
{
    for (int i = 0; i < WAYS; i++) {
        test_case("%s", ways[i].name);
        part_wanted = ways[i].part;
        ways[i].run(look_here);
    }
}

// -- deep ones ------------------------------------------------------------------------------------

static __attribute__((noinline)) int look(bo__trace *trace)
{
    unwind(trace, bo__regs_here(), own_stack(), false);
    return 1;
}

static __attribute__((noinline)) int descend(int depth, bo__trace *trace)
{
    if (depth == 0) {
        int here = look(trace);
        here_is_more();
        return here;
    }
    int above = descend(depth - 1, trace);
    here_is_more();
    return above + 1;
}

TEST(unwind_keeps_both_ends_of_a_deep_stack_and_counts_the_middle)
{
    bo__trace flat, t;
    descend(0, &flat);
    REQUIRE(flat.elided == 0 && flat.count < BO__TRACE_OUTER);
    // As deep as what is kept, one less, one more, and far more.
    int room = BO__TRACE_MAX - (int)flat.count;
    int depths[] = {1, room - 1, room, room + 1, room + 2, 300};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        test_case("%d", depths[i]);
        descend(depths[i], &t);
        uint32_t calls = flat.count + (uint32_t)depths[i];
        EXPECT_EQ(t.count, calls < BO__TRACE_MAX ? calls : BO__TRACE_MAX);
        EXPECT_EQ(t.count + t.elided, calls);
        for (uint32_t k = 1; k <= (uint32_t)depths[i] + 1 && k < BO__TRACE_INNER; k++)
            EXPECT_EQ(name_of(t.pcs[k]), "descend");
        // Above descend and its two callers here, all is the same.
        for (uint32_t k = 1; k < flat.count - 2; k++)
            EXPECT_EQ(t.pcs[t.count - k], flat.pcs[flat.count - k]);
    }
}

// -- parked and fresh ones ------------------------------------------------------------------------

static bo_wg parked_ready, parked_over;
static bo__g *_Atomic parked_g;

static void park(void)
{
    parked_g = bo__self();
    bo_wg_done(&parked_ready);
    bo_wg_wait(&parked_over);
    here_is_more();
}

static void park_in(int way)
{
    ways[way].run(park);
}

// parked waits until the goroutine is off its stack.
static const bo__g *parked(void)
{
    bo_wg_wait(&parked_ready);
    const bo__g *g = parked_g;
    while (atomic_load(&g->state) != BO__G_WAITING || atomic_load(&g->on_cpu) != 0)
        bo_yield();
    return g;
}

TEST(unwind_walks_through_a_parked_goroutine)
{
    for (int i = 0; i < WAYS - 1; i++) {  // fprintf would hold its lock meanwhile.
        test_case("%s", ways[i].name);
        bo_wg_add(&parked_ready, 1);
        bo_wg_add(&parked_over, 1);
        go(park_in, i);
        const bo__g *g = parked();
        struct bo__stack stack = {.low = (uintptr_t)g->stack_low, .high = (uintptr_t)g->stack_high};
        bo__trace tables, fp;
        unwind(&tables, bo__regs_parked(g->sp), stack, false);
        expect_names(&tables, "bo_wg_wait < park < ");
        expect_names(&tables, ways[i].part);
        if (i == 0) {
            // Where all code keeps frame pointers, following those leads the same way.
            bo__unwind_fp(&fp, bo__regs_parked(g->sp), stack, false);
            expect_names(&fp, "bo_wg_wait < park < plain < dynamic < aligned < many < shapes");
        }
        bo_wg_done(&parked_over);
        while (atomic_load(&g->state) != BO__G_DEAD)
            bo_yield();
    }
}

TEST(unwind_tells_the_entry_of_a_goroutine_that_has_not_run)
{
    static _Alignas(64) char memory[4096];
    bo__g *g = (bo__g *)(memory + sizeof memory - 1024);
    void *sp = bo__first_frame(g);
    struct bo__stack stack = {.low = (uintptr_t)memory,
                              .high = (uintptr_t)(memory + sizeof memory)};
    bo__trace trace;
    unwind(&trace, bo__regs_parked(sp), stack, false);
    EXPECT_EQ(trace.count, 1);
    EXPECT_EQ(name_of(trace.pcs[0]), "bo__g_entry");
}

// -- signals --------------------------------------------------------------------------------------

static bo__trace signal_trace;
static _Atomic int signals;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    if (bo__report_lock(10000)) {
        bo__unwind(&signal_trace, bo__regs_signal(context), own_stack(), true);
        bo__report_unlock();
    }
    signals++;
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    REQUIRE_EQ(sigaction(signal, &action, NULL), 0);
}

static void raise_here(void)
{
    raise(SIGUSR1);
    here_is_more();
}

TEST(unwind_walks_from_a_signal_through_libc)
{
    handle(SIGUSR1, on_signal);
    for (int i = 0; i < WAYS; i++) {
        test_case("%s", ways[i].name);
        char part[128];
        snprintf(part, sizeof part, "raise_here < %s", ways[i].part);
        ways[i].run(raise_here);
        expect_names(&signal_trace, part);
    }
    EXPECT(signals >= WAYS);
}

// From within a handler, the walk goes on through the frame that the kernel has made.
static bo__trace handler_trace;

static void on_signal_look_here(int signal)
{
    (void)signal;
    unwind(&handler_trace, bo__regs_here(), own_stack(), false);
}

TEST(unwind_walks_out_of_a_signal_handler)
{
    struct sigaction action = {.sa_handler = on_signal_look_here};
    REQUIRE_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    shapes(raise_here);
    expect_names(&handler_trace, "on_signal_look_here < ");
    expect_names(&handler_trace, "raise_here < plain < dynamic < aligned < many < shapes");
}

// A call through a bad pointer: the handler looks, and then returns from the call.
static void on_bad_call(int signal, siginfo_t *info, void *context)
{
    on_signal(signal, info, context);
    ucontext_t *uc = context;
#if defined(__x86_64__)
    greg_t *regs = uc->uc_mcontext.gregs;
    regs[REG_RIP] = *(greg_t *)regs[REG_RSP];
    regs[REG_RSP] += 8;
#else
    uc->uc_mcontext.pc = uc->uc_mcontext.regs[30];
#endif
}

static void (*volatile bad_pointer)(void);

static void call_badly(void)
{
    bad_pointer();
    here_is_more();
}

TEST(unwind_tells_who_called_through_a_bad_pointer)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind objects when the kernel is asked about memory that is not there");
    static char data[64];
    handle(SIGSEGV, on_bad_call);
    handle(SIGBUS, on_bad_call);
    void *pointers[] = {NULL, (void *)16, data, (void *)((uintptr_t)1 << 46)};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        test_case("%p", pointers[i]);
        memcpy((void *)(uintptr_t)&bad_pointer, &pointers[i], sizeof bad_pointer);
        signals = 0;
        shapes(call_badly);
        EXPECT_EQ(signals, 1);
        expect_names(&signal_trace, "? < call_badly < plain < dynamic < aligned < many < shapes");
    }
}

// -- another thread's call of the kernel ----------------------------------------------------------

static bo__trace thread_trace;
static int thread_pipe[2];

// Nothing is known of a foreign thread's stack but where it is.
static void on_thread_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    struct bo__regs regs = bo__regs_signal(context);
    uintptr_t sp = regs.r[BO__REG_SP];
    if (bo__report_lock(10000)) {
        bo__unwind(&thread_trace, regs,
                   (struct bo__stack){.low = sp, .high = sp + (1 << 20), .probe = true}, true);
        bo__report_unlock();
    }
    signals++;
}

static __attribute__((noinline)) ssize_t block_in_read(void)
{
    char byte;
    return read(thread_pipe[0], &byte, 1);
}

static void *thread_main(void *arg)
{
    while (block_in_read() < 0)
        ;
    return arg;
}

TEST_PLAIN(unwind_walks_from_read_to_the_threads_own_function)
{
#ifdef BO__THREAD_SANITIZER
    test_skip("ThreadSanitizer holds signals back from a thread that sits in a system call");
#endif
    struct sigaction action = {.sa_sigaction = on_thread_signal, .sa_flags = SA_SIGINFO};
    REQUIRE_EQ(sigaction(SIGUSR2, &action, NULL), 0);
    REQUIRE_EQ(pipe(thread_pipe), 0);
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
    char names[NAMES_MAX] = "";
    // It may be on its way still.
    while (!strstr(names, " < block_in_read < thread_main < ")) {
        int before = signals;
        REQUIRE_EQ(pthread_kill(thread, SIGUSR2), 0);
        while (signals == before)
            sched_yield();
        names_of(&thread_trace, names);
    }
    EXPECT_EQ(write(thread_pipe[1], "x", 1), 1);
    pthread_join(thread, NULL);
}

// -- every single instruction ---------------------------------------------------------------------

#if defined(__x86_64__) && !defined(BO__ADDRESS_SANITIZER) && !defined(BO__THREAD_SANITIZER)

// The processor can stop after each instruction (the trap flag), and so from each instruction of a
// call into libc and back the walk must lead to the same callers.
static uintptr_t outer[BO__TRACE_MAX];
static uint32_t outer_count;
static long steps, wrong_steps;

static void on_step(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    bo__trace t;
    if (!bo__report_lock(10000))
        return;
    bo__unwind(&t, bo__regs_signal(context), own_stack(), true);
    bo__report_unlock();
    steps++;
    bool same = t.count >= outer_count;
    for (uint32_t i = 1; same && i <= outer_count; i++)
        same = t.pcs[t.count - i] == outer[outer_count - i];
    if (!same && wrong_steps++ == 0)
        signal_trace = t;
}

static __attribute__((noinline)) void set_trap_flag(void)
{
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

static __attribute__((noinline)) void clear_trap_flag(void)
{
    __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

static __attribute__((noinline)) int single_step(int (*work)(void))
{
    bo__trace here;
    unwind(&here, bo__regs_here(), own_stack(), false);
    // What is above this function is the same for all that it does.
    outer_count = here.count - 1;
    memcpy(outer, here.pcs + 1, outer_count * sizeof outer[0]);
    set_trap_flag();
    int result = work();
    clear_trap_flag();
    return result;
}

static int print_numbers(void)
{
    char text[200];
    return snprintf(text, sizeof text, "%d %s %#lx %8.3f %c", 42, "text", 1234567L, 2.5, 'c');
}

static int sort_numbers(void)
{
    int numbers[] = {9, 2, 7, 4, 5, 6, 3, 8, 1, 0};
    qsort(numbers, 10, sizeof numbers[0], compare_ints);
    return numbers[9];
}

static int search_text(void)
{
    static char hay[300];
    memset(hay, 'a', sizeof hay - 1);
    char *copy = strdup(hay);
    int found = strstr(copy, "ab") != NULL || strchr(copy, 'b') || memcmp(copy, hay, 300) != 0;
    free(copy);
    return found;
}

TEST(unwind_finds_the_callers_from_every_instruction)
{
    static const struct {
        const char *name;
        int (*work)(void);
        int result;
    } works[] = {
        {"snprintf", print_numbers, 27}, {"qsort", sort_numbers, 9}, {"strings", search_text, 0}};
    handle(SIGTRAP, on_step);
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        test_case("%s", works[i].name);
        steps = wrong_steps = 0;
        EXPECT_EQ(single_step(works[i].work), works[i].result);
        if (steps == 0)
            test_skip("no single steps here");
        EXPECT(steps > 300);
        char names[NAMES_MAX];
        if (wrong_steps)
            test_fail("%ld of %ld steps went astray, first: %s", wrong_steps, steps,
                      names_of(&signal_trace, names));
    }
}

#endif

// -- stacks that are no stacks --------------------------------------------------------------------

static uint64_t random_state = 0x853c49e6748fea9b;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

// odd_word is what a damaged stack holds: addresses of code and of the stack itself, small numbers,
// and anything.
static uintptr_t odd_word(const struct bo__stack *stack)
{
    uintptr_t code = (uintptr_t)bo_yield, size = stack->high - stack->low;
    switch (random_number() % 6) {
    case 0:
        return code + random_number() % 20000;
    case 1:
    case 2:
        return stack->low + random_number() % size / 8 * 8;
    case 3:
        return stack->low + random_number() % size;
    case 4:
        return random_number() % 100;
    default:
        return random_number();
    }
}

TEST(unwind_ends_on_any_stack)
{
    static uintptr_t words[512];
    struct bo__stack stack = {.low = (uintptr_t)words, .high = (uintptr_t)(words + 512)};
    for (int round = 0; round < 3000; round++) {
        for (int i = 0; i < 512; i++)
            words[i] = odd_word(&stack);
        struct bo__regs regs = {.pc = (uintptr_t)bo_yield + random_number() % 20000,
                                .known = round % 3 ? ((uint64_t)1 << BO__REG_COUNT) - 1
                                                   : random_number() | 1u << BO__REG_SP};
        for (int i = 0; i < BO__REG_COUNT; i++)
            regs.r[i] = odd_word(&stack);
        bo__trace trace;
        unwind(&trace, regs, stack, round & 1);
        EXPECT(trace.count >= 1 && trace.count <= BO__TRACE_MAX);
        bo__unwind_fp(&trace, regs, stack, round & 1);
        EXPECT(trace.count >= 1 && trace.count <= BO__TRACE_MAX);
    }
}

// It does not matter here which words sanitizers have forbidden to touch.
__attribute__((no_sanitize("address", "thread"))) static uintptr_t replace_word(uintptr_t at,
                                                                                uintptr_t word)
{
    uintptr_t kept = *(volatile uintptr_t *)at;
    *(volatile uintptr_t *)at = word;
    return kept;
}

// A true stack in which single words were overwritten: the calls below the damage are still right.
TEST(unwind_tells_the_calls_below_a_damaged_frame)
{
    bo_wg_add(&parked_ready, 1);
    bo_wg_add(&parked_over, 1);
    go(park_in, 0);
    const bo__g *g = parked();
    struct bo__stack stack = {.low = (uintptr_t)g->stack_low, .high = (uintptr_t)g->stack_high};
    bo__trace whole, t;
    unwind(&whole, bo__regs_parked(g->sp), stack, false);
    REQUIRE(whole.count > 8);
    for (uintptr_t at = (uintptr_t)g->sp + 64; at < (uintptr_t)g; at += sizeof(uintptr_t)) {
        uintptr_t kept = replace_word(at, odd_word(&stack));
        unwind(&t, bo__regs_parked(g->sp), stack, false);
        EXPECT_EQ(t.pcs[0], whole.pcs[0]);
        EXPECT(t.count >= 1 && t.count <= BO__TRACE_MAX);
        replace_word(at, kept);
    }
    unwind(&t, bo__regs_parked(g->sp), stack, false);
    EXPECT_EQ(t.count, whole.count);
    bo_wg_done(&parked_over);
}

TEST(unwind_reads_nothing_outside_of_the_stack)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind objects when the kernel is asked about memory that is not there");
    uintptr_t words[4] = {1, 2, 3, 4}, out = 0;
    struct bo__stack stack = {.low = (uintptr_t)(words + 1), .high = (uintptr_t)(words + 3)};
    EXPECT(!bo__stack_read(&stack, (uintptr_t)words, &out));
    EXPECT(bo__stack_read(&stack, (uintptr_t)(words + 1), &out) && out == 2);
    EXPECT(bo__stack_read(&stack, (uintptr_t)(words + 2), &out) && out == 3);
    EXPECT(!bo__stack_read(&stack, (uintptr_t)(words + 3), &out));
    EXPECT(!bo__stack_read(&stack, (uintptr_t)(words + 1) + 1, &out));
    EXPECT(!bo__stack_read(&stack, 0, &out));
    EXPECT(!bo__stack_read(&stack, UINTPTR_MAX - 7, &out));
    // With a guess for a range the kernel is asked.
    struct bo__stack guess = {.low = 0, .high = UINTPTR_MAX, .probe = true};
    EXPECT(!bo__stack_read(&guess, 8, &out));
    EXPECT(bo__stack_read(&guess, (uintptr_t)words, &out) && out == 1);
    EXPECT(!bo__stack_read(&guess, (uintptr_t)1 << 46, &out));
}
