/*
 * hd_switch(save, load): leave the running context, its stack pointer in
 * *save, and go on with the one whose stack pointer is load. Only what the
 * x86-64 calling convention preserves across a call is saved.
 */
#ifndef __x86_64__
#error "heddle runs on x86-64 only: the context switch is not written for this machine"
#endif
    .text
    .globl hd_switch
    .type hd_switch, @function
hd_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size hd_switch, .-hd_switch

    .globl hd_switch_entry
    .type hd_switch_entry, @function
hd_switch_entry:
    xorl %ebp, %ebp
    call hd_model_enter
    ud2
    .size hd_switch_entry, .-hd_switch_entry

    .section .note.GNU-stack, "", @progbits
