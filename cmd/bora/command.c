// SPDX-License-Identifier: MIT
#include "command.h"

#include <bora/go.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

const char *command_find(bo_arena *arena, const char *command)
{
    bo_str name;
    bo_str_cut(bo_str_of(command), ' ', &name, NULL);
    if (bo_str_find_byte(name, '/') >= 0) {
        const char *path = bo_str_c(arena, name);
        return is_program(path) ? path : NULL;
    }
    const char *folders = getenv("PATH");
    bo_str rest = bo_str_of(folders ? folders : "/usr/local/bin:/usr/bin:/bin"), folder;
    while (bo_str_next(&rest, ':', &folder)) {
        const char *path = format_c(arena, BO_FMT "/" BO_FMT, BO_ARG(folder), BO_ARG(name));
        if (is_program(path))
            return path;
    }
    return NULL;
}

struct words command_environment(bo_arena *arena, const char *variable)
{
    struct words env = {.arena = arena};
    bo_str name = {0};
    if (variable) {
        words_add(&env, variable);
        bo_str_cut(bo_str_of(variable), '=', &name, NULL);
    }
    for (char **at = environ; *at; at++) {
        bo_str other;
        bo_str_cut(bo_str_of(*at), '=', &other, NULL);
        if (!variable || !bo_str_eq(other, name))
            words_add(&env, *at);
    }
    return env;
}

void command_show(const struct words *command)
{
    bo_arena arena = {0};
    struct words w = {.arena = &arena};
    words_add_all(&w, command);
    fprintf(stderr, "%s\n", words_join(&w, ' '));
    bo_arena_free(&arena);
}

bo_err command_quiet(const struct words *command, const bo_process_options *options, bool show)
{
    if (show)
        command_show(command);
    bo_arena arena = {0};
    bo_process_options o = options ? *options : (bo_process_options){0};
    o.in = BO_PROCESS_NULL;
    o.err = BO_PROCESS_MERGE;
    bo_process_result result = {0};
    bo_err err = bo_process_run(&arena, command->at, &o, bo_s(""), &result);
    if (err) {
        err = bo_errf(err, "%s", command->at[0]);
    } else if (result.status != 0) {
        fwrite(result.out.ptr, 1, result.out.len, stderr);
        err = bo_errf(NULL, "%s: exit status %d", command->at[0], result.status);
    }
    bo_arena_free(&arena);
    return err;
}

// The runtime ignores SIGPIPE and may block signals on its threads; a new program starts clean.
bo_err command_become(const struct words *command)
{
    fflush(stdout);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(command->at[0], (char **)(uintptr_t)command->at);
    return bo_errf(bo_err_sys(errno), "run %s", command->at[0]);
}
