// SPDX-License-Identifier: MIT
#include "net/net_test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// -- plain reading and writing --------------------------------------------------------------------

TEST(conn_carries_bytes_both_ways)
{
    for (size_t i = 0; i < 2; i++) {
        char buf[16];
        size_t got = 0;
        test_case("%s", net_loopbacks[i]);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        EXPECT_EQ(bo_conn_write(pair.dialed, "ping", 4), NULL);
        REQUIRE_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "ping");
        EXPECT_EQ(bo_conn_write(pair.accepted, "pong!", 5), NULL);
        REQUIRE_EQ(bo_conn_read(pair.dialed, buf, sizeof buf, &got), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "pong!");
        net_pair_free(pair);
    }
}

static void echo(bo_conn *conn)
{
    char buf[1000];
    size_t got = 1;
    while (got > 0) {
        REQUIRE_EQ(bo_conn_read(conn, buf, sizeof buf, &got), NULL);
        REQUIRE_EQ(bo_conn_write(conn, buf, got), NULL);
    }
    bo_conn_free(conn);
}

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static void send_pattern(bo_conn *conn, size_t total, bool pieces, bo_wg *wg)
{
    enum { PIECES = 2500 };
    unsigned char *bytes = malloc(total);
    struct iovec *v = calloc(PIECES, sizeof *v);
    for (size_t i = 0; i < total; i++)
        bytes[i] = pattern(i);
    // Uneven pieces, every third of them empty, more than one system call takes.
    size_t at = 0, step = total / PIECES;
    for (size_t i = 0; i < PIECES; i++) {
        size_t len = i == PIECES - 1 ? total - at : i % 3 == 0 ? 0 : step + i % 2;
        v[i] = (struct iovec){bytes + at, len};
        at += len;
    }
    bo_err err = pieces ? bo_conn_writev(conn, v, PIECES) : bo_conn_write(conn, bytes, total);
    EXPECT_EQ(err, NULL);
    EXPECT_EQ(bo_conn_shutdown_write(conn), NULL);
    free(bytes);
    free(v);
    bo_wg_done(wg);
}

TEST(conn_carries_more_than_the_kernel_buffers)
{
    enum { TOTAL = 9 << 20 };
    for (size_t i = 0; i < 4; i++) {
        test_case("%s, %s", net_loopbacks[i / 2], i % 2 ? "writev" : "write");
        struct net_pair pair = net_pair_over(net_loopbacks[i / 2]);
        go(echo, pair.accepted);
        bo_wg wg = {0};
        bo_wg_add(&wg, 1);
        go(send_pattern, pair.dialed, TOTAL, i % 2 != 0, &wg);
        unsigned char *back = malloc(TOTAL + 1);
        REQUIRE_EQ(net_read_all(pair.dialed, (char *)back, TOTAL + 1), TOTAL);
        size_t wrong = 0;
        for (size_t k = 0; k < TOTAL; k++)
            wrong += back[k] != pattern(k);
        EXPECT_EQ(wrong, 0);
        free(back);
        bo_wg_wait(&wg);
        bo_conn_free(pair.dialed);
    }
}

TEST(conn_writev_of_nothing_writes_nothing)
{
    char buf[4];
    struct net_pair pair = net_pair_tcp();
    struct iovec empty[] = {{buf, 0}, {NULL, 0}};
    EXPECT_EQ(bo_conn_writev(pair.dialed, empty, 2), NULL);
    EXPECT_EQ(bo_conn_writev(pair.dialed, NULL, 0), NULL);
    EXPECT_EQ(bo_conn_write(pair.dialed, "", 0), NULL);
    EXPECT_EQ(bo_conn_shutdown_write(pair.dialed), NULL);
    EXPECT_EQ(net_read_all(pair.accepted, buf, sizeof buf), 0);
    net_pair_free(pair);
}

TEST(conn_half_close_leaves_the_other_direction_open)
{
    for (size_t i = 0; i < 2; i++) {
        char buf[16];
        test_case("%s", net_loopbacks[i]);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        EXPECT_EQ(bo_conn_write(pair.dialed, "question", 8), NULL);
        EXPECT_EQ(bo_conn_shutdown_write(pair.dialed), NULL);
        EXPECT_EQ(net_read_all(pair.accepted, buf, sizeof buf), 8);
        EXPECT_EQ(bo_conn_write(pair.accepted, "answer", 6), NULL);
        bo_conn_free(pair.accepted);
        EXPECT_EQ(net_read_all(pair.dialed, buf, sizeof buf), 6);
        bo_conn_free(pair.dialed);
    }
}

TEST(conn_end_of_stream_is_read_again_and_again)
{
    for (size_t i = 0; i < 2; i++) {
        char buf[16];
        size_t got = 1;
        test_case("%s", net_loopbacks[i]);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        bo_conn_free(pair.dialed);
        for (int k = 0; k < 3; k++) {
            EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
            EXPECT_EQ(got, 0);
        }
        bo_conn_free(pair.accepted);
    }
}

// -- peers that are gone ------------------------------------------------------------------------

static bo_err read_some(bo_conn *conn)
{
    char buf[16];
    size_t got;
    return bo_conn_read(conn, buf, sizeof buf, &got);
}

static bo_err write_forever(bo_conn *conn)
{
    static char chunk[1 << 16];
    for (;;)
        BO_TRY(bo_conn_write(conn, chunk, sizeof chunk));
}

static void expect_reset(bo_err (*work)(bo_conn *), bo_conn *conn, bo_wg *wg)
{
    bo_err err = work(conn);
    EXPECT(bo_err_errno(err) == ECONNRESET || bo_err_errno(err) == EPIPE);
    bo_err_free(err);
    bo_wg_done(wg);
}

// Before anybody asks, and while a reader and a writer wait: of the two one learns of the reset,
// the other at least that there is nobody any more.
TEST(conn_reports_a_reset_by_the_peer)
{
    bo_conn *conn;
    net_reset(net_raw_pair(&conn));
    EXPECT_ERR(read_some(conn), bo_err_sys(ECONNRESET));
    EXPECT_ERR(bo_conn_write(conn, "x", 1), bo_err_sys(EPIPE));
    bo_conn_free(conn);

    for (int i = 0; i < 20; i++) {
        bo_wg wg = {0};
        int fd = net_raw_pair(&conn);
        bo_wg_add(&wg, 1);
        go(expect_reset, write_forever, conn, &wg);
        if (i % 2)
            net_let_run();
        net_reset(fd);
        bo_wg_wait(&wg);
        bo_conn_free(conn);
    }
}

TEST(conn_write_to_a_peer_that_is_gone_raises_no_signal)
{
    for (size_t i = 0; i < 2; i++) {
        char byte = 0;
        bo_err err = NULL;
        test_case("%s", net_loopbacks[i]);
        signal(SIGPIPE, SIG_DFL);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        bo_conn_free(pair.accepted);
        while (!err)
            err = bo_conn_write(pair.dialed, &byte, 1);
        EXPECT(bo_err_errno(err) == EPIPE || bo_err_errno(err) == ECONNRESET);
        bo_err_free(err);
        struct iovec piece = {&byte, 1};
        err = bo_conn_writev(pair.dialed, &piece, 1);
        EXPECT_EQ(bo_err_errno(err), EPIPE);
        bo_err_free(err);
        bo_conn_free(pair.dialed);
    }
}

// -- deadlines and cancellation -------------------------------------------------------------------

TEST(conn_read_ends_at_its_deadline)
{
    char buf[16], expected[BO_ADDR_TEXT_MAX + 40], text[BO_ADDR_TEXT_MAX];
    size_t got = 99;
    struct net_pair pair = net_pair_tcp();
    bo_addr peer = bo_conn_remote_addr(pair.accepted);
    bo_addr_format(&peer, text);
    snprintf(expected, sizeof expected, "read %s: timed out", text);

    bo_conn_set_read_deadline(pair.accepted, bo_mono() + 5 * BO_MILLISECOND);
    EXPECT_ERR_TEXT(bo_conn_read(pair.accepted, buf, sizeof buf, &got), expected);
    EXPECT_ERR(bo_conn_read(pair.accepted, buf, sizeof buf, &got), BO_TIMEOUT);
    EXPECT_EQ(got, 99);

    // What need not wait succeeds, and a later deadline makes the connection good again.
    EXPECT_EQ(bo_conn_write(pair.dialed, "late", 4), NULL);
    bo_conn_set_read_deadline(pair.accepted, BO_NO_DEADLINE);
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(bo_str_n(buf, got), "late");
    net_pair_free(pair);
}

TEST(conn_read_with_data_at_hand_succeeds_after_its_deadline)
{
    char buf[16];
    size_t got = 0;
    struct net_pair pair = net_pair_tcp();
    EXPECT_EQ(bo_conn_write(pair.dialed, "12345678", 8), NULL);
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, 4, &got), NULL);
    bo_conn_set_read_deadline(pair.accepted, bo_mono() - 1);
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, 4, &got), NULL);
    EXPECT_EQ(got, 4);
    EXPECT_ERR(bo_conn_read(pair.accepted, buf, 4, &got), BO_TIMEOUT);
    net_pair_free(pair);
}

TEST(conn_write_to_a_peer_that_does_not_read_ends_at_its_deadline)
{
    enum { TOTAL = 64 << 20 };
    char *bytes = calloc(1, TOTAL);
    for (size_t i = 0; i < 4; i++) {
        test_case("%s, %s", net_loopbacks[i / 2], i % 2 ? "deadline over" : "deadline ahead");
        struct net_pair pair = net_pair_over(net_loopbacks[i / 2]);
        bo_conn_set_write_deadline(pair.dialed, bo_mono() + (i % 2 ? 0 : 5 * BO_MILLISECOND));
        EXPECT_ERR(bo_conn_write(pair.dialed, bytes, TOTAL), BO_TIMEOUT);
        struct iovec pieces[] = {{bytes, TOTAL / 2}, {bytes, TOTAL / 2}};
        EXPECT_ERR(bo_conn_writev(pair.dialed, pieces, 2), BO_TIMEOUT);
        net_pair_free(pair);
    }
    free(bytes);
}

static bo_err fail(void)
{
    net_let_run();
    return BO_CONFLICT;
}

static bo_err expect_canceled(bo_err (*work)(bo_conn *), bo_conn *conn)
{
    EXPECT_ERR(work(conn), BO_CANCELED);
    return NULL;
}

TEST(conn_calls_end_when_their_scope_is_canceled)
{
    for (size_t i = 0; i < 2; i++) {
        bo_group group = {0};
        test_case("%s", net_loopbacks[i]);
        struct net_pair pair = net_pair_over(net_loopbacks[i]);
        bo_group_go(&group, expect_canceled, read_some, pair.dialed);
        bo_group_go(&group, expect_canceled, write_forever, pair.dialed);
        bo_group_go(&group, fail);
        EXPECT_EQ(bo_group_wait(&group), BO_CONFLICT);
        net_pair_free(pair);
    }
}

TEST(conn_calls_end_when_their_scope_has_run_out_of_time)
{
    struct net_pair pair = net_pair_tcp();
    {
        BO_DEADLINE(5 * BO_MILLISECOND);
        EXPECT_ERR(read_some(pair.dialed), BO_TIMEOUT);
        EXPECT_ERR(write_forever(pair.dialed), BO_TIMEOUT);
    }
    net_pair_free(pair);
}

// -- closing --------------------------------------------------------------------------------------

static void expect_closed(bo_err (*work)(bo_conn *), bo_conn *conn, bo_wg *wg)
{
    EXPECT_ERR(work(conn), BO_CLOSED);
    bo_wg_done(wg);
}

TEST(conn_close_wakes_those_who_wait)
{
    for (int i = 0; i < 100; i++) {
        char buf[16];
        size_t got;
        bo_wg wg = {0};
        test_case("%s, round %d", net_loopbacks[i % 2], i);
        struct net_pair pair = net_pair_over(net_loopbacks[i % 2]);
        bo_wg_add(&wg, 2);
        go(expect_closed, read_some, pair.dialed, &wg);
        go(expect_closed, write_forever, pair.dialed, &wg);
        if (i % 4 < 2)
            net_let_run();
        bo_conn_close(pair.dialed);
        bo_conn_close(pair.dialed);
        bo_wg_wait(&wg);
        EXPECT_ERR(bo_conn_read(pair.dialed, buf, sizeof buf, &got), BO_CLOSED);
        EXPECT_ERR(bo_conn_write(pair.dialed, "x", 1), BO_CLOSED);
        EXPECT_ERR(bo_conn_shutdown_write(pair.dialed), BO_CLOSED);
        net_pair_free(pair);
    }
}

TEST(conn_close_ends_the_stream_for_the_peer)
{
    char buf[16];
    struct net_pair pair = net_pair_tcp();
    EXPECT_EQ(bo_conn_write(pair.dialed, "bye", 3), NULL);
    bo_conn_close(pair.dialed);
    EXPECT_EQ(net_read_all(pair.accepted, buf, sizeof buf), 3);
    net_pair_free(pair);
}

TEST(conn_free_takes_null)
{
    bo_conn_free(NULL);
    bo_listener_free(NULL);
}

// -- where connections come from ------------------------------------------------------------------

TEST(conn_of_fd_takes_over_a_socketpair)
{
    int ends[2];
    bo_conn *a, *b;
    char buf[16];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    REQUIRE_EQ(bo_conn_of_fd(ends[0], &a), NULL);
    REQUIRE_EQ(bo_conn_of_fd(ends[1], &b), NULL);
    EXPECT_EQ(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(bo_conn_write(a, "hello", 5), NULL);
    bo_conn_free(a);
    EXPECT_EQ(net_read_all(b, buf, sizeof buf), 5);
    bo_conn_free(b);
}

TEST(conn_of_fd_refuses_what_is_no_connected_stream)
{
    bo_conn *conn = NULL;
    int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int lonely = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_ERR(bo_conn_of_fd(datagram, &conn), BO_INVALID);
    bo_err err = bo_conn_of_fd(lonely, &conn);
    EXPECT_EQ(bo_err_errno(err), ENOTCONN);
    bo_err_free(err);
    close(datagram);
    close(lonely);
    err = bo_conn_of_fd(lonely, &conn);
    EXPECT_EQ(bo_err_errno(err), EBADF);
    bo_err_free(err);
    EXPECT_EQ(conn, NULL);
}

TEST(conn_knows_both_addresses)
{
    struct net_pair pair = net_pair_tcp();
    bo_addr dialed_local = bo_conn_local_addr(pair.dialed);
    bo_addr dialed_remote = bo_conn_remote_addr(pair.dialed);
    bo_addr accepted_local = bo_conn_local_addr(pair.accepted);
    bo_addr accepted_remote = bo_conn_remote_addr(pair.accepted);
    EXPECT_EQ(dialed_local.kind, BO_ADDR_IPV4);
    EXPECT(bo_addr_eq(&dialed_local, &accepted_remote));
    EXPECT(bo_addr_eq(&dialed_remote, &accepted_local));
    EXPECT(!bo_addr_eq(&dialed_local, &dialed_remote));
    net_pair_free(pair);

    pair = net_pair_over("unix:@");
    dialed_remote = bo_conn_remote_addr(pair.dialed);
    accepted_local = bo_conn_local_addr(pair.accepted);
    accepted_remote = bo_conn_remote_addr(pair.accepted);
    EXPECT(dialed_remote.path_len > 0);
    EXPECT(bo_addr_eq(&dialed_remote, &accepted_local));
    EXPECT_EQ(accepted_remote.kind, BO_ADDR_UNIX);
    EXPECT_EQ(accepted_remote.path_len, 0);
    net_pair_free(pair);
}

// An accepted Unix connection has a peer without a name: errors show the name it dialed.
TEST(conn_errors_name_the_unix_socket)
{
    char buf[16], expected[BO_ADDR_TEXT_MAX + 20], text[BO_ADDR_TEXT_MAX];
    size_t got;
    struct net_pair pair = net_pair_over("unix:@");
    bo_addr at = bo_conn_local_addr(pair.accepted);
    bo_addr_format(&at, text);
    snprintf(expected, sizeof expected, "read %s: timed out", text);
    bo_conn_set_read_deadline(pair.accepted, 0);
    EXPECT_ERR_TEXT(bo_conn_read(pair.accepted, buf, sizeof buf, &got), expected);
    net_pair_free(pair);
}

// -- from foreign threads -------------------------------------------------------------------------

static void *foreign_client(void *text)
{
    bo_conn *conn;
    char buf[16];
    size_t got = 0;
    if (!EXPECT_EQ(bo_dial(text, &conn), NULL))
        return NULL;
    for (int i = 0; i < 50; i++) {
        EXPECT_EQ(bo_conn_write(conn, "over", 4), NULL);
        EXPECT_EQ(bo_conn_read(conn, buf, sizeof buf, &got), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "over");
    }
    bo_conn_set_read_deadline(conn, bo_mono() + BO_MILLISECOND);
    EXPECT_ERR(bo_conn_read(conn, buf, sizeof buf, &got), BO_TIMEOUT);
    bo_conn_set_read_deadline(conn, BO_NO_DEADLINE);
    {
        BO_DEADLINE(BO_MILLISECOND);
        EXPECT_ERR(bo_conn_read(conn, buf, sizeof buf, &got), BO_TIMEOUT);
    }
    bo_conn_free(conn);
    return NULL;
}

TEST(conn_works_from_foreign_threads)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bo_listener *listener;
    bo_conn *conn;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    for (int i = 0; i < THREADS; i++)
        REQUIRE_EQ(pthread_create(&threads[i], NULL, foreign_client, at.text), 0);
    for (int i = 0; i < THREADS; i++) {
        REQUIRE_EQ(bo_accept(listener, &conn), NULL);
        go(echo, conn);
    }
    for (int i = 0; i < THREADS; i++)
        bo_blocking(pthread_join, threads[i], NULL);
    bo_listener_free(listener);
}

static void *foreign_server(void *listener)
{
    bo_conn *conn;
    bo_err err;
    while (!(err = bo_accept(listener, &conn)))
        echo(conn);
    EXPECT_ERR(err, BO_CLOSED);
    return NULL;
}

TEST(conn_close_of_the_listener_wakes_a_foreign_thread)
{
    pthread_t thread;
    bo_listener *listener;
    bo_conn *conn;
    char buf[4];
    size_t got = 0;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    REQUIRE_EQ(pthread_create(&thread, NULL, foreign_server, listener), 0);
    REQUIRE_EQ(bo_dial(at.text, &conn), NULL);
    EXPECT_EQ(bo_conn_write(conn, "a", 1), NULL);
    EXPECT_EQ(bo_conn_read(conn, buf, sizeof buf, &got), NULL);
    bo_conn_free(conn);
    bo_listener_close(listener);
    bo_blocking(pthread_join, thread, NULL);
    bo_listener_free(listener);
}

static void *close_from_afar(void *conn)
{
    bo_conn_close(conn);
    return NULL;
}

TEST(conn_close_from_a_foreign_thread_wakes_goroutines)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        bo_wg wg = {0};
        struct net_pair pair = net_pair_over(net_loopbacks[i % 2]);
        bo_wg_add(&wg, 2);
        go(expect_closed, read_some, pair.dialed, &wg);
        go(expect_closed, write_forever, pair.dialed, &wg);
        if (i % 4 < 2)
            net_let_run();
        REQUIRE_EQ(pthread_create(&thread, NULL, close_from_afar, pair.dialed), 0);
        bo_wg_wait(&wg);
        bo_blocking(pthread_join, thread, NULL);
        net_pair_free(pair);
    }
}
