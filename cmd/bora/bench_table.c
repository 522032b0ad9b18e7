// SPDX-License-Identifier: MIT
// The rows of `bora bench`, and how they are shown.
//
// A number is the median of the rounds, with half the distance between the least and the greatest
// beside it, so that a reader sees how far to trust it. The targets are those of the design: ratios
// against the peer measured in the same run, since absolute times are a property of the machine. A
// row that misses its target is shown like any other.
#include "bench.h"
#include <stdlib.h>

#include <bora/err.h>

static const struct bench_metric metrics[] = {
    {"spawn_join", "spawn and join a goroutine", "ns", false},
    {"yield", "yield", "ns", false},
    {"chan_round_trip", "unbuffered channel, round trip", "ns", false},
    {"chan_pool", "buffered pool of 5 workers, a job", "ns", false},
    {"mutex", "contended mutex, 100 goroutines", "ns", false},
    {"select", "select over 4 channels", "ns", false},
    {"parked_time", "1 M parked goroutines, time", "s", false},
    {"parked_memory", "1 M parked goroutines, memory each", "B", false},
    {"parked_machine", "the same as the machine sees it", "B", false},
    {"parked_release", "1 M goroutines woken and ended", "s", false},
    {"json_array_encode", "JSON, 1,000 structs, encode", "MB/s", true},
    {"json_array_decode", "JSON, 1,000 structs, decode", "MB/s", true},
    {"json_one_encode", "JSON, one struct, encode", "ns", false},
    {"json_one_decode", "JSON, one struct, decode", "ns", false},
    {"plain_1_server_cpu", "GET /plain, one thread, CPU a request", "us", false},
    {"plain_1_rate", "GET /plain, one thread, rate", "/s", true},
    {"plain_2_server_cpu", "GET /plain, two threads, CPU a request", "us", false},
    {"plain_2_rate", "GET /plain, two threads, rate", "/s", true},
    {"plain_size", "hello server, static and stripped", "MB", false},
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

// A row of the table: a metric against one peer, and the ratio that is to be reached (Bora's number
// by the peer's), or with BENCH_NOBODY the number itself. 0: shown for information.
struct row {
    const char *metric;
    enum bench_peer against;
    double target;
};

static const struct row rows[] = {
    {"spawn_join", BENCH_GO, 0.25},
    {"yield", BENCH_GO, 0.2},
    {"chan_round_trip", BENCH_GO, 1 / 3.0},
    {"chan_pool", BENCH_GO, 0.5},
    {"mutex", BENCH_GO, 1},
    {"select", BENCH_GO, 0.5},
    {"parked_time", BENCH_GO, 0.2},
    {"parked_memory", BENCH_NOBODY, 4096 + 600},
    {"parked_memory", BENCH_GO, 0},
    {"parked_machine", BENCH_GO, 0},
    {"parked_release", BENCH_GO, 0},
    {"json_array_encode", BENCH_GO, 5},
    {"json_array_decode", BENCH_GO, 5},
    {"json_one_encode", BENCH_GO, 0.2},
    {"json_one_decode", BENCH_GO, 0.2},
    {"plain_1_server_cpu", BENCH_EPOLL, 1.15},
    {"plain_1_server_cpu", BENCH_GO, 0.5},
    {"plain_1_server_cpu", BENCH_NGINX, 1},
    {"plain_1_rate", BENCH_EPOLL, 0},
    {"plain_1_rate", BENCH_GO, 0},
    {"plain_1_rate", BENCH_NGINX, 0},
    {"plain_2_server_cpu", BENCH_EPOLL, 1.15},
    {"plain_2_server_cpu", BENCH_GO, 0.5},
    {"plain_2_server_cpu", BENCH_NGINX, 1},
    {"plain_2_rate", BENCH_EPOLL, 0},
    {"plain_2_rate", BENCH_GO, 0},
    {"plain_2_rate", BENCH_NGINX, 0},
    {"plain_size", BENCH_NOBODY, 1.2},
    {"plain_size", BENCH_GO, 0},
};

struct bench_result bench_result_new(bo_arena *arena)
{
    return (struct bench_result){
        .arena = arena,
        .machine.arena = arena,
        .series = bo_alloc(arena, METRICS, sizeof(struct bench_series[BENCH_PEERS]), 8),
    };
}

const char *bench_peer_name(enum bench_peer peer)
{
    static const char *const names[] = {"Bora", "Go", "Go, JSON v2", "epoll loop", "nginx", ""};
    return names[peer];
}

int bench_metric_find(bo_str name)
{
    for (int i = 0; i < METRICS; i++) {
        if (bo_str_eq(name, bo_str_of(metrics[i].name)))
            return i;
    }
    return -1;
}

// A series in short. count == 0: it was not measured.
struct summary {
    int count;
    double median, least, greatest;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct summary summarise(const struct bench_series *series)
{
    double sorted[BENCH_ROUNDS_MAX];
    int n = series->count;
    if (n == 0)
        return (struct summary){0};
    memcpy(sorted, series->value, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    double median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    return (struct summary){n, median, sorted[0], sorted[n - 1]};
}

// numbers_of is the peer's summary; for Go the better of its two.
static struct summary numbers_of(const struct bench_result *result, int metric,
                                 enum bench_peer peer)
{
    if (peer == BENCH_NOBODY)
        return (struct summary){0};
    struct summary s = summarise(&result->series[metric][peer]);
    if (peer != BENCH_GO)
        return s;
    struct summary v2 = summarise(&result->series[metric][BENCH_GO_V2]);
    bool better = metrics[metric].more_is_better ? v2.median > s.median : v2.median < s.median;
    return s.count == 0 || (v2.count > 0 && better) ? v2 : s;
}

// A row with its numbers. ratio is Bora's by the peer's, or Bora's number itself without a peer; 0
// if one of them is missing.
struct outcome {
    const struct row *row;
    const struct bench_metric *metric;
    struct summary ours, theirs;
    double ratio;
    bool met;
};

static struct outcome judge(const struct bench_result *result, const struct row *row)
{
    int metric = bench_metric_find(bo_str_of(row->metric));
    bo_assert(metric >= 0);
    struct outcome o = {.row = row, .metric = &metrics[metric]};
    o.ours = numbers_of(result, metric, BENCH_BORA);
    o.theirs = numbers_of(result, metric, row->against);
    if (row->against == BENCH_NOBODY)
        o.ratio = o.ours.median;
    else if (o.ours.count > 0 && o.theirs.median > 0)
        o.ratio = o.ours.median / o.theirs.median;
    o.met =
        o.ratio > 0 && (o.metric->more_is_better ? o.ratio >= row->target : o.ratio <= row->target);
    return o;
}

// number writes three significant digits, and whole numbers from 1,000 on.
static void number(char buffer[32], double value)
{
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    snprintf(buffer, 32, "%.*f", decimals, value);
}

static void cell(char buffer[64], const struct summary *s, const char *unit)
{
    char text[32];
    if (s->count == 0) {
        snprintf(buffer, 64, "-");
        return;
    }
    number(text, s->median);
    double spread = s->median > 0 ? (s->greatest - s->least) / 2 / s->median * 100 : 0;
    if (s->count > 1)
        snprintf(buffer, 64, "%s %s ±%.0f %%", text, unit, spread);
    else
        snprintf(buffer, 64, "%s %s", text, unit);
}

// pad writes text and fills it up to a width, counted in characters and not in bytes.
static void pad(FILE *out, const char *text, int width)
{
    int length = 0;
    for (const char *at = text; *at; at++)
        length += (*at & 0xc0) != 0x80;
    fprintf(out, " %s%*s |", text, width > length ? width - length : 0, "");
}

static void print_row(const struct outcome *o, FILE *out)
{
    char ours[64], theirs[64], ratio[64] = "-", target[64] = "", text[32];
    cell(ours, &o->ours, o->metric->unit);
    cell(theirs, &o->theirs, o->metric->unit);
    bool absolute = o->row->against == BENCH_NOBODY;
    if (absolute)
        ratio[0] = theirs[0] = 0;
    else if (o->ratio > 0)
        snprintf(ratio, sizeof ratio, "%.2f", o->ratio);
    if (o->row->target > 0) {
        number(text, o->row->target);
        snprintf(target, sizeof target, "%s %s%s%s", o->metric->more_is_better ? "≥" : "≤", text,
                 absolute ? " " : "", absolute ? o->metric->unit : "");
    }
    const char *met = o->row->target == 0 ? "" : o->ratio == 0 ? "?" : o->met ? "yes" : "**no**";
    fputc('|', out);
    pad(out, o->metric->text, 39);
    pad(out, ours, 16);
    pad(out, bench_peer_name(o->row->against), 10);
    pad(out, theirs, 16);
    pad(out, ratio, 5);
    pad(out, target, 9);
    pad(out, met, 6);
    fputc('\n', out);
}

void bench_print(const struct bench_result *result, FILE *out)
{
    for (int i = 0; i < (int)result->machine.len; i++)
        fprintf(out, "- %s\n", result->machine.at[i]);
    static const struct {
        const char *text;
        int width;
    } columns[] = {{"work", 39}, {"Bora", 16},    {"peer", 10}, {"its", 16},
                   {"ratio", 5}, {"to reach", 9}, {"met", 6}};
    fputs("\n|", out);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        pad(out, columns[i].text, columns[i].width);
    fputs("\n|---|---|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome o = judge(result, &rows[i]);
        if (o.ours.count > 0 || o.theirs.count > 0)
            print_row(&o, out);
    }
}

static void json_text(bo_str text, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void json_series(const struct bench_result *result, int metric, enum bench_peer peer,
                        FILE *out)
{
    const struct bench_series *series = &result->series[metric][peer];
    struct summary s = summarise(series);
    fprintf(out, ",\n      \"%s\": {\"median\": %.6g, \"values\": [", bench_peer_name(peer),
            s.median);
    for (int i = 0; i < series->count; i++)
        fprintf(out, "%s%.6g", i ? ", " : "", series->value[i]);
    fputs("]}", out);
}

static void json_metrics(const struct bench_result *result, FILE *out)
{
    const char *comma = "";
    for (int i = 0; i < METRICS; i++) {
        const struct bench_metric *m = &metrics[i];
        int measured = 0;
        for (int p = 0; p < BENCH_PEERS; p++)
            measured += result->series[i][p].count;
        if (measured == 0)
            continue;
        fprintf(out, "%s\n    {\"name\": \"%s\", \"unit\": \"%s\"", comma, m->name, m->unit);
        for (enum bench_peer p = 0; p < BENCH_PEERS; p++) {
            if (result->series[i][p].count > 0)
                json_series(result, i, p, out);
        }
        fputs("}", out);
        comma = ",";
    }
}

static void json_rows(const struct bench_result *result, FILE *out)
{
    const char *comma = "";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome o = judge(result, &rows[i]);
        if (o.ratio == 0 || o.row->target == 0)
            continue;
        fprintf(out,
                "%s\n    {\"name\": \"%s\", \"against\": \"%s\", \"value\": %.4g, "
                "\"to_reach\": %.4g, \"met\": %s}",
                comma, o.metric->name, bench_peer_name(o.row->against), o.ratio, o.row->target,
                o.met ? "true" : "false");
        comma = ",";
    }
}

void bench_print_json(const struct bench_result *result, FILE *out)
{
    fputs("{\n  \"machine\": [", out);
    for (int i = 0; i < (int)result->machine.len; i++) {
        fputs(i ? ", " : "", out);
        json_text(bo_str_of(result->machine.at[i]), out);
    }
    fputs("],\n  \"metrics\": [", out);
    json_metrics(result, out);
    fputs("\n  ],\n  \"targets\": [", out);
    json_rows(result, out);
    fputs("\n  ]\n}\n", out);
}
