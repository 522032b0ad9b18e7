// SPDX-License-Identifier: MIT
// runner.c: starts a process a test, watches them, and reports.
//
// A fixed number of slots, one running process each; the loop sleeps in sigtimedwait until a child
// ends, a deadline passes or somebody interrupts the run. Each child leads a process group of its
// own, and the whole group is killed when the test is over, so that what a test started ends with
// it. Output goes to a memory file rather than a pipe: nobody has to drain it, a crash loses none
// of it, and an orphan that holds it open delays nothing.
//
// A test that runs out of time first gets SIGQUIT, to which the runtime answers with a dump of its
// goroutines, and is killed a moment later: the report shows where it hung.
#include "testing/testing.h"

#include <bora/arena.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    OUTPUT_SHOWN_MAX = 64 << 10,  // Of a longer output the first and the last half are shown.
    OUTPUT_BYTES_MAX = 64 << 20,  // A test that writes more is ended: it would fill the memory.
};

#define QUIT_GRACE (3 * BO_SECOND)  // For the dump, between SIGQUIT and SIGKILL.
#define WATCH_EVERY BO_SECOND       // How often the size of a running test's output is looked at.

enum slot_end { SLOT_RUNNING, SLOT_TIMED_OUT, SLOT_TOO_LOUD };

struct slot {
    const struct bo__test *test;
    pid_t pid;  // 0: the slot is free.
    int output;
    int64_t started;
    int64_t deadline;
    enum slot_end end;
    char dir[64];
};

struct runner {
    const struct test_plan *plan;
    size_t *queue;  // Indices of the tests to run, in order.
    size_t queued, next;
    struct slot *slots;
    int running;
    int runs;  // Numbers the folders.
    int passed, failed, skipped;
    int interrupted;     // The signal that ended the run, or 0.
    sigset_t inherited;  // The signal mask that this process was started with.
};

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * BO_SECOND + t.tv_nsec;
}

static void select_tests(struct runner *r)
{
    regex_t pattern;
    if (r->plan->run && regcomp(&pattern, r->plan->run, REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "-run: not a regular expression: %s\n", r->plan->run);
        exit(2);
    }
    r->queue = bo_calloc(test_total() * (size_t)r->plan->count + 1, sizeof *r->queue);
    for (int round = 0; round < r->plan->count; round++) {
        for (size_t i = 0; i < test_total(); i++) {
            const struct bo__test *test = test_at(i);
            if (test->flags & BO__TEST_PROGRAM)
                continue;
            if (r->plan->run && regexec(&pattern, test->name, 0, NULL, 0) != 0)
                continue;
            r->queue[r->queued++] = i;
        }
    }
    if (r->plan->run)
        regfree(&pattern);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0)
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static char **child_environment(const struct slot *slot)
{
    static char variable[sizeof TEST_DIR_VARIABLE + sizeof slot->dir];
    snprintf(variable, sizeof variable, TEST_DIR_VARIABLE "=%s", slot->dir);
    size_t total = 0;
    while (environ[total])
        total++;
    char **all = bo_calloc(total + 2, sizeof *all);
    all[0] = variable;
    memcpy(all + 1, environ, total * sizeof *all);
    return all;
}

static int spawn_child(struct runner *r, struct slot *slot, char **argv)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, slot->output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, slot->output, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &r->inherited);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);

    char **environment = child_environment(slot);
    int failed = posix_spawnp(&slot->pid, argv[0], &actions, &attributes, argv, environment);
    free(environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

static void start(struct runner *r, struct slot *slot, size_t index)
{
    const char *tmp = getenv("TMPDIR");
    *slot = (struct slot){.test = test_at(index), .started = now()};
    slot->deadline = slot->started + r->plan->timeout;
    // A folder's name has to fit into what the kernel takes as a Unix socket's path.
    int n = snprintf(slot->dir, sizeof slot->dir, "%s/bora-test-%d-%d", tmp ? tmp : "/tmp",
                     (int)getpid(), ++r->runs);
    if ((size_t)n >= sizeof slot->dir)
        snprintf(slot->dir, sizeof slot->dir, "/tmp/bora-test-%d-%d", (int)getpid(), r->runs);
    slot->output = test_output_new();

    char number[24];
    char *argv[TEST_WORDS_MAX];
    test_command(index, number, argv);
    int failed = slot->output < 0 ? errno : spawn_child(r, slot, argv);
    if (failed) {
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(failed));
        exit(2);
    }
    r->running++;
}

static void print_output(const struct slot *slot)
{
    struct stat info;
    if (fstat(slot->output, &info) != 0 || info.st_size == 0)
        return;
    static char bytes[OUTPUT_SHOWN_MAX / 2];
    off_t size = info.st_size;
    ssize_t n = pread(slot->output, bytes, sizeof bytes, 0);
    if (n > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    off_t rest = size - (off_t)sizeof bytes;
    if (rest <= 0) {
        if (n > 0 && bytes[n - 1] != '\n')
            putchar('\n');
        return;
    }
    off_t from = rest > (off_t)sizeof bytes ? size - (off_t)sizeof bytes : (off_t)sizeof bytes;
    if (from > (off_t)sizeof bytes)
        printf("\n... %lld bytes left out ...\n", (long long)(from - (off_t)sizeof bytes));
    n = pread(slot->output, bytes, sizeof bytes, from);
    if (n > 0)
        fwrite(bytes, 1, (size_t)n, stdout);
    putchar('\n');
}

// Says why a child that did not end with a status of ours is a failure.
static void print_end(const struct runner *r, const struct slot *slot, const siginfo_t *info)
{
    const char *name = slot->test->name;
    printf("%s:%d: %s: ", slot->test->file, slot->test->line, name);
    if (slot->end == SLOT_TIMED_OUT)
        printf("timed out after %.3gs\n", (double)r->plan->timeout / (double)BO_SECOND);
    else if (slot->end == SLOT_TOO_LOUD)
        printf("wrote more than %d MB\n", OUTPUT_BYTES_MAX >> 20);
    else if (info->si_code == CLD_EXITED)
        printf("ended with exit status %d\n", info->si_status);
    else
        printf("killed by signal %d (%s)\n", info->si_status, strsignal(info->si_status));
}

static void finish(struct runner *r, struct slot *slot, const siginfo_t *info)
{
    double seconds = (double)(now() - slot->started) / (double)BO_SECOND;
    const char *name = slot->test->name;
    bool ours = info->si_code == CLD_EXITED && slot->end == SLOT_RUNNING;
    if (ours && info->si_status == TEST_PASSED) {
        r->passed++;
        if (r->plan->verbose) {
            printf("ok   %s (%.2fs)\n", name, seconds);
            print_output(slot);
        }
    } else if (ours && info->si_status == TEST_SKIPPED) {
        r->skipped++;
        printf("SKIP %s (%.2fs)\n", name, seconds);
        print_output(slot);
    } else {
        r->failed++;
        printf("FAIL %s (%.2fs)\n", name, seconds);
        print_output(slot);
        if (!ours || info->si_status != TEST_FAILED)
            print_end(r, slot, info);
    }
    fflush(stdout);
}

// The group is killed while its leader is still a zombie: until it is reaped nobody else can be
// given its number.
static void reap(struct runner *r, struct slot *slot, const siginfo_t *info)
{
    kill(-slot->pid, SIGKILL);
    waitpid(slot->pid, NULL, 0);
    if (!r->interrupted)
        finish(r, slot, info);
    close(slot->output);
    remove_tree(slot->dir);
    slot->pid = 0;
    r->running--;
}

static void reap_ended(struct runner *r)
{
    for (int i = 0; i < r->plan->parallel; i++) {
        struct slot *slot = &r->slots[i];
        siginfo_t info = {0};
        if (slot->pid && waitid(P_PID, (id_t)slot->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == slot->pid)
            reap(r, slot, &info);
    }
}

static void watch(struct runner *r)
{
    int64_t t = now();
    for (int i = 0; i < r->plan->parallel; i++) {
        struct slot *slot = &r->slots[i];
        struct stat info;
        if (!slot->pid)
            continue;
        if (slot->end == SLOT_RUNNING && fstat(slot->output, &info) == 0 &&
            info.st_size > OUTPUT_BYTES_MAX) {
            slot->end = SLOT_TOO_LOUD;
            slot->deadline = t;
        }
        if (t < slot->deadline)
            continue;
        if (slot->end == SLOT_RUNNING) {
            slot->end = SLOT_TIMED_OUT;
            slot->deadline = t + QUIT_GRACE;
            kill(slot->pid, SIGQUIT);
        } else {
            kill(-slot->pid, SIGKILL);
        }
    }
}

static void wait_for_something(struct runner *r, const sigset_t *signals)
{
    int64_t until = now() + WATCH_EVERY;
    for (int i = 0; i < r->plan->parallel; i++)
        if (r->slots[i].pid && r->slots[i].deadline < until)
            until = r->slots[i].deadline;
    int64_t left = until - now();
    if (left < 0)
        left = 0;
    struct timespec timeout = {left / BO_SECOND, left % BO_SECOND};
    int signal_number = sigtimedwait(signals, NULL, &timeout);
    if (signal_number > 0 && signal_number != SIGCHLD)
        r->interrupted = signal_number;
}

static void kill_all(struct runner *r)
{
    for (int i = 0; i < r->plan->parallel; i++) {
        siginfo_t info = {0};
        if (r->slots[i].pid)
            reap(r, &r->slots[i], &info);
    }
}

static void run_queue(struct runner *r, const sigset_t *signals)
{
    while (!r->interrupted && (r->next < r->queued || r->running > 0)) {
        for (int i = 0; i < r->plan->parallel && r->next < r->queued; i++)
            if (!r->slots[i].pid)
                start(r, &r->slots[i], r->queue[r->next++]);
        wait_for_something(r, signals);
        reap_ended(r);
        watch(r);
    }
}

int test_runner(const struct test_plan *plan)
{
    struct runner r = {.plan = plan};
    int64_t started = now();
    select_tests(&r);
    r.slots = bo_calloc((size_t)plan->parallel, sizeof *r.slots);

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, &r.inherited);

    run_queue(&r, &signals);
    if (r.interrupted) {
        kill_all(&r);
        return 128 + r.interrupted;
    }
    // The tool reads this line; it is the last one.
    printf("== %d passed, %d failed, %d skipped, %lld ms\n", r.passed, r.failed, r.skipped,
           (long long)((now() - started) / BO_MILLISECOND));
    free(r.slots);
    free(r.queue);
    return r.failed > 0;
}
