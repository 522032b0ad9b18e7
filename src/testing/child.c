// SPDX-License-Identifier: MIT
// child.c: one test in its own process, and the processes that a test starts itself.
//
// The child dies with its runner (PR_SET_PDEATHSIG), so that an interrupted run leaves nothing
// behind. Standard output is unbuffered: a crash loses no line. A body that calls exit() has not
// come to its end, whatever status it gives: an exit handler turns that into a failure.
#include "testing/testing.h"

#include <bora/arena.h>
#include <bora/go.h>
#ifdef BORA_TEST_WITHOUT_RUNTIME
#undef bo_run
#define bo_run(fn) ((fn)())
#undef errno
#define errno (*__errno_location())
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES_MAX = 1 << 20 };

extern char **environ;

static const struct bo__test *current;
static bool finished;

static void exit_check(void)
{
    if (finished || (current->flags & BO__TEST_PROGRAM))
        return;
    bo__test_fail(current->file, current->line, "the test called exit()");
    _exit(TEST_FAILED);
}

// ThreadSanitizer's own default is to wait a second at the end of each process.
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}

static int run_body(void)
{
    current->run();
    return 0;
}

int test_child(const struct bo__test *test)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdout, NULL, _IONBF, 0);
    current = test;
    test_named(test->name);
    atexit(exit_check);
    if (test->flags & BO__TEST_PLAIN)
        run_body();
    else
        bo_run(run_body);
    finished = true;
    return test_failed() ? TEST_FAILED : TEST_PASSED;
}

const char *test_dir(void)
{
    const char *path = getenv(TEST_DIR_VARIABLE);
    if (!path)
        bo_panic("test_dir: %s is not set; the test was not started by its runner",
                 TEST_DIR_VARIABLE);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        bo_panic("test_dir: cannot make %s: %s", path, strerror(errno));
    return path;
}

static size_t program_index(const char *name)
{
    for (size_t i = 0; i < test_total(); i++)
        if ((test_at(i)->flags & BO__TEST_PROGRAM) && strcmp(test_at(i)->name, name) == 0)
            return i;
    bo_panic("test_run: there is no TEST_PROGRAM(%s)", name);
}

// The added variables come first: of two with the same name getenv takes the first.
static char **environment_with(const char *const *added)
{
    size_t total = 0, extra = 0;
    while (environ[total])
        total++;
    while (added && added[extra])
        extra++;
    char **all = bo_calloc(total + extra + 1, sizeof *all);
    for (size_t i = 0; i < extra; i++)
        all[i] = (char *)(uintptr_t)added[i];
    memcpy(all + extra, environ, total * sizeof *all);
    return all;
}

static bo_str read_output(int fd)
{
    char *bytes = bo_malloc(OUTPUT_BYTES_MAX + 1);
    size_t len = 0;
    while (len < OUTPUT_BYTES_MAX) {
        ssize_t n = pread(fd, bytes + len, OUTPUT_BYTES_MAX - len, (off_t)len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    bytes[len] = '\0';
    return bo_str_n(bytes, len);
}

// Outputs stay reachable so that no leak checker reports what a test_result still shows.
struct kept {
    struct kept *next;
    const char *bytes;
};

static _Atomic(struct kept *) kept_outputs;

static void keep(const char *bytes)
{
    struct kept *k = bo_malloc(sizeof *k);
    *k = (struct kept){atomic_load(&kept_outputs), bytes};
    while (!atomic_compare_exchange_weak(&kept_outputs, &k->next, k)) {
    }
}

bool test_runs_under(const char *program)
{
    const char *exec = getenv(TEST_EXEC_VARIABLE);
    return exec && strstr(exec, program);
}

int test_output_new(void)
{
    int fd = memfd_create("output", MFD_CLOEXEC);
    // Appending: the kernel does not keep threads apart that write to such a file at its offset.
    if (fd >= 0 && fcntl(fd, F_SETFL, O_APPEND) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

test_result test_run(const char *program, const char *const *environment)
{
    char number[24];
    char *argv[TEST_WORDS_MAX];
    test_command(program_index(program), number, argv);

    int output = test_output_new();
    if (output < 0)
        bo_panic("test_run: memfd_create: %s", strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    // The child starts with a clean slate of signals, whatever this thread has blocked.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

    char **all = environment_with(environment);
    pid_t pid;
    int failed = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, all);
    if (failed)
        bo_panic("test_run: cannot start %s: %s", argv[0], strerror(failed));
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(all);

    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    bo_str text = read_output(output);
    keep(text.ptr);
    close(output);
    return (test_result){WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), text};
}
