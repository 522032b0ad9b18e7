// SPDX-License-Identifier: MIT
// faults_test.c: a kernel that misbehaves within its rights (see net/sys.h), and what becomes of
// it.
#include "net/net_test.h"
#include "net/sys.h"

#include <linux/sockios.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

struct net_faults net_faults;

static _Atomic int calls;

static bool interrupted(void)
{
    int every = net_faults.interrupt_every;
    if (every == 0 || atomic_fetch_add(&calls, 1) % every != 0)
        return false;
    errno = EINTR;
    return true;
}

static size_t cut(size_t n)
{
    return net_faults.bytes_max && n > net_faults.bytes_max ? net_faults.bytes_max : n;
}

static bool fails(const int **errors)
{
    if (!*errors || !**errors)
        return false;
    errno = *(*errors)++;
    return true;
}

ssize_t bo__sys_recv(int fd, void *buf, size_t n)
{
    if (interrupted())
        return -1;
    ssize_t len = recv(fd, buf, n, 0);
    int error = errno;
    if (net_faults.after_recv)
        net_faults.after_recv(fd, len);
    errno = error;
    return len;
}

ssize_t bo__sys_peek(int fd, void *byte)
{
    return interrupted() ? -1 : recv(fd, byte, 1, MSG_PEEK);
}

ssize_t bo__sys_send(int fd, const void *buf, size_t n)
{
    if (interrupted())
        return -1;
    ssize_t len = send(fd, buf, cut(n), MSG_NOSIGNAL);
    int error = errno;
    if (net_faults.after_send)
        net_faults.after_send(fd, len);
    errno = error;
    return len;
}

ssize_t bo__sys_sendv(int fd, struct iovec *pieces, size_t count)
{
    struct iovec first = {pieces->iov_base, cut(pieces->iov_len)};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    if (net_faults.bytes_max)
        message = (struct msghdr){.msg_iov = &first, .msg_iovlen = 1};
    return interrupted() ? -1 : sendmsg(fd, &message, MSG_NOSIGNAL);
}

int bo__sys_accept(int fd, union bo__sockaddr *peer, socklen_t *len)
{
    if (interrupted() || fails(&net_faults.accept_errors))
        return -1;
    return accept4(fd, &peer->any, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int bo__sys_connect(int fd, const union bo__sockaddr *peer, socklen_t len)
{
    if (net_faults.before_connect)
        net_faults.before_connect(fd);
    if (fails(&net_faults.connect_errors))
        return -1;
    return connect(fd, &peer->any, len);
}

// -- tests ----------------------------------------------------------------------------------------

static char expected_byte(size_t i)
{
    return (char)(i * 31 + (i >> 8));
}

static void send_bytes(bo_conn *conn, size_t total, bool pieces, bo_wg *wg)
{
    enum { PIECES = 7 };
    char *bytes = malloc(total);
    struct iovec v[PIECES];
    for (size_t i = 0; i < total; i++)
        bytes[i] = expected_byte(i);
    for (size_t i = 0; i < PIECES; i++) {
        size_t from = total * i / PIECES;
        v[i] = (struct iovec){bytes + from, total * (i + 1) / PIECES - from};
    }
    bo_err err = pieces ? bo_conn_writev(conn, v, PIECES) : bo_conn_write(conn, bytes, total);
    EXPECT_ERR(err, NULL);
    EXPECT_ERR(bo_conn_shutdown_write(conn), NULL);
    free(bytes);
    bo_wg_done(wg);
}

TEST(faults_short_writes_and_interruptions_lose_nothing)
{
    enum { TOTAL = 3000 };
    static const struct {
        size_t bytes_max;
        int interrupt_every;
    } cases[] = {{1, 0}, {7, 0}, {0, 2}, {1, 3}};
    for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
        char back[TOTAL + 1];
        bool pieces = i / 4 % 2, unix_socket = i / 8;
        net_faults.bytes_max = cases[i % 4].bytes_max;
        net_faults.interrupt_every = cases[i % 4].interrupt_every;
        test_case("%s, %s, at most %zu, every %d", net_loopbacks[unix_socket],
                  pieces ? "writev" : "write", net_faults.bytes_max, net_faults.interrupt_every);
        struct net_pair pair = net_pair_over(net_loopbacks[unix_socket]);
        bo_wg wg = {0};
        bo_wg_add(&wg, 1);
        go(send_bytes, pair.dialed, TOTAL, pieces, &wg);
        REQUIRE_EQ(net_read_all(pair.accepted, back, sizeof back), TOTAL);
        size_t wrong = 0;
        for (size_t k = 0; k < TOTAL; k++)
            wrong += back[k] != expected_byte(k);
        EXPECT_EQ(wrong, 0);
        bo_wg_wait(&wg);
        net_pair_free(pair);
    }
}

static bo_conn *victim;
static bo_group *scope_to_end;

static void close_behind_nothing(int fd, ssize_t n)
{
    (void)fd;
    if (n < 0)
        bo_conn_close(victim);
}

// The reader has found nothing and is about to wait when somebody closes the connection.
TEST(faults_close_between_a_read_and_a_wait_is_not_missed)
{
    for (size_t i = 0; i < 2; i++) {
        char byte;
        size_t got;
        test_case("%s", net_loopbacks[i]);
        net_faults.after_recv = NULL;
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        victim = pair.accepted;
        net_faults.after_recv = close_behind_nothing;
        EXPECT_ERR(bo_conn_read(pair.accepted, &byte, 1, &got), BO_CLOSED);
        net_pair_free(pair);
    }
}

static void end_scope_behind_nothing(int fd, ssize_t n)
{
    (void)fd;
    if (n < 0)
        bo_group_cancel(scope_to_end);
}

static bo_err read_byte(bo_conn *conn)
{
    char byte;
    size_t got;
    return bo_conn_read(conn, &byte, 1, &got);
}

TEST(faults_cancellation_between_a_read_and_a_wait_is_not_missed)
{
    bo_group group = {0};
    struct net_pair pair = net_pair_tcp();
    scope_to_end = &group;
    net_faults.after_recv = end_scope_behind_nothing;
    bo_group_go(&group, read_byte, pair.accepted);
    EXPECT_ERR(bo_group_wait(&group), BO_CANCELED);
    net_pair_free(pair);
}

static void close_behind_the_end(int fd, ssize_t n)
{
    (void)fd;
    if (n == 0)
        bo_conn_close(victim);
}

// An end that a close of ours has made is told from one of the peer's.
TEST(faults_close_during_a_read_is_no_end_of_stream)
{
    struct net_pair pair = net_pair_tcp();
    victim = pair.accepted;
    bo_conn_free(pair.dialed);
    net_faults.after_recv = close_behind_the_end;
    EXPECT_ERR(read_byte(pair.accepted), BO_CLOSED);
    bo_conn_free(pair.accepted);
}

static size_t drained;

// The peer takes all that was sent, and the poller has time to tell that there is room, before the
// writer, who found none, waits for it: no other news will come.
static void drain_behind_no_room(int fd, ssize_t n)
{
    static char buf[1 << 16];
    int under_way = 1;
    if (n >= 0)
        return;
    while (ioctl(fd, SIOCOUTQ, &under_way) == 0 && under_way > 0) {
        size_t got = 0;
        bo_conn_set_read_deadline(victim, bo_mono() + BO_MILLISECOND);
        bo_err_free(bo_conn_read(victim, buf, sizeof buf, &got));
        drained += got;
    }
    bo_sleep(BO_MILLISECOND);
}

TEST(faults_room_made_between_a_write_and_a_wait_is_not_missed)
{
    enum { TOTAL = 20 << 20 };
    char *bytes = calloc(1, TOTAL);
    for (size_t i = 0; i < 2; i++) {
        char buf[1 << 12];
        test_case("%s", net_loopbacks[i]);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        victim = pair.accepted;
        drained = 0;
        net_faults.after_send = drain_behind_no_room;
        bo_conn_set_write_deadline(pair.dialed, bo_mono() + 20 * BO_SECOND);
        EXPECT_ERR(bo_conn_write(pair.dialed, bytes, TOTAL), NULL);
        net_faults.after_send = NULL;
        bo_conn_set_read_deadline(pair.accepted, BO_NO_DEADLINE);
        EXPECT_EQ(bo_conn_shutdown_write(pair.dialed), NULL);
        for (size_t got = 1; got > 0; drained += got)
            REQUIRE_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
        EXPECT_EQ(drained, TOTAL);
        net_pair_free(pair);
    }
    free(bytes);
}
