// SPDX-License-Identifier: MIT
// edge_test.c: what happens to a connection while its reader is between two steps.
//
// A reader that trusts a short read (see conn.c) must not miss anything that comes together with
// the data, or between the read and the wait, in whatever portions the poller reports it. Scripts
// say what the peer does at which moment: d sends a byte, o sends one out of band, f ends its side,
// c closes, r resets.
#include "net/addr.h"
#include "net/net_test.h"

#include <netinet/tcp.h>
#include <stdio.h>

static void play(int fd, const char *script)
{
    for (const char *at = script; *at; at++) {
        if (*at == 'd')
            EXPECT_EQ(send(fd, "d", 1, MSG_NOSIGNAL), 1);
        if (*at == 'o')
            EXPECT_EQ(send(fd, "o", 1, MSG_NOSIGNAL | MSG_OOB), 1);
        if (*at == 'f')
            EXPECT_EQ(shutdown(fd, SHUT_WR), 0);
        if (*at == 'c')
            close(fd);
        if (*at == 'r')
            net_reset(fd);
    }
}

// What the peer does behind the reader's next recv that brought data, or that found nothing.
static struct {
    int fd;
    const char *behind_data, *behind_nothing;
    bool settle;  // And the poller has the time to report it before the reader goes on.
} late;

static void be_late(int fd, ssize_t n)
{
    (void)fd;
    const char **script = n > 0 ? &late.behind_data : &late.behind_nothing;
    if (n == 0 || !**script)
        return;
    play(late.fd, *script);
    *script = "";
    if (late.settle)
        bo_sleep(BO_MILLISECOND);
}

// What the reader is to get, and two moments: it has all the bytes, and it has come to the end.
struct goal {
    bo_conn *conn;
    size_t bytes;
    int end;  // errno of the error that ends it; 0: it reads to the end.
    bo_wg all_bytes, ended;
};

static void read_on(struct goal *goal)
{
    char buf[64];
    size_t got = 1, sum = 0;
    bo_err err = NULL;
    bo_conn_set_read_deadline(goal->conn, bo_mono() + 5 * BO_SECOND);
    if (goal->bytes == 0)
        bo_wg_done(&goal->all_bytes);
    while (!err && got > 0) {
        err = bo_conn_read(goal->conn, buf, sizeof buf, &got);
        if (!err && sum < goal->bytes && sum + got >= goal->bytes)
            bo_wg_done(&goal->all_bytes);
        sum += err ? 0 : got;
    }
    EXPECT(!bo_err_is(err, BO_TIMEOUT));
    EXPECT_EQ(bo_err_errno(err), goal->end);
    EXPECT_EQ(sum, goal->bytes);
    if (sum < goal->bytes)
        bo_wg_done(&goal->all_bytes);
    bo_err_free(err);
    bo_wg_done(&goal->ended);
}

static size_t count(const char *script, char what)
{
    size_t found = 0;
    for (; *script; script++)
        found += *script == what;
    return found;
}

// One life of a connection. waited: the reader has waited before, so the poller knows the socket.
static void live(const char *first, const char *behind_data, const char *behind_nothing,
                 bool waited, bool settle)
{
    bo_conn *conn;
    int on = 1, fd = net_raw_pair(&conn);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bool reset = strchr(behind_data, 'r') || strchr(behind_nothing, 'r');
    bool closed = reset || strchr(behind_data, 'c') || strchr(behind_nothing, 'c');
    struct goal goal = {.conn = conn, .end = reset ? ECONNRESET : 0};
    goal.bytes = count(first, 'd') + count(behind_data, 'd') + count(behind_nothing, 'd');
    net_faults.after_recv = NULL;
    if (waited) {
        char byte;
        size_t got;
        bo_conn_set_read_deadline(conn, bo_mono());
        EXPECT_ERR(bo_conn_read(conn, &byte, 1, &got), BO_TIMEOUT);
    }
    late.fd = fd;
    late.behind_data = behind_data;
    late.behind_nothing = behind_nothing;
    late.settle = settle;
    net_faults.after_recv = be_late;
    play(fd, first);
    bo_wg_add(&goal.all_bytes, 1);
    bo_wg_add(&goal.ended, 1);
    go(read_on, &goal);
    bo_wg_wait(&goal.all_bytes);
    if (!closed)
        shutdown(fd, SHUT_WR);
    bo_wg_wait(&goal.ended);
    if (!closed)
        close(fd);
    bo_conn_free(conn);
}

TEST(edge_nothing_is_missed_between_a_read_and_a_wait)
{
    static const char *const firsts[] = {"", "d", "dd", "do", "dod", "od", "o"};
    static const char *const lates[] = {"",  "d",  "f",   "c",    "df", "dc",
                                        "r", "dr", "dod", "dodf", "of"};
    enum { FIRSTS = sizeof firsts / sizeof *firsts, LATES = sizeof lates / sizeof *lates };
    for (int i = 0; i < FIRSTS * LATES * 8; i++) {
        const char *first = firsts[i / 8 % FIRSTS], *then = lates[i / 8 / FIRSTS];
        bool waited = i & 1, settle = i & 2, behind_data = i & 4;
        // A recv that brought data is not followed by one that finds nothing, and neither is a
        // wait.
        if (behind_data != (count(first, 'd') > 0) || (!behind_data && waited))
            continue;
        // Only one byte out of band: a second one changes what becomes of the first.
        if (count(first, 'o') + count(then, 'o') > 1)
            continue;
        test_case("%s, then %s behind %s%s%s", first, then, behind_data ? "data" : "nothing",
                  waited ? ", waited" : "", settle ? ", settled" : "");
        live(first, behind_data ? then : "", behind_data ? "" : then, waited, settle);
    }
}

static void read_to_end(bo_conn *conn, size_t expected, bo_wg *wg)
{
    char buf[100];
    EXPECT_EQ(net_read_all(conn, buf, sizeof buf), expected);
    bo_conn_free(conn);
    bo_wg_done(wg);
}

// The last data and the end come together, in one report of the poller or in two, before the reader
// waits, while it waits, or between its reads. Whatever the order, it must come to the end.
TEST(edge_sees_the_end_that_comes_with_the_last_data)
{
    bo_wg wg = {0};
    for (int i = 0; i < 600; i++) {
        struct net_pair pair = net_pair_over(net_loopbacks[i % 2]);
        bo_wg_add(&wg, 1);
        if (i % 3 == 0)
            go(read_to_end, pair.accepted, (size_t)3, &wg);
        if (i % 3 == 0)
            net_let_run();
        EXPECT_EQ(bo_conn_write(pair.dialed, "end", 3), NULL);
        if (i % 3 == 1)
            go(read_to_end, pair.accepted, (size_t)3, &wg);
        if (i % 5 == 1)
            net_let_run();
        bo_conn_free(pair.dialed);
        if (i % 3 == 2)
            go(read_to_end, pair.accepted, (size_t)3, &wg);
    }
    bo_wg_wait(&wg);
}

// A read that takes exactly what was asked for says nothing about what is left.
TEST(edge_reads_on_after_a_read_that_filled_the_buffer)
{
    char buf[4];
    size_t got = 0;
    struct net_pair pair = net_pair_tcp();
    EXPECT_EQ(bo_conn_write(pair.dialed, "12345678", 8), NULL);
    REQUIRE_EQ(bo_conn_read(pair.accepted, buf, 4, &got), NULL);
    REQUIRE_EQ(bo_conn_read(pair.accepted, buf, 4, &got), NULL);
    EXPECT_EQ(bo_str_n(buf, got), "5678");
    net_pair_free(pair);
}

static void send_with_descriptor(int fd, char byte)
{
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec piece = {&byte, 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    EXPECT_EQ(sendmsg(fd, &message, 0), 1);
}

static int unix_raw_pair(bool accepted, bo_conn **conn)
{
    int ends[2];
    bo_listener *listener;
    union bo__sockaddr at;
    if (!accepted) {
        REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        REQUIRE_EQ(bo_conn_of_fd(ends[0], conn), NULL);
        return ends[1];
    }
    REQUIRE_EQ(bo_listen("unix:@", &listener), NULL);
    bo_addr addr = bo_listener_addr(listener);
    socklen_t len = bo__addr_to_sys(&addr, &at);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE_EQ(connect(fd, &at.any, len), 0);
    REQUIRE_EQ(bo_accept(listener, conn), NULL);
    bo_listener_free(listener);
    return fd;
}

// Over a Unix socket a read stops short where descriptors were sent along, with data still there
// that the poller has told of already.
TEST(edge_reads_on_behind_descriptors_sent_over_a_unix_socket)
{
    for (int accepted = 0; accepted < 2; accepted++) {
        char buf[100];
        size_t got = 0;
        bo_conn *conn;
        test_case("%s", accepted ? "accepted" : "of a socketpair");
        int fd = unix_raw_pair(accepted, &conn);
        bo_conn_set_read_deadline(conn, bo_mono() + 5 * BO_SECOND);
        for (char byte = 'a'; byte <= 'c'; byte++)
            send_with_descriptor(fd, byte);
        for (char byte = 'a'; byte <= 'c'; byte++) {
            EXPECT_ERR(bo_conn_read(conn, buf, sizeof buf, &got), NULL);
            EXPECT_EQ(bo_str_n(buf, got), bo_str_n(&byte, 1));
        }
        close(fd);
        bo_conn_free(conn);
    }
}
