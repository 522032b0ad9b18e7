// SPDX-License-Identifier: MIT
#include "observe/log_test.h"

#include <bora/sync.h>
#include <pthread.h>
#include <signal.h>

// -- outputs that refuse --------------------------------------------------------------------------

TEST(log_survives_an_output_that_refuses)
{
    int ends[2];
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), nothing = open("/dev/null", O_RDONLY);
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    const int refusing[] = {full, nothing, ends[1], -1, 1 << 20};
    for (size_t i = 0; i < sizeof refusing / sizeof *refusing; i++) {
        bo_log_set_output(refusing[i]);
        bo_log_error("m", bo_kv("k", fill('x', BO_LOG_LINE_MAX)));
    }
    int fd = capture(false);
    bo_log_info("still there");
    EXPECT_EQ(logged_text(fd), "INFO still there");
}

// A full pipe that does not block takes part of a line, or none of it: those are lost, no others.
TEST(log_loses_only_what_a_full_pipe_refuses)
{
    int ends[2];
    char byte;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    bo_log_set_output(ends[1]);
    for (int i = 0; i < 100; i++)
        bo_log_info("m", bo_kv("k", fill('x', 1000)));
    while (read(ends[0], &byte, 1) == 1) {
    }
    bo_log_info("m");
    ssize_t len = read(ends[0], logged_bytes, sizeof logged_bytes);
    EXPECT_EQ(bo_str_sub(bo_str_n(logged_bytes, (size_t)len), HEAD, (size_t)len), "INFO m\n");
}

TEST_PLAIN_PROGRAM(logs_into_a_closed_pipe_without_the_runtime)
{
    int ends[2];
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_DFL);
    bo_log_set_output(ends[1]);
    bo_log_info("m");
    bo_log_info("m");
    sigset_t pending;
    sigpending(&pending);
    EXPECT(!sigismember(&pending, SIGPIPE));
    puts("alive");
}

TEST(log_raises_no_sigpipe)
{
    test_result result = test_run("logs_into_a_closed_pipe_without_the_runtime", NULL);
    EXPECT_EQ(result.status, 0);
    EXPECT_EQ(result.output, "alive\n");
}

// -- many at once ---------------------------------------------------------------------------------

enum { WRITERS = 40, LINES = 100 };

static void write_lines(int who, bo_wg *wg)
{
    char value[600];
    memset(value, 'a' + who % 26, sizeof value);
    for (int i = 0; i < LINES; i++) {
        bo_log_info("m", bo_kv("who", who), bo_kv("i", i),
                    bo_kv("v", bo_str_n(value, (size_t)(who * 7 + i) % sizeof value)));
        if (i % 10 == 0)
            bo_yield();
    }
    bo_wg_done(wg);
}

static void *write_lines_in_thread(void *wg)
{
    write_lines(WRITERS, wg);
    return NULL;
}

// count_lines checks that each line is whole and in order for its writer.
static int count_lines(bo_str text)
{
    int next[WRITERS + 1] = {0}, lines = 0;
    for (bo_str line; text.len > 0 && bo_str_next(&text, '\n', &line); lines++) {
        int who = -1, i = -1, read = 0;
        char *copy = strndup(line.ptr + HEAD, line.len - HEAD);
        sscanf(copy, "INFO m who=%d i=%d v=%n", &who, &i, &read);
        if (!EXPECT(who >= 0 && who <= WRITERS && i == next[who] && read > 0))
            return -1;
        next[who]++;
        char letter[] = {(char)('a' + who % 26), 0};
        size_t want = (size_t)(who * 7 + i) % 600;
        EXPECT_EQ(strspn(copy + read, want ? letter : "\""), want ? want : 2);
        EXPECT_EQ(strlen(copy + read), want ? want : 2);
        free(copy);
    }
    return lines;
}

static void drain(int fd, size_t *len)
{
    for (ssize_t got; (got = read(fd, logged_bytes + *len, sizeof logged_bytes - *len)) > 0;)
        *len += (size_t)got;
}

static void *drain_in_thread(void *fd_and_len)
{
    size_t *fd = fd_and_len;
    drain((int)fd[0], &fd[1]);
    return NULL;
}

static void write_from_everywhere(void)
{
    bo_wg wg = {0};
    pthread_t thread;
    bo_wg_add(&wg, WRITERS + 1);
    REQUIRE_EQ(pthread_create(&thread, NULL, write_lines_in_thread, &wg), 0);
    for (int i = 0; i < WRITERS; i++)
        go(write_lines, i, &wg);
    bo_wg_wait(&wg);
    bo_blocking(pthread_join, thread, NULL);
}

TEST(log_lines_do_not_mix_in_a_file)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/log", test_dir());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    bo_log_set_output(fd);
    write_from_everywhere();
    EXPECT_EQ(count_lines(logged(fd)), (WRITERS + 1) * LINES);
}

TEST(log_lines_do_not_mix_in_a_pipe)
{
    int ends[2];
    pthread_t reader;
    REQUIRE_EQ(pipe2(ends, O_CLOEXEC), 0);
    size_t fd_and_len[2] = {(size_t)ends[0], 0};
    REQUIRE_EQ(pthread_create(&reader, NULL, drain_in_thread, fd_and_len), 0);
    bo_log_set_output(ends[1]);
    write_from_everywhere();
    close(ends[1]);
    bo_blocking(pthread_join, reader, NULL);
    EXPECT_EQ(count_lines(bo_str_n(logged_bytes, fd_and_len[1])), (WRITERS + 1) * LINES);
}

static void log_on_a_small_stack(bo_wg *wg)
{
    bo_log_info("m", bo_kv("k", fill('\n', BO_LOG_LINE_MAX)), bo_kv("d", 0.1 + 0.2));
    bo_log_info("m", bo_kv("d", 0.1 + 0.2));
    bo_wg_done(wg);
}

TEST(log_fits_on_the_smallest_stack)
{
    bo_wg wg = {0};
    int fd = capture(true);
    bo_wg_add(&wg, 1);
    bo_go_with((log_on_a_small_stack, &wg), .stack_bytes = 1);
    bo_wg_wait(&wg);
    EXPECT_EQ(bo_str_find(logged(fd), bo_s("\n{\"time\"")) > 0, true);
}
