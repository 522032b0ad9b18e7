// SPDX-License-Identifier: MIT
// switch_aarch64.S: from one goroutine to another.
//
// As in switch_x86_64.S, by the Arm procedure call standard (AAPCS64, 6.1): x19 to x28, the frame
// record, and the low halves of v8 to v15 belong to the caller. The floating-point control register
// FPCR is kept too, and written only if it differs.
//
// The frame, from the saved stack pointer up: x29, x30 (a frame record), x19..x28, d8..d15, FPCR.

#define G_SP 16
#define G_ON_CPU 24
#define FRAME 176

#define REGS_PC 0
#define REGS_R(n) (8 + 8 * n)
#define REGS_KNOWN REGS_R(32)

        .text
        .globl  bo__switch
        .hidden bo__switch
        .type   bo__switch, %function
        .p2align 4
bo__switch:
        .cfi_startproc
        hint    #34                     // bti c
        stp     x29, x30, [sp, #-FRAME]!
        .cfi_def_cfa_offset FRAME
        .cfi_offset 29, -176
        .cfi_offset 30, -168
        stp     x19, x20, [sp, #16]
        .cfi_offset 19, -160
        .cfi_offset 20, -152
        stp     x21, x22, [sp, #32]
        .cfi_offset 21, -144
        .cfi_offset 22, -136
        stp     x23, x24, [sp, #48]
        .cfi_offset 23, -128
        .cfi_offset 24, -120
        stp     x25, x26, [sp, #64]
        .cfi_offset 25, -112
        .cfi_offset 26, -104
        stp     x27, x28, [sp, #80]
        .cfi_offset 27, -96
        .cfi_offset 28, -88
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mrs     x9, fpcr
        str     x9, [sp, #160]
        mov     x10, sp
        str     x10, [x0, #G_SP]
        ldr     x11, [x1, #G_SP]
        mov     sp, x11
        add     x12, x0, #G_ON_CPU
        stlr    wzr, [x12]              // release: whoever sees 0 sees the saved frame too
        ldr     x13, [sp, #160]
        cmp     x13, x9
        b.eq    1f
        msr     fpcr, x13
1:      ldp     d14, d15, [sp, #144]
        ldp     d12, d13, [sp, #128]
        ldp     d10, d11, [sp, #112]
        ldp     d8, d9, [sp, #96]
        ldp     x27, x28, [sp, #80]
        ldp     x25, x26, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x21, x22, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #FRAME
        .cfi_restore 29
        .cfi_restore 30
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   bo__switch, . - bo__switch

// The first frame of a goroutine returns to .Lentered, with its bo__g in x19.
        .globl  bo__g_entry
        .hidden bo__g_entry
        .type   bo__g_entry, %function
        .p2align 4
bo__g_entry:
        .cfi_startproc
        .cfi_undefined 30
        nop
.Lentered:
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        bl      bo__g_main
        brk     #1
        .cfi_endproc
        .size   bo__g_entry, . - bo__g_entry

// void *bo__first_frame(bo__g *g)
        .globl  bo__first_frame
        .hidden bo__first_frame
        .type   bo__first_frame, %function
        .p2align 4
bo__first_frame:
        .cfi_startproc
        hint    #34
        sub     x2, x0, #(FRAME + 16)
        adr     x3, .Lentered
        stp     xzr, x3, [x2]
        stp     x0, xzr, [x2, #16]
        stp     xzr, xzr, [x2, #32]
        stp     xzr, xzr, [x2, #48]
        stp     xzr, xzr, [x2, #64]
        stp     xzr, xzr, [x2, #80]
        stp     xzr, xzr, [x2, #96]
        stp     xzr, xzr, [x2, #112]
        stp     xzr, xzr, [x2, #128]
        stp     xzr, xzr, [x2, #144]
        stp     xzr, xzr, [x2, #160]
        stp     xzr, xzr, [x2, #FRAME]
        mov     x0, x2
        ret
        .cfi_endproc
        .size   bo__first_frame, . - bo__first_frame

// void bo__restart(bo__g *g)
        .globl  bo__restart
        .hidden bo__restart
        .type   bo__restart, %function
        .p2align 4
bo__restart:
        .cfi_startproc
        .cfi_undefined 30
        hint    #34
        mov     x19, x0
        sub     sp, x0, #16
        mrs     x1, fpcr
        cbz     x1, 1f
        msr     fpcr, xzr
1:      b       .Lentered
        .cfi_endproc
        .size   bo__restart, . - bo__restart

// struct bo__regs bo__regs_here(void)
        .globl  bo__regs_here
        .hidden bo__regs_here
        .type   bo__regs_here, %function
        .p2align 4
bo__regs_here:
        .cfi_startproc
        hint    #34
        mov     x9, sp
        mov     x10, #0xbff80000
        str     x30, [x8, #REGS_PC]
        stp     x19, x20, [x8, #REGS_R(19)]
        stp     x21, x22, [x8, #REGS_R(21)]
        stp     x23, x24, [x8, #REGS_R(23)]
        stp     x25, x26, [x8, #REGS_R(25)]
        stp     x27, x28, [x8, #REGS_R(27)]
        str     x29, [x8, #REGS_R(29)]
        str     x9, [x8, #REGS_R(31)]
        str     x10, [x8, #REGS_KNOWN]
        ret
        .cfi_endproc
        .size   bo__regs_here, . - bo__regs_here

        .section .note.GNU-stack, "", %progbits
