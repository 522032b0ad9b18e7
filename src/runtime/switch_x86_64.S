// SPDX-License-Identifier: MIT
// switch_x86_64.S: from one goroutine to another.
//
// void bo__switch(bo__g *from, bo__g *to)
//
// saves what the ABI (System V, 3.2.1) makes a callee preserve on from's stack, moves to to's stack,
// says that from is off its own (on_cpu = 0: from now on another thread may run it), and returns
// there. The floating-point control words are written back only if they differ, since that is slow
// and almost never needed.
//
// The frame, from the saved stack pointer up: control words, r15, r14, r13, r12, rbx, rbp, return
// address. The frame pointer in it links to the caller's frame, so both a frame-pointer walk and the
// CFI below lead through a parked goroutine to its entry.

#define G_SP 16
#define G_ON_CPU 24

#define REGS_PC 0
#define REGS_R(n) 8 + 8 * n
#define REGS_KNOWN REGS_R(17)

        .text
        .globl  bo__switch
        .hidden bo__switch
        .type   bo__switch, @function
        .p2align 4
bo__switch:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        pushq   %rbx
        .cfi_def_cfa_offset 24
        .cfi_offset %rbx, -24
        pushq   %r12
        .cfi_def_cfa_offset 32
        .cfi_offset %r12, -32
        pushq   %r13
        .cfi_def_cfa_offset 40
        .cfi_offset %r13, -40
        pushq   %r14
        .cfi_def_cfa_offset 48
        .cfi_offset %r14, -48
        pushq   %r15
        .cfi_def_cfa_offset 56
        .cfi_offset %r15, -56
        subq    $8, %rsp
        .cfi_def_cfa_offset 64
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movl    (%rsp), %eax
        movzwl  4(%rsp), %ecx
        movq    %rsp, G_SP(%rdi)
        movq    G_SP(%rsi), %rsp
        // x86 keeps the order of stores: whoever sees 0 sees the saved frame too.
        movl    $0, G_ON_CPU(%rdi)
        cmpl    %eax, (%rsp)
        jne     2f
1:      cmpw    %cx, 4(%rsp)
        jne     3f
4:      addq    $8, %rsp
        .cfi_def_cfa_offset 56
        popq    %r15
        .cfi_def_cfa_offset 48
        popq    %r14
        .cfi_def_cfa_offset 40
        popq    %r13
        .cfi_def_cfa_offset 32
        popq    %r12
        .cfi_def_cfa_offset 24
        popq    %rbx
        .cfi_def_cfa_offset 16
        popq    %rbp
        .cfi_def_cfa_offset 8
        ret
        .cfi_def_cfa_offset 64
2:      ldmxcsr (%rsp)
        jmp     1b
3:      fldcw   4(%rsp)
        jmp     4b
        .cfi_endproc
        .size   bo__switch, . - bo__switch

// The first frame of a goroutine returns to .Lentered, with its bo__g in rbx. The frame pointer is
// zero and the return address undefined: the stack ends here. The nop is there for those who look a
// return address up by the byte before it: that one belongs to this function too.
        .globl  bo__g_entry
        .hidden bo__g_entry
        .type   bo__g_entry, @function
        .p2align 4
bo__g_entry:
        .cfi_startproc
        .cfi_undefined %rip
        nop
.Lentered:
        xorl    %ebp, %ebp
        movq    %rbx, %rdi
        call    bo__g_main
        ud2
        .cfi_endproc
        .size   bo__g_entry, . - bo__g_entry

// void *bo__first_frame(bo__g *g): lays out that frame below g with the ABI's initial control words
// and returns the stack pointer to switch to. 16 bytes below g stay free, zero where a caller's frame
// would be.
        .globl  bo__first_frame
        .hidden bo__first_frame
        .type   bo__first_frame, @function
        .p2align 4
bo__first_frame:
        .cfi_startproc
        endbr64
        leaq    -80(%rdi), %rax
        leaq    .Lentered(%rip), %rcx
        xorl    %edx, %edx
        movl    $0x1f80, (%rax)
        movl    $0x037f, 4(%rax)
        movq    %rdx, 8(%rax)
        movq    %rdx, 16(%rax)
        movq    %rdx, 24(%rax)
        movq    %rdx, 32(%rax)
        movq    %rdi, 40(%rax)
        movq    %rdx, 48(%rax)
        movq    %rcx, 56(%rax)
        movq    %rdx, 64(%rax)
        movq    %rdx, 72(%rax)
        ret
        .cfi_endproc
        .size   bo__first_frame, . - bo__first_frame

// void bo__restart(bo__g *g): leaves what is on g's stack, which is the present one, and starts g.
        .globl  bo__restart
        .hidden bo__restart
        .type   bo__restart, @function
        .p2align 4
bo__restart:
        .cfi_startproc
        .cfi_undefined %rip
        endbr64
        movq    %rdi, %rbx
        leaq    -16(%rdi), %rsp
        stmxcsr -8(%rsp)
        fnstcw  -4(%rsp)
        cmpl    $0x1f80, -8(%rsp)
        jne     1f
        cmpw    $0x037f, -4(%rsp)
        je      .Lentered
1:      movl    $0x1f80, -8(%rsp)
        ldmxcsr -8(%rsp)
        movw    $0x037f, -4(%rsp)
        fldcw   -4(%rsp)
        jmp     .Lentered
        .cfi_endproc
        .size   bo__restart, . - bo__restart

// struct bo__regs bo__regs_here(void), see unwind.h: what the caller has in its registers after the
// call. No compiled function can tell for sure what its caller's stack pointer is.
        .globl  bo__regs_here
        .hidden bo__regs_here
        .type   bo__regs_here, @function
        .p2align 4
bo__regs_here:
        .cfi_startproc
        endbr64
        movq    %rdi, %rax
        movq    (%rsp), %rcx
        leaq    8(%rsp), %rdx
        movq    %rcx, REGS_PC(%rax)
        movq    %rbx, REGS_R(3)(%rax)
        movq    %rbp, REGS_R(6)(%rax)
        movq    %rdx, REGS_R(7)(%rax)
        movq    %r12, REGS_R(12)(%rax)
        movq    %r13, REGS_R(13)(%rax)
        movq    %r14, REGS_R(14)(%rax)
        movq    %r15, REGS_R(15)(%rax)
        movq    $0xf0c8, REGS_KNOWN(%rax)
        ret
        .cfi_endproc
        .size   bo__regs_here, . - bo__regs_here

        .section .note.GNU-stack, "", @progbits
