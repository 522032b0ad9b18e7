// SPDX-License-Identifier: MIT
// million: parks a million goroutines at once, and prints the time and the memory that each one takes.
//
//     bora run examples/million [COUNT]
#include <bora.h>
#include <stdio.h>
#include <unistd.h>

enum { COUNT_MAX = 10 * 1000 * 1000 };

struct crowd {
    bo_wg parked, gone;
    bo_chan(int) gate;  // Closed, it lets all of them go.
};

static void stand(struct crowd *crowd)
{
    bo_wg_done(&crowd->parked);
    bo_recv(crowd->gate, NULL);
    bo_wg_done(&crowd->gone);
}

// What the process has in memory, in bytes.
static double resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file) {
        if (fscanf(file, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int bo_main(int argc, char **argv)
{
    int64_t count = 1000000;
    if (argc > 2 || (argc == 2 && !bo_str_int(bo_str_of(argv[1]), &count)) || count < 1 ||
        count > COUNT_MAX) {
        fprintf(stderr, "usage: million [COUNT]   (1 to %d)\n", COUNT_MAX);
        return 2;
    }
    struct crowd crowd = {.gate = bo_chan_new(int, 0)};
    bo_wg_add(&crowd.parked, (int)count);
    bo_wg_add(&crowd.gone, (int)count);

    double before = resident();
    int64_t started = bo_mono();
    for (int64_t i = 0; i < count; i++)
        go(stand, &crowd);
    bo_wg_wait(&crowd.parked);
    int64_t parked = bo_mono();
    printf("%lld goroutines parked: %.0f ns and %.0f bytes each\n", (long long)count,
           (double)(parked - started) / (double)count, (resident() - before) / (double)count);

    bo_chan_close(crowd.gate);
    bo_wg_wait(&crowd.gone);
    printf("all gone after another %.0f ns each\n", (double)(bo_mono() - parked) / (double)count);
    bo_chan_free(crowd.gate);
    return 0;
}
