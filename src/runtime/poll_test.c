// SPDX-License-Identifier: MIT
#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>
#include <bora/test.h>

#include "runtime/sched.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd, peer;
    bo__pollfd *pfd;
} ends;

static ends ends_open(void)
{
    int fds[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return (ends){fds[0], fds[1], bo__poll_open(fds[0])};
}

static void ends_close(ends *e)
{
    bo__poll_close(e->pfd);
    close(e->fd);
    if (e->peer >= 0)
        close(e->peer);
}

// Fills the socket until the kernel takes no more.
static void fill(int fd)
{
    static const char zeros[4096];
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    REQUIRE_EQ(errno, EAGAIN);
}

static void drain(int fd)
{
    char buf[4096];
    while (read(fd, buf, sizeof buf) > 0)
        ;
}

// A wait may end for nothing, so it goes with a try each time, as a caller's would.
static bo_err wait_readable(ends *e, int64_t deadline)
{
    char byte;
    while (recv(e->fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
        bo_err err = bo__poll_wait(e->pfd, false, deadline);
        if (err)
            return err;
    }
    return NULL;
}

static bo_err wait_writable(ends *e, int64_t deadline)
{
    while (write(e->fd, "", 1) < 0 && errno == EAGAIN) {
        bo_err err = bo__poll_wait(e->pfd, true, deadline);
        if (err)
            return err;
    }
    return NULL;
}

typedef struct {
    ends *e;
    bo_err (*wait)(ends *e, int64_t deadline);
    bo_err result;
    bo_wg done;
} waiter;

static void run_waiter(waiter *w)
{
    w->result = w->wait(w->e, BO__NO_DEADLINE);
    bo_wg_done(&w->done);
}

// ThreadSanitizer may think that it is a race to look at how another one is doing.
__attribute__((no_sanitize("thread"))) static bool count_waiting(bo__g *g, void *count)
{
    *(int *)count += atomic_load(&g->state) == BO__G_WAITING &&
                     (g->reason == BO__WAIT_READ || g->reason == BO__WAIT_WRITE);
    return true;
}

static void await_waiters(int wanted)
{
    for (int n = 0; n < wanted; bo_yield()) {
        n = 0;
        bo__stack_each(count_waiting, &n);
    }
}

static void start_waiter(waiter *w, int waiting)
{
    bo_wg_add(&w->done, 1);
    go(run_waiter, w);
    await_waiters(waiting);
}

TEST(a_wait_ends_when_the_descriptor_becomes_readable)
{
    for (int round = 0; round < 200; round++) {
        ends e = ends_open();
        waiter w = {.e = &e, .wait = wait_readable};
        start_waiter(&w, 1);
        EXPECT_EQ(write(e.peer, "x", 1), 1);
        bo_wg_wait(&w.done);
        EXPECT(w.result == NULL);
        ends_close(&e);
    }
}

TEST(a_wait_ends_when_the_descriptor_becomes_writable_again)
{
    ends e = ends_open();
    fill(e.fd);
    waiter w = {.e = &e, .wait = wait_writable};
    start_waiter(&w, 1);
    drain(e.peer);
    bo_wg_wait(&w.done);
    EXPECT(w.result == NULL);
    ends_close(&e);
}

TEST(one_may_wait_to_read_and_another_to_write)
{
    ends e = ends_open();
    fill(e.fd);
    waiter r = {.e = &e, .wait = wait_readable}, w = {.e = &e, .wait = wait_writable};
    start_waiter(&r, 1);
    start_waiter(&w, 2);
    drain(e.peer);
    bo_wg_wait(&w.done);
    EXPECT_EQ(write(e.peer, "x", 1), 1);
    bo_wg_wait(&r.done);
    EXPECT(r.result == NULL && w.result == NULL);
    ends_close(&e);
}

TEST(what_came_before_the_wait_ends_it_at_once)
{
    ends e = ends_open();
    EXPECT_EQ(write(e.peer, "x", 1), 1);
    EXPECT(bo__poll_wait(e.pfd, false, BO__NO_DEADLINE) == NULL);
    ends_close(&e);
}

TEST(a_deadline_ends_a_wait_and_the_next_one_still_works)
{
    ends e = ends_open();
    EXPECT_EQ(wait_readable(&e, bo_mono() + BO_MILLISECOND), BO_TIMEOUT);
    EXPECT_EQ(wait_readable(&e, 0), BO_TIMEOUT);
    EXPECT_EQ(write(e.peer, "x", 1), 1);
    EXPECT(wait_readable(&e, BO__NO_DEADLINE) == NULL);
    ends_close(&e);
}

TEST(a_hang_up_ends_both_waits_and_is_remembered)
{
    ends e = ends_open();
    fill(e.fd);
    waiter r = {.e = &e, .wait = wait_readable}, w = {.e = &e, .wait = wait_writable};
    start_waiter(&r, 1);
    start_waiter(&w, 2);
    close(e.peer);
    e.peer = -1;
    bo_wg_wait(&r.done);
    bo_wg_wait(&w.done);
    EXPECT(r.result == NULL && w.result == NULL);  // to find out by the next call
    EXPECT(bo__poll_ask_first(e.pfd));
    ends_close(&e);
}

TEST(closing_ends_waits_and_refuses_later_ones)
{
    ends e = ends_open();
    fill(e.fd);
    waiter r = {.e = &e, .wait = wait_readable}, w = {.e = &e, .wait = wait_writable};
    start_waiter(&r, 1);
    start_waiter(&w, 2);
    ends_close(&e);
    bo_wg_wait(&r.done);
    bo_wg_wait(&w.done);
    // The descriptor is closed: a wait that had begun says CLOSED, a try before it EBADF.
    EXPECT_EQ(r.result, BO_CLOSED);
}

static bo_err wait_in_scope(ends *e)
{
    return wait_readable(e, BO__NO_DEADLINE);
}

TEST(the_end_of_the_scope_ends_a_wait)
{
    ends e = ends_open();
    bo_group group = {0};
    bo_group_go(&group, wait_in_scope, &e);
    await_waiters(1);
    bo_group_cancel(&group);
    EXPECT_EQ(bo_group_wait(&group), BO_CANCELED);
    ends_close(&e);
}

static void echo(ends *e, int times, bo_wg *done)
{
    for (int i = 0; i < times; i++) {
        char byte;
        EXPECT(wait_readable(e, BO__NO_DEADLINE) == NULL);
        EXPECT_EQ(read(e->fd, &byte, 1), 1);
        EXPECT_EQ(write(e->fd, &byte, 1), 1);
    }
    bo_wg_done(done);
}

static void *drive(void *peer)
{
    char byte = 'x';
    for (int i = 0; i < 2000; i++) {
        while (write((int)(intptr_t)peer, &byte, 1) != 1)
            ;
        while (read((int)(intptr_t)peer, &byte, 1) != 1)
            sched_yield();
    }
    return NULL;
}

TEST(no_edge_is_lost_between_a_short_read_and_the_next_wait)
{
    // The peer answers as fast as it can, on a thread of its own: a lost edge would hang both.
    ends e[2] = {ends_open(), ends_open()};
    bo_wg done = {0};
    pthread_t threads[2];
    bo_wg_add(&done, 2);
    for (int i = 0; i < 2; i++) {
        go(echo, &e[i], 2000, &done);
        REQUIRE_EQ(pthread_create(&threads[i], NULL, drive, (void *)(intptr_t)e[i].peer), 0);
    }
    bo_wg_wait(&done);
    for (int i = 0; i < 2; i++) {
        bo_blocking(pthread_join, threads[i], NULL);
        ends_close(&e[i]);
    }
}

static void *wait_on_thread(void *arg)
{
    waiter *w = arg;
    w->result = wait_readable(w->e, BO__NO_DEADLINE);
    return NULL;
}

TEST(a_foreign_thread_may_wait_too)
{
    ends e = ends_open();
    waiter w = {.e = &e};
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, wait_on_thread, &w), 0);
    EXPECT_EQ(write(e.peer, "x", 1), 1);
    bo_blocking(pthread_join, thread, NULL);
    EXPECT(w.result == NULL);
    ends_close(&e);
}

TEST(a_descriptor_that_cannot_be_polled_is_an_error)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    bo__pollfd *pfd = bo__poll_open(fd);
    bo_err err = bo__poll_wait(pfd, false, BO__NO_DEADLINE);
    EXPECT_EQ(bo_err_errno(err), EPERM);
    bo__poll_close(pfd);
    close(fd);
}
