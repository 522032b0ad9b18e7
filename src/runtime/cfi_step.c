// SPDX-License-Identifier: MIT
// Applying a row of rules to registers: the values of the caller are read from its own stack, each
// read checked against the stack's bounds.
#include "runtime/cfi.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cursor.h"

#include <bora/go.h>

#define PAGE 4096

// Deeper than any expression that compilers and libc write.
#define OPERANDS_MAX 16

// The kernel is asked about the page, which is not touched here: rt_sigprocmask reads the set
// first and only then finds that `how` is nonsense. No descriptor, no filter is in its way.
bool bo__is_readable(uintptr_t addr)
{
    int saved = errno;
    long result = syscall(SYS_rt_sigprocmask, -1, addr, NULL, 8);
    bool readable = result == 0 || errno != EFAULT;
    errno = saved;
    return readable;
}

// Words of a goroutine's stack are read while it may run, and next to what sanitizers forbid to
// touch; a stale or odd value is caught by the checks of the walk.
__attribute__((no_sanitize("address", "thread"))) bool
bo__stack_read(struct bo__stack *stack, uintptr_t addr, uintptr_t *out)
{
    if (addr % sizeof(uintptr_t) || addr < stack->low || addr >= stack->high ||
        stack->high - addr < sizeof(uintptr_t))
        return false;
    if (stack->probe && addr / PAGE + 1 != stack->probed) {
        if (!bo__is_readable(addr))
            return false;
        stack->probed = addr / PAGE + 1;
    }
    *out = *(const volatile uintptr_t *)addr;
    return true;
}

struct machine {
    const struct bo__regs *regs;
    struct bo__stack *stack;
    uint64_t operands[OPERANDS_MAX];
    int count;
    bool failed;
};

static void push(struct machine *m, uint64_t value)
{
    if (m->count == OPERANDS_MAX)
        m->failed = true;
    else
        m->operands[m->count++] = value;
}

static uint64_t pop(struct machine *m)
{
    if (m->count == 0) {
        m->failed = true;
        return 0;
    }
    return m->operands[--m->count];
}

static uint64_t reg_value(struct machine *m, unsigned reg)
{
    if (reg >= BO__REG_COUNT || !(m->regs->known >> reg & 1)) {
        // The program counter has the return address's number where it has no other.
        if (reg == BO__REG_RA && BO__REG_RA > BO__REG_SP)
            return m->regs->pc;
        m->failed = true;
        return 0;
    }
    return m->regs->r[reg];
}

static void run_binary(struct machine *m, uint8_t opcode)
{
    uint64_t b = pop(m), a = pop(m);
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    switch (opcode) {
    case 0x1a:
        push(m, a & b);
        break;  // DW_OP_and
    case 0x1c:
        push(m, a - b);
        break;  // DW_OP_minus
    case 0x1e:
        push(m, a * b);
        break;  // DW_OP_mul
    case 0x21:
        push(m, a | b);
        break;  // DW_OP_or
    case 0x22:
        push(m, a + b);
        break;  // DW_OP_plus
    case 0x24:
        push(m, b < 64 ? a << b : 0);
        break;  // DW_OP_shl
    case 0x25:
        push(m, b < 64 ? a >> b : 0);
        break;  // DW_OP_shr
    case 0x27:
        push(m, a ^ b);
        break;  // DW_OP_xor
    case 0x29:
        push(m, a == b);
        break;  // DW_OP_eq
    case 0x2a:
        push(m, sa >= sb);
        break;  // DW_OP_ge
    case 0x2b:
        push(m, sa > sb);
        break;  // DW_OP_gt
    case 0x2c:
        push(m, sa <= sb);
        break;  // DW_OP_le
    case 0x2d:
        push(m, sa < sb);
        break;  // DW_OP_lt
    case 0x2e:
        push(m, a != b);
        break;  // DW_OP_ne
    default:
        m->failed = true;
    }
}

static void run_operation(struct machine *m, struct bo__cursor *c)
{
    uint8_t opcode = bo__cursor_u8(c);
    if (opcode >= 0x30 && opcode <= 0x4f) {  // DW_OP_lit0 to 31
        push(m, opcode - 0x30u);
        return;
    }
    if (opcode >= 0x70 && opcode <= 0x8f) {  // DW_OP_breg0 to 31
        uint64_t base = reg_value(m, opcode - 0x70u);
        push(m, base + (uint64_t)bo__cursor_sleb(c));
        return;
    }
    uintptr_t word = 0;
    switch (opcode) {
    case 0x06:  // DW_OP_deref
        if (!bo__stack_read(m->stack, pop(m), &word))
            m->failed = true;
        push(m, word);
        return;
    case 0x08:
        push(m, bo__cursor_u8(c));
        return;  // DW_OP_const1u
    case 0x09:
        push(m, (uint64_t)(int8_t)bo__cursor_u8(c));
        return;  // DW_OP_const1s
    case 0x0a:
        push(m, bo__cursor_u16(c));
        return;  // DW_OP_const2u
    case 0x0b:
        push(m, (uint64_t)(int16_t)bo__cursor_u16(c));
        return;  // DW_OP_const2s
    case 0x0c:
        push(m, bo__cursor_u32(c));
        return;  // DW_OP_const4u
    case 0x0d:
        push(m, (uint64_t)(int32_t)bo__cursor_u32(c));
        return;  // DW_OP_const4s
    case 0x10:
        push(m, bo__cursor_uleb(c));
        return;  // DW_OP_constu
    case 0x11:
        push(m, (uint64_t)bo__cursor_sleb(c));
        return;  // DW_OP_consts
    case 0x23:
        push(m, pop(m) + bo__cursor_uleb(c));
        return;  // DW_OP_plus_uconst
    default:
        run_binary(m, opcode);
    }
}

// evaluate runs an expression, on a stack that holds the CFA unless the CFA is what is looked for.
static bool evaluate(const struct bo__cfi_rule *rule, const struct bo__regs *regs,
                     struct bo__stack *stack, const uintptr_t *cfa, uintptr_t *out)
{
    struct machine m = {.regs = regs, .stack = stack};
    struct bo__cursor c = bo__cursor_of(bo_str_n(rule->expression, rule->length));
    if (cfa)
        push(&m, *cfa);
    while (bo__cursor_left(&c) && !m.failed)
        run_operation(&m, &c);
    *out = pop(&m);
    return !m.failed && !c.bad;
}

static bool find_cfa(const struct bo__cfi_row *row, const struct bo__regs *regs,
                     struct bo__stack *stack, uintptr_t *out)
{
    if (row->cfa.kind == BO__CFI_VALUE_EXPRESSION)
        return evaluate(&row->cfa, regs, stack, NULL, out);
    if (row->cfa.kind != BO__CFI_VALUE || row->cfa_register >= BO__REG_COUNT ||
        !(regs->known >> row->cfa_register & 1))
        return false;
    *out = regs->r[row->cfa_register] + (uintptr_t)row->cfa.offset;
    return true;
}

// follow finds the caller's value of a register; false: it cannot be known.
static bool follow(const struct bo__cfi_rule *rule, const struct bo__regs *regs,
                   struct bo__stack *stack, uintptr_t cfa, uintptr_t *out)
{
    switch (rule->kind) {
    case BO__CFI_OFFSET:
        return bo__stack_read(stack, cfa + (uintptr_t)rule->offset, out);
    case BO__CFI_VALUE:
        *out = cfa + (uintptr_t)rule->offset;
        return true;
    case BO__CFI_REGISTER:
        if (rule->offset < 0 || rule->offset >= BO__REG_COUNT || !(regs->known >> rule->offset & 1))
            return false;
        *out = regs->r[rule->offset];
        return true;
    case BO__CFI_EXPRESSION:
        return evaluate(rule, regs, stack, &cfa, out) && bo__stack_read(stack, *out, out);
    case BO__CFI_VALUE_EXPRESSION:
        return evaluate(rule, regs, stack, &cfa, out);
    default:
        return false;
    }
}

bool bo__cfi_step(const struct bo__cfi_row *row, struct bo__regs *regs, struct bo__stack *stack)
{
    uintptr_t cfa;
    if (!find_cfa(row, regs, stack, &cfa))
        return false;

    struct bo__regs caller = *regs;
    caller.r[BO__REG_SP] = cfa;
    caller.known |= 1ull << BO__REG_SP;
    for (unsigned i = 0; i < BO__REG_COUNT; i++) {
        if (row->rules[i].kind == BO__CFI_SAME)
            continue;
        bool known = follow(&row->rules[i], regs, stack, cfa, &caller.r[i]);
        caller.known = (caller.known & ~(1ull << i)) | (uint64_t)known << i;
    }

    const struct bo__cfi_rule *ra = &row->rules[row->return_register];
    if (ra->kind == BO__CFI_UNDEFINED)
        caller.pc = 0;
    else if (caller.known >> row->return_register & 1)
        caller.pc = caller.r[row->return_register];
    else
        return false;
    *regs = caller;
    return true;
}
