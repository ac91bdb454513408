/* clean: options, a pool of threads with names, a bounded queue, numbers, a
 * log, times, and what ends in main() and at exit. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1, THREADS_MAX = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int queue[ROOM];
static int queued;
static int taken;
static int items = 2;
static int threads = 2;
static int verbose;
static int sum;

static void
say_goodbye(void)
{
    assert(sum == 3);
    printf("sum %d\n", sum);
}

static void
put(int value)
{
    pthread_mutex_lock(&lock);
    while (queued == ROOM) {
        pthread_cond_wait(&changed, &lock);
    }
    queue[queued++] = value;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void *
work(void *unused)
{
    char name[16];

    (void)unused;
    pthread_setname_np(pthread_self(), "worker");
    assert(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
    assert(strcmp(name, "worker") == 0);
    pthread_mutex_lock(&lock);
    while (taken < items) {
        if (queued == 0) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        sum += queue[--queued];
        taken++;
        pthread_cond_broadcast(&changed);
        if (verbose > 0) {
            fprintf(stderr, "%s has %d: %s\n", name, sum, strerror(EAGAIN));
        }
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void
options(int argc, char **argv)
{
    static const struct option name[] = {{"threads", required_argument, 0, 't'},
                                         {"verbose", no_argument, 0, 'v'},
                                         {0, 0, 0, 0}};
    int got;

    assert(optind == 1);
    while ((got = getopt_long(argc, argv, "t:vn:", name, NULL)) != -1) {
        switch (got) {
        case 't':
            threads = (int)strtol(optarg, NULL, 10);
            break;
        case 'v':
            verbose++;
            break;
        case 'n':
            items = atoi(optarg);
            break;
        default:
            fprintf(stderr, "usage: %s [-t threads] [-v] [-n items]\n",
                    argv[0]);
            exit(2);
        }
    }
    assert(optind == argc - 1);
    assert(strcmp(argv[optind], "rest") == 0);
}

int
main(void)
{
    char zero[] = "program";
    char rest[] = "rest";
    char two[] = "--threads=2";
    char all[] = "-vn2";
    char *words[] = {zero, rest, two, all, NULL};
    pthread_t thread[THREADS_MAX];
    struct timeval begun;
    struct timespec nap = {0, 1000};
    int left;
    int i;

    setlocale(LC_ALL, "");
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    atexit(say_goodbye);
    srand(1);
    gettimeofday(&begun, NULL);
    options(4, words);
    assert(threads == 2);
    for (i = 0; i < threads; i++) {
        pthread_create(&thread[i], NULL, work, NULL);
    }
    for (i = 1; i <= items; i++) {
        put(i);
    }
    nanosleep(&nap, NULL);
    for (i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    assert(sscanf("of 12", "of %d", &left) == 1);
    assert(left == 12);
    assert(rand() >= 0);
    return 0;
}
