// SPDX-License-Identifier: MIT
// process.c: starting other programs, talking to them through pipes, waiting for their end.
//
// posix_spawn starts them (vfork underneath, so a large parent costs nothing), on another thread's
// time since it blocks until the exec. Their end is a pidfd's readiness in the poller; where there
// is none (Linux before 5.3, a sandbox), a blocking wait on another thread.
//
// Invariant: a process id is signalled only while the child is ours and not reaped, since the
// number belongs to somebody else afterwards. Reaping and signalling both hold the lock; waiting
// does not reap.
#include <bora/process.h>

#include "io/quiet.h"
#include "runtime/runtime.h"

#include <bora/arena.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_AFTER (5 * BO_SECOND)

extern char **environ;

// Our end of a pipe; poll is NULL if there is none.
struct pipe_end {
    int fd;
    bo__pollfd *poll;
};

struct bo_process {
    int32_t lock;
    bool reaped;  // Under the lock.
    bool lost;    // Somebody else has reaped it: nobody knows the status.
    pid_t pid;
    bool group;
    int kill_on_cancel;
    int status;            // Once reaped.
    struct pipe_end exit;  // A pidfd, or none.
    struct pipe_end pipes[3];
};

// What a spawn needs, and which descriptors the child gets as 0, 1 and 2; -1: it keeps ours.
struct spawn {
    const char *const *argv;
    const bo_process_options *options;
    int fds[3];
    pid_t pid;
};

static void end_open(struct pipe_end *end, int fd)
{
    end->fd = fd;
    end->poll = bo__poll_open(fd);
}

static void end_close(struct pipe_end *end)
{
    if (!end->poll)
        return;
    bo__poll_close(end->poll);
    close(end->fd);
    end->poll = NULL;
}

// -- starting -------------------------------------------------------------------------------------

// above_standard moves a descriptor of ours out of the child's 0 to 2, where it could be
// overwritten before it is used. Takes fd over.
static int above_standard(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3), error = errno;
    close(fd);
    errno = error;
    return moved;
}

// make_pipe makes a pipe, keeps our end and returns the child's, or -1.
static int make_pipe(bool child_reads, struct pipe_end *ours)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    int mine = above_standard(ends[child_reads]), theirs = above_standard(ends[!child_reads]);
    if (mine < 0 || theirs < 0 || fcntl(mine, F_SETFL, O_NONBLOCK)) {
        int error = errno;
        close(mine);
        close(theirs);
        errno = error;
        return -1;
    }
    end_open(ours, mine);
    return theirs;
}

// child_fd returns what the child is to have as a standard stream, or -1 with an errno.
static int child_fd(int wish, bool child_reads, struct pipe_end *ours)
{
    if (wish == BO_PROCESS_PIPE)
        return make_pipe(child_reads, ours);
    if (wish == BO_PROCESS_NULL)
        return above_standard(open("/dev/null", O_RDWR | O_CLOEXEC));
    return fcntl(wish, F_DUPFD_CLOEXEC, 3);
}

static int add_streams(const struct spawn *s, posix_spawn_file_actions_t *actions)
{
    int error = 0;
    for (int i = 0; i < 3 && !error; i++)
        if (s->fds[i] >= 0)
            error = posix_spawn_file_actions_adddup2(actions, s->fds[i], i);
    if (!error && s->options->err == BO_PROCESS_MERGE)
        error = posix_spawn_file_actions_adddup2(actions, 1, 2);
    if (!error && s->options->cwd)
        error = posix_spawn_file_actions_addchdir_np(actions, s->options->cwd);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // Ours are closed on exec anyway; other libraries' may not be.
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return error;
}

static int add_attributes(const struct spawn *s, posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &defaults);
    if (s->options->group)
        flags |= POSIX_SPAWN_SETPGROUP;
    return posix_spawnattr_setflags(attributes, flags);
}

// spawn blocks until the child has become the program, or has failed to. Returns an errno or 0.
static int spawn(struct spawn *s)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = add_streams(s, &actions);
    if (!error)
        error = add_attributes(s, &attributes);
    if (!error) {
        // It changes neither array; the parameters lack a const for the sake of old programs.
        char *const *argv = (char *const *)(uintptr_t)s->argv;
        char *const *env = (char *const *)(uintptr_t)s->options->env;
        error = posix_spawnp(&s->pid, argv[0], &actions, &attributes, argv, env ? env : environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

// open_streams readies the child's standard streams. Returns an errno or 0.
static int open_streams(bo_process *process, struct spawn *s)
{
    const int wishes[] = {s->options->in, s->options->out, s->options->err};
    for (int i = 0; i < 3; i++) {
        if (wishes[i] == 0 || wishes[i] == BO_PROCESS_MERGE)
            continue;
        s->fds[i] = child_fd(wishes[i], i == 0, &process->pipes[i]);
        if (s->fds[i] < 0)
            return errno;
    }
    return 0;
}

static bool is_wish(int wish, bool is_err)
{
    return wish >= BO_PROCESS_NULL || (is_err && wish == BO_PROCESS_MERGE);
}

static void close_pipes(bo_process *process)
{
    for (int i = 0; i < 3; i++)
        end_close(&process->pipes[i]);
}

bo_err bo_process_start(const char *const *argv, const bo_process_options *options,
                        bo_process **out)
{
    static const bo_process_options defaults;
    struct spawn s = {argv, options ? options : &defaults, {-1, -1, -1}, 0};
    bo_assert(argv[0]);
    bo_assert(is_wish(s.options->in, false) && is_wish(s.options->out, false) &&
              is_wish(s.options->err, true));
    bo_process *process = bo_calloc(1, sizeof *process);
    process->group = s.options->group;
    process->kill_on_cancel = s.options->kill_on_cancel;
    int error = open_streams(process, &s);
    if (!error)
        error = bo_blocking(spawn, &s);
    for (int i = 0; i < 3; i++)
        if (s.fds[i] >= 0)
            close(s.fds[i]);
    if (error) {
        close_pipes(process);
        free(process);
        bool moved = s.options->cwd;
        return bo_errf(bo_err_sys(error), "start %s%s%s", argv[0], moved ? " in " : "",
                       moved ? s.options->cwd : "");
    }
    process->pid = s.pid;
    int fd = (int)syscall(SYS_pidfd_open, s.pid, 0);
    if (fd >= 0)
        end_open(&process->exit, fd);
    *out = process;
    return NULL;
}

int bo_process_id(const bo_process *process)
{
    return process->pid;
}

// -- pipes ----------------------------------------------------------------------------------------

bo_err bo_process_read(bo_process *process, bool err, void *buf, size_t n, size_t *got)
{
    struct pipe_end *end = &process->pipes[err ? 2 : 1];
    if (!end->poll)
        return bo_errf(BO_INVALID, "process %d: no pipe to read", process->pid);
    bo_assert(n > 0);
    for (;;) {
        ssize_t len = read(end->fd, buf, n);
        if (len >= 0) {
            *got = (size_t)len;
            return NULL;
        }
        bo_err failure = errno == EINTR    ? NULL
                         : errno == EAGAIN ? bo__poll_wait(end->poll, false, BO__NO_DEADLINE)
                                           : bo_err_sys(errno);
        if (failure)
            return bo_errf(failure, "read from process %d", process->pid);
    }
}

bo_err bo_process_write(bo_process *process, const void *buf, size_t n)
{
    struct pipe_end *end = &process->pipes[0];
    if (!end->poll)
        return bo_errf(BO_INVALID, "process %d: no pipe to write to", process->pid);
    for (const char *at = buf; n > 0;) {
        ssize_t len = bo__write_quietly(end->fd, at, n);
        if (len >= 0) {
            at += len;
            n -= (size_t)len;
            continue;
        }
        bo_err failure = errno == EINTR    ? NULL
                         : errno == EAGAIN ? bo__poll_wait(end->poll, true, BO__NO_DEADLINE)
                                           : bo_err_sys(errno);
        if (failure)
            return bo_errf(failure, "write to process %d", process->pid);
    }
    return NULL;
}

void bo_process_close_in(bo_process *process)
{
    end_close(&process->pipes[0]);
}

// -- the end --------------------------------------------------------------------------------------

bo_err bo_process_kill(bo_process *process, int signal)
{
    bo__lock(&process->lock);
    bool failed = !process->reaped && kill(process->group ? -process->pid : process->pid, signal);
    int error = errno;
    bo__unlock(&process->lock);
    if (failed && error != ESRCH)
        return bo_errf(bo_err_sys(error), "signal %d to process %d", signal, process->pid);
    return NULL;
}

// reap takes the status of a child that has ended, and reports whether it has.
static bool reap(bo_process *process)
{
    siginfo_t info = {0};
    bo__lock(&process->lock);
    bool ended = process->reaped;
    if (!ended) {
        int failed = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG);
        // SIGCHLD may be ignored, or another wait may have been for any child.
        process->lost = failed && errno == ECHILD;
        process->status = info.si_status + (info.si_code == CLD_EXITED ? 0 : 128);
        process->reaped = ended = process->lost || info.si_pid != 0;
    }
    bo__unlock(&process->lock);
    return ended;
}

static void wait_blocking(pid_t pid)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && errno == EINTR) {
    }
}

static bo_err wait_end(bo_process *process, int64_t deadline)
{
    while (!reap(process)) {
        if (process->exit.poll)
            BO_TRY(bo__poll_wait(process->exit.poll, false, deadline));
        else
            bo_blocking(wait_blocking, process->pid);
    }
    return NULL;
}

// kill_and_wait ends the child of a scope that has ended, outside of that scope.
static void kill_and_wait(bo_process *process)
{
    bo__scope *scope = bo__scope_enter(NULL);
    bo_err_free(bo_process_kill(process, process->kill_on_cancel));
    bo_err late = wait_end(process, bo_mono() + KILL_AFTER);
    if (late) {
        bo_err_free(late);
        bo_err_free(bo_process_kill(process, SIGKILL));
        bo_err_free(wait_end(process, BO__NO_DEADLINE));
    }
    bo__scope_enter(scope);
}

bo_err bo_process_wait(bo_process *process, int *status)
{
    bo_err err = wait_end(process, BO__NO_DEADLINE);
    if (err) {
        if (process->kill_on_cancel)
            kill_and_wait(process);
        return bo_errf(err, "wait for process %d", process->pid);
    }
    if (process->lost)
        return bo_errf(bo_err_sys(ECHILD), "wait for process %d", process->pid);
    *status = process->status;
    return NULL;
}

static void release(bo_process *process)
{
    end_close(&process->exit);
    free(process);
}

static void reap_later(bo_process *process)
{
    bo_err_free(wait_end(process, BO__NO_DEADLINE));
    release(process);
}

void bo_process_free(bo_process *process)
{
    if (!process)
        return;
    close_pipes(process);
    if (reap(process)) {
        release(process);
        return;
    }
    // Outside of every scope, so that it does wait.
    static const bo_go_options options = {.name = "process reaper"};
    bo__spawn(BO__CALL(BO__DROP, reap_later, process), &options, NULL, NULL, NULL,
              __builtin_return_address(0));
}
