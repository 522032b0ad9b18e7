// SPDX-License-Identifier: MIT
// bench.h: what `bora bench` measures, with what, and what came out. See bench.c.
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

const char *bench_peer_name(enum bench_peer peer);

// ---- what came out: bench_result.c, bench_table.c, bench_machine.c ------------------------------

// The numbers of one metric and one peer, a round each.
struct bench_series {
    int count;
    double value[BENCH_ROUNDS_MAX];
};

// Everything that was measured, and on what.
struct bench_result {
    bo_arena *arena;
    bool peers;                                  // Whether peers were asked for.
    struct words machine;                        // "CPU: ...", "kernel: ...", for the head.
    struct bench_series (*series)[BENCH_PEERS];  // One row for each metric.
};

struct bench_result bench_result_new(bo_arena *arena, bool peers);

// bench_record adds one number to a metric's series. One that is no metric of the table is left
// out, as is what goes beyond BENCH_ROUNDS_MAX.
void bench_record(struct bench_result *result, bo_str metric, enum bench_peer peer, double value);

// bench_record_output does so for each line "name value unit" that a program wrote. prefix is put
// before the names: a load generator does not know which set-up it is part of.
void bench_record_output(struct bench_result *result, enum bench_peer peer, const char *prefix,
                         bo_str output);

// bench_describe notes what is measured, and on what: CPU, kernel, compilers, flags, commit, date.
// go and nginx are the programs, or NULL. Parks.
void bench_describe(struct bench_result *result, const struct target *target, const char *go,
                    const char *nginx);

// A series in short. count == 0: it was not measured.
struct bench_summary {
    int count;
    double median, least, greatest;
};

// A row of the table with its numbers. ratio is Bora's by the peer's, or Bora's number itself
// without a peer; 0 if one of them is missing. target == 0: shown for information.
struct bench_row {
    const char *metric, *text, *unit;  // As programs print it, as the table does, and of what.
    bool more_is_better;
    enum bench_peer against;
    double target;
    struct bench_summary ours, theirs;
    double ratio;
    bool met;
};

// bench_row_at judges the row of that index; false: there are no more.
bool bench_row_at(const struct bench_result *result, int index, struct bench_row *out);

// bench_metric_at is the name and unit of the metric of that index; false: there are no more.
bool bench_metric_at(int index, const char **name, const char **unit);

struct bench_summary bench_summarise(const struct bench_series *series);

// bench_print writes the table, as Markdown that is also readable as it is. Rows that were not
// measured at all are left out; a missing peer shows as "-".
void bench_print(const struct bench_result *result, FILE *out);

// bench_print_json writes the same with every single number.
void bench_print_json(const struct bench_result *result, FILE *out);

// ---- what is measured with: bench.c, bench_programs.c, bench_server.c ---------------------------

struct bench {
    struct options *options;
    bo_arena *arena;
    struct home home;
    struct target target;
    const char *dir;            // Temporary: what is built and written goes there.
    const char *go, *nginx;     // The programs, or NULL.
    bool present[BENCH_PEERS];  // Whose programs are there.
    int procs;                  // How many processors everybody gets.
    int cpus[2];                // The first two CPUs that may be used; -1: there is but one.
    int failures;
    struct bench_result result;
};

// bench_path is the path of a file in the temporary folder.
const char *bench_path(const struct bench *b, const char *name);

// bench_find_peers looks for Go and nginx, and says which are missing.
void bench_find_peers(struct bench *b);

// bench_build builds the programs that are needed: those of the micro-benchmarks, and the servers
// with the load generator. Parks.
bo_err bench_build(struct bench *b, bool micro, bool servers);

// bench_micro is the command of a micro-benchmark.
struct words bench_micro(const struct bench *b, enum bench_peer peer, const char *name);

// bench_load is the command that puts a server under load: one thread of it on the first CPU with
// the client on the second, or as many as there are processors, with everybody on all of them.
bo_err bench_load(const struct bench *b, enum bench_peer peer, bool one_thread, struct words *out);

// bench_server_program is the program of Bora's or Go's server.
const char *bench_server_program(const struct bench *b, enum bench_peer peer);

#endif
