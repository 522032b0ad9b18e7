// SPDX-License-Identifier: MIT
#include <bora/arena.h>
#include <bora/go.h>
#include <bora/group.h>
#include <bora/process.h>
#include <bora/sync.h>
#include <bora/test.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SHELL(script) ARGV("/bin/sh", "-c", script)
#define OPTIONS(...) (&(bo_process_options){__VA_ARGS__})

// run_shell runs a script to its end, and requires that nothing of ours failed.
static bo_process_result run_shell(bo_arena *arena, const char *script,
                                   const bo_process_options *options, const char *input)
{
    bo_process_result r = {0};
    REQUIRE_EQ(bo_process_run(arena, SHELL(script), options, bo_str_of(input), &r), NULL);
    return r;
}

static bo_process *start_shell(const char *script, const bo_process_options *options)
{
    bo_process *p = NULL;
    REQUIRE_EQ(bo_process_start(SHELL(script), options, &p), NULL);
    return p;
}

static int wait_for(bo_process *p)
{
    int status = -1;
    EXPECT_EQ(bo_process_wait(p, &status), NULL);
    return status;
}

// ---- running ----

TEST(run_feeds_input_and_collects_both_outputs)
{
    bo_arena arena = {0};
    bo_process_result r = run_shell(&arena, "cat; echo oops >&2; exit 7", NULL, "to and fro");
    EXPECT_EQ(r.status, 7);
    EXPECT_EQ(r.out, "to and fro");
    EXPECT_EQ(r.err, "oops\n");
    EXPECT_EQ(r.out.ptr[r.out.len], 0);
    bo_arena_free(&arena);
}

TEST(run_moves_more_both_ways_than_pipes_hold)
{
    enum { LEN = 3 << 20 };
    bo_arena arena = {0};
    bo_process_result r;
    char *input = malloc(LEN);
    for (size_t i = 0; i < LEN; i++)
        input[i] = (char)(i * 7 + i / 251);
    REQUIRE_EQ(bo_process_run(&arena, SHELL("tee /dev/stderr"), NULL, bo_str_n(input, LEN), &r),
               NULL);
    EXPECT_EQ(r.status, 0);
    EXPECT(bo_str_eq(r.out, bo_str_n(input, LEN)));
    EXPECT(bo_str_eq(r.err, bo_str_n(input, LEN)));
    free(input);
    bo_arena_free(&arena);
}

TEST(run_leaves_it_to_the_program_what_it_reads)
{
    enum { LEN = 1 << 20 };
    bo_arena arena = {0};
    bo_process_result r;
    char *input = calloc(1, LEN);
    REQUIRE_EQ(bo_process_run(&arena, SHELL("echo done"), NULL, bo_str_n(input, LEN), &r), NULL);
    EXPECT_EQ(r.status, 0);
    EXPECT_EQ(r.out, "done\n");
    free(input);
    bo_arena_free(&arena);
}

TEST(run_limits_each_output)
{
    static const char *const scripts[] = {"printf %s 0123456789", "printf %s 0123456789 >&2",
                                          "printf %s 0123456789; printf %s 0123456789 >&2"};
    for (size_t row = 0; row < 9; row++) {
        bo_arena arena = {0};
        bo_process_result r;
        size_t max = 9 + row % 3;
        test_case("%s, limit %zu", scripts[row / 3], max);
        bo_err err = bo_process_run(&arena, SHELL(scripts[row / 3]), OPTIONS(.output_max = max),
                                    bo_s(""), &r);
        EXPECT_ERR(err, max < 10 ? BO_TOO_LARGE : NULL);
        bo_arena_free(&arena);
    }
}

TEST(run_kills_a_program_that_never_stops_writing)
{
    bo_arena arena = {0};
    bo_process_result r;
    EXPECT_ERR(bo_process_run(&arena, SHELL("while :; do echo y; done"),
                              OPTIONS(.output_max = 100000), bo_s(""), &r),
               BO_TOO_LARGE);
    bo_arena_free(&arena);
}

TEST(run_says_how_a_program_was_killed)
{
    bo_arena arena = {0};
    EXPECT_EQ(run_shell(&arena, "kill -TERM $$", NULL, "").status, 128 + SIGTERM);
    EXPECT_EQ(run_shell(&arena, "kill -KILL $$", NULL, "").status, 128 + SIGKILL);
    bo_arena_free(&arena);
}

// ---- what the program finds ----

TEST(a_program_starts_where_and_with_what_it_is_told)
{
    bo_arena arena = {0};
    char folder[4200];
    REQUIRE(realpath(test_dir(), folder) != NULL);
    bo_process_result r = run_shell(&arena, "pwd; echo $COLOUR-$HOME",
                                    OPTIONS(.cwd = folder, .env = ARGV("COLOUR=blue")), "");
    EXPECT_EQ(r.out, bo_str_printf(&arena, "%s\nblue-\n", folder));
    setenv("COLOUR", "red", 1);
    EXPECT_EQ(run_shell(&arena, "echo $COLOUR", NULL, "").out, "red\n");
    bo_arena_free(&arena);
}

TEST(a_name_with_a_slash_is_seen_from_the_folder_of_the_program)
{
    bo_arena arena = {0};
    bo_process_result r;
    const char *script = bo_str_printf(&arena, "%s/hello", test_dir()).ptr;
    FILE *file = fopen(script, "we");
    fputs("#!/bin/sh\necho hello\n", file);
    fclose(file);
    REQUIRE_EQ(chmod(script, 0700), 0);
    REQUIRE_EQ(bo_process_run(&arena, ARGV("./hello"), OPTIONS(.cwd = test_dir()), bo_s(""), &r),
               NULL);
    EXPECT_EQ(r.out, "hello\n");
    // A name without one is looked for along our PATH.
    setenv("PATH", test_dir(), 1);
    REQUIRE_EQ(bo_process_run(&arena, ARGV("hello"), NULL, bo_s(""), &r), NULL);
    EXPECT_EQ(r.out, "hello\n");
    bo_arena_free(&arena);
}

TEST(streams_go_where_the_options_say)
{
    bo_arena arena = {0};
    const char *path = bo_str_printf(&arena, "%s/out", test_dir()).ptr;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bo_process_result r = run_shell(&arena, "echo out; echo err >&2", OPTIONS(.out = fd), "");
    EXPECT_EQ(r.out, "");
    EXPECT_EQ(r.err, "err\n");
    char text[16];
    EXPECT_EQ(bo_str_n(text, (size_t)pread(fd, text, sizeof text, 0)), "out\n");

    r = run_shell(&arena, "echo out; echo err >&2", OPTIONS(.err = BO_PROCESS_MERGE), "");
    EXPECT_EQ(r.out, "out\nerr\n");
    EXPECT_EQ(r.err, "");

    r = run_shell(&arena, "cat; echo out; echo err >&2",
                  OPTIONS(.in = BO_PROCESS_NULL, .out = BO_PROCESS_NULL), "unread");
    EXPECT_EQ(r.out, "");
    EXPECT_EQ(r.err, "err\n");
    // The descriptor stays ours.
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    bo_arena_free(&arena);
}

TEST(a_program_inherits_no_other_descriptor)
{
    bo_arena arena = {0};
    int leaky = fcntl(0, F_DUPFD, 100);
    bo_process_result r = run_shell(&arena, "ls /proc/self/fd", NULL, "");
    // The fourth is ls's own, of the folder.
    EXPECT_EQ(r.out, "0\n1\n2\n3\n");
    close(leaky);
    bo_arena_free(&arena);
}

TEST_PROGRAM(without_standard_streams)
{
    bo_arena arena = {0};
    int saved = fcntl(2, F_DUPFD_CLOEXEC, 10);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    bo_process_result r = run_shell(&arena, "cat; echo err >&2", NULL, "in");
    dup2(saved, 2);
    EXPECT_EQ(r.out, "in");
    EXPECT_EQ(r.err, "err\n");
    bo_arena_free(&arena);
}

TEST(pipes_reach_the_program_though_we_have_no_standard_streams)
{
    EXPECT_EQ(test_run("without_standard_streams", NULL).status, 0);
}

TEST(a_program_starts_with_an_empty_mask_and_its_own_sigpipe)
{
    bo_arena arena = {0};
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    bo_process_result r =
        run_shell(&arena, "sed -n 's/^Sig\\(Blk\\|Ign\\):\t//p' /proc/self/status", NULL, "");
    char *end;
    EXPECT_EQ(strtoull(r.out.ptr, &end, 16), 0);
    // Others may be ignored from before us: SIGHUP under nohup, say.
    EXPECT_EQ(strtoull(end, NULL, 16) >> (SIGPIPE - 1) & 1, 0);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    bo_arena_free(&arena);
}

// ---- faults ----

TEST(what_cannot_start_says_why)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind forks where a program is spawned, and loses its error");
    bo_process *p = NULL;
    EXPECT_ERR_TEXT(bo_process_start(ARGV("/no/such"), NULL, &p),
                    "start /no/such: no such file or directory");
    EXPECT_ERR(bo_process_start(ARGV("no-such-program-at-all"), NULL, &p), bo_err_sys(ENOENT));
    EXPECT_ERR_TEXT(bo_process_start(ARGV("/bin/sh"), OPTIONS(.cwd = "/no"), &p),
                    "start /bin/sh in /no: no such file or directory");
    EXPECT_ERR(bo_process_start(ARGV("/etc/passwd"), NULL, &p), bo_err_sys(EACCES));
    EXPECT_ERR(bo_process_start(ARGV("/bin/sh"), OPTIONS(.in = 9999), &p), bo_err_sys(EBADF));
    EXPECT_EQ(p, NULL);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

TEST(out_of_descriptors_is_an_error_and_loses_none)
{
    enum { IN, OUT, ERR };
    struct rlimit before, limit;
    bo_arena arena = {0};
    bo_process_result r;
    run_shell(&arena, "exit 0", NULL, "");
    int open_before = open_descriptors(), failures = 0;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int room = 0; room < 12; room++) {
        test_case("room for %d", room);
        limit = before;
        limit.rlim_cur = (rlim_t)(open_before + room);
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
        bo_err err = bo_process_run(&arena, SHELL("cat"), NULL, bo_s("x"), &r);
        setrlimit(RLIMIT_NOFILE, &before);
        failures += err != NULL;
        if (err)
            EXPECT_EQ(bo_err_errno(err), EMFILE);
        bo_err_free(err);
        EXPECT_EQ(open_descriptors(), open_before);
    }
    EXPECT(failures > 0);
    EXPECT(failures < 12);
    bo_arena_free(&arena);
}

TEST(without_a_pipe_there_is_nothing_to_read_or_write)
{
    char buf[4];
    size_t got;
    bo_process *p = start_shell("exit 0", NULL);
    EXPECT_ERR(bo_process_read(p, false, buf, sizeof buf, &got), BO_INVALID);
    EXPECT_ERR(bo_process_read(p, true, buf, sizeof buf, &got), BO_INVALID);
    EXPECT_ERR(bo_process_write(p, "x", 1), BO_INVALID);
    bo_process_close_in(p);
    EXPECT_EQ(wait_for(p), 0);
    bo_process_free(p);
}

TEST(writing_to_who_reads_no_more_is_an_error)
{
    bo_process *p = start_shell("exec 0<&-; echo; sleep 60",
                                OPTIONS(.in = BO_PROCESS_PIPE, .out = BO_PROCESS_PIPE));
    char byte;
    size_t got;
    EXPECT_EQ(bo_process_read(p, false, &byte, 1, &got), NULL);
    signal(SIGPIPE, SIG_DFL);
    EXPECT_ERR(bo_process_write(p, "x", 1), bo_err_sys(EPIPE));
    EXPECT_EQ(bo_process_kill(p, SIGKILL), NULL);
    EXPECT_EQ(wait_for(p), 128 + SIGKILL);
    bo_process_free(p);
}

// ---- talking ----

TEST(a_dialogue_over_pipes)
{
    char buf[64];
    size_t got = 0;
    bo_process *p = start_shell("while read line; do echo \"<$line>\"; done; exit 3",
                                OPTIONS(.in = BO_PROCESS_PIPE, .out = BO_PROCESS_PIPE));
    for (int i = 0; i < 20; i++) {
        char line[16], want[16];
        size_t len = (size_t)sprintf(line, "line %d\n", i), seen = 0;
        REQUIRE_EQ(bo_process_write(p, line, len), NULL);
        while (seen < len + 2) {
            REQUIRE_EQ(bo_process_read(p, false, buf + seen, sizeof buf - seen, &got), NULL);
            seen += got;
        }
        EXPECT_EQ(bo_str_n(buf, seen), bo_str_n(want, (size_t)sprintf(want, "<line %d>\n", i)));
    }
    bo_process_close_in(p);
    REQUIRE_EQ(bo_process_read(p, false, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(got, 0);
    EXPECT_EQ(wait_for(p), 3);
    EXPECT_EQ(wait_for(p), 3);
    bo_process_free(p);
}

// ---- ending ----

TEST(kill_reaches_the_group_and_nobody_once_it_is_over)
{
    char byte;
    size_t got;
    bo_process *p = start_shell("sleep 60 & sleep 60 & echo; wait",
                                OPTIONS(.group = true, .out = BO_PROCESS_PIPE));
    REQUIRE_EQ(bo_process_read(p, false, &byte, 1, &got), NULL);
    EXPECT_EQ(bo_process_kill(p, SIGKILL), NULL);
    // The pipe ends when all who hold it have: the two sleeps too.
    REQUIRE_EQ(bo_process_read(p, false, &byte, 1, &got), NULL);
    EXPECT_EQ(got, 0);
    EXPECT_EQ(wait_for(p), 128 + SIGKILL);
    EXPECT_EQ(bo_process_kill(p, SIGKILL), NULL);
    bo_process_free(p);
}

TEST(kill_refuses_what_is_no_signal)
{
    bo_process *p = start_shell("sleep 60", NULL);
    EXPECT_ERR(bo_process_kill(p, 1000), bo_err_sys(EINVAL));
    EXPECT_EQ(bo_process_kill(p, SIGTERM), NULL);
    EXPECT_EQ(wait_for(p), 128 + SIGTERM);
    bo_process_free(p);
}

static bo_err wait_in_group(bo_process *p)
{
    int status;
    return bo_process_wait(p, &status);
}

TEST(a_wait_ends_with_its_scope_and_the_program_lives_on)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind knows no descriptors of processes");
    bo_group group = {0};
    bo_process *p = start_shell("read line; exit 5", OPTIONS(.in = BO_PROCESS_PIPE));
    bo_group_go(&group, wait_in_group, p);
    bo_group_deadline(&group, BO_MILLISECOND);
    EXPECT_ERR(bo_group_wait(&group), BO_TIMEOUT);
    bo_process_close_in(p);
    EXPECT_EQ(wait_for(p), 5);
    bo_process_free(p);
}

TEST(a_wait_that_is_canceled_may_kill)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind knows no descriptors of processes");
    bo_group group = {0};
    bo_process *p = start_shell("sleep 60", OPTIONS(.kill_on_cancel = SIGTERM));
    int status = 0;
    bo_group_go(&group, wait_in_group, p);
    bo_group_cancel(&group);
    EXPECT_ERR(bo_group_wait(&group), BO_CANCELED);
    EXPECT_EQ(bo_process_wait(p, &status), NULL);
    EXPECT_EQ(status, 128 + SIGTERM);
    bo_process_free(p);
}

TEST(run_ends_the_program_when_its_scope_ends)
{
    bo_arena arena = {0};
    bo_process_result r;
    BO_DEADLINE(20 * BO_MILLISECOND);
    EXPECT_ERR(bo_process_run(&arena, ARGV("sleep", "60"), NULL, bo_s(""), &r), BO_TIMEOUT);
    bo_arena_free(&arena);
}

TEST(a_program_that_somebody_else_has_reaped_is_lost)
{
    int status = 0;
    bo_process *p = start_shell("exit 0", NULL);
    EXPECT_EQ(bo_blocking(waitpid, bo_process_id(p), &status, 0), bo_process_id(p));
    EXPECT_ERR(bo_process_wait(p, &status), bo_err_sys(ECHILD));
    EXPECT_EQ(bo_process_kill(p, SIGKILL), NULL);
    bo_process_free(p);
}

TEST(a_program_that_is_freed_unwaited_runs_on_and_leaves_no_zombie)
{
    bo_arena arena = {0};
    int ends[2];
    char byte;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    bo_process *p = start_shell("read line; echo", OPTIONS(.in = BO_PROCESS_PIPE, .out = ends[1]));
    pid_t pid = bo_process_id(p);
    close(ends[1]);
    bo_process_free(p);
    // Its input has ended, so it says a word, and ends.
    EXPECT_EQ(bo_blocking(read, ends[0], &byte, 1), 1);
    EXPECT_EQ(bo_blocking(read, ends[0], &byte, 1), 0);
    while (kill(pid, 0) == 0)
        bo_yield();
    EXPECT_EQ(errno, ESRCH);
    bo_process_free(NULL);
    close(ends[0]);
    bo_arena_free(&arena);
}

static void run_many(int number, bo_wg *wg)
{
    bo_arena arena = {0};
    char script[64], want[16];
    for (int i = 0; i < 5; i++) {
        snprintf(script, sizeof script, "cat; exit %d", number);
        snprintf(want, sizeof want, "%d/%d", number, i);
        bo_process_result r = run_shell(&arena, script, NULL, want);
        EXPECT_EQ(r.out, want);
        EXPECT_EQ(r.status, number);
    }
    bo_arena_free(&arena);
    bo_wg_done(wg);
}

TEST(many_programs_run_at_once)
{
    bo_wg wg = {0};
    for (int i = 1; i <= 20; i++) {
        bo_wg_add(&wg, 1);
        go(run_many, i, &wg);
    }
    bo_wg_wait(&wg);
}

static void *run_on_thread(void *arg)
{
    bo_wg wg = {0};
    (void)arg;
    bo_wg_add(&wg, 1);
    run_many(4, &wg);
    return NULL;
}

TEST(foreign_threads_run_programs_too)
{
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, run_on_thread, NULL), 0);
    bo_blocking(pthread_join, thread, NULL);
}
