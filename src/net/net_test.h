// SPDX-License-Identifier: MIT
// net_test.h: what the tests of connections share.
#ifndef BORA_SRC_NET_TEST_H
#define BORA_SRC_NET_TEST_H

#include <bora/go.h>
#include <bora/group.h>
#include <bora/net.h>
#include <bora/sync.h>
#include <bora/test.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// What the kernel is to do to the calls of sys.h; a zero one leaves it alone. Set it before
// goroutines use the connections. faults_test.c has it.
struct net_faults {
    size_t bytes_max;                       // It writes at most so many at once; 0: all.
    int interrupt_every;                    // Every so many calls end with EINTR; 0: none.
    void (*after_recv)(int fd, ssize_t n);  // Called behind each recv. May park.
    void (*after_send)(int fd, ssize_t n);  // The same behind each send.
    void (*before_connect)(int fd);
    const int *accept_errors;   // accept fails with these first, up to a 0.
    const int *connect_errors;  // The same for connect.
};

extern struct net_faults net_faults;

// Two ends of a connection: `dialed` came from bo_dial, `accepted` from bo_accept.
struct net_pair {
    bo_conn *dialed, *accepted;
};

struct net_address {
    char text[BO_ADDR_TEXT_MAX];
};

// net_address_of is where a listener is, as text.
static inline struct net_address net_address_of(const bo_listener *listener)
{
    struct net_address at;
    bo_addr addr = bo_listener_addr(listener);
    bo_addr_format(&addr, at.text);
    return at;
}

static const char *const net_loopbacks[] = {"127.0.0.1:0", "unix:@"};

// net_pair_over connects two ends through a listener at an address.
static inline struct net_pair net_pair_over(const char *addr)
{
    struct net_pair pair = {0};
    bo_listener *listener = NULL;
    REQUIRE_EQ(bo_listen(addr, &listener), NULL);
    struct net_address at = net_address_of(listener);
    REQUIRE_EQ(bo_dial(at.text, &pair.dialed), NULL);
    REQUIRE_EQ(bo_accept(listener, &pair.accepted), NULL);
    bo_listener_free(listener);
    return pair;
}

static inline struct net_pair net_pair_tcp(void)
{
    return net_pair_over("127.0.0.1:0");
}

static inline void net_pair_free(struct net_pair pair)
{
    bo_conn_free(pair.dialed);
    bo_conn_free(pair.accepted);
}

// net_read_all reads to the end and returns how many bytes there were.
static inline size_t net_read_all(bo_conn *conn, char *into, size_t max)
{
    size_t len = 0, got = 1;
    while (got > 0 && len < max) {
        REQUIRE_EQ(bo_conn_read(conn, into + len, max - len, &got), NULL);
        len += got;
    }
    return len;
}

// net_raw_pair connects a descriptor of our own, for what no bo_conn does, with an accepted one.
static inline int net_raw_pair(bo_conn **accepted)
{
    bo_listener *listener = NULL;
    REQUIRE_EQ(bo_listen("127.0.0.1:0", &listener), NULL);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(bo_listener_addr(listener).port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    REQUIRE_EQ(bo_accept(listener, accepted), NULL);
    bo_listener_free(listener);
    return fd;
}

// net_reset closes a descriptor such that the peer gets a reset.
static inline void net_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

// net_let_run gives others the chance to get to where they wait. Nothing may depend on it: it only
// makes the interesting order likely.
static inline void net_let_run(void)
{
    for (int i = 0; i < 20; i++)
        bo_yield();
}

#endif
