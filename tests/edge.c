#include "edge.h"

#include <string.h>
#include <sys/mman.h>

#include "cmocka_all.h"

static char *
pages(void)
{
    static char *mapped;

    if (mapped == NULL) {
        void *all = mmap(NULL, 3 * EDGE_BYTES_MAX, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_ptr_not_equal(all, MAP_FAILED);
        mapped = (char *)all + EDGE_BYTES_MAX;
        assert_int_equal(
            mprotect(mapped, EDGE_BYTES_MAX, PROT_READ | PROT_WRITE), 0);
    }
    return mapped;
}

static char *
copy(char *to, const char *bytes, size_t length_bytes)
{
    assert_true(length_bytes <= EDGE_BYTES_MAX);
    memcpy(to, bytes, length_bytes);
    return to;
}

char *
edge_behind(const char *bytes, size_t length_bytes)
{
    return copy(pages() + EDGE_BYTES_MAX - length_bytes, bytes, length_bytes);
}

char *
edge_before(const char *bytes, size_t length_bytes)
{
    return copy(pages(), bytes, length_bytes);
}
