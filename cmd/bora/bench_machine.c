// SPDX-License-Identifier: MIT
// What the numbers of `bora bench` were measured on: a number without its machine says nothing.
#include "bench.h"

#include "command.h"

#include <stdlib.h>
#include <sys/utsname.h>

#include <bora/go.h>
#include <bora/time.h>

// first_line is the first line that a command writes, to either output; "unknown" if it fails.
static const char *first_line(bo_arena *arena, const char *command, const char *cwd)
{
    struct words w = {.arena = arena};
    words_add_split(&w, command);
    bo_process_options options = {.in = BO_PROCESS_NULL, .err = BO_PROCESS_MERGE, .cwd = cwd};
    bo_process_result result = {0};
    bo_err err = bo_process_run(arena, w.at, &options, bo_s(""), &result);
    bool failed = err || result.status != 0;
    bo_err_free(err);
    bo_str line;
    bo_str_cut(result.out, '\n', &line, NULL);
    return failed ? "unknown" : bo_str_c(arena, line);
}

// value_of is what stands behind the colon in the first line of a file that begins with key.
static const char *value_of(bo_arena *arena, const char *file, const char *key)
{
    FILE *in = fopen(file, "re");
    char line[512];
    const char *value = "unknown";
    while (in && fgets(line, sizeof line, in)) {
        bo_str name, rest;
        if (!bo_str_cut(bo_str_of(line), ':', &name, &rest) || !bo_str_starts(name, bo_str_of(key)))
            continue;
        value = bo_str_c(arena, bo_str_trim(rest));
        break;
    }
    if (in)
        fclose(in);
    return value;
}

void bench_describe(struct bench_result *result, const struct target *target, const char *go,
                    const char *nginx)
{
    bo_arena *arena = result->arena;
    struct words *lines = &result->machine;
    const char *root = target->home->root;
    struct utsname system;
    uname(&system);
    double load[1] = {0};
    getloadavg(load, 1);
    char now[BO_TIME_MAX];

    words_addf(lines, "date: " BO_FMT, BO_ARG(bo_time_format(bo_now(), 0, now)));
    words_addf(lines, "CPU: %s, %d to use, load %.2f at the start",
               value_of(arena, "/proc/cpuinfo", "model name"), bo_procs(), load[0]);
    words_addf(lines, "memory: %s", value_of(arena, "/proc/meminfo", "MemTotal"));
    words_addf(lines, "kernel: %s %s %s", system.sysname, system.release, system.machine);
    const char *changes = first_line(arena, "git status --porcelain -uno", root);
    words_addf(lines, "Bora: commit %s%s", first_line(arena, "git rev-parse --short HEAD", root),
               *changes ? ", with changes" : "");
    words_addf(lines, "compiler: %s",
               first_line(arena, format_c(arena, "%s --version", target->cc), NULL));
    words_addf(lines, "flags: -O2 %s %s", target->cflags, target->ldflags);
    if (!result->peers)
        return;
    words_addf(lines, "Go: %s",
               go ? first_line(arena, format_c(arena, "%s version", go), NULL) : "missing");
    words_addf(lines, "nginx: %s",
               nginx ? first_line(arena, format_c(arena, "%s -v", nginx), NULL) : "missing");
}
