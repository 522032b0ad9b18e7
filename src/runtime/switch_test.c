// SPDX-License-Identifier: MIT
// switch_test.c: what the ABI lets a caller keep in registers survives a switch.
//
// The compiler decides which registers live across a call, so C code alone proves little: the probe
// below is assembly that fills every callee-saved register, parks, and looks at them again. Several
// goroutines do so in turn, each with values of its own.
#include <bora/go.h>
#include <bora/sync.h>
#include <bora/test.h>

// uint64_t switch_test_probe(uint64_t seed, void (*park)(void)) puts seed + 1, seed + 2, ... into
// the callee-saved registers, calls park, and returns a bit for each register that came back
// different.
uint64_t switch_test_probe(uint64_t seed, void (*park)(void));

#if defined(__x86_64__)

__asm__(".pushsection .text\n"
        ".macro fill n, reg\n"
        "leaq \\n(%rdi), \\reg\n"
        ".endm\n"
        ".macro look n, reg\n"
        "leaq \\n(%rdi), %rcx\n"
        "xorl %edx, %edx\n"
        "cmpq %rcx, \\reg\n"
        "setne %dl\n"
        "shlq $(\\n - 1), %rdx\n"
        "orq %rdx, %rax\n"
        ".endm\n"
        ".globl switch_test_probe\n"
        ".type switch_test_probe, @function\n"
        "switch_test_probe:\n"
        "endbr64\n"
        "pushq %rbp\n"
        "pushq %rbx\n"
        "pushq %r12\n"
        "pushq %r13\n"
        "pushq %r14\n"
        "pushq %r15\n"
        "subq $24, %rsp\n"
        "movq %rdi, (%rsp)\n"
        "fill 1, %rbp\n"
        "fill 2, %rbx\n"
        "fill 3, %r12\n"
        "fill 4, %r13\n"
        "fill 5, %r14\n"
        "fill 6, %r15\n"
        "call *%rsi\n"
        "movq (%rsp), %rdi\n"
        "xorl %eax, %eax\n"
        "look 1, %rbp\n"
        "look 2, %rbx\n"
        "look 3, %r12\n"
        "look 4, %r13\n"
        "look 5, %r14\n"
        "look 6, %r15\n"
        "addq $24, %rsp\n"
        "popq %r15\n"
        "popq %r14\n"
        "popq %r13\n"
        "popq %r12\n"
        "popq %rbx\n"
        "popq %rbp\n"
        "ret\n"
        ".size switch_test_probe, . - switch_test_probe\n"
        ".purgem fill\n"
        ".purgem look\n"
        ".popsection\n");

#elif defined(__aarch64__)

__asm__(".pushsection .text\n"
        ".macro fill n, reg\n"
        "add \\reg, x0, #\\n\n"
        ".endm\n"
        ".macro fill_d n, reg\n"
        "add x2, x0, #\\n\n"
        "fmov \\reg, x2\n"
        ".endm\n"
        ".macro look n, reg\n"
        "add x2, x0, #\\n\n"
        "cmp x2, \\reg\n"
        "cset x4, ne\n"
        "orr x3, x3, x4, lsl #(\\n - 1)\n"
        ".endm\n"
        ".macro look_d n, reg\n"
        "fmov x5, \\reg\n"
        "look \\n, x5\n"
        ".endm\n"
        ".globl switch_test_probe\n"
        ".type switch_test_probe, %function\n"
        "switch_test_probe:\n"
        "hint #34\n"
        "stp x29, x30, [sp, #-176]!\n"
        "mov x29, sp\n"
        "stp x19, x20, [sp, #16]\n"
        "stp x21, x22, [sp, #32]\n"
        "stp x23, x24, [sp, #48]\n"
        "stp x25, x26, [sp, #64]\n"
        "stp x27, x28, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\n"
        "stp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\n"
        "stp d14, d15, [sp, #144]\n"
        "str x0, [sp, #160]\n"
        "fill 1, x19\n"
        "fill 2, x20\n"
        "fill 3, x21\n"
        "fill 4, x22\n"
        "fill 5, x23\n"
        "fill 6, x24\n"
        "fill 7, x25\n"
        "fill 8, x26\n"
        "fill 9, x27\n"
        "fill 10, x28\n"
        "fill_d 11, d8\n"
        "fill_d 12, d9\n"
        "fill_d 13, d10\n"
        "fill_d 14, d11\n"
        "fill_d 15, d12\n"
        "fill_d 16, d13\n"
        "fill_d 17, d14\n"
        "fill_d 18, d15\n"
        "blr x1\n"
        "ldr x0, [sp, #160]\n"
        "mov x3, #0\n"
        "look 1, x19\n"
        "look 2, x20\n"
        "look 3, x21\n"
        "look 4, x22\n"
        "look 5, x23\n"
        "look 6, x24\n"
        "look 7, x25\n"
        "look 8, x26\n"
        "look 9, x27\n"
        "look 10, x28\n"
        "look_d 11, d8\n"
        "look_d 12, d9\n"
        "look_d 13, d10\n"
        "look_d 14, d11\n"
        "look_d 15, d12\n"
        "look_d 16, d13\n"
        "look_d 17, d14\n"
        "look_d 18, d15\n"
        "mov x0, x3\n"
        "ldp d14, d15, [sp, #144]\n"
        "ldp d12, d13, [sp, #128]\n"
        "ldp d10, d11, [sp, #112]\n"
        "ldp d8, d9, [sp, #96]\n"
        "ldp x27, x28, [sp, #80]\n"
        "ldp x25, x26, [sp, #64]\n"
        "ldp x23, x24, [sp, #48]\n"
        "ldp x21, x22, [sp, #32]\n"
        "ldp x19, x20, [sp, #16]\n"
        "ldp x29, x30, [sp], #176\n"
        "ret\n"
        ".size switch_test_probe, . - switch_test_probe\n"
        ".purgem fill\n"
        ".purgem fill_d\n"
        ".purgem look\n"
        ".purgem look_d\n"
        ".popsection\n");

#endif

enum { GOROUTINES = 8, ROUNDS = 500 };

// -- registers ------------------------------------------------------------------------------------

static void spoil(void)
{
}

static void probe_often(uint64_t seed, void (*park)(void), bo_wg *wg)
{
    for (int i = 0; i < ROUNDS; i++)
        EXPECT_EQ(switch_test_probe(seed + (uint64_t)i, park), 0);
    bo_wg_done(wg);
}

static void probe_everywhere(void (*park)(void))
{
    bo_wg wg = {0};
    bo_wg_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(probe_often, (uint64_t)(i + 1) * 0x0101010101010000, park, &wg);
    bo_wg_wait(&wg);
}

static uint64_t broken_probe_calls;

// A park that breaks the ABI: it returns with a callee-saved register changed.
__attribute__((noinline)) static void break_a_register(void)
{
    broken_probe_calls++;
#if defined(__x86_64__)
    __asm__ volatile("notq %r14");
#elif defined(__aarch64__)
    __asm__ volatile("mvn x20, x20");
#endif
}

TEST(switch_probe_sees_a_changed_register)
{
    EXPECT_EQ(switch_test_probe(77, spoil), 0);
    EXPECT(switch_test_probe(77, break_a_register) != 0);
    EXPECT_EQ(broken_probe_calls, 1);
}

TEST(switch_keeps_callee_saved_registers_over_a_yield)
{
    probe_everywhere(bo_yield);
}

static void nap(void)
{
    bo_err_free(bo_sleep(BO_MICROSECOND));
}

TEST(switch_keeps_callee_saved_registers_over_a_park)
{
    probe_everywhere(nap);
}

static void spare_thread(void)
{
    bo_blocking(spoil);
}

TEST(switch_keeps_callee_saved_registers_over_a_blocking_call)
{
    probe_everywhere(spare_thread);
}

// -- floating point -------------------------------------------------------------------------------

// The rounding mode as the processor has it, two bits; 0 is to the nearest on both. (fesetround is
// in libm, which nothing else here needs.)
enum { TO_NEAREST, MODES = 4 };

#if defined(__x86_64__)

// SSE and the x87 unit have a mode each, in bits 13 and 10 of their control words.
static void set_mode(uint32_t mode)
{
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    x87 = (uint16_t)((x87 & ~(3u << 10)) | mode << 10);
    __asm__ volatile("fldcw %0" : : "m"(x87));
    __builtin_ia32_ldmxcsr((__builtin_ia32_stmxcsr() & ~(3u << 13)) | mode << 13);
}

static uint32_t get_mode(void)
{
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    uint32_t sse_mode = __builtin_ia32_stmxcsr() >> 13 & 3, x87_mode = x87 >> 10 & 3;
    return sse_mode == x87_mode ? sse_mode : MODES;
}

#elif defined(__aarch64__)

static void set_mode(uint32_t mode)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    __asm__ volatile("msr fpcr, %0" : : "r"((fpcr & ~(UINT64_C(3) << 22)) | (uint64_t)mode << 22));
}

static uint32_t get_mode(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return (uint32_t)(fpcr >> 22 & 3);
}

#endif

static double third(void)
{
    volatile double one = 1, three = 3;
    return one / three;
}

static void keep_mode(uint32_t mode, bo_wg *wg)
{
    set_mode(mode);
    double expected = third();
    for (int i = 0; i < ROUNDS; i++) {
        bo_yield();
        EXPECT_EQ(get_mode(), mode);
        EXPECT_EQ(third(), expected);
    }
    set_mode(TO_NEAREST);
    bo_wg_done(wg);
}

TEST(switch_keeps_each_goroutines_rounding_mode)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(keep_mode, i % MODES, &wg);
    bo_wg_wait(&wg);
    EXPECT_EQ(get_mode(), TO_NEAREST);
}

static void round_otherwise_and_wait(bo_wg *ready, bo_wg *over)
{
    set_mode(1);
    bo_wg_done(ready);
    bo_wg_wait(over);
    EXPECT_EQ(get_mode(), 1);
}

static void round_otherwise_and_leave(bo_wg *ready)
{
    set_mode(1);
    bo_wg_done(ready);
}

static void expect_default_mode(bo_wg *wg)
{
    EXPECT_EQ(get_mode(), TO_NEAREST);
    bo_wg_done(wg);
}

// A goroutine's first frame is laid out while others run, and on a stack that others have used.
TEST(switch_starts_goroutines_with_the_default_rounding_mode)
{
    bo_wg ready = {0}, over = {0}, fresh = {0};
    bo_wg_add(&ready, 2 * GOROUTINES);
    bo_wg_add(&over, 1);
    for (int i = 0; i < GOROUTINES; i++) {
        go(round_otherwise_and_wait, &ready, &over);
        go(round_otherwise_and_leave, &ready);
    }
    bo_wg_wait(&ready);
    bo_wg_add(&fresh, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(expect_default_mode, &fresh);
    bo_wg_wait(&fresh);
    bo_wg_done(&over);
}

// series keeps several doubles alive over each call of between.
static double series(double x, void (*between)(void))
{
    double sine = 0, cosine = 0, product = 1, term = 1;
    for (int n = 1; n < 40; n++) {
        cosine += n % 2 ? term * (n % 4 == 1 ? 1 : -1) : 0;
        sine += n % 2 ? 0 : term * (n % 4 == 2 ? 1 : -1);
        term *= x / n;
        product *= 1 + term / (n * 3.5);
        between();
    }
    return sine * 1e6 + cosine * 1e3 + product;
}

static void compute(double x, bo_wg *wg)
{
    for (int i = 0; i < 50; i++)
        EXPECT_EQ(series(x + i, bo_yield), series(x + i, spoil));
    bo_wg_done(wg);
}

TEST(switch_keeps_floating_point_values_over_a_yield)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(compute, 0.1 + i, &wg);
    bo_wg_wait(&wg);
}

// -- the stack ------------------------------------------------------------------------------------

// A frame's address is aligned to 16 in every function exactly if the stack was at entry.
__attribute__((noinline)) static void expect_alignment(bo_wg *wg)
{
    _Alignas(16) volatile char aligned[16] = {0};
    EXPECT_EQ((uintptr_t)__builtin_frame_address(0) % 16, 0);
    EXPECT_EQ((uintptr_t)aligned % 16, 0);
    bo_wg_done(wg);
}

TEST(switch_enters_goroutines_with_an_aligned_stack)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, 5);
    for (size_t size = 16 << 10; size <= 4 << 20; size *= 4)
        bo_go_with((expect_alignment, &wg), .stack_bytes = size);
    bo_wg_wait(&wg);
}

// More registers in use than there are for integers and doubles together, on both sides.
static void mix(int64_t a, double b, int64_t c, double d, int64_t e, double f)
{
    double sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        bo_yield();
        sum += (double)(a ^ c) * b - d / f + (double)e;
    }
    EXPECT_EQ(sum / ROUNDS, (double)(a ^ c) * b - d / f + (double)e);
}

static void mix_and_tell(int i, bo_wg *wg)
{
    mix(i, 0.5, i << 4, 4.0, 1000 - i, 8.0);
    bo_wg_done(wg);
}

TEST(switch_keeps_arguments_of_both_kinds)
{
    bo_wg wg = {0};
    bo_wg_add(&wg, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        go(mix_and_tell, i, &wg);
    bo_wg_wait(&wg);
}
