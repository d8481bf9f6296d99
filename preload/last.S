/* Linked last, without the compiler's start files (Makefile): the end of .eh_frame, for who reads it from the beginning. */
    .section .eh_frame, "a", @progbits
    .balign 4
    .long 0
    .section .note.GNU-stack, "", @progbits
