// SPDX-License-Identifier: MIT
// bora bench: what Bora costs, and what others cost on the same machine in the same minutes.
//
// The programs live in bench/: Bora's (bench/bora), the Go twins (bench/go), a bare epoll loop and
// a load generator. They are built as any user's are: those in C by the functions behind `bora
// build`, Go's by `go build`; nothing is tuned for the occasion.
//
// One run is one process that does a fixed amount of work and prints lines of "name value unit".
// All runs are done once, then all again, N rounds; the peers of one run come directly one after
// another, and in the opposite order every other round. So a neighbour who takes the machine's time
// for a minute, or a CPU that slows down as it warms up, hits all peers and not one.
//
// Everything uses two processors (GOMAXPROCS, BORA_PROCS, worker_processes, threads). For HTTP
// there are two set-ups, the same for every server: one thread on the first CPU with the client on
// the second, and two threads with everybody on both.
#include "bench.h"

#include "command.h"
#include "program.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bora/net.h>

enum { ROUNDS = 5, ROUNDS_QUICK = 2, REQUESTS = 200000, REQUESTS_QUICK = 20000 };

// A run is one micro-benchmark by its name, or a server under load from so many threads.
struct run {
    const char *name;
    int threads;  // 0: a micro-benchmark.
    bool json;    // BENCH_GO_V2 takes part.
};

static const struct run runs[] = {
    {"spawn_join", 0, false}, {"yield", 0, false},     {"chan_round_trip", 0, false},
    {"chan_pool", 0, false},  {"mutex", 0, false},     {"select", 0, false},
    {"parked", 0, false},     {"json_array", 0, true}, {"json_one", 0, true},
    {"plain_1", 1, false},    {"plain_2", 2, false},
};

struct bench {
    struct options *options;
    bo_arena *arena;
    struct home home;
    struct target target;
    const char *dir;            // What is built and written goes there.
    const char *go, *nginx;     // The programs, or NULL.
    bool present[BENCH_PEERS];  // Whose programs are there.
    int cpus[2];                // The first two CPUs that may be used; -1: there is but one.
    int failures;
    struct bench_result result;
};

static const char *path(struct bench *b, const char *name)
{
    return format_c(b->arena, "%s/%s", b->dir, name);
}

// ---- building -----------------------------------------------------------------------------------

// build builds a folder or a .c file of bench/ into a program of that name.
static bo_err build(struct bench *b, const char *source, const char *name)
{
    const char *made;
    const char *from = format_c(b->arena, "%s/bench/%s", b->home.root, source);
    if (program_build(b->options, from, path(b, name), &made) == EXIT_OK)
        return NULL;
    return bo_errf(NULL, "%s does not build", from);
}

static bo_err build_go(struct bench *b, const char *package, const char *name, const char *variable)
{
    struct words w = {.arena = b->arena};
    words_add(&w, b->go);
    words_add_split(&w, "build -o");
    words_add(&w, path(b, name));
    words_addf(&w, "./%s", package);
    struct words env = command_environment(b->arena, variable);
    bo_process_options options = {.env = env.at,
                                  .cwd = format_c(b->arena, "%s/bench/go", b->home.root)};
    return command_quiet(&w, &options, b->options->show);
}

static bo_err build_ours(struct bench *b)
{
    BO_TRY(build(b, "bora/micro", "micro-bora"));
    BO_TRY(build(b, "bora/plain", "plain-bora"));
    b->present[BENCH_BORA] = true;
    return build(b, "http_load.c", "http_load");
}

// build_peers builds those that can be, and says which are missing.
static bo_err build_peers(struct bench *b)
{
    BO_TRY(build(b, "epoll_loop.c", "epoll_loop"));
    b->present[BENCH_EPOLL] = true;
    b->present[BENCH_NGINX] = b->nginx != NULL;
    if (!b->nginx)
        complain("nginx is missing (install nginx-light): its rows stay empty");
    if (!b->go) {
        complain("Go is missing (install golang-go, or put go on the PATH): its rows stay empty");
        return NULL;
    }
    BO_TRY(build_go(b, "micro", "micro-go", NULL));
    BO_TRY(build_go(b, "plain", "plain-go", NULL));
    b->present[BENCH_GO] = true;

    // Not every Go knows this switch, and that is no fault.
    bo_err err = build_go(b, "micro", "micro-go-v2", "GOEXPERIMENT=jsonv2");
    b->present[BENCH_GO_V2] = !err;
    bo_err_free(err);
    return NULL;
}

// ---- running ------------------------------------------------------------------------------------

static void record(struct bench *b, const char *metric, enum bench_peer peer, double value)
{
    int i = bench_metric_find(bo_str_of(metric));
    if (i < 0)
        return;
    struct bench_series *series = &b->result.series[i][peer];
    if (series->count < BENCH_ROUNDS_MAX)
        series->value[series->count++] = value;
}

// take_output records each line "name value unit". The load generator does not know which set-up it
// is part of: prefix says so.
static void take_output(struct bench *b, enum bench_peer peer, const char *prefix, bo_str output)
{
    for (bo_str rest = output, line, name, value; bo_str_next(&rest, '\n', &line);) {
        if (!bo_str_cut(line, ' ', &name, &value))
            continue;
        const char *metric = format_c(b->arena, "%s" BO_FMT, prefix, BO_ARG(name));
        record(b, metric, peer, strtod(bo_str_c(b->arena, value), NULL));
    }
}

// measure runs a command on so many processors and takes its numbers.
static void measure(struct bench *b, enum bench_peer peer, const char *prefix, int procs,
                    const struct words *command)
{
    struct words w = {.arena = b->arena};
    words_add(&w, "env");
    words_addf(&w, "BORA_PROCS=%d", procs);
    words_addf(&w, "GOMAXPROCS=%d", procs);
    words_add_all(&w, command);
    if (b->options->show)
        command_show(&w);
    bo_process_options options = {.in = BO_PROCESS_NULL, .group = true, .kill_on_cancel = SIGTERM};
    bo_process_result result = {0};
    bo_err err = bo_process_run(b->arena, w.at, &options, bo_s(""), &result);
    if (!err && result.status == 0) {
        take_output(b, peer, prefix, result.out);
        return;
    }
    b->failures++;
    complain("%s, %s: %s", bench_peer_name(peer), words_join(command, ' '),
             err ? bo_err_message(err) : bo_str_c(b->arena, result.err));
    bo_err_free(err);
}

static void run_micro(struct bench *b, const struct run *run, enum bench_peer peer)
{
    static const char *const programs[BENCH_PEERS] = {
        [BENCH_BORA] = "micro-bora", [BENCH_GO] = "micro-go", [BENCH_GO_V2] = "micro-go-v2"};
    struct words w = {.arena = b->arena};
    words_add(&w, path(b, programs[peer]));
    words_add(&w, run->name);
    words_add(&w, b->options->quick ? "10" : "1");
    measure(b, peer, "", 2, &w);
}

// free_port asks the kernel for a port that is free now: not every server can be told 0.
static bo_err free_port(int *port)
{
    bo_listener *listener;
    BO_TRY(bo_listen("127.0.0.1:0", &listener));
    *port = bo_listener_addr(listener).port;
    bo_listener_free(listener);
    return NULL;
}

// nginx gets the settings that make it fastest here: no log, and connections that are never closed.
static bo_err write_nginx_conf(struct bench *b, int port, int threads)
{
    const char *file = path(b, "nginx.conf");
    FILE *out = fopen(file, "we");
    if (!out)
        return bo_errf(BO_INTERNAL, "cannot write %s", file);
    fprintf(out,
            "worker_processes %d;\ndaemon off;\npid %s/nginx.pid;\nerror_log stderr error;\n"
            "events { worker_connections 4096; }\n"
            "http {\n  access_log off;\n  keepalive_requests 1000000000;\n",
            threads, b->dir);
    static const char *const stores[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        fprintf(out, "  %s_temp_path %s/nginx-%s;\n", stores[i], b->dir, stores[i]);
    fprintf(out,
            "  server {\n    listen 127.0.0.1:%d;\n    location = /plain {\n"
            "      default_type \"text/plain; charset=utf-8\";\n"
            "      return 200 \"Hello, World!\\n\";\n    }\n  }\n}\n",
            port);
    return fclose(out) == 0 ? NULL : bo_errf(BO_INTERNAL, "cannot write %s", file);
}

static bo_err add_server(struct bench *b, struct words *w, enum bench_peer peer, int port,
                         int threads)
{
    switch (peer) {
    case BENCH_NGINX:
        BO_TRY(write_nginx_conf(b, port, threads));
        words_add(w, b->nginx);
        words_add_split(w, "-e stderr -p");
        words_add(w, b->dir);
        words_add_split(w, "-c nginx.conf");
        return NULL;
    case BENCH_EPOLL:
        words_add(w, path(b, "epoll_loop"));
        words_addf(w, "%d", port);
        words_addf(w, "%d", threads);
        return NULL;
    default:
        words_add(w, path(b, peer == BENCH_GO ? "plain-go" : "plain-bora"));
        words_addf(w, "%d", port);
        return NULL;
    }
}

static bo_err run_plain(struct bench *b, const struct run *run, enum bench_peer peer)
{
    int port;
    BO_TRY(free_port(&port));
    struct words w = {.arena = b->arena};
    words_add(&w, path(b, "http_load"));
    words_addf(&w, "-n%d", b->options->quick ? REQUESTS_QUICK : REQUESTS);
    if (run->threads == 1 && b->cpus[1] >= 0) {
        words_addf(&w, "-S%d", b->cpus[0]);
        words_addf(&w, "-C%d", b->cpus[1]);
    }
    words_addf(&w, "%d", port);
    words_add(&w, "--");
    BO_TRY(add_server(b, &w, peer, port, run->threads));
    measure(b, peer, format_c(b->arena, "%s_", run->name), run->threads, &w);
    return NULL;
}

static bool takes_part(const struct bench *b, const struct run *run, enum bench_peer peer)
{
    if (!b->present[peer])
        return false;
    switch (peer) {
    case BENCH_GO_V2:
        return run->json;
    case BENCH_EPOLL:
    case BENCH_NGINX:
        return run->threads > 0;
    default:
        return true;
    }
}

// One round of one run: every peer in turn, in the other direction every other time.
static bo_err run_peers(struct bench *b, const struct run *run, int round)
{
    for (int p = 0; p < BENCH_PEERS; p++) {
        enum bench_peer peer = round % 2 ? BENCH_PEERS - 1 - p : p;
        if (!takes_part(b, run, peer))
            continue;
        if (run->threads > 0)
            BO_TRY(run_plain(b, run, peer));
        else
            run_micro(b, run, peer);
    }
    return NULL;
}

static bo_err run_all(struct bench *b, int rounds)
{
    const char *only = b->options->only;
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
            if (only && !strstr(runs[i].name, only))
                continue;
            fprintf(stderr, "round %d of %d: %s\n", round + 1, rounds, runs[i].name);
            BO_TRY(run_peers(b, &runs[i], round));
        }
    }
    return NULL;
}

// take_size notes how large a program is on disk without its symbols.
static bo_err take_size(struct bench *b, enum bench_peer peer, const char *program)
{
    struct words w = {.arena = b->arena};
    words_add_split(&w, "strip -o");
    words_add(&w, path(b, "stripped"));
    words_add(&w, path(b, program));
    BO_TRY(command_quiet(&w, NULL, b->options->show));
    struct stat info;
    if (stat(path(b, "stripped"), &info) == 0)
        record(b, "plain_size", peer, (double)info.st_size / 1e6);
    return NULL;
}

static bo_err take_sizes(struct bench *b)
{
    if (b->options->only && !strstr("plain_size", b->options->only))
        return NULL;
    BO_TRY(take_size(b, BENCH_BORA, "plain-bora"));
    return b->present[BENCH_GO] ? take_size(b, BENCH_GO, "plain-go") : NULL;
}

// ---- the verb -----------------------------------------------------------------------------------

static void find_cpus(struct bench *b)
{
    cpu_set_t set;
    b->cpus[0] = b->cpus[1] = -1;
    if (sched_getaffinity(0, sizeof set, &set))
        return;
    for (int cpu = 0, found = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, &set))
            b->cpus[found++] = cpu;
    }
}

static bo_err prepare(struct bench *b)
{
    BO_TRY(home_find(b->arena, &b->home));
    if (!b->home.tree)
        return bo_errf(BO_UNSUPPORTED,
                       "bora bench measures Bora itself: run it in its source tree");
    BO_TRY(target_open(b->options, &b->home, false, &b->target));
    b->dir = format_c(b->arena, "%s/build/bench", b->home.root);
    if (mkdir(b->dir, 0777) && access(b->dir, W_OK))
        return bo_errf(BO_FORBIDDEN, "cannot write to %s", b->dir);
    find_cpus(b);
    b->go = command_find(b->arena, "go");
    if (!b->go)
        b->go = command_find(b->arena, "/usr/local/go/bin/go");
    b->nginx = command_find(b->arena, "nginx");
    if (!b->nginx)
        b->nginx = command_find(b->arena, "/usr/sbin/nginx");
    if (!b->options->peers)
        b->go = b->nginx = NULL;
    bench_describe(&b->result, &b->target, b->go, b->nginx);
    BO_TRY(build_ours(b));
    return b->options->peers ? build_peers(b) : NULL;
}

static bo_err write_results(const struct bench *b)
{
    const struct options *o = b->options;
    if (o->json)
        bench_print_json(&b->result, stdout);
    else
        bench_print(&b->result, stdout);
    if (!o->output)
        return NULL;
    FILE *out = fopen(o->output, "we");
    if (!out)
        return bo_errf(BO_INVALID, "cannot write %s", o->output);
    bench_print_json(&b->result, out);
    return fclose(out) == 0 ? NULL : bo_errf(BO_INTERNAL, "cannot write %s", o->output);
}

static int run_bench(struct options *options)
{
    int64_t rounds = options->quick ? ROUNDS_QUICK : ROUNDS;
    if (options->count && (!bo_str_int(bo_str_of(options->count), &rounds) || rounds < 1 ||
                           rounds > BENCH_ROUNDS_MAX)) {
        complain("-count %s: 1 to %d rounds", options->count, BENCH_ROUNDS_MAX);
        return EXIT_USAGE;
    }
    if (options->paths.len > 0) {
        complain("bora bench takes no folders: it measures Bora itself");
        return EXIT_USAGE;
    }
    struct bench b = {.options = options, .arena = options->arena};
    b.result = bench_result_new(options->arena);
    bo_err err = prepare(&b);
    if (!err)
        err = run_all(&b, (int)rounds);
    if (!err)
        err = take_sizes(&b);
    if (!err)
        err = write_results(&b);
    if (err)
        return fail(err);
    return b.failures > 0 ? EXIT_FAILED : EXIT_OK;
}

const struct verb verb_bench = {
    .name = "bench",
    .arguments = "[--peers] [-only NAME] [-count N] [--quick] [--json] [-o FILE]",
    .summary = "Measure Bora, and with --peers the same work in Go, nginx and a bare epoll loop",
    .text = "Each number is the median of N rounds (5), with half the distance between the least\n"
            "and the greatest. What is to be reached is a ratio against a peer in the same run;\n"
            "a number that misses it is shown like any other, and changes no exit status.\n"
            "\n"
            "  bora bench --peers -only chan -o chan.json\n",
    .takes = OPT_PEERS | OPT_JSON | OPT_BENCH | OPT_OUTPUT | OPT_SHOW,
    .run = run_bench,
};
