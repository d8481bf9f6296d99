/* void on_stack(void (*body)(void *), void *arg, void *top): calls body(arg) on another stack, whose first byte beyond the
 * end is `top` (16-byte aligned).  For work that needs more stack than a thread of the program's may have left. */
#if defined(__x86_64__)

        .text
        .globl  on_stack
        .hidden on_stack
        .type   on_stack, @function
        .p2align 4
on_stack:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsp
        call    *%rax
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   on_stack, . - on_stack

#elif defined(__aarch64__)

        .text
        .globl  on_stack
        .hidden on_stack
        .type   on_stack, %function
        .p2align 4
on_stack:
        .cfi_startproc
        stp     x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        mov     x29, sp
        .cfi_def_cfa_register x29
        mov     x9, x0
        mov     x0, x1
        mov     sp, x2
        blr     x9
        mov     sp, x29
        ldp     x29, x30, [sp], #16
        .cfi_def_cfa sp, 0
        ret
        .cfi_endproc
        .size   on_stack, . - on_stack

#endif
        .section .note.GNU-stack, "", %progbits
