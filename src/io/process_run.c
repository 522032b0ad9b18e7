// SPDX-License-Identifier: MIT
// process_run.c: a program run to its end, its input fed and its output collected.
//
// The three streams are served at the same time by a goroutine each: a program that writes before
// it has read all of its input would otherwise stand still, and we with it.
#include <bora/process.h>

#include <bora/arena.h>
#include <bora/group.h>
#include <signal.h>
#include <stdlib.h>

enum { OUTPUT_MAX = 16 << 20, CHUNK = 16 << 10 };

// One of the child's outputs. It is in the heap, as the arena belongs to one goroutine only.
struct collected {
    bo_process *process;
    bool err;
    size_t max;
    char *bytes;
    size_t len, cap;
};

static bo_err collect(struct collected *c)
{
    for (;;) {
        if (c->len == c->cap) {
            c->cap = c->cap ? 2 * c->cap : CHUNK;
            c->bytes = bo_realloc(c->bytes, c->cap);
        }
        size_t got;
        BO_TRY(bo_process_read(c->process, c->err, c->bytes + c->len, c->cap - c->len, &got));
        if (got == 0)
            return NULL;
        c->len += got;
        if (c->len > c->max)
            return bo_errf(BO_TOO_LARGE, "output of process %d", bo_process_id(c->process));
    }
}

static bo_err feed(bo_process *process, bo_str input)
{
    bo_err err = bo_process_write(process, input.ptr, input.len);
    bo_process_close_in(process);
    // Not to read all of the input is the program's right.
    if (bo_err_errno(err) != EPIPE)
        return err;
    bo_err_free(err);
    return NULL;
}

bo_err bo_process_run(bo_arena *arena, const char *const *argv, const bo_process_options *options,
                      bo_str input, bo_process_result *out)
{
    bo_process_options with = options ? *options : (bo_process_options){0};
    with.in = with.in ? with.in : BO_PROCESS_PIPE;
    with.out = with.out ? with.out : BO_PROCESS_PIPE;
    with.err = with.err ? with.err : BO_PROCESS_PIPE;
    with.kill_on_cancel = with.kill_on_cancel ? with.kill_on_cancel : SIGKILL;
    size_t max = with.output_max ? with.output_max : OUTPUT_MAX;

    bo_process *process;
    BO_TRY(bo_process_start(argv, &with, &process));
    struct collected streams[] = {{.process = process, .max = max},
                                  {.process = process, .max = max, .err = true}};
    bo_group group = {0};
    if (with.in == BO_PROCESS_PIPE)
        bo_group_go(&group, feed, process, input);
    if (with.out == BO_PROCESS_PIPE)
        bo_group_go(&group, collect, &streams[0]);
    if (with.err == BO_PROCESS_PIPE)
        bo_group_go(&group, collect, &streams[1]);
    bo_err failure = bo_group_wait(&group);
    // Nobody serves its streams any more: it might wait for that for ever. If our scope has ended,
    // the wait ends it in the way that the options ask for.
    if (failure && !bo_scope_err())
        bo_err_free(bo_process_kill(process, SIGKILL));
    bo_process_result result = {0};
    bo_err unfinished = bo_process_wait(process, &result.status);
    if (!failure)
        failure = unfinished;
    else
        bo_err_free(unfinished);

    if (!failure) {
        result.out = bo_str_clone(arena, bo_str_n(streams[0].bytes, streams[0].len));
        result.err = bo_str_clone(arena, bo_str_n(streams[1].bytes, streams[1].len));
        *out = result;
    }
    free(streams[0].bytes);
    free(streams[1].bytes);
    bo_process_free(process);
    return failure;
}
