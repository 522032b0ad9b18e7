// SPDX-License-Identifier: MIT
// What the table of `bora bench` makes of numbers. The times themselves are not tested.
#include "bench.h"

#include <bora/arena.h>
#include <bora/json.h>
#include <bora/test.h>

#include <stdlib.h>

static bo_arena arena;

// written is what one of the two printers writes.
static bo_str written(const struct bench_result *result,
                      void (*print)(const struct bench_result *, FILE *))
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    REQUIRE(out != NULL);
    print(result, out);
    fclose(out);
    bo_str copy = bo_str_of(bo_str_c(&arena, bo_str_n(text, len)));
    free(text);
    return copy;
}

static void record(struct bench_result *result, const char *metric, enum bench_peer peer,
                   double value)
{
    bench_record(result, bo_str_of(metric), peer, value);
}

// cell_of is a cell of the row of that work against that peer, without the spaces around it; "" if
// there is no such row.
static bo_str cell_of(const struct bench_result *result, const char *work, const char *peer,
                      int column)
{
    bo_str table = written(result, bench_print), line;
    while (bo_str_next(&table, '\n', &line)) {
        bo_str cells[8] = {0};
        for (int i = 0; i < 8 && bo_str_next(&line, '|', &cells[i]); i++)
            cells[i] = bo_str_trim(cells[i]);
        if (bo_str_eq(cells[1], bo_str_of(work)) && bo_str_eq(cells[3], bo_str_of(peer)))
            return cells[column];
    }
    return bo_s("");
}

enum { OURS = 2, THEIRS = 4, RATIO = 5, TO_REACH = 6, MET = 7 };

TEST(a_series_is_its_median_and_its_ends)
{
    static const struct {
        const char *name;
        struct bench_series series;
        double median, least, greatest;
    } cases[] = {
        {"none", {0}, 0, 0, 0},
        {"one", {1, {7}}, 7, 7, 7},
        {"two", {2, {9, 4}}, 6.5, 4, 9},
        {"odd", {5, {5, 1, 4, 2, 300}}, 4, 1, 300},
        {"even", {4, {8, 2, 6, 4}}, 5, 2, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].name);
        struct bench_summary s = bench_summarise(&cases[i].series);
        EXPECT_EQ(s.count, cases[i].series.count);
        EXPECT_EQ(s.median, cases[i].median);
        EXPECT_EQ(s.least, cases[i].least);
        EXPECT_EQ(s.greatest, cases[i].greatest);
    }
}

TEST(a_ratio_is_ours_by_theirs_and_is_held_against_its_target)
{
    static const struct {
        const char *metric, *work;
        double ours, theirs;
        const char *ratio, *met;
    } cases[] = {
        {"yield", "yield", 10, 50, "0.20", "yes"},
        {"yield", "yield", 11, 50, "0.22", "**no**"},
        {"yield", "yield", 50, 10, "5.00", "**no**"},
        {"json_array_encode", "JSON, 1,000 structs, encode", 500, 100, "5.00", "yes"},
        {"json_array_encode", "JSON, 1,000 structs, encode", 499, 100, "4.99", "**no**"},
        {"parked_release", "1 M goroutines woken and ended", 3, 1, "3.00", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s %g", cases[i].metric, cases[i].ours);
        struct bench_result result = bench_result_new(&arena, true);
        record(&result, cases[i].metric, BENCH_BORA, cases[i].ours);
        record(&result, cases[i].metric, BENCH_GO, cases[i].theirs);
        EXPECT_EQ(cell_of(&result, cases[i].work, "Go", RATIO), cases[i].ratio);
        EXPECT_EQ(cell_of(&result, cases[i].work, "Go", MET), cases[i].met);
    }
}

TEST(the_ratio_is_that_of_the_medians)
{
    struct bench_result result = bench_result_new(&arena, true);
    static const double ours[] = {30, 10, 20}, theirs[] = {1000, 40, 30};
    for (int i = 0; i < 3; i++) {
        record(&result, "mutex", BENCH_BORA, ours[i]);
        record(&result, "mutex", BENCH_GO, theirs[i]);
    }
    const char *work = "contended mutex, 100 goroutines";
    EXPECT_EQ(cell_of(&result, work, "Go", OURS), "20.0 ns ±50 %");
    EXPECT_EQ(cell_of(&result, work, "Go", THEIRS), "40.0 ns ±1212 %");
    EXPECT_EQ(cell_of(&result, work, "Go", RATIO), "0.50");
    EXPECT_EQ(cell_of(&result, work, "Go", TO_REACH), "≤ 1.00");
}

TEST(a_number_without_a_peer_is_held_against_its_target_itself)
{
    struct bench_result result = bench_result_new(&arena, false);
    record(&result, "parked_memory", BENCH_BORA, 4696);
    record(&result, "delay_worst", BENCH_BORA, 20.5);
    EXPECT_EQ(cell_of(&result, "1 M parked goroutines, memory each", "", TO_REACH), "≤ 4696 B");
    EXPECT_EQ(cell_of(&result, "1 M parked goroutines, memory each", "", MET), "yes");
    EXPECT_EQ(cell_of(&result, "1 ms tick on busy cores, worst delay", "", MET), "**no**");
}

TEST(go_is_the_better_of_its_two_json_engines)
{
    struct bench_result result = bench_result_new(&arena, true);
    record(&result, "json_one_encode", BENCH_GO, 400);
    record(&result, "json_one_encode", BENCH_GO_V2, 300);
    record(&result, "json_array_decode", BENCH_GO, 200);
    record(&result, "json_array_decode", BENCH_GO_V2, 100);
    EXPECT_EQ(cell_of(&result, "JSON, one struct, encode", "Go", THEIRS), "300 ns");
    EXPECT_EQ(cell_of(&result, "JSON, 1,000 structs, decode", "Go", THEIRS), "200 MB/s");
}

TEST(a_missing_peer_leaves_its_cells_empty)
{
    struct bench_result result = bench_result_new(&arena, true);
    record(&result, "plain_one_server_cpu", BENCH_BORA, 8);
    record(&result, "plain_one_server_cpu", BENCH_EPOLL, 7);
    const char *work = "GET /plain, one thread, CPU a request";
    EXPECT_EQ(cell_of(&result, work, "epoll loop", RATIO), "1.14");
    EXPECT_EQ(cell_of(&result, work, "nginx", OURS), "8.00 us");
    EXPECT_EQ(cell_of(&result, work, "nginx", THEIRS), "-");
    EXPECT_EQ(cell_of(&result, work, "nginx", RATIO), "-");
    EXPECT_EQ(cell_of(&result, work, "nginx", MET), "?");
}

TEST(without_peers_each_number_stands_once)
{
    struct bench_result result = bench_result_new(&arena, false);
    record(&result, "plain_one_server_cpu", BENCH_BORA, 8);
    const char *work = "GET /plain, one thread, CPU a request";
    EXPECT_EQ(cell_of(&result, work, "epoll loop", OURS), "8.00 us");
    EXPECT_EQ(cell_of(&result, work, "Go", OURS), "");
    EXPECT_EQ(cell_of(&result, "yield", "Go", OURS), "");
}

TEST(output_is_read_line_by_line_and_what_is_no_metric_is_left_out)
{
    struct bench_result result = bench_result_new(&arena, true);
    bench_record_output(&result, BENCH_GO, "plain_one_",
                        bo_s("server_cpu 6.012 us\nclient_cpu 4 us\n\nnonsense\nrate 151234 "));
    EXPECT_EQ(cell_of(&result, "GET /plain, one thread, CPU a request", "Go", THEIRS), "6.01 us");
    EXPECT_EQ(cell_of(&result, "GET /plain, one thread, rate", "Go", THEIRS), "151234 /s");
    bench_record_output(&result, BENCH_GO, "", bo_s("server_cpu 1 us\n"));
    EXPECT_EQ(cell_of(&result, "GET /plain, one thread, CPU a request", "Go", THEIRS), "6.01 us");
}

TEST(a_series_takes_no_more_rounds_than_it_holds)
{
    struct bench_result result = bench_result_new(&arena, true);
    for (int i = 1; i <= BENCH_ROUNDS_MAX; i++)
        record(&result, "yield", BENCH_BORA, 10);
    record(&result, "yield", BENCH_BORA, 1000);
    EXPECT_EQ(cell_of(&result, "yield", "Go", OURS), "10.0 ns ±0 %");
}

#define SERIES_FIELDS(FIELD)                                                                       \
    FIELD(double, median, "median")                                                                \
    FIELD(BO_SLICE(double), values, "values")
BO_STRUCT(series, SERIES_FIELDS);

#define METRIC_FIELDS(FIELD)                                                                       \
    FIELD(bo_str, name, "name")                                                                    \
    FIELD(bo_str, unit, "unit")                                                                    \
    FIELD(series, bora, "Bora")                                                                    \
    FIELD(series, go_, "Go")
BO_STRUCT(metric, METRIC_FIELDS);

#define TARGET_FIELDS(FIELD)                                                                       \
    FIELD(bo_str, name, "name")                                                                    \
    FIELD(bo_str, against, "against")                                                              \
    FIELD(double, value, "value")                                                                  \
    FIELD(double, to_reach, "to_reach")                                                            \
    FIELD(bool, met, "met")
BO_STRUCT(target_row, TARGET_FIELDS);

#define REPORT_FIELDS(FIELD)                                                                       \
    FIELD(BO_SLICE(bo_str), machine, "machine")                                                    \
    FIELD(BO_SLICE(metric), metrics, "metrics")                                                    \
    FIELD(BO_SLICE(target_row), targets, "targets")
BO_STRUCT(report, REPORT_FIELDS);

TEST(json_holds_every_number_and_every_target)
{
    struct bench_result result = bench_result_new(&arena, true);
    words_add(&result.machine, "CPU: \"quoted\" \\ \x01");
    record(&result, "yield", BENCH_BORA, 10);
    record(&result, "yield", BENCH_BORA, 20);
    record(&result, "yield", BENCH_GO, 60);
    report r;
    bo_err err = bo_json_decode(&arena, written(&result, bench_print_json), report, &r);
    REQUIRE_EQ(err, NULL);
    REQUIRE_EQ(r.machine.len, 1);
    EXPECT_EQ(r.machine.ptr[0], "CPU: \"quoted\" \\ \x01");
    REQUIRE_EQ(r.metrics.len, 1);
    EXPECT_EQ(r.metrics.ptr[0].name, "yield");
    EXPECT_EQ(r.metrics.ptr[0].unit, "ns");
    EXPECT_EQ(r.metrics.ptr[0].bora.median, 15.0);
    REQUIRE_EQ(r.metrics.ptr[0].bora.values.len, 2);
    EXPECT_EQ(r.metrics.ptr[0].bora.values.ptr[1], 20.0);
    EXPECT_EQ(r.metrics.ptr[0].go_.median, 60.0);
    REQUIRE_EQ(r.targets.len, 1);
    EXPECT_EQ(r.targets.ptr[0].name, "yield");
    EXPECT_EQ(r.targets.ptr[0].against, "Go");
    EXPECT_EQ(r.targets.ptr[0].value, 0.25);
    EXPECT_EQ(r.targets.ptr[0].to_reach, 0.2);
    EXPECT_EQ(r.targets.ptr[0].met, false);
}

TEST(nothing_measured_is_an_empty_table)
{
    struct bench_result result = bench_result_new(&arena, true);
    report r;
    EXPECT_EQ(bo_json_decode(&arena, written(&result, bench_print_json), report, &r), NULL);
    EXPECT_EQ(r.metrics.len, 0);
    bo_str table = written(&result, bench_print);
    EXPECT(bo_str_ends(table, bo_s("|---|---|---|---|---|---|---|\n")));
}
