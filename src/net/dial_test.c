// SPDX-License-Identifier: MIT
#include "net/net_test.h"

#include <stdio.h>
#include <sys/un.h>

// A listener of our own that takes nothing: its queue is full and stays so.
struct stuck {
    int fd, clients[3];
    char addr[BO_ADDR_TEXT_MAX];
};

static struct stuck stuck_tcp(void)
{
    struct stuck stuck = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    REQUIRE_EQ(bind(stuck.fd, (struct sockaddr *)&at, sizeof at), 0);
    REQUIRE_EQ(listen(stuck.fd, 0), 0);
    REQUIRE_EQ(getsockname(stuck.fd, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 3; i++) {
        stuck.clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(stuck.clients[i], (struct sockaddr *)&at, sizeof at);
    }
    snprintf(stuck.addr, sizeof stuck.addr, "127.0.0.1:%d", ntohs(at.sin_port));
    return stuck;
}

static struct stuck stuck_unix(void)
{
    struct stuck stuck = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/s", test_dir());
    snprintf(stuck.addr, sizeof stuck.addr, "unix:%s", at.sun_path);
    REQUIRE_EQ(bind(stuck.fd, (struct sockaddr *)&at, sizeof at), 0);
    REQUIRE_EQ(listen(stuck.fd, 0), 0);
    for (int i = 0; i < 3; i++) {
        stuck.clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(stuck.clients[i], (struct sockaddr *)&at, sizeof at);
    }
    return stuck;
}

static void stuck_free(struct stuck stuck)
{
    for (int i = 0; i < 3; i++)
        close(stuck.clients[i]);
    close(stuck.fd);
}

TEST(dial_says_what_is_wrong)
{
    static const struct {
        const char *addr, *text;
    } cases[] = {
        {"", "dial : no port: invalid"},
        {"example.com:80",
         "dial example.com:80: \"example.com\" is a name, not an IP address: not supported"},
        {"127.0.0.1:1", "dial 127.0.0.1:1: connection refused"},
        {"localhost:1", "dial localhost:1: connection refused"},
        {":1", "dial :1: connection refused"},
        {"255.255.255.255:1", "dial 255.255.255.255:1: network is unreachable"},
        {"unix:/no/such/socket", "dial unix:/no/such/socket: no such file or directory"},
        {"unix:/dev/null", "dial unix:/dev/null: connection refused"},
        {"unix:@bora/no such name", "dial unix:@bora/no such name: connection refused"},
        {"unix:@", "dial unix:@: invalid argument"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bo_conn *conn = NULL;
        test_case("%s", cases[i].addr);
        EXPECT_ERR_TEXT(bo_dial(cases[i].addr, &conn), cases[i].text);
        EXPECT_EQ(conn, NULL);
    }
}

static bo_err dial_and_free(const char *addr)
{
    bo_conn *conn;
    BO_TRY(bo_dial(addr, &conn));
    bo_conn_free(conn);
    return NULL;
}

static bo_err fail_soon(void)
{
    net_let_run();
    return BO_CONFLICT;
}

static bo_err expect_canceled(const char *addr)
{
    EXPECT_ERR(dial_and_free(addr), BO_CANCELED);
    return NULL;
}

// A scope's end reaches a dial that waits, for the network or for room in a queue.
TEST(dial_ends_with_its_scope)
{
    for (int i = 0; i < 2; i++) {
        char expected[BO_ADDR_TEXT_MAX + 40];
        bo_group group = {0};
        struct stuck stuck = i ? stuck_unix() : stuck_tcp();
        test_case("%s", stuck.addr);
        snprintf(expected, sizeof expected, "dial %s: timed out", stuck.addr);
        {
            BO_DEADLINE(5 * BO_MILLISECOND);
            EXPECT_ERR_TEXT(dial_and_free(stuck.addr), expected);
        }
        bo_group_go(&group, expect_canceled, stuck.addr);
        bo_group_go(&group, fail_soon);
        EXPECT_ERR(bo_group_wait(&group), BO_CONFLICT);
        stuck_free(stuck);
    }
}

static void dial_later(const char *addr, bo_wg *wg)
{
    EXPECT_ERR(dial_and_free(addr), NULL);
    bo_wg_done(wg);
}

TEST(dial_waits_for_room_in_the_queue_of_a_unix_socket)
{
    bo_wg wg = {0};
    struct stuck stuck = stuck_unix();
    bo_wg_add(&wg, 1);
    go(dial_later, stuck.addr, &wg);
    net_let_run();
    close(accept(stuck.fd, NULL, NULL));
    bo_wg_wait(&wg);
    stuck_free(stuck);
}

TEST(dial_tries_again_where_a_unix_socket_had_no_room_yet)
{
    static const int errors[] = {EAGAIN, EINTR, EAGAIN, 0};
    bo_listener *listener;
    REQUIRE_EQ(bo_listen("unix:@", &listener), NULL);
    struct net_address at = net_address_of(listener);
    net_faults.connect_errors = errors;
    EXPECT_ERR(dial_and_free(at.text), NULL);
    EXPECT_EQ(*net_faults.connect_errors, 0);
    bo_listener_free(listener);
}

// An interrupted connect of TCP is under way, so it must not be begun again; this one never was.
TEST(dial_waits_for_an_interrupted_connect)
{
    static const int errors[] = {EINTR, EPERM, 0};
    BO_DEADLINE(5 * BO_MILLISECOND);
    net_faults.connect_errors = errors;
    EXPECT_ERR(dial_and_free("127.0.0.1:1"), BO_TIMEOUT);
    EXPECT_EQ(*net_faults.connect_errors, EPERM);
}

TEST(dial_to_this_machine_tells_of_the_first_refusal)
{
    static const int errors[] = {ECONNREFUSED, ENETUNREACH, 0}, other[] = {EACCES, EPERM, 0};
    net_faults.connect_errors = errors;
    EXPECT_ERR_TEXT(dial_and_free("localhost:1"), "dial localhost:1: connection refused");
    EXPECT_EQ(*net_faults.connect_errors, 0);
    // IPv6 is for when nobody listens, not for when we are not allowed to ask.
    net_faults.connect_errors = other;
    EXPECT_ERR_TEXT(dial_and_free("localhost:1"), "dial localhost:1: permission denied");
    EXPECT_EQ(*net_faults.connect_errors, EPERM);
}

static int free_port;

static void bind_to_the_port_dialed(int fd)
{
    int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)free_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    EXPECT_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
}

// The kernel may choose for our end the port that is dialed: a socket that talks to itself.
TEST(dial_never_connects_to_itself)
{
    bo_listener *listener;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    free_port = bo_listener_addr(listener).port;
    bo_listener_free(listener);
    net_faults.before_connect = bind_to_the_port_dialed;
    EXPECT_ERR(dial_and_free(at.text), bo_err_sys(ECONNREFUSED));
}

static void close_soon(bo_listener *listener, bo_wg *wg)
{
    net_let_run();
    bo_listener_close(listener);
    bo_wg_done(wg);
}

// What was dialed and never accepted ends with the listener.
TEST(dial_finds_out_that_nobody_accepts)
{
    char byte;
    bo_wg wg = {0};
    size_t got;
    bo_listener *listener;
    bo_conn *conn;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct net_address at = net_address_of(listener);
    REQUIRE_EQ(bo_dial(at.text, &conn), NULL);
    bo_wg_add(&wg, 1);
    go(close_soon, listener, &wg);
    EXPECT_ERR(bo_conn_read(conn, &byte, 1, &got), bo_err_sys(ECONNRESET));
    bo_wg_wait(&wg);
    bo_conn_free(conn);
    bo_listener_free(listener);
}
