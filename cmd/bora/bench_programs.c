// SPDX-License-Identifier: MIT
// The programs of bench/, and the peers' ones: found and built.
//
// They are built as any user's are: those in C by the functions behind `bora build`, Go's by `go
// build`; nothing is tuned for the occasion. The servers are stripped, since their size is one of
// the numbers; that changes nothing of the code that runs.
#include "bench.h"

#include "command.h"
#include "program.h"

#include <stdlib.h>

const char *bench_path(const struct bench *b, const char *name)
{
    return format_c(b->arena, "%s/%s", b->dir, name);
}

// find_program heeds a variable such as $GO, as $CC is heeded; else it looks along PATH and then in
// the place where the program's own installer puts it.
static const char *find_program(const struct bench *b, const char *variable, const char *name,
                                const char *place)
{
    const char *chosen = getenv(variable);
    if (chosen && *chosen)
        return command_find(b->arena, chosen);
    const char *found = command_find(b->arena, name);
    return found ? found : command_find(b->arena, place);
}

void bench_find_peers(struct bench *b)
{
    b->go = find_program(b, "GO", "go", "/usr/local/go/bin/go");
    if (!b->go)
        complain("Go is missing (install golang-go, or set $GO): its rows stay empty");
    b->nginx = find_program(b, "NGINX", "nginx", "/usr/sbin/nginx");
    if (!b->nginx)
        complain("nginx is missing (install nginx-light, or set $NGINX): its rows stay empty");
}

// build builds a folder or a .c file of bench/ into a program of that name.
static bo_err build(const struct bench *b, const char *source, const char *name, bool strip)
{
    struct options options = *b->options;
    options.strip = strip;
    const char *made;
    const char *from = format_c(b->arena, "%s/bench/%s", b->home.root, source);
    if (program_build(&options, from, bench_path(b, name), &made) == EXIT_OK)
        return NULL;
    return bo_errf(NULL, "%s does not build", from);
}

static bo_err build_go(const struct bench *b, const char *package, const char *name,
                       const char *variable)
{
    struct words w = {.arena = b->arena};
    words_add(&w, b->go);
    words_add(&w, "build");
    words_add(&w, "-ldflags=-s -w");
    words_add(&w, "-o");
    words_add(&w, bench_path(b, name));
    words_addf(&w, "./%s", package);
    struct words env = command_environment(b->arena, variable);
    bo_process_options options = {.env = env.at,
                                  .cwd = format_c(b->arena, "%s/bench/go", b->home.root)};
    return command_quiet(&w, &options, b->options->show);
}

static bo_err build_micro(struct bench *b)
{
    BO_TRY(build(b, "bora/micro", "micro-bora", false));
    if (!b->go)
        return NULL;
    BO_TRY(build_go(b, "micro", "micro-go", NULL));

    // Not every Go knows this switch, and that is no fault.
    bo_err err = build_go(b, "micro", "micro-go-v2", "GOEXPERIMENT=jsonv2");
    b->present[BENCH_GO_V2] = !err;
    bo_err_free(err);
    return NULL;
}

static bo_err build_servers(struct bench *b)
{
    BO_TRY(build(b, "bora/plain", "plain-bora", true));
    BO_TRY(build(b, "http_load.c", "http_load", false));
    if (b->options->peers)
        BO_TRY(build(b, "epoll_loop.c", "epoll_loop", false));
    return b->go ? build_go(b, "plain", "plain-go", NULL) : NULL;
}

bo_err bench_build(struct bench *b, bool micro, bool servers)
{
    if (micro)
        BO_TRY(build_micro(b));
    if (servers)
        BO_TRY(build_servers(b));
    b->present[BENCH_BORA] = true;
    b->present[BENCH_GO] = b->go != NULL;
    b->present[BENCH_EPOLL] = b->options->peers;
    b->present[BENCH_NGINX] = b->nginx != NULL;
    return NULL;
}

struct words bench_micro(const struct bench *b, enum bench_peer peer, const char *name)
{
    static const char *const programs[BENCH_PEERS] = {
        [BENCH_BORA] = "micro-bora", [BENCH_GO] = "micro-go", [BENCH_GO_V2] = "micro-go-v2"};
    struct words w = {.arena = b->arena};
    words_add(&w, bench_path(b, programs[peer]));
    words_add(&w, name);
    words_add(&w, b->options->quick ? "10" : "1");
    return w;
}

const char *bench_server_program(const struct bench *b, enum bench_peer peer)
{
    return bench_path(b, peer == BENCH_GO ? "plain-go" : "plain-bora");
}
