// SPDX-License-Identifier: MIT
// runtime/cfi.h: one step up a stack by the compiler's own unwind tables (.eh_frame).
//
// Our code keeps frame pointers, libc's does not, and crashes like to happen in strlen under
// printf. The tables say for every instruction where the caller's registers are. They are part of
// every binary, stripped or not. Rejected: frame pointers alone, which lose the caller of read(2)
// and everything above printf; _Unwind_Backtrace, which takes the loader's lock, may call malloc,
// and trusts what it reads.
#ifndef BORA_SRC_RUNTIME_CFI_H
#define BORA_SRC_RUNTIME_CFI_H

#include <bora/str.h>

// Registers by their DWARF numbers.
#if defined(__x86_64__)
#define BO__REG_FP 6   // rbp
#define BO__REG_SP 7   // rsp
#define BO__REG_RA 16  // The return address, a register of the tables only.
#define BO__REG_COUNT 17
#elif defined(__aarch64__)
#define BO__REG_FP 29
#define BO__REG_RA 30  // lr
#define BO__REG_SP 31
#define BO__REG_COUNT 32
#endif

struct bo__regs {
    uintptr_t pc;
    uintptr_t r[BO__REG_COUNT];
    uint64_t known;  // Bit n: r[n] has a value.
};

// The memory that a walk may read: [low, high), and nothing else.
struct bo__stack {
    uintptr_t low, high;
    bool probe;        // The range is a guess: ask the kernel about each page before reading it.
    uintptr_t probed;  // The number of the last page that was found readable, plus 1.
};

// bo__is_readable reports whether the page of an address can be read now. Async-signal-safe.
bool bo__is_readable(uintptr_t addr);

// bo__stack_read reads the aligned word at addr; false if it does not lie in the stack.
bool bo__stack_read(struct bo__stack *stack, uintptr_t addr, uintptr_t *out);

// A range of code and where its description is.
struct bo__cfi_entry {
    uint64_t low, high;
    uint64_t offset;  // Of the FDE in the section.
};

struct bo__cfi {
    bo_str bytes;                   // The section,
    uint64_t addr;                  // and its virtual address.
    struct bo__cfi_entry *entries;  // Sorted by low.
    size_t count, room;
};

// bo__cfi_open makes the index over .eh_frame, which must stay where it is.
void bo__cfi_open(struct bo__cfi *cfi, bo_str bytes, uint64_t addr);
void bo__cfi_close(struct bo__cfi *cfi);

enum bo__cfi_kind {
    BO__CFI_SAME,        // Not changed by the function, or nothing is said about it.
    BO__CFI_UNDEFINED,   // Lost; for the return address: this is the outermost frame.
    BO__CFI_OFFSET,      // Saved at CFA + offset.
    BO__CFI_VALUE,       // Is CFA + offset.
    BO__CFI_REGISTER,    // Saved in register `offset`.
    BO__CFI_EXPRESSION,  // Saved at the address that the expression yields.
    BO__CFI_VALUE_EXPRESSION,
};

struct bo__cfi_rule {
    uint8_t kind;  // enum bo__cfi_kind
    uint32_t length;
    union {
        int64_t offset;
        const char *expression;  // length bytes of the section.
    };
};

// How to leave the function at one instruction. The CFA is the stack pointer before the call.
struct bo__cfi_row {
    struct bo__cfi_rule cfa;  // BO__CFI_VALUE (cfa_register + offset) or BO__CFI_VALUE_EXPRESSION.
    uint8_t cfa_register;
    uint8_t return_register;
    bool signal;  // The frame of a signal: what it returns to was interrupted, it made no call.
    struct bo__cfi_rule rules[BO__REG_COUNT];
};

// bo__cfi_find tells the row for a virtual address; false if the tables have none.
bool bo__cfi_find(const struct bo__cfi *cfi, uint64_t addr, struct bo__cfi_row *row);

// bo__cfi_step applies a row to registers: they become those of the caller, regs->pc the address
// that it returns to, or 0 from the outermost frame. False, with regs unchanged, if what it needs
// is not known or lies outside of the stack.
bool bo__cfi_step(const struct bo__cfi_row *row, struct bo__regs *regs, struct bo__stack *stack);

#endif
