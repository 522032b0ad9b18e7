// SPDX-License-Identifier: MIT
// A million goroutines that wait. The twin is bench/go/micro/parked.go.
#include "micro.h"
#include <stdio.h>
#include <stdlib.h>

// kilobytes reads one line of a file like /proc/self/status: "VmRSS:    1234 kB".
static int64_t kilobytes(const char *file, const char *key)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return 0;
    char line[256];
    int64_t kb = 0;
    size_t len = strlen(key);
    while (kb == 0 && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, len) == 0 && line[len] == ':')
            kb = atoll(line + len + 1);
    }
    fclose(f);
    return kb;
}

// own is what the process holds, with its page tables; machine is what the kernel has to give.
static int64_t own(void)
{
    return kilobytes("/proc/self/status", "VmRSS") + kilobytes("/proc/self/status", "VmPTE");
}

static int64_t machine(void)
{
    return kilobytes("/proc/meminfo", "MemAvailable");
}

static void wait_for(bo_chan(int) release, bo_wg *arrived, bo_wg *gone)
{
    bo_wg_done(arrived);
    bo_recv(release, NULL);
    bo_wg_done(gone);
}

// bench_parked starts n goroutines that wait on one channel. The time is that until the last is
// about to wait; the memory, once at rest, is the process's growth per goroutine, the same as the
// machine sees it, and what the whole process then takes.
void bench_parked(int64_t n)
{
    bo_chan(int) release = bo_chan_new(int, 0);
    bo_wg arrived = {0}, gone = {0};
    int64_t own_before = own(), machine_before = machine();

    int64_t start = bo_mono();
    bo_wg_add(&arrived, (int)n);
    bo_wg_add(&gone, (int)n);
    for (int64_t i = 0; i < n; i++)
        go(wait_for, release, &arrived, &gone);
    bo_wg_wait(&arrived);
    report("parked_time", (double)(bo_mono() - start) / 1e9, "s");
    // To come to rest: both runtimes give memory back in the background.
    bo_err_free(bo_sleep(3 * BO_SECOND));
    report("parked_memory", (double)(own() - own_before) * 1024 / (double)n, "B");
    report("parked_total", (double)own() * 1024 / 1e9, "GB");
    report("parked_machine", (double)(machine_before - machine()) * 1024 / (double)n, "B");

    start = bo_mono();
    bo_chan_close(release);
    bo_wg_wait(&gone);
    report("parked_release", (double)(bo_mono() - start) / 1e9, "s");
    bo_chan_free(release);
}
