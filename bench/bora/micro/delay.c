// SPDX-License-Identifier: MIT
// What others do to a goroutine that only wants to run now and then, and what a program costs that
// does nothing. The twin is bench/go/micro/delay.go.
#include "micro.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// compute never calls into the runtime, as the inner loop of a computation.
static void compute(const atomic_bool *stop, bo_wg *wg)
{
    while (!atomic_load_explicit(stop, memory_order_relaxed))
        continue;
    bo_wg_done(wg);
}

// read_blocking sits in the kernel, as a library does that knows nothing of goroutines.
static void read_blocking(int fd, bo_wg *wg)
{
    char byte;
    ssize_t got = read(fd, &byte, 1);
    bo_assert(got == 0);
    close(fd);
    bo_wg_done(wg);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// tick wakes n times after a millisecond each and reports how much later than that it ran.
static void tick(int64_t n)
{
    int64_t *late = calloc((size_t)n, sizeof *late);
    bo_assert(late != NULL);
    for (int64_t i = 0; i < n; i++) {
        int64_t due = bo_mono() + BO_MILLISECOND;
        bo_sleep(BO_MILLISECOND);
        late[i] = bo_mono() - due;
    }
    qsort(late, (size_t)n, sizeof *late, compare);
    report("delay_median", (double)late[n / 2] / 1e6, "ms");
    report("delay_worst", (double)late[n - 1] / 1e6, "ms");
    free(late);
}

// bench_delay ticks while for each processor one goroutine computes and one blocks in read(2).
void bench_delay(int64_t n)
{
    enum { PROCS_MAX = 1024 };
    static int writers[PROCS_MAX];
    int procs = bo_procs() < PROCS_MAX ? bo_procs() : PROCS_MAX;
    atomic_bool stop = false;
    bo_wg wg = {0};
    bo_wg_add(&wg, 2 * procs);
    for (int p = 0; p < procs; p++) {
        int ends[2], failed = pipe(ends);
        bo_assert(!failed);
        writers[p] = ends[1];
        go(read_blocking, ends[0], &wg);
        go(compute, &stop, &wg);
    }
    tick(n);
    atomic_store(&stop, true);
    for (int p = 0; p < procs; p++)
        close(writers[p]);
    bo_wg_wait(&wg);
}

// cpu_us is the CPU time of this process so far, user and system.
static double cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void wait_for_close(bo_chan(int) release, bo_wg *wg)
{
    bo_recv(release, NULL);
    bo_wg_done(wg);
}

// bench_idle sleeps for n milliseconds while a hundred goroutines wait, and reports the CPU time
// that took for each second.
void bench_idle(int64_t n)
{
    bo_chan(int) release = bo_chan_new(int, 0);
    bo_wg wg = {0};
    bo_wg_add(&wg, 100);
    for (int i = 0; i < 100; i++)
        go(wait_for_close, release, &wg);
    bo_sleep(100 * BO_MILLISECOND);
    double before = cpu_us();
    bo_sleep(n * BO_MILLISECOND);
    report("idle_cpu", (cpu_us() - before) * 1000 / (double)n, "us");
    bo_chan_close(release);
    bo_wg_wait(&wg);
    bo_chan_free(release);
}
