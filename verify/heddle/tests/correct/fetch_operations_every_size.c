/* clean, 1 execution: each fetch operation in every size gives the old value
 * and leaves the new one; one thread, no order to choose. */
#include <heddle.h>
#include <stdint.h>

#define CHECK(type)                                                        \
    {                                                                      \
        type v = 12;                                                       \
        heddle_assert(__atomic_fetch_add(&v, 3, __ATOMIC_SEQ_CST) == 12);  \
        heddle_assert(__atomic_fetch_sub(&v, 5, __ATOMIC_ACQ_REL) == 15);  \
        heddle_assert(__atomic_fetch_and(&v, 6, __ATOMIC_ACQUIRE) == 10);  \
        heddle_assert(__atomic_fetch_or(&v, 1, __ATOMIC_RELEASE) == 2);    \
        heddle_assert(__atomic_fetch_xor(&v, 7, __ATOMIC_RELAXED) == 3);   \
        heddle_assert(__atomic_fetch_nand(&v, 4, __ATOMIC_SEQ_CST) == 4);  \
        heddle_assert(v == (type)~4);                                      \
        heddle_assert(__atomic_add_fetch(&v, 5, __ATOMIC_SEQ_CST) == 0);   \
        heddle_assert(__atomic_exchange_n(&v, 9, __ATOMIC_SEQ_CST) == 0);  \
        heddle_assert(__atomic_load_n(&v, __ATOMIC_SEQ_CST) == 9);         \
    }

void
t0(void)
{
    CHECK(uint8_t)
    CHECK(uint16_t)
    CHECK(uint32_t)
    CHECK(uint64_t)
}
