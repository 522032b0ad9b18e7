// SPDX-License-Identifier: MIT
#include "io/io_test.h"

#include <bora/chan.h>
#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPE_BYTES = 64 << 10 };  // What a pipe holds by default.

struct ends {
    int out, in;
};

static struct ends pipe_new(int flags)
{
    int fds[2];
    REQUIRE_EQ(pipe2(fds, O_CLOEXEC | flags), 0);
    return (struct ends){fds[0], fds[1]};
}

static struct ends socket_new(int flags)
{
    int fds[2];
    REQUIRE_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (flags ? SOCK_NONBLOCK : 0), 0, fds), 0);
    return (struct ends){fds[0], fds[1]};
}

static void ends_close(struct ends ends)
{
    close(ends.out);
    close(ends.in);
}

// fill_up writes into a pipe until it takes no more.
static void fill_up(int fd)
{
    static const char zeros[4096];
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, zeros, sizeof zeros) > 0) {
    }
    fcntl(fd, F_SETFL, flags);
}

// ---- bytes come through ----

static char pattern(size_t i)
{
    return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void send_pattern(int fd, size_t total, size_t cap)
{
    char *buf = malloc(cap + 1);
    bo_fd_writer w;
    bo_fd_writer_init(&w, fd, buf, cap);
    char text[1500];
    for (size_t at = 0, step = 0; at < total; at += step) {
        step = at % 1499 + 1 < total - at ? at % 1499 + 1 : total - at;
        for (size_t i = 0; i < step; i++)
            text[i] = pattern(at + i);
        bo_write(&w.writer, bo_str_n(text, step));
    }
    EXPECT_EQ(bo_flush(&w.writer), NULL);
    close(fd);
    free(buf);
}

static void expect_pattern(int fd, size_t total, size_t cap)
{
    char *buf = malloc(cap + 1), text[1700];
    bo_fd_reader r;
    bo_fd_reader_init(&r, fd, buf, cap);
    size_t wrong = 0, at = 0, got = 0;
    bo_err err;
    for (; !(err = bo_read(&r.reader, text, at % sizeof text + 1, &got)); at += got)
        for (size_t i = 0; i < got; i++)
            wrong += text[i] != pattern(at + i);
    EXPECT_EQ(err, BO_EOF);
    EXPECT_EQ(at, total);
    EXPECT_EQ(wrong, 0);
    free(buf);
}

TEST(pipes_and_sockets_carry_more_than_the_kernel_buffers)
{
    static const size_t caps[] = {0, 100, 100000};
    for (size_t row = 0; row < 12; row++) {
        size_t cap = caps[row % 3], total = cap ? 1 << 20 : 200 << 10;
        int flags = row % 6 < 3 ? 0 : O_NONBLOCK;
        test_case("%s%s, buffers of %zu", flags ? "non-blocking " : "", row < 6 ? "pipe" : "socket",
                  cap);
        struct ends ends = row < 6 ? pipe_new(flags) : socket_new(flags);
        go(send_pattern, ends.in, total, cap);
        expect_pattern(ends.out, total, cap);
        close(ends.out);
    }
}

TEST(files_are_read_and_written)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/file", test_dir());
    for (size_t cap = 0; cap < 100000; cap = 3 * cap + 700) {
        test_case("buffers of %zu", cap);
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        REQUIRE(fd >= 0);
        send_pattern(dup(fd), 300000, cap);
        lseek(fd, 0, SEEK_SET);
        expect_pattern(fd, 300000, cap);
        close(fd);
    }
}

TEST(a_terminal_is_read_and_written)
{
    char buf[100], out[100];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) || unlockpt(master))
        test_skip("no pseudo terminals here");
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(terminal >= 0);
    bo_fd_reader r;
    bo_fd_writer w;
    bo_fd_writer_init(&w, master, out, sizeof out);
    bo_fd_reader_init(&r, terminal, buf, sizeof buf);
    EXPECT_EQ(bo_writef(&w.writer, "hello\n"), NULL);
    EXPECT_EQ(bo_flush(&w.writer), NULL);
    bo_str line;
    REQUIRE_EQ(bo_read_line(&r.reader, 0, &line), NULL);
    EXPECT_EQ(line, "hello");
    close(terminal);
    close(master);
}

// ---- waiting ----

static void read_one(int fd, bo_wg *wg, int *sum)
{
    char byte = 0;
    bo_fd_reader r;
    bo_fd_reader_init(&r, fd, NULL, 0);
    EXPECT_EQ(bo_read_byte(&r.reader, &byte), NULL);
    __atomic_fetch_add(sum, byte, __ATOMIC_RELAXED);
    bo_wg_done(wg);
}

TEST_PROGRAM(many_pipes_few_threads)
{
    enum { PIPES = 40 };
    struct ends ends[PIPES];
    bo_wg wg = {0};
    int sum = 0;
    for (int i = 0; i < PIPES; i++) {
        ends[i] = pipe_new(0);
        bo_wg_add(&wg, 1);
        go(read_one, ends[i].out, &wg, &sum);
    }
    // Backwards: if a thread were held for each of the first, the last ones could not begin.
    for (int i = PIPES - 1; i >= 0; i--) {
        bo_yield();
        EXPECT_EQ(write(ends[i].in, "\1", 1), 1);
    }
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, PIPES);
    // All still wait here that have nothing to read, and so does a blocking call for its thread.
    for (int i = 0; i < PIPES; i++) {
        bo_wg_add(&wg, 1);
        go(read_one, ends[i].out, &wg, &sum);
    }
    for (int i = 0; i < 100; i++)
        bo_yield();
    EXPECT(bo_blocking(getpid) > 0);
    for (int i = 0; i < PIPES; i++)
        EXPECT_EQ(write(ends[i].in, "\1", 1), 1);
    bo_wg_wait(&wg);
    EXPECT_EQ(sum, 2 * PIPES);
}

TEST(a_goroutine_that_waits_for_a_pipe_holds_no_thread)
{
    const char *const two_threads[] = {"BORA_THREADS=2", NULL};
    EXPECT_EQ(test_run("many_pipes_few_threads", two_threads).output, "");
}

TEST(many_goroutines_may_wait_for_one_pipe)
{
    enum { READERS = 30 };
    struct ends ends = pipe_new(0);
    bo_wg wg = {0};
    int sum = 0;
    for (int i = 0; i < READERS; i++) {
        bo_wg_add(&wg, 1);
        go(read_one, ends.out, &wg, &sum);
    }
    for (int i = 0; i < READERS; i++) {
        for (int k = 0; k < 10; k++)
            bo_yield();
        EXPECT_EQ(write(ends.in, "\1", 1), 1);
    }
    close(ends.in);
    bo_wg_wait(&wg);
    close(ends.out);
}

static bo_err read_to_the_end(int fd)
{
    char buf[16];
    size_t got;
    bo_fd_reader r;
    bo_fd_reader_init(&r, fd, buf, sizeof buf);
    return bo_read(&r.reader, buf, sizeof buf, &got);
}

static bo_err write_a_byte(int fd)
{
    bo_fd_writer w;
    bo_fd_writer_init(&w, fd, NULL, 0);
    return bo_write_byte(&w.writer, 'x');
}

TEST(waits_for_pipes_end_with_their_scope)
{
    for (int i = 0; i < 4; i++) {
        bool writes = i % 2, cancels = i / 2;
        struct ends ends = pipe_new(0);
        bo_group group = {0};
        bo_err err = NULL;
        test_case("%s, %s", writes ? "write" : "read", cancels ? "canceled" : "deadline");
        fill_up(ends.in);
        struct ends empty = pipe_new(0);
        if (cancels) {
            go(bo_group_cancel, &group);
            if (writes)
                bo_group_go(&group, write_a_byte, ends.in);
            else
                bo_group_go(&group, read_to_the_end, empty.out);
            err = bo_group_wait(&group);
        } else {
            BO_DEADLINE(BO_MILLISECOND);
            err = writes ? write_a_byte(ends.in) : read_to_the_end(empty.out);
        }
        EXPECT_ERR(err, cancels ? BO_CANCELED : BO_TIMEOUT);
        ends_close(ends);
        ends_close(empty);
    }
}

TEST(the_error_of_a_reader_names_its_descriptor)
{
    char want[100];
    struct ends ends = pipe_new(0);
    BO_DEADLINE(0);
    snprintf(want, sizeof want, "read descriptor %d: timed out", ends.out);
    EXPECT_ERR_TEXT(read_to_the_end(ends.out), want);
    // What need not wait is read even so.
    EXPECT_EQ(write(ends.in, "x", 1), 1);
    EXPECT_EQ(read_to_the_end(ends.out), NULL);
    ends_close(ends);
}

static void *read_from_thread(void *fd)
{
    EXPECT_EQ(read_to_the_end(*(int *)fd), NULL);
    return NULL;
}

TEST(foreign_threads_wait_for_pipes_too)
{
    struct ends ends = pipe_new(0);
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, read_from_thread, &ends.out), 0);
    for (int i = 0; i < 50; i++)
        bo_yield();
    EXPECT_EQ(write(ends.in, "x", 1), 1);
    bo_blocking(pthread_join, thread, NULL);
    ends_close(ends);
}

// ---- faults ----

TEST(faults_of_descriptors_are_errors)
{
    struct ends ends = pipe_new(0);
    EXPECT_EQ(bo_err_errno(write_a_byte(-1)), EBADF);
    EXPECT_EQ(bo_err_errno(write_a_byte(ends.out)), EBADF);
    fill_up(ends.in);
    EXPECT_EQ(bo_err_errno(write_a_byte(ends.out)), EBADF);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(bo_err_errno(write_a_byte(full)), ENOSPC);
    close(full);
    close(ends.out);
    EXPECT_EQ(bo_err_errno(write_a_byte(ends.in)), EPIPE);
    close(ends.in);

    ends = pipe_new(0);
    int wrong[] = {-1, ends.in};
    for (size_t i = 0; i < 2; i++) {
        bo_err err = read_to_the_end(wrong[i]);
        EXPECT_EQ(bo_err_errno(err), EBADF);
        bo_err_free(err);
    }
    ends_close(ends);
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bo_err err = read_to_the_end(folder);
    EXPECT_EQ(bo_err_errno(err), EISDIR);
    bo_err_free(err);
    close(folder);
}

static void close_later(int fd)
{
    for (int i = 0; i < 20; i++)
        bo_yield();
    close(fd);
}

TEST(a_pipe_that_loses_its_reader_ends_the_write)
{
    struct ends ends = pipe_new(0);
    fill_up(ends.in);
    go(close_later, ends.out);
    EXPECT_EQ(bo_err_errno(write_a_byte(ends.in)), EPIPE);
    close(ends.in);
}

TEST(a_pipe_that_loses_its_writer_ends_the_read)
{
    struct ends ends = pipe_new(0);
    go(close_later, ends.in);
    EXPECT_EQ(read_to_the_end(ends.out), BO_EOF);
    close(ends.out);
}

TEST(a_file_that_may_not_grow_fails_after_a_short_write)
{
    char path[4096], data[1500] = "";
    snprintf(path, sizeof path, "%s/file", test_dir());
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1000;
    REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    bo_fd_writer w;
    bo_fd_writer_init(&w, fd, NULL, 0);
    EXPECT_EQ(bo_err_errno(bo_write(&w.writer, bo_str_n(data, sizeof data))), EFBIG);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(lseek(fd, 0, SEEK_END), 1000);
    EXPECT_EQ(bo_err_errno(bo_flush(&w.writer)), EFBIG);
    close(fd);
}

static void write_later(int fd, bo_chan(int) reading)
{
    int ready;
    bo_recv(reading, &ready);
    for (int i = 0; i < 20; i++)
        bo_yield();
    EXPECT_EQ(write(fd, "x", 1), 1);
}

TEST(without_a_descriptor_for_the_poller_a_read_blocks_its_thread)
{
    struct ends ends = pipe_new(0);
    bo_chan(int) reading = bo_chan_new(int, 1);
    go(write_later, ends.in, reading);
    struct rlimit before, limit;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)ends.out;  // No number is left below it.
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(fcntl(ends.out, F_DUPFD, 0), -1);
    bo_send(reading, 1);
    EXPECT_EQ(read_to_the_end(ends.out), NULL);
    setrlimit(RLIMIT_NOFILE, &before);
    bo_chan_free(reading);
    ends_close(ends);
}
