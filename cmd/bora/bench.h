// SPDX-License-Identifier: MIT
// bench.h: what `bora bench` measures, and what came out. See bench.c.
#ifndef BORA_CMD_BENCH_H
#define BORA_CMD_BENCH_H

#include "target.h"
#include "words.h"

#include <stdio.h>

enum { BENCH_ROUNDS_MAX = 100 };

// Who does the work. BENCH_GO_V2 is Go with the JSON engine that became the default in Go 1.27; a
// row against Go takes the better of the two.
enum bench_peer {
    BENCH_BORA,
    BENCH_GO,
    BENCH_GO_V2,
    BENCH_EPOLL,
    BENCH_NGINX,
    BENCH_PEERS,
    BENCH_NOBODY = BENCH_PEERS,  // A row without a peer has an absolute target.
};

// A metric is one number of one run: where it is found in the run's output, and how it reads.
struct bench_metric {
    const char *name;  // As the programs print it, and in JSON.
    const char *text;  // What a row of the table says.
    const char *unit;
    bool more_is_better;
};

// The numbers of one metric and one peer, a round each.
struct bench_series {
    int count;
    double value[BENCH_ROUNDS_MAX];
};

// Everything that was measured, and on what.
struct bench_result {
    bo_arena *arena;
    struct words machine;                        // "CPU: ...", "kernel: ...", for the head.
    struct bench_series (*series)[BENCH_PEERS];  // One row for each metric.
};

struct bench_result bench_result_new(bo_arena *arena);

const char *bench_peer_name(enum bench_peer peer);

// bench_metric_find is the index of a metric, or -1.
int bench_metric_find(bo_str name);

// bench_describe notes what is measured, and on what: CPU, kernel, compilers, flags, commit, date.
// go and nginx are the programs, or NULL. Parks.
void bench_describe(struct bench_result *result, const struct target *target, const char *go,
                    const char *nginx);

// bench_print writes the table, as Markdown that is also readable as it is. Rows that were not
// measured at all are left out; a missing peer shows as "-".
void bench_print(const struct bench_result *result, FILE *out);

// bench_print_json writes the same with every single number.
void bench_print_json(const struct bench_result *result, FILE *out);

#endif
