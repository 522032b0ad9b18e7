// SPDX-License-Identifier: MIT
// bora/process.h: other programs.
//
//     const char *const argv[] = {"git", "rev-parse", "HEAD", NULL};
//     bo_process_result git;
//     BO_TRY(bo_process_run(&arena, argv, &(bo_process_options){.cwd = dir}, bo_s(""), &git));
//     if (git.status == 0)
//         printf("at " BO_FMT, BO_ARG(git.out));
//
// The program is looked for along our PATH; a name with a slash is a path, as seen from the folder
// that the program is to start in. It inherits standard input, output and error unless told
// otherwise, and no other descriptor. Its signal mask is empty and SIGPIPE has its default action.
#ifndef BORA_PROCESS_H
#define BORA_PROCESS_H

#include <bora/err.h>
#include <bora/str.h>

typedef struct bo_arena bo_arena;
typedef struct bo_process bo_process;

// What a standard stream of the child is; 0: the same as ours. A positive number is a descriptor of
// ours, which stays ours.
#define BO_PROCESS_PIPE (-1)   // A pipe: bo_process_write, bo_process_read.
#define BO_PROCESS_NULL (-2)   // /dev/null.
#define BO_PROCESS_MERGE (-3)  // err alone: where out goes.

typedef struct {
    const char *const *env;  // "NAME=value" strings, a NULL behind the last. NULL: our environment.
    const char *cwd;         // The folder it starts in. NULL: ours.
    int in, out, err;        // As above.
    bool group;              // It leads a process group of its own, and bo_process_kill reaches
                             // all of that group: also what the child has started.
    int kill_on_cancel;      // If our scope ends while we wait for it: the signal to kill it with,
                             // SIGKILL five seconds later; the wait ends when the child has. 0: it
                             // lives on.
    size_t output_max;       // bo_process_run: the limit of out and err, each. 0: 16 MB.
} bo_process_options;

// bo_process_start starts a program. options may be NULL. Errors: the program or the folder is not
// there (bo_err_errno: ENOENT), may not be executed (EACCES), there are no descriptors or processes
// left (EMFILE, EAGAIN). Wait for it, then free it with bo_process_free. Parks.
bo_err bo_process_start(const char *const *argv, const bo_process_options *options,
                        bo_process **out);

// bo_process_id is its process id, ours alone to signal until it has been waited for.
int bo_process_id(const bo_process *process);

// bo_process_read reads from a pipe at its standard output (err: standard error); *got is 0 at the
// end, when every process that holds the other end has closed it. bo_process_write writes to its
// standard input, all of it; if nobody reads there any more, the error is EPIPE, no SIGPIPE.
// One reader of each and one writer at a time. Without such a pipe: BO_INVALID. They park.
bo_err bo_process_read(bo_process *process, bool err, void *buf, size_t n, size_t *got);
bo_err bo_process_write(bo_process *process, const void *buf, size_t n);

// bo_process_close_in ends its standard input: it reads to the end. The writer calls it.
void bo_process_close_in(bo_process *process);

// bo_process_wait waits until it has ended: its exit status, or 128 + the signal that ended it.
// Again: the same at once. One goroutine at a time. Parks.
bo_err bo_process_wait(bo_process *process, int *status);

// bo_process_kill sends it a signal, or its group. It has ended and been waited for: no effect.
bo_err bo_process_kill(bo_process *process, int signal);

// bo_process_free closes the pipes and frees it. One that was not waited for is left to run, and is
// reaped when it ends. NULL: no effect. Never parks.
void bo_process_free(bo_process *process);

typedef struct {
    int status;       // As bo_process_wait's.
    bo_str out, err;  // In the arena.
} bo_process_result;

// bo_process_run starts a program, feeds it input (if the options' in is 0), collects what it
// writes to standard output and standard error, and waits for it. The options' in, out and err are
// taken as they are where they are not 0; where they are 0, they are pipes. BO_TOO_LARGE: it wrote
// more than output_max; it is killed. When our scope ends it is killed as well. A status other than
// 0 is no error. Parks.
bo_err bo_process_run(bo_arena *arena, const char *const *argv, const bo_process_options *options,
                      bo_str input, bo_process_result *out);

#endif
