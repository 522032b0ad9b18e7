// SPDX-License-Identifier: MIT
// Micro-benchmarks, each with a twin in bench/go/micro: the same work in the same shape, the same
// number of times, with the same lines of output. A change here belongs there too.
//
//     micro NAME [DIVISOR]
//
// runs one of them and prints a line for each result: "name value unit". The number of operations
// is fixed, so that two runs do the same work; DIVISOR makes it smaller for a quick look. `bora
// bench` runs them in turn with their twins.
#include "micro.h"
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int64_t n;
    void (*run)(int64_t n);
} benchmarks[] = {
    {"spawn_join", 1000000, bench_spawn_join},
    {"yield", 4000000, bench_yield},
    {"chan_round_trip", 1000000, bench_chan_round_trip},
    {"chan_pool", 4000000, bench_chan_pool},
    {"mutex", 10000000, bench_mutex},
    {"select", 2000000, bench_select},
    {"parked", 1000000, bench_parked},
    {"delay", 1000, bench_delay},
    {"idle", 5000, bench_idle},
    {"json_array", 1000, bench_json_array},
    {"json_one", 1000000, bench_json_one},
};

enum { BENCHMARKS = sizeof benchmarks / sizeof benchmarks[0] };

void report(const char *name, double value, const char *unit)
{
    printf("%s %.3f %s\n", name, value, unit);
}

void per_op(const char *name, int64_t n, void (*work)(int64_t n))
{
    work(n / 10 + 1);
    int64_t start = bo_mono();
    work(n);
    report(name, (double)(bo_mono() - start) / (double)n, "ns");
}

void throughput(const char *name, int64_t n, size_t size, void (*work)(int64_t n))
{
    work(n / 10 + 1);
    int64_t start = bo_mono();
    work(n);
    report(name, (double)n * (double)size / 1e6 / ((double)(bo_mono() - start) / 1e9), "MB/s");
}

int bo_main(int argc, char **argv)
{
    long divisor = argc == 3 ? atol(argv[2]) : 1;
    for (int i = 0; i < BENCHMARKS && argc >= 2 && divisor > 0; i++) {
        if (strcmp(benchmarks[i].name, argv[1]) == 0) {
            benchmarks[i].run(benchmarks[i].n / divisor + 1);
            return 0;
        }
    }
    fputs("usage: micro NAME [DIVISOR], with one of the names\n", stderr);
    for (int i = 0; i < BENCHMARKS; i++)
        fprintf(stderr, "  %s\n", benchmarks[i].name);
    return 2;
}
