// SPDX-License-Identifier: MIT
// bora bench: what Bora costs, and what others cost on the same machine in the same minutes.
//
// The programs live in bench/: Bora's (bench/bora), the Go twins (bench/go), a bare epoll loop and
// a load generator. One run is one process that does a fixed amount of work and prints lines of
// "name value unit". All runs are done once, then all again, N rounds; the peers of one run come
// directly one after another, and in the opposite order every other round. So a neighbour who takes
// the machine's time for a minute, or a CPU that slows down as it warms up, hits all peers and not
// one.
//
// Everybody gets as many processors (GOMAXPROCS, BORA_PROCS, worker_processes, threads). For HTTP
// there are two set-ups, the same for every server: one thread on the first CPU with the client on
// the second, which is the steadier number, and all cores with everybody on all of them.
#include "bench.h"

#include "command.h"

#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bora/group.h>
#include <bora/signal.h>

enum { ROUNDS = 5, ROUNDS_QUICK = 2 };

// A process that takes longer hangs: the longest takes half a minute.
#define RUN_TIME_MAX (2 * BO_MINUTE)

enum kind { MICRO, SERVER_ONE, SERVER_ALL, SIZE };

static const struct run {
    const char *name;
    enum kind kind;
    bool json;  // BENCH_GO_V2 takes part.
} runs[] = {
    {"spawn_join", MICRO, false},
    {"yield", MICRO, false},
    {"chan_round_trip", MICRO, false},
    {"chan_pool", MICRO, false},
    {"mutex", MICRO, false},
    {"select", MICRO, false},
    {"parked", MICRO, false},
    {"delay", MICRO, false},
    {"idle", MICRO, false},
    {"json_array", MICRO, true},
    {"json_one", MICRO, true},
    {"plain_one", SERVER_ONE, false},
    {"plain_all", SERVER_ALL, false},
    {"plain_size", SIZE, false},
};
enum { RUNS = sizeof runs / sizeof runs[0] };

// ---- running ------------------------------------------------------------------------------------

static bo_err execute(const struct bench *b, const struct words *command, bo_process_result *result)
{
    BO_DEADLINE(RUN_TIME_MAX);
    bo_process_options options = {.in = BO_PROCESS_NULL, .group = true, .kill_on_cancel = SIGTERM};
    return bo_process_run(b->arena, command->at, &options, bo_s(""), result);
}

// measure runs a command on so many processors and takes its numbers. One that fails is told, and
// counted, and the others go on; an error is only the end of it all.
static bo_err measure(struct bench *b, enum bench_peer peer, const char *prefix, int procs,
                      const struct words *command)
{
    struct words w = {.arena = b->arena};
    words_add(&w, "env");
    words_addf(&w, "BORA_PROCS=%d", procs);
    words_addf(&w, "GOMAXPROCS=%d", procs);
    words_add_all(&w, command);
    if (b->options->show)
        command_show(&w);
    bo_process_result result = {0};
    bo_err err = execute(b, &w, &result);
    if (!err && result.status == 0) {
        bench_record_output(&b->result, peer, prefix, result.out);
        return NULL;
    }
    if (bo_scope_err())
        return err;
    b->failures++;
    complain("%s, %s: %s", bench_peer_name(peer), words_join(command, ' '),
             err ? bo_err_message(err) : bo_str_c(b->arena, result.err));
    bo_err_free(err);
    return NULL;
}

static bo_err measure_server(struct bench *b, const struct run *run, enum bench_peer peer)
{
    bool one = run->kind == SERVER_ONE;
    struct words command;
    BO_TRY(bench_load(b, peer, one, &command));
    return measure(b, peer, format_c(b->arena, "%s_", run->name), one ? 1 : b->procs, &command);
}

static bo_err measure_one(struct bench *b, const struct run *run, enum bench_peer peer)
{
    if (run->kind == MICRO) {
        struct words command = bench_micro(b, peer, run->name);
        return measure(b, peer, "", b->procs, &command);
    }
    if (run->kind != SIZE)
        return measure_server(b, run, peer);
    struct stat info;
    if (stat(bench_server_program(b, peer), &info) == 0)
        bench_record(&b->result, bo_str_of(run->name), peer, (double)info.st_size / 1e6);
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
        return run->kind == SERVER_ONE || run->kind == SERVER_ALL;
    default:
        return true;
    }
}

// One round of one run: every peer in turn, in the other direction every other time.
static bo_err run_peers(struct bench *b, const struct run *run, int round)
{
    for (int p = 0; p < BENCH_PEERS; p++) {
        enum bench_peer peer = round % 2 ? BENCH_PEERS - 1 - p : p;
        if (takes_part(b, run, peer))
            BO_TRY(measure_one(b, run, peer));
    }
    return NULL;
}

static bo_err run_all(struct bench *b, const bool *wanted, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < RUNS; i++) {
            // A size is the same in every round.
            if (!wanted[i] || (runs[i].kind == SIZE && round > 0))
                continue;
            fprintf(stderr, "round %d of %d: %s\n", round + 1, rounds, runs[i].name);
            BO_TRY(run_peers(b, &runs[i], round));
        }
    }
    return NULL;
}

// ---- the verb -----------------------------------------------------------------------------------

static void find_cpus(struct bench *b)
{
    b->procs = bo_procs();
    b->cpus[0] = b->cpus[1] = -1;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return;
    for (int cpu = 0, found = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, &set))
            b->cpus[found++] = cpu;
    }
}

// pick says which runs -only asks for; false: none.
static bool pick(const char *only, bool wanted[RUNS])
{
    regex_t pattern;
    bool any = false;
    if (only)
        regcomp(&pattern, only, REG_EXTENDED | REG_NOSUB);
    for (int i = 0; i < RUNS; i++) {
        wanted[i] = !only || regexec(&pattern, runs[i].name, 0, NULL, 0) == 0;
        any = any || wanted[i];
    }
    if (only)
        regfree(&pattern);
    return any;
}

static bo_err bench_all(struct bench *b, const bool *wanted, int rounds)
{
    bool micro = false, servers = false;
    for (int i = 0; i < RUNS; i++) {
        micro = micro || (wanted[i] && runs[i].kind == MICRO);
        servers = servers || (wanted[i] && runs[i].kind != MICRO);
    }
    find_cpus(b);
    if (b->options->peers)
        bench_find_peers(b);
    bench_describe(&b->result, &b->target, b->go, b->nginx);
    words_addf(&b->result.machine, "rounds: %d%s", rounds,
               b->options->quick ? ", each a tenth of the work: only to see that it runs" : "");
    BO_TRY(bench_build(b, micro, servers));
    return run_all(b, wanted, rounds);
}

// The work and the wait for a signal are a group: whichever ends first ends the other. So Ctrl-C
// ends what was started, and the temporary folder goes.
static bo_err work(bo_group *group, struct bench *b, const bool *wanted, int rounds)
{
    bo_err err = bench_all(b, wanted, rounds);
    bo_group_cancel(group);
    return err;
}

static bo_err wait_for_signal(void)
{
    static const int stop[] = {SIGINT, SIGTERM, SIGHUP};
    int got;
    bo_err err = bo_signal_wait(stop, sizeof stop / sizeof stop[0], &got);
    if (!err)
        return bo_errf(NULL, "interrupted");
    bo_err_free(err);
    return NULL;
}

static bo_err bench_in_folder(struct bench *b, const bool *wanted, int rounds)
{
    const char *temporary = getenv("TMPDIR");
    if (!temporary || !*temporary)
        temporary = "/tmp";
    b->dir = format_c(b->arena, "%s/bora-bench-%d", temporary, (int)getpid());
    if (mkdir(b->dir, 0755) != 0)
        return bo_errf(bo_err_sys(errno), "make folder %s", b->dir);
    bo_group group = {0};
    bo_group_go(&group, wait_for_signal);
    bo_group_go(&group, work, &group, b, wanted, rounds);
    bo_err err = bo_group_wait(&group);

    struct words w = {.arena = b->arena};
    words_add_split(&w, "rm -rf");
    words_add(&w, b->dir);
    bo_err left = command_quiet(&w, NULL, b->options->show);
    if (err) {
        bo_err_free(left);
        return err;
    }
    return left;
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
        return bo_errf(bo_err_sys(errno), "write %s", o->output);
    bench_print_json(&b->result, out);
    return fclose(out) == 0 ? NULL : bo_errf(bo_err_sys(errno), "write %s", o->output);
}

static int run_bench(struct options *options)
{
    int64_t rounds = options->quick ? ROUNDS_QUICK : ROUNDS;
    bool wanted[RUNS];
    if (options->count && (!bo_str_int(bo_str_of(options->count), &rounds) || rounds < 1 ||
                           rounds > BENCH_ROUNDS_MAX)) {
        complain("%s: not 1 to %d rounds (see: bora bench --help)", options->count,
                 BENCH_ROUNDS_MAX);
        return EXIT_USAGE;
    }
    if (!pick(options->only, wanted)) {
        complain("no run's name matches %s (see: bora bench --help)", options->only);
        return EXIT_USAGE;
    }
    struct bench b = {.options = options, .arena = options->arena};
    b.result = bench_result_new(options->arena, options->peers);
    bo_err err = home_find(b.arena, &b.home);
    if (!err && !b.home.tree)
        err = bo_errf(NULL, "bench measures Bora itself: run it in Bora's source tree");
    if (!err)
        err = target_open(options, &b.home, false, &b.target);
    if (!err)
        err = bench_in_folder(&b, wanted, (int)rounds);
    if (!err)
        err = write_results(&b);
    if (err)
        return fail(err);
    return b.failures > 0 ? EXIT_FAILED : EXIT_OK;
}

const struct verb verb_bench = {
    .name = "bench",
    .arguments = "[--peers] [-only REGEX] [-count N] [--json] [-o FILE]",
    .summary = "Measure Bora itself, and the same work in Go and others",
    .takes = OPT_PEERS | OPT_BENCH | OPT_JSON | OPT_OUTPUT | OPT_SHOW,
    .run = run_bench,
    .text =
        "It runs in Bora's source tree and measures what is in bench/; benchmarks of your own\n"
        "programs are not its business. Each number is the median of N rounds, with half the\n"
        "distance between the least and the greatest. What is to be reached is a ratio against a\n"
        "peer in the same minutes; a number that misses it is shown like any other, and changes no\n"
        "exit status. The table is Markdown; FILE gets JSON with every single number.\n"
        "\n"
        "Runs: spawn_join yield chan_round_trip chan_pool mutex select parked delay idle\n"
        "      json_array json_one plain_one plain_all plain_size\n"
        "Peers: Go ($GO, or go), nginx ($NGINX, or nginx), and a bare epoll loop. One that is\n"
        "missing is named, and its rows stay empty.\n"
        "\n"
        "Example:  bora bench --peers -only '^chan' -count 3 -o chan.json\n"
        "\n"
        "Exit status: 0 measured, 1 something did not build or run, 2 wrong usage.\n",
};
