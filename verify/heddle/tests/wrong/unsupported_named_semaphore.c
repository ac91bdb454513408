/* unsupported "sem_open": named semaphores are refused. */
#include <fcntl.h>
#include <heddle.h>
#include <semaphore.h>

void
t0(void)
{
    sem_t *one = sem_open("/shed", O_CREAT, 0600, 1);

    sem_wait(one);
}
