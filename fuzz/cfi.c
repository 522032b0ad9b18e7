// SPDX-License-Identifier: MIT
// cfi.c: any bytes as .eh_frame at address 0x1000, and as the stack that is walked by it.
#include "../src/runtime/cfi.h"

#include "fuzz.h"

enum { STEPS_MAX = 32, LOOKS = 256 };

// walk goes up from a row's address, whatever comes.
static void walk(const struct bo__cfi *cfi, uint64_t addr, bo_str memory)
{
    uintptr_t low = ((uintptr_t)memory.ptr + 7) & ~(uintptr_t)7;
    struct bo__stack stack = {.low = low, .high = (uintptr_t)memory.ptr + memory.len};
    struct bo__regs regs = {.pc = addr, .known = ((uint64_t)1 << BO__REG_COUNT) - 1};
    for (unsigned i = 0; i < BO__REG_COUNT; i++)
        regs.r[i] = low + 8 * i;
    struct bo__cfi_row row;
    for (int i = 0; i < STEPS_MAX && bo__cfi_find(cfi, regs.pc, &row); i++) {
        if (!bo__cfi_step(&row, &regs, &stack))
            return;
    }
}

FUZZ(cfi, bytes)
{
    struct bo__cfi cfi;
    bo__cfi_open(&cfi, bytes, 0x1000);
    for (size_t i = 0; i < cfi.count && i < LOOKS; i++) {
        const struct bo__cfi_entry *e = &cfi.entries[i];
        walk(&cfi, e->low, bytes);
        walk(&cfi, e->low + (e->high - e->low) / 2, bytes);
        walk(&cfi, e->high - 1, bytes);
    }
    bo__cfi_close(&cfi);
}
