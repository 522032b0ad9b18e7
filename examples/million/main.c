// SPDX-License-Identifier: MIT
//
// million: starts a million goroutines, lets all of them wait at a gate, and says what one costs.
//
//     bora run examples/million
//     bora run examples/million 10000
#include <bora.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 1000 * 1000, COUNT_MAX = 100 * COUNT };

static void wait_at(bo_chan(int) gate, bo_wg *arrived, bo_wg *gone)
{
    bo_wg_done(arrived);
    bo_recv(gate, NULL);
    bo_wg_done(gone);
}

// The memory of this process, with what the kernel keeps to map it.
static int64_t memory_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long long kilobytes, sum = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %lld", &kilobytes) == 1 ||
            sscanf(line, "VmPTE: %lld", &kilobytes) == 1)
            sum += kilobytes;
    if (file)
        fclose(file);
    return sum * 1024;
}

static void report(const char *what, int count, bo_duration time)
{
    printf("%s in %.3f s, %lld ns each\n", what, (double)time / (double)BO_SECOND,
           (long long)(time / count));
}

static void run(int count)
{
    bo_chan(int) gate = bo_chan_new(int, 0);
    bo_wg arrived = {0}, gone = {0};
    bo_wg_add(&arrived, count);
    bo_wg_add(&gone, count);
    int64_t memory = memory_bytes();
    int64_t begun = bo_mono();
    for (int i = 0; i < count; i++)
        go(wait_at, gate, &arrived, &gone);
    bo_wg_wait(&arrived);
    bo_duration parking = bo_mono() - begun;
    memory = memory_bytes() - memory;

    int64_t opened = bo_mono();
    bo_chan_close(gate);
    bo_wg_wait(&gone);
    bo_duration ending = bo_mono() - opened;

    printf("%d goroutines\n", count);
    report("started and parked", count, parking);
    report("woken and ended", count, ending);
    printf("%.3f GB, %lld bytes each\n", (double)memory / 1e9, (long long)(memory / count));
    bo_chan_free(gate);
}

int bo_main(int argc, char **argv)
{
    int64_t count = COUNT;
    if (argc > 2 || (argc == 2 && !bo_str_int(bo_str_of(argv[1]), &count)) || count < 1 ||
        count > COUNT_MAX) {
        fprintf(stderr, "usage: million [COUNT], from 1 to %d\n", COUNT_MAX);
        return 2;
    }
    run((int)count);
    return 0;
}
