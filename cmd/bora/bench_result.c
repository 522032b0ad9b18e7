// SPDX-License-Identifier: MIT
// What `bora bench` has measured, and how it is judged.
//
// A number is the median of its rounds. The targets are those of the design: ratios against the
// peer measured in the same run, since absolute times are a property of the machine. A few that no
// machine excuses are absolute.
#include "bench.h"

#include <stdlib.h>

#include <bora/err.h>

// A metric is one number of one run: its name in the run's output, and how it reads.
static const struct metric {
    const char *name, *text, *unit;
    bool more_is_better;
} metrics[] = {
    {"spawn_join", "spawn and join a goroutine", "ns", false},
    {"yield", "yield", "ns", false},
    {"chan_round_trip", "unbuffered channel, round trip", "ns", false},
    {"chan_pool", "buffered pool of 5 workers, a job", "ns", false},
    {"mutex", "contended mutex, 100 goroutines", "ns", false},
    {"select", "select over 4 channels", "ns", false},
    {"parked_time", "1 M parked goroutines, time", "s", false},
    {"parked_memory", "1 M parked goroutines, memory each", "B", false},
    {"parked_total", "the same, the whole process", "GB", false},
    {"parked_machine", "the same each, as the machine sees it", "B", false},
    {"parked_release", "1 M goroutines woken and ended", "s", false},
    {"delay_median", "1 ms tick on busy cores, median delay", "ms", false},
    {"delay_worst", "1 ms tick on busy cores, worst delay", "ms", false},
    {"idle_cpu", "idle program, CPU time a second", "us", false},
    {"json_array_encode", "JSON, 1,000 structs, encode", "MB/s", true},
    {"json_array_decode", "JSON, 1,000 structs, decode", "MB/s", true},
    {"json_one_encode", "JSON, one struct, encode", "ns", false},
    {"json_one_decode", "JSON, one struct, decode", "ns", false},
    {"plain_one_server_cpu", "GET /plain, one thread, CPU a request", "us", false},
    {"plain_one_rate", "GET /plain, one thread, rate", "/s", true},
    {"plain_all_server_cpu", "GET /plain, all cores, CPU a request", "us", false},
    {"plain_all_rate", "GET /plain, all cores, rate", "/s", true},
    {"plain_size", "hello server, static and stripped", "MB", false},
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

static const struct {
    const char *metric;
    enum bench_peer against;
    double target;
} rows[] = {
    {"spawn_join", BENCH_GO, 0.25},
    {"yield", BENCH_GO, 0.2},
    {"chan_round_trip", BENCH_GO, 1 / 3.0},
    {"chan_pool", BENCH_GO, 0.5},
    {"mutex", BENCH_GO, 1},
    {"select", BENCH_GO, 0.5},
    {"parked_time", BENCH_GO, 0.2},
    {"parked_memory", BENCH_NOBODY, 4096 + 600},
    {"parked_memory", BENCH_GO, 0},
    {"parked_total", BENCH_GO, 0},
    {"parked_machine", BENCH_GO, 0},
    {"parked_release", BENCH_GO, 0},
    {"delay_median", BENCH_GO, 0},
    {"delay_worst", BENCH_NOBODY, 20},
    {"delay_worst", BENCH_GO, 0},
    {"idle_cpu", BENCH_NOBODY, 1000},
    {"idle_cpu", BENCH_GO, 0},
    {"json_array_encode", BENCH_GO, 5},
    {"json_array_decode", BENCH_GO, 5},
    {"json_one_encode", BENCH_GO, 0.2},
    {"json_one_decode", BENCH_GO, 0.2},
    {"plain_one_server_cpu", BENCH_EPOLL, 1.15},
    {"plain_one_server_cpu", BENCH_GO, 0.5},
    {"plain_one_server_cpu", BENCH_NGINX, 1},
    {"plain_one_rate", BENCH_EPOLL, 0},
    {"plain_one_rate", BENCH_GO, 0},
    {"plain_one_rate", BENCH_NGINX, 0},
    {"plain_all_server_cpu", BENCH_EPOLL, 1.15},
    {"plain_all_server_cpu", BENCH_GO, 0.5},
    {"plain_all_server_cpu", BENCH_NGINX, 1},
    {"plain_all_rate", BENCH_EPOLL, 0},
    {"plain_all_rate", BENCH_GO, 0},
    {"plain_all_rate", BENCH_NGINX, 0},
    {"plain_size", BENCH_NOBODY, 1.2},
    {"plain_size", BENCH_GO, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const char *bench_peer_name(enum bench_peer peer)
{
    static const char *const names[] = {"Bora", "Go", "Go, JSON v2", "epoll loop", "nginx", ""};
    return names[peer];
}

struct bench_result bench_result_new(bo_arena *arena, bool peers)
{
    return (struct bench_result){
        .arena = arena,
        .peers = peers,
        .machine.arena = arena,
        .series = bo_alloc(arena, METRICS, sizeof(struct bench_series[BENCH_PEERS]), 8),
    };
}

static int find_metric(bo_str name)
{
    for (int i = 0; i < METRICS; i++) {
        if (bo_str_eq(name, bo_str_of(metrics[i].name)))
            return i;
    }
    return -1;
}

void bench_record(struct bench_result *result, bo_str metric, enum bench_peer peer, double value)
{
    int i = find_metric(metric);
    if (i < 0)
        return;
    struct bench_series *series = &result->series[i][peer];
    if (series->count < BENCH_ROUNDS_MAX)
        series->value[series->count++] = value;
}

void bench_record_output(struct bench_result *result, enum bench_peer peer, const char *prefix,
                         bo_str output)
{
    for (bo_str line, name, value; bo_str_next(&output, '\n', &line);) {
        if (!bo_str_cut(line, ' ', &name, &value))
            continue;
        const char *metric = format_c(result->arena, "%s" BO_FMT, prefix, BO_ARG(name));
        bench_record(result, bo_str_of(metric), peer, strtod(bo_str_c(result->arena, value), NULL));
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_summary bench_summarise(const struct bench_series *series)
{
    double sorted[BENCH_ROUNDS_MAX];
    int n = series->count;
    if (n == 0)
        return (struct bench_summary){0};
    memcpy(sorted, series->value, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    double median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    return (struct bench_summary){n, median, sorted[0], sorted[n - 1]};
}

// numbers_of is the peer's summary; for Go the better of its two.
static struct bench_summary numbers_of(const struct bench_result *result, int metric,
                                       enum bench_peer peer)
{
    if (peer == BENCH_NOBODY)
        return (struct bench_summary){0};
    struct bench_summary s = bench_summarise(&result->series[metric][peer]);
    if (peer != BENCH_GO)
        return s;
    struct bench_summary v2 = bench_summarise(&result->series[metric][BENCH_GO_V2]);
    bool better = metrics[metric].more_is_better ? v2.median > s.median : v2.median < s.median;
    return s.count == 0 || (v2.count > 0 && better) ? v2 : s;
}

bool bench_row_at(const struct bench_result *result, int index, struct bench_row *out)
{
    if (index >= ROWS)
        return false;
    int i = find_metric(bo_str_of(rows[index].metric));
    bo_assert(i >= 0);
    const struct metric *metric = &metrics[i];
    struct bench_row row = {
        .metric = metric->name,
        .text = metric->text,
        .unit = metric->unit,
        .more_is_better = metric->more_is_better,
        .against = rows[index].against,
        .target = rows[index].target,
        .ours = numbers_of(result, i, BENCH_BORA),
        .theirs = numbers_of(result, i, rows[index].against),
    };
    if (row.against == BENCH_NOBODY)
        row.ratio = row.ours.median;
    else if (row.ours.count > 0 && row.theirs.median > 0)
        row.ratio = row.ours.median / row.theirs.median;
    row.met =
        row.ratio > 0 && (row.more_is_better ? row.ratio >= row.target : row.ratio <= row.target);
    *out = row;
    return true;
}

bool bench_metric_at(int index, const char **name, const char **unit)
{
    if (index >= METRICS)
        return false;
    *name = metrics[index].name;
    *unit = metrics[index].unit;
    return true;
}
