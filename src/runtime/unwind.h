// SPDX-License-Identifier: MIT
// runtime/unwind.h: the calls on a stack, from a stopped or interrupted context.
//
// A walk goes up frame by frame: by the unwind tables where there are some (runtime/cfi.h), else by
// the frame pointer. It reads nothing outside of the stack it was told, the stack pointer rises
// with each step, and steps are counted: it ends on any input.
#ifndef BORA_SRC_RUNTIME_UNWIND_H
#define BORA_SRC_RUNTIME_UNWIND_H

#include "runtime/cfi.h"

// A trace keeps at most this many calls: the innermost, where it happens, and the outermost, where
// it began. Those between are counted.
#define BO__TRACE_INNER 48
#define BO__TRACE_OUTER 16
#define BO__TRACE_MAX (BO__TRACE_INNER + BO__TRACE_OUTER)

typedef struct {
    uintptr_t pcs[BO__TRACE_MAX];  // Innermost first. Each lies within its call: a return address
                                   // minus 1, or the very instruction that was interrupted.
    uint32_t count;
    uint32_t elided;  // Calls left out between pcs[BO__TRACE_INNER - 1] and the next.
} bo__trace;

// bo__regs_parked is the context that bo__switch left behind at a stack pointer.
// bo__regs_signal is the one that a signal interrupted; context is the handler's ucontext_t.
// bo__regs_here is that of its caller: the call of bo__regs_here is the innermost of its trace.
struct bo__regs bo__regs_parked(const void *sp);
struct bo__regs bo__regs_signal(const void *context);
struct bo__regs bo__regs_here(void);

// bo__unwind walks from a context. interrupted: regs.pc is where a signal struck, not the address
// that a call returns to. The report lock (runtime/module.h) is held.
void bo__unwind(bo__trace *trace, struct bo__regs regs, struct bo__stack stack, bool interrupted);

// bo__unwind_fp walks by frame pointers alone: no tables, no lock, any context. What libc calls may
// be missing.
void bo__unwind_fp(bo__trace *trace, struct bo__regs regs, struct bo__stack stack,
                   bool interrupted);

#endif
