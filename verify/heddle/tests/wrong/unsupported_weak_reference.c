/* unsupported "fork is called and not modelled": a weak reference is bound by
 * the linker as any other. */
#include <stddef.h>
#include <sys/types.h>

extern pid_t fork(void) __attribute__((weak));

int
main(void)
{
    return fork != NULL && fork() < 0;
}
