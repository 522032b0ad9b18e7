// SPDX-License-Identifier: MIT
// micro.h: what the micro-benchmarks share. See main.c.
#ifndef BORA_BENCH_MICRO_H
#define BORA_BENCH_MICRO_H

#include <bora.h>

// report prints one line: "name value unit".
void report(const char *name, double value, const char *unit);

// per_op runs work once for a tenth of n, to warm up, then for n, and reports nanoseconds for each.
void per_op(const char *name, int64_t n, void (*work)(int64_t n));

// throughput does the same for n documents of size bytes, and reports megabytes a second.
void throughput(const char *name, int64_t n, size_t size, void (*work)(int64_t n));

// The benchmarks, each for n operations: runtime.c, parked.c, delay.c, json.c.
void bench_spawn_join(int64_t n);
void bench_yield(int64_t n);
void bench_chan_round_trip(int64_t n);
void bench_chan_pool(int64_t n);
void bench_mutex(int64_t n);
void bench_select(int64_t n);
void bench_parked(int64_t n);
void bench_delay(int64_t n);
void bench_idle(int64_t n);
void bench_json_array(int64_t n);
void bench_json_one(int64_t n);

#endif
