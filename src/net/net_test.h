// SPDX-License-Identifier: MIT
// net_test.h: what the tests of connections share.
#ifndef BORA_SRC_NET_TEST_H
#define BORA_SRC_NET_TEST_H

#include <bora/go.h>
#include <bora/group.h>
#include <bora/net.h>
#include <bora/sync.h>
#include <bora/test.h>
#include <stdlib.h>

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

// net_let_run gives others the chance to get to where they wait. Nothing may depend on it: it only
// makes the interesting order likely.
static inline void net_let_run(void)
{
    for (int i = 0; i < 20; i++)
        bo_yield();
}

#endif
