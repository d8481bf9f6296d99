/* dlsym and dlopen, hooked without a frame of our own: glibc looks at the return address to know who asks (RTLD_NEXT,
 * RUNPATH), so both end in a jump that leaves the caller's there (rule 1).  The decisions are in loader.c. */
#if defined(__x86_64__)

        .text
        .globl  dlsym
        .type   dlsym, @function
        .p2align 4
dlsym:
        .cfi_startproc
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        pushq   %rsi
        .cfi_adjust_cfa_offset 8
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    loader_route_dlsym
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %rsi
        .cfi_adjust_cfa_offset -8
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        testq   %rdx, %rdx
        jne     1f
        jmp     *loader_real_dlsym(%rip)
1:      ret
        .cfi_endproc
        .size   dlsym, . - dlsym

        .globl  dlopen
        .type   dlopen, @function
        .p2align 4
dlopen:
        .cfi_startproc
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        call    loader_route_dlopen
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        movl    %eax, %esi
        jmp     *loader_real_dlopen(%rip)
        .cfi_endproc
        .size   dlopen, . - dlopen

#elif defined(__aarch64__)

        .text
        .globl  dlsym
        .type   dlsym, %function
        .p2align 4
dlsym:
        .cfi_startproc
        stp     x29, x30, [sp, #-32]!
        .cfi_adjust_cfa_offset 32
        .cfi_offset x30, -24
        stp     x0, x1, [sp, #16]
        bl      loader_route_dlsym
        mov     x2, x0
        mov     x3, x1
        ldp     x0, x1, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_adjust_cfa_offset -32
        .cfi_restore x30
        cbnz    x3, 1f
        adrp    x16, loader_real_dlsym
        ldr     x16, [x16, :lo12:loader_real_dlsym]
        br      x16
1:      mov     x0, x2
        ret
        .cfi_endproc
        .size   dlsym, . - dlsym

        .globl  dlopen
        .type   dlopen, %function
        .p2align 4
dlopen:
        .cfi_startproc
        stp     x29, x30, [sp, #-32]!
        .cfi_adjust_cfa_offset 32
        .cfi_offset x30, -24
        str     x0, [sp, #16]
        bl      loader_route_dlopen
        mov     w1, w0
        ldr     x0, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_adjust_cfa_offset -32
        .cfi_restore x30
        adrp    x16, loader_real_dlopen
        ldr     x16, [x16, :lo12:loader_real_dlopen]
        br      x16
        .cfi_endproc
        .size   dlopen, . - dlopen

#else
#error "autopin knows x86-64 and aarch64"
#endif
        .section .note.GNU-stack, "", %progbits
