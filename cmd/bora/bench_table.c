// SPDX-License-Identifier: MIT
// How the numbers of `bora bench` are shown.
//
// Beside each median stands half the distance between the least and the greatest, so that a reader
// sees how far to trust it. A row that misses its target is shown like any other.
#include "bench.h"

// number writes three significant digits, and whole numbers from 100 on.
static void number(char buffer[32], double value)
{
    int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    snprintf(buffer, 32, "%.*f", decimals, value);
}

static void cell(char buffer[64], const struct bench_summary *s, const char *unit)
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

static void target_cell(char buffer[64], const struct bench_row *row)
{
    char text[32];
    buffer[0] = 0;
    if (row->target == 0)
        return;
    number(text, row->target);
    bool absolute = row->against == BENCH_NOBODY;
    snprintf(buffer, 64, "%s %s%s%s", row->more_is_better ? "≥" : "≤", text, absolute ? " " : "",
             absolute ? row->unit : "");
}

static void print_row(const struct bench_row *row, FILE *out)
{
    char ours[64], theirs[64], ratio[64] = "-", target[64];
    cell(ours, &row->ours, row->unit);
    cell(theirs, &row->theirs, row->unit);
    target_cell(target, row);
    if (row->against == BENCH_NOBODY)
        ratio[0] = theirs[0] = 0;
    else if (row->ratio > 0)
        snprintf(ratio, sizeof ratio, "%.2f", row->ratio);
    const char *met = row->target == 0 ? "" : row->ratio == 0 ? "?" : row->met ? "yes" : "**no**";
    fputc('|', out);
    pad(out, row->text, 38);
    pad(out, ours, 16);
    pad(out, bench_peer_name(row->against), 10);
    pad(out, theirs, 16);
    pad(out, ratio, 5);
    pad(out, target, 9);
    pad(out, met, 6);
    fputc('\n', out);
}

// is_shown leaves out what was not measured; and without peers, all rows of a metric but the first.
static bool is_shown(const struct bench_result *result, const struct bench_row *row,
                     const char *metric_before)
{
    if (row->ours.count == 0 && row->theirs.count == 0)
        return false;
    return result->peers || strcmp(metric_before, row->metric) != 0;
}

void bench_print(const struct bench_result *result, FILE *out)
{
    for (size_t i = 0; i < result->machine.len; i++)
        fprintf(out, "- %s\n", result->machine.at[i]);
    static const struct {
        const char *text;
        int width;
    } columns[] = {{"work", 38}, {"Bora", 16},    {"peer", 10}, {"its", 16},
                   {"ratio", 5}, {"to reach", 9}, {"met", 6}};
    fputs("\n|", out);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        pad(out, columns[i].text, columns[i].width);
    fputs("\n|---|---|---|---|---|---|---|\n", out);
    struct bench_row row;
    const char *before = "";
    for (int i = 0; bench_row_at(result, i, &row); i++) {
        if (is_shown(result, &row, before))
            print_row(&row, out);
        before = row.metric;
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

static void json_series(const struct bench_series *series, enum bench_peer peer, FILE *out)
{
    fprintf(out, ",\n      \"%s\": {\"median\": %.6g, \"values\": [", bench_peer_name(peer),
            bench_summarise(series).median);
    for (int i = 0; i < series->count; i++)
        fprintf(out, "%s%.6g", i ? ", " : "", series->value[i]);
    fputs("]}", out);
}

static void json_metrics(const struct bench_result *result, FILE *out)
{
    const char *comma = "", *name, *unit;
    for (int i = 0; bench_metric_at(i, &name, &unit); i++) {
        const struct bench_series *series = result->series[i];
        int measured = 0;
        for (int p = 0; p < BENCH_PEERS; p++)
            measured += series[p].count;
        if (measured == 0)
            continue;
        fprintf(out, "%s\n    {\"name\": \"%s\", \"unit\": \"%s\"", comma, name, unit);
        for (enum bench_peer p = 0; p < BENCH_PEERS; p++) {
            if (series[p].count > 0)
                json_series(&series[p], p, out);
        }
        fputs("}", out);
        comma = ",";
    }
}

static void json_rows(const struct bench_result *result, FILE *out)
{
    const char *comma = "";
    struct bench_row row;
    for (int i = 0; bench_row_at(result, i, &row); i++) {
        if (row.ratio == 0 || row.target == 0)
            continue;
        fprintf(out,
                "%s\n    {\"name\": \"%s\", \"against\": \"%s\", \"value\": %.4g, "
                "\"to_reach\": %.4g, \"met\": %s}",
                comma, row.metric, bench_peer_name(row.against), row.ratio, row.target,
                row.met ? "true" : "false");
        comma = ",";
    }
}

void bench_print_json(const struct bench_result *result, FILE *out)
{
    fputs("{\n  \"machine\": [", out);
    for (size_t i = 0; i < result->machine.len; i++) {
        fputs(i ? ", " : "", out);
        json_text(bo_str_of(result->machine.at[i]), out);
    }
    fputs("],\n  \"metrics\": [", out);
    json_metrics(result, out);
    fputs("\n  ],\n  \"targets\": [", out);
    json_rows(result, out);
    fputs("\n  ]\n}\n", out);
}
