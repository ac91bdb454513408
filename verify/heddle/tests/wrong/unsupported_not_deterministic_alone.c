/* unsupported "not deterministic": there is one schedule only, and it does not
 * go alike twice. */
#include <stdatomic.h>

static atomic_int one;
static atomic_int two;

int
main(void)
{
    int i;

    for (i = 0; i < 64; i++) {
        if ((__builtin_ia32_rdtsc() >> 4) % 2 == 0) {
            atomic_fetch_add(&one, 1);
        } else {
            atomic_fetch_add(&two, 1);
        }
    }
    return 0;
}
