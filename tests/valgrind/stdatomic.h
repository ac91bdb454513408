#ifndef DIPC_VALGRIND_STDATOMIC_H
#define DIPC_VALGRIND_STDATOMIC_H

/*
 * <stdatomic.h> for Helgrind and DRD, in place of the compiler's.
 *
 * Idea.  The two see an atomic operation as the plain load or store that it is
 * in the machine: they take it for a race, and learn no order from it.  Here
 * each operation tells them both: its word is not to be watched, and what was
 * done before a release happens before what is done after an acquire of the
 * same word.  The sources stay as they are; VARIANT=valgrind finds this header
 * first.  A relaxed operation orders nothing, here as there.
 *
 * Who may call.  Whoever includes <stdatomic.h>; under no Valgrind it does what
 * the compiler's does.
 *
 * Source.  Serebryany and Iskhodzhanov, "ThreadSanitizer: data race detection
 * in practice", 2009: annotations of happens-before.
 */

#include_next <stdatomic.h>

/* The marks of Helgrind are DRD's as well. */
#include <valgrind/helgrind.h>

static inline void
valgrind_helgrind_ignore(const void *word, unsigned long bytes)
{
    VALGRIND_HG_DISABLE_CHECKING(word, bytes);
}

#include <valgrind/drd.h>

static inline void
valgrind_ignore(const void *word, unsigned long bytes)
{
    valgrind_helgrind_ignore(word, bytes);
    ANNOTATE_BENIGN_RACE_SIZED(word, bytes, "atomic");
}

static inline void
valgrind_before(const void *word, int order)
{
    if (order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
        order == __ATOMIC_SEQ_CST) {
        ANNOTATE_HAPPENS_BEFORE(word);
    }
}

static inline void
valgrind_after(const void *word, int order)
{
    if (order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
        order == __ATOMIC_SEQ_CST) {
        ANNOTATE_HAPPENS_AFTER(word);
    }
}

#undef atomic_load_explicit
#define atomic_load_explicit(object, order)                      \
    __extension__({                                              \
        __auto_type vg_word = (object);                          \
        __typeof__((void)0, *vg_word) vg_value;                  \
        valgrind_ignore((const void *)vg_word, sizeof *vg_word); \
        __atomic_load(vg_word, &vg_value, (order));              \
        valgrind_after((const void *)vg_word, (order));          \
        vg_value;                                                \
    })

#undef atomic_store_explicit
#define atomic_store_explicit(object, desired, order)            \
    __extension__({                                              \
        __auto_type vg_word = (object);                          \
        __typeof__((void)0, *vg_word) vg_value = (desired);      \
        valgrind_ignore((const void *)vg_word, sizeof *vg_word); \
        valgrind_before((const void *)vg_word, (order));         \
        __atomic_store(vg_word, &vg_value, (order));             \
    })

/* An operation that does both; `how` is the compiler's name for it. */
#define VALGRIND_BOTH(object, order, how)                        \
    __extension__({                                              \
        __auto_type vg_both = (object);                          \
        valgrind_ignore((const void *)vg_both, sizeof *vg_both); \
        valgrind_before((const void *)vg_both, (order));         \
        __auto_type vg_result = (how);                           \
        valgrind_after((const void *)vg_both, (order));          \
        vg_result;                                               \
    })

#undef atomic_exchange_explicit
#define atomic_exchange_explicit(object, desired, order)                     \
    VALGRIND_BOTH(object, order, __extension__({                             \
                      __typeof__((void)0, *vg_both) vg_new = (desired);      \
                      __typeof__((void)0, *vg_both) vg_old;                  \
                      __atomic_exchange(vg_both, &vg_new, &vg_old, (order)); \
                      vg_old;                                                \
                  }))

#define VALGRIND_CAS(object, expected, desired, weak, order, failure)         \
    VALGRIND_BOTH(object, order, __extension__({                              \
                      __typeof__((void)0, *vg_both) vg_new = (desired);       \
                      __atomic_compare_exchange(vg_both, (expected), &vg_new, \
                                                (weak), (order), (failure));  \
                  }))
#undef atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit(object, expected, desired, \
                                                order, failure)            \
    VALGRIND_CAS(object, expected, desired, 0, order, failure)
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit(object, expected, desired, \
                                              order, failure)            \
    VALGRIND_CAS(object, expected, desired, 1, order, failure)

#undef atomic_fetch_add
#define atomic_fetch_add(object, amount) \
    atomic_fetch_add_explicit(object, amount, memory_order_seq_cst)
#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(object, amount, order) \
    VALGRIND_BOTH(object, order, __atomic_fetch_add(vg_both, (amount), (order)))
#undef atomic_fetch_sub
#define atomic_fetch_sub(object, amount) \
    atomic_fetch_sub_explicit(object, amount, memory_order_seq_cst)
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(object, amount, order) \
    VALGRIND_BOTH(object, order, __atomic_fetch_sub(vg_both, (amount), (order)))

#endif
