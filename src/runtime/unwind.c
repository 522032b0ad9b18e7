// SPDX-License-Identifier: MIT
// Finding a function's row in the unwind tables costs about a microsecond; a dump of a million
// goroutines asks for the same few hundred addresses all the time. So rows are remembered by
// address.
#include "runtime/unwind.h"

#include <assert.h>
#include <ucontext.h>

#include "runtime/module.h"
#include "runtime/scratch.h"

// Frames are 16 bytes at least, so that this is the depth of a 16 MB stack.
#define STEPS_MAX (1u << 20)

#define REMEMBERED 1024  // A power of two; 320 KB, of which what is used gets touched.

struct remembered {
    uintptr_t pc;  // 0: none here.
    enum { NO_CODE, NO_ROW, HAS_ROW } kind;
    struct bo__cfi_row row;
};

static struct remembered *rows;

// strip takes the signature off a return address (pointer authentication, aarch64).
static uintptr_t strip(uintptr_t pc)
{
#if defined(__aarch64__)
    register uintptr_t lr __asm__("x30") = pc;
    __asm__("hint #7" : "+r"(lr));  // xpaclri; does nothing on processors without signatures.
    return lr;
#else
    return pc;
#endif
}

// bo__regs_here in switch_*.S knows this layout.
static_assert(offsetof(struct bo__regs, pc) == 0 && offsetof(struct bo__regs, r) == 8 &&
                  offsetof(struct bo__regs, known) == 8 + 8 * BO__REG_COUNT,
              "the layout of struct bo__regs");

static uint64_t bit(unsigned reg)
{
    return (uint64_t)1 << reg;
}

// It may run again meanwhile, and what was read is thrown away then: nothing for sanitizers.
__attribute__((no_sanitize("address", "thread"))) struct bo__regs bo__regs_parked(const void *sp)
{
    // The layouts are those of switch_x86_64.S and switch_aarch64.S.
    const uintptr_t *frame = sp;
    struct bo__regs regs = {0};
#if defined(__x86_64__)
    static const uint8_t saved[] = {15, 14, 13, 12, 3, BO__REG_FP};  // Numbers of r15 to rbp.
    for (unsigned i = 0; i < sizeof(saved); i++) {
        regs.r[saved[i]] = frame[1 + i];
        regs.known |= bit(saved[i]);
    }
    regs.pc = frame[7];
    regs.r[BO__REG_SP] = (uintptr_t)(frame + 8);
#else
    for (unsigned i = 0; i < 10; i++) {
        regs.r[19 + i] = frame[2 + i];
        regs.known |= bit(19 + i);
    }
    regs.r[BO__REG_FP] = frame[0];
    regs.r[BO__REG_RA] = frame[1];
    regs.known |= bit(BO__REG_FP) | bit(BO__REG_RA);
    regs.pc = strip(frame[1]);
    regs.r[BO__REG_SP] = (uintptr_t)(frame + 22);
#endif
    regs.known |= bit(BO__REG_SP);
    return regs;
}

struct bo__regs bo__regs_signal(const void *context)
{
    const ucontext_t *uc = context;
    struct bo__regs regs = {0};
#if defined(__x86_64__)
    // The kernel's order of registers, by DWARF number.
    static const uint8_t order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                    REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
    for (unsigned i = 0; i < sizeof(order); i++)
        regs.r[i] = (uintptr_t)uc->uc_mcontext.gregs[order[i]];
    regs.known = bit(BO__REG_RA) - 1;
    regs.pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#else
    for (unsigned i = 0; i <= 30; i++)
        regs.r[i] = (uintptr_t)uc->uc_mcontext.regs[i];
    regs.r[BO__REG_SP] = (uintptr_t)uc->uc_mcontext.sp;
    regs.known = bit(BO__REG_COUNT) - 1;
    regs.pc = (uintptr_t)uc->uc_mcontext.pc;
#endif
    return regs;
}

static void add(bo__trace *trace, uintptr_t pc)
{
    if (trace->count < BO__TRACE_MAX) {
        trace->pcs[trace->count++] = pc;
        return;
    }
    // The outer part keeps the last ones. Few traces are this deep, so that moving is fine.
    for (unsigned i = BO__TRACE_INNER; i + 1 < BO__TRACE_MAX; i++)
        trace->pcs[i] = trace->pcs[i + 1];
    trace->pcs[BO__TRACE_MAX - 1] = pc;
    trace->elided++;
}

static bool is_known(const struct bo__regs *regs, unsigned reg)
{
    return regs->known >> reg & 1;
}

// step_fp follows the frame record that the frame pointer points to.
static bool step_fp(struct bo__regs *regs, struct bo__stack *stack)
{
    uintptr_t fp = regs->r[BO__REG_FP], caller_fp, pc;
    if (!is_known(regs, BO__REG_FP) || fp < regs->r[BO__REG_SP] ||
        !bo__stack_read(stack, fp, &caller_fp) ||
        !bo__stack_read(stack, fp + sizeof(uintptr_t), &pc))
        return false;
    regs->pc = strip(pc);
    regs->r[BO__REG_FP] = caller_fp;
    regs->r[BO__REG_SP] = fp + 2 * sizeof(uintptr_t);
    regs->known = bit(BO__REG_FP) | bit(BO__REG_SP);
    return true;
}

// step_bad_call leaves a pc that is no code, such as 0: a call through a bad pointer brought it
// there, and the return address is where the call has put it. A return over a smashed stack may
// have brought it there too: then what lies there is no code either.
static bool step_bad_call(struct bo__regs *regs, struct bo__stack *stack)
{
#if defined(__x86_64__)
    uintptr_t pc;
    if (!bo__stack_read(stack, regs->r[BO__REG_SP], &pc) || !bo__module_at(pc - 1))
        return false;
    regs->r[BO__REG_SP] += sizeof(uintptr_t);
#else
    (void)stack;
    uintptr_t pc = strip(regs->r[BO__REG_RA]);
    if (!is_known(regs, BO__REG_RA) || !bo__module_at(pc - 1))
        return false;
#endif
    regs->pc = pc;
    return true;
}

static const struct remembered *find_row(uintptr_t pc, struct remembered *own)
{
    if (!rows)
        rows = bo__scratch_new(REMEMBERED * sizeof(*rows));
    struct remembered *r = rows ? &rows[(pc * 0x9e3779b97f4a7c15u >> 40) % REMEMBERED] : own;
    if (r->pc != pc || pc == 0) {
        const struct bo__module *m = bo__module_at(pc);
        r->kind = !m ? NO_CODE : bo__cfi_find(&m->cfi, pc - m->bias, &r->row) ? HAS_ROW : NO_ROW;
        r->pc = pc;
    }
    return r;
}

// step_tables goes one frame up by what is known of the code at pc. *signal becomes whether that
// was the frame of a signal, which is not left by a return: its caller was interrupted too.
static bool step_tables(struct bo__regs *regs, struct bo__stack *stack, uintptr_t pc,
                        bool interrupted, bool *signal)
{
    struct remembered own = {0};
    const struct remembered *r = find_row(pc, &own);
    if (r->kind == HAS_ROW && bo__cfi_step(&r->row, regs, stack)) {
        *signal = r->row.signal;
        return true;
    }
    if (r->kind == NO_CODE && interrupted && step_bad_call(regs, stack))
        return true;
    // A frame pointer may be a number like any other in foreign code: it must lead to code at
    // least.
    return step_fp(regs, stack) && bo__module_at(regs->pc - 1);
}

static void walk(bo__trace *trace, struct bo__regs *regs, struct bo__stack *stack, bool interrupted,
                 bool tables)
{
    trace->count = trace->elided = 0;
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        uintptr_t pc = regs->pc - !interrupted, sp = regs->r[BO__REG_SP];
        bool signal = false;
        add(trace, pc);
        if (!(tables ? step_tables(regs, stack, pc, interrupted, &signal) : step_fp(regs, stack)))
            return;
        regs->pc = strip(regs->pc);
        // Only a function that has not used its stack yet may leave it where it was.
        if (regs->pc == 0 || regs->r[BO__REG_SP] < sp ||
            (regs->r[BO__REG_SP] == sp && !interrupted))
            return;
        interrupted = signal;
    }
}

void bo__unwind(bo__trace *trace, struct bo__regs regs, struct bo__stack stack, bool interrupted)
{
    walk(trace, &regs, &stack, interrupted, true);
}

void bo__unwind_fp(bo__trace *trace, struct bo__regs regs, struct bo__stack stack, bool interrupted)
{
    walk(trace, &regs, &stack, interrupted, false);
}
