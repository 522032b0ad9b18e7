// SPDX-License-Identifier: MIT
#include "net/net_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return ok;
}

// dial_and_accept makes one connection and returns where it seems to come from.
static bo_addr dial_and_accept(const char *addr, bo_listener *listener)
{
    bo_conn *dialed, *accepted;
    REQUIRE_EQ(bo_dial(addr, &dialed), NULL);
    REQUIRE_EQ(bo_accept(listener, &accepted), NULL);
    bo_addr from = bo_conn_remote_addr(accepted);
    bo_conn_free(dialed);
    bo_conn_free(accepted);
    return from;
}

// -- TCP ------------------------------------------------------------------------------------------

TEST(listen_on_port_0_says_which_one_it_got)
{
    bo_listener *a, *b;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &a), NULL);
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &b), NULL);
    bo_addr at_a = bo_listener_addr(a), at_b = bo_listener_addr(b);
    EXPECT_EQ(at_a.kind, BO_ADDR_IPV4);
    EXPECT(at_a.port > 0 && at_b.port > 0 && at_a.port != at_b.port);
    bo_listener_free(a);
    bo_listener_free(b);
}

TEST(listen_says_what_is_wrong)
{
    static const struct {
        const char *addr, *text;
    } cases[] = {
        {"", "listen : no port: invalid"},
        {"127.0.0.1", "listen 127.0.0.1: no port: invalid"},
        {"example.com:80",
         "listen example.com:80: \"example.com\" is a name, not an IP address: not supported"},
        {"192.0.2.1:0", "listen 192.0.2.1:0: cannot assign requested address"},
        {"unix:/no/such/folder/s", "listen unix:/no/such/folder/s: no such file or directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_listener *listener = NULL;
        test_case("%s", cases[i].addr);
        EXPECT_ERR_TEXT(bo_listen(cases[i].addr, &listener), cases[i].text);
        EXPECT_EQ(listener, NULL);
    }
    bo_listener *first, *second;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &first), NULL);
    struct net_address at = net_address_of(first);
    EXPECT_ERR(bo_listen(at.text, &second), bo_err_sys(EADDRINUSE));
    bo_listener_free(first);
}

// With connections of the one before still in TIME_WAIT.
TEST(listen_again_where_it_was_right_away)
{
    bo_listener *listener;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    bo_conn *dialed, *accepted;
    char byte;
    size_t got;
    REQUIRE_EQ(bo_dial(at.text, &dialed), NULL);
    REQUIRE_EQ(bo_accept(listener, &accepted), NULL);
    bo_conn_free(accepted);
    EXPECT_EQ(bo_conn_read(dialed, &byte, 1, &got), NULL);
    bo_conn_free(dialed);
    bo_listener_free(listener);
    REQUIRE_EQ(bo_listen(at.text, &listener), NULL);
    dial_and_accept(at.text, listener);
    bo_listener_free(listener);
}

TEST(listen_on_every_interface_takes_ipv4_and_ipv6)
{
    char v4[40], v6[40], any[40];
    bo_listener *listener;
    REQUIRE_EQ(bo_listen(":0", &listener), NULL);
    int port = bo_listener_addr(listener).port;
    snprintf(v4, sizeof v4, "127.0.0.1:%d", port);
    snprintf(v6, sizeof v6, "[::1]:%d", port);
    snprintf(any, sizeof any, ":%d", port);
    // An IPv4 peer is one, though it came to an IPv6 socket.
    EXPECT_EQ(dial_and_accept(v4, listener).kind, BO_ADDR_IPV4);
    EXPECT_EQ(dial_and_accept(any, listener).kind, BO_ADDR_IPV4);
    if (has_ipv6())
        EXPECT_EQ(dial_and_accept(v6, listener).kind, BO_ADDR_IPV6);
    bo_listener_free(listener);
}

TEST(listen_on_ipv6_loopback)
{
    char localhost[40], text[BO_ADDR_TEXT_MAX];
    bo_listener *listener;
    if (!has_ipv6())
        test_skip("no IPv6 here");
    REQUIRE_EQ(bo_listen("[::1]:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    EXPECT_EQ(strncmp(at.text, "[::1]:", 6), 0);
    bo_addr from = dial_and_accept(at.text, listener);
    EXPECT_EQ(bo_addr_host(&from, text), "::1");
    // Nobody listens at 127.0.0.1, so a dial to this machine goes on to ::1.
    snprintf(localhost, sizeof localhost, "localhost:%d", bo_listener_addr(listener).port);
    from = dial_and_accept(localhost, listener);
    EXPECT_EQ(bo_addr_host(&from, text), "::1");
    bo_listener_free(listener);
}

// -- Unix -----------------------------------------------------------------------------------------

// in_dir is "unix:" and a file of the test's folder.
static const char *in_dir(const char *name)
{
    static char text[BO_ADDR_TEXT_MAX];
    snprintf(text, sizeof text, "unix:%s/%s", test_dir(), name);
    return text;
}

static const char *path_of(const char *addr)
{
    return addr + sizeof "unix:" - 1;
}

static bool exists(const char *addr)
{
    return access(path_of(addr), F_OK) == 0;
}

TEST(listen_makes_a_socket_file_and_removes_it)
{
    const char *addr = in_dir("s");
    struct stat file;
    bo_listener *listener;
    bo_conn *conn;
    REQUIRE_EQ(bo_listen(addr, &listener), NULL);
    EXPECT_EQ(stat(path_of(addr), &file), 0);
    EXPECT(S_ISSOCK(file.st_mode));
    EXPECT_EQ(net_address_of(listener).text, addr);
    dial_and_accept(addr, listener);
    bo_listener_close(listener);
    EXPECT(!exists(addr));
    EXPECT_ERR(bo_dial(addr, &conn), bo_err_sys(ENOENT));
    bo_listener_free(listener);
}

TEST(listen_replaces_a_socket_file_that_nobody_listens_on)
{
    const char *addr = in_dir("s");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    bo_listener *listener;
    strcpy(at.sun_path, path_of(addr));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    REQUIRE_EQ(listen(fd, 1), 0);
    EXPECT_ERR(bo_listen(addr, &listener), bo_err_sys(EADDRINUSE));
    EXPECT(exists(addr));
    close(fd);
    REQUIRE_EQ(bo_listen(addr, &listener), NULL);
    dial_and_accept(addr, listener);
    bo_listener_free(listener);
}

// One whose queue is full answers a connect with EAGAIN, not with a refusal.
TEST(listen_leaves_a_socket_file_alone_whose_owner_is_busy)
{
    const char *addr = in_dir("s");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    bo_listener *listener;
    strcpy(at.sun_path, path_of(addr));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client[2];
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    REQUIRE_EQ(listen(fd, 0), 0);
    for (int i = 0; i < 2; i++) {
        client[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int failed = connect(client[i], (struct sockaddr *)&at, sizeof at);
        EXPECT_EQ(failed ? errno : 0, i ? EAGAIN : 0);
    }
    EXPECT_ERR(bo_listen(addr, &listener), bo_err_sys(EADDRINUSE));
    EXPECT(exists(addr));
    close(client[0]), close(client[1]), close(fd);
}

TEST(listen_never_removes_what_is_no_socket)
{
    const char *addr = in_dir("file");
    bo_listener *listener;
    close(open(path_of(addr), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_ERR(bo_listen(addr, &listener), bo_err_sys(EADDRINUSE));
    EXPECT(exists(addr));
    // Nor what somebody put into the place of the socket.
    addr = in_dir("s");
    REQUIRE_EQ(bo_listen(addr, &listener), NULL);
    EXPECT_EQ(unlink(path_of(addr)), 0);
    close(open(path_of(addr), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    bo_listener_free(listener);
    EXPECT(exists(addr));
}

TEST(listen_leaves_the_socket_of_its_successor)
{
    const char *addr = in_dir("s");
    bo_listener *first, *second;
    REQUIRE_EQ(bo_listen(addr, &first), NULL);
    EXPECT_EQ(unlink(path_of(addr)), 0);
    REQUIRE_EQ(bo_listen(addr, &second), NULL);
    bo_listener_free(first);
    EXPECT(exists(addr));
    dial_and_accept(addr, second);
    bo_listener_free(second);
    EXPECT(!exists(addr));
}

TEST(listen_takes_unix_paths_up_to_the_limit)
{
    char name[BO_ADDR_PATH_MAX + 2];
    for (int len = BO_ADDR_PATH_MAX - 1; len <= BO_ADDR_PATH_MAX + 1; len++) {
        char addr[BO_ADDR_PATH_MAX + 20];
        bo_listener *listener = NULL;
        memset(name, 'x', sizeof name);
        test_case("%d", len);
        REQUIRE_EQ(chdir(test_dir()), 0);
        snprintf(addr, sizeof addr, "unix:./%.*s", len - 2, name);
        bo_err err = bo_listen(addr, &listener);
        EXPECT(len <= BO_ADDR_PATH_MAX ? err == NULL : bo_err_is(err, BO_INVALID));
        bo_err_free(err);
        if (listener)
            dial_and_accept(addr, listener);
        bo_listener_free(listener);
    }
}

TEST(listen_in_the_abstract_name_space)
{
    char addr[60];
    bo_listener *listener, *other;
    bo_conn *conn;
    snprintf(addr, sizeof addr, "unix:@bora-test-%d", (int)getpid());
    REQUIRE_EQ(bo_listen(addr, &listener), NULL);
    EXPECT_EQ(net_address_of(listener).text, addr);
    EXPECT_ERR(bo_listen(addr, &other), bo_err_sys(EADDRINUSE));
    EXPECT_EQ(dial_and_accept(addr, listener).path_len, 0);
    bo_listener_close(listener);
    EXPECT_ERR(bo_dial(addr, &conn), bo_err_sys(ECONNREFUSED));
    bo_listener_free(listener);
    REQUIRE_EQ(bo_listen("unix:@", &listener), NULL);
    EXPECT(bo_listener_addr(listener).abstract && bo_listener_addr(listener).path_len > 0);
    bo_listener_free(listener);
}

// -- accepting ------------------------------------------------------------------------------------

TEST(accept_takes_what_queued_up_in_order)
{
    enum { COUNT = 50 };
    for (size_t i = 0; i < 2; i++) {
        bo_conn *dialed[COUNT], *accepted;
        bo_listener *listener;
        test_case("%s", net_loopbacks[i]);
        REQUIRE_EQ(bo_listen(net_loopbacks[i], &listener), NULL);
        struct net_address at = net_address_of(listener);
        for (int k = 0; k < COUNT; k++) {
            char byte = (char)k;
            REQUIRE_EQ(bo_dial(at.text, &dialed[k]), NULL);
            REQUIRE_EQ(bo_conn_write(dialed[k], &byte, 1), NULL);
        }
        for (int k = 0; k < COUNT; k++) {
            char byte = -1;
            size_t got;
            REQUIRE_EQ(bo_accept(listener, &accepted), NULL);
            EXPECT_EQ(bo_conn_read(accepted, &byte, 1, &got), NULL);
            EXPECT_EQ(byte, k);
            bo_conn_free(accepted);
            bo_conn_free(dialed[k]);
        }
        bo_listener_free(listener);
    }
}

static bo_err accept_one(bo_listener *listener)
{
    bo_conn *conn;
    BO_TRY(bo_accept(listener, &conn));
    bo_conn_free(conn);
    return NULL;
}

static void expect_closed(bo_listener *listener, bo_wg *wg)
{
    EXPECT_ERR(accept_one(listener), BO_CLOSED);
    bo_wg_done(wg);
}

TEST(accept_ends_when_the_listener_is_closed)
{
    for (int i = 0; i < 100; i++) {
        char expected[BO_ADDR_TEXT_MAX + 40];
        bo_wg wg = {0};
        bo_conn *conn;
        bo_listener *listener;
        test_case("%s, round %d", net_loopbacks[i % 2], i);
        REQUIRE_EQ(bo_listen(net_loopbacks[i % 2], &listener), NULL);
        struct net_address at = net_address_of(listener);
        bo_wg_add(&wg, 1);
        go(expect_closed, listener, &wg);
        if (i % 4 < 2)
            net_let_run();
        bo_listener_close(listener);
        bo_listener_close(listener);
        bo_wg_wait(&wg);
        snprintf(expected, sizeof expected, "accept %s: closed", at.text);
        EXPECT_ERR_TEXT(accept_one(listener), expected);
        EXPECT_ERR(bo_dial(at.text, &conn), bo_err_sys(ECONNREFUSED));
        bo_listener_free(listener);
    }
}

static bo_err fail_soon(void)
{
    net_let_run();
    return BO_CONFLICT;
}

TEST(accept_ends_with_its_scope)
{
    bo_listener *listener;
    bo_group group = {0};
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    bo_group_go(&group, accept_one, listener);
    bo_group_go(&group, fail_soon);
    EXPECT_ERR(bo_group_wait(&group), BO_CONFLICT);
    {
        BO_DEADLINE(5 * BO_MILLISECOND);
        EXPECT_ERR(accept_one(listener), BO_TIMEOUT);
    }
    // And nothing is lost by that.
    struct net_address at = net_address_of(listener);
    dial_and_accept(at.text, listener);
    bo_listener_free(listener);
}

// Uses up what descriptors the process may still have, and returns one to give back.
static int use_up_descriptors(void)
{
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        last = fd;
    REQUIRE_EQ(errno, EMFILE);
    return last;
}

TEST(accept_recovers_from_a_lack_of_descriptors)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind keeps the limits of resources to itself");
    bo_listener *listener;
    bo_conn *accepted, *conn, *dialed[3];
    char expected[BO_ADDR_TEXT_MAX + 80], byte = 0;
    size_t got;
    struct rlimit limit = {200, 200};
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    for (int i = 0; i < 3; i++)
        REQUIRE_EQ(bo_dial(at.text, &dialed[i]), NULL);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int spare = use_up_descriptors();
    snprintf(expected, sizeof expected, "accept %s: too many open files: exhausted", at.text);
    for (int i = 0; i < 3; i++)
        EXPECT_ERR_TEXT(bo_accept(listener, &accepted), expected);
    EXPECT_ERR(bo_dial(at.text, &conn), bo_err_sys(EMFILE));
    EXPECT_ERR(bo_listen("127.0.0.1:0", &listener), bo_err_sys(EMFILE));
    for (int i = 0; i < 3; i++) {
        close(spare);
        REQUIRE_EQ(bo_accept(listener, &accepted), NULL);
        EXPECT_EQ(bo_conn_write(dialed[i], "x", 1), NULL);
        EXPECT_EQ(bo_conn_read(accepted, &byte, 1, &got), NULL);
        EXPECT_ERR(bo_accept(listener, &conn), BO_EXHAUSTED);
        bo_conn_free(accepted);
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    for (int i = 0; i < 3; i++)
        bo_conn_free(dialed[i]);
    bo_listener_free(listener);
}

// The connection's own errors are skipped, a shortage is told as one, the rest is told as it is.
TEST(accept_tells_errors_of_a_connection_from_its_own)
{
    static const int skipped[] = {
        ECONNABORTED, EPROTO,       ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, EHOSTDOWN,
        ENONET,       EHOSTUNREACH, ENETUNREACH, EINTR,      0};
    static const int shortages[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, 0};
    static const int fatal[] = {EPERM, EBADF, ENOTSOCK, 0};
    bo_listener *listener;
    bo_conn *conn;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    net_faults.accept_errors = skipped;
    dial_and_accept(at.text, listener);
    EXPECT_EQ(*net_faults.accept_errors, 0);
    net_faults.accept_errors = shortages;
    while (*net_faults.accept_errors)
        EXPECT_ERR(bo_accept(listener, &conn), BO_EXHAUSTED);
    net_faults.accept_errors = fatal;
    for (size_t i = 0; fatal[i]; i++)
        EXPECT_ERR(bo_accept(listener, &conn), bo_err_sys(fatal[i]));
    dial_and_accept(at.text, listener);
    bo_listener_free(listener);
}

// -- many -----------------------------------------------------------------------------------------

enum { CLIENTS = 1000, CALLS = 3 };

static void serve(bo_conn *conn, bo_wg *running)
{
    char buf[64];
    size_t got = 1;
    while (got > 0) {
        REQUIRE_EQ(bo_conn_read(conn, buf, sizeof buf, &got), NULL);
        REQUIRE_EQ(bo_conn_write(conn, buf, got), NULL);
    }
    bo_conn_free(conn);
    bo_wg_done(running);
}

static void serve_all(bo_listener *listener, bo_wg *running)
{
    bo_conn *conn;
    bo_err err;
    while (!(err = bo_accept(listener, &conn))) {
        bo_wg_add(running, 1);
        go(serve, conn, running);
    }
    EXPECT_ERR(err, BO_CLOSED);
    bo_wg_done(running);
}

static bo_err call_all(const char *addr, bo_wg *connected, bo_wg *all)
{
    bo_conn *conn;
    char buf[8];
    size_t got;
    bo_err err = bo_dial(addr, &conn);
    bo_wg_done(connected);
    if (err)
        return err;
    // All are open at the same time.
    bo_wg_wait(all);
    for (int i = 0; i < CALLS && !err; i++) {
        err = bo_conn_write(conn, "hello", 5);
        if (!err)
            err = bo_conn_read(conn, buf, sizeof buf, &got);
        if (!err)
            EXPECT_EQ(bo_str_n(buf, got), "hello");
    }
    bo_conn_free(conn);
    return err;
}

TEST(net_serves_thousands_of_connections_at_once)
{
    struct rlimit limit;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * CLIENTS + 100)
        test_skip("at most %llu descriptors", (unsigned long long)limit.rlim_max);
    for (size_t i = 0; i < 2; i++) {
        bo_listener *listener;
        bo_group group = {0};
        bo_wg connected = {0}, all = {0}, running = {0};
        test_case("%s", net_loopbacks[i]);
        REQUIRE_EQ(bo_listen(net_loopbacks[i], &listener), NULL);
        struct net_address at = net_address_of(listener);
        bo_wg_add(&running, 1);
        go(serve_all, listener, &running);
        bo_wg_add(&connected, CLIENTS);
        bo_wg_add(&all, 1);
        for (int k = 0; k < CLIENTS; k++)
            bo_group_go(&group, call_all, at.text, &connected, &all);
        bo_wg_wait(&connected);
        bo_wg_done(&all);
        EXPECT_ERR(bo_group_wait(&group), NULL);
        bo_listener_close(listener);
        bo_wg_wait(&running);
        bo_listener_free(listener);
    }
}
