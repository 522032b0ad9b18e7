// SPDX-License-Identifier: MIT
// What the rooms above ask of a connection beyond bora/net.h.
#include "net/conn.h"
#include "net/net_test.h"
#include "runtime/runtime.h"
#include <errno.h>

static const char *const addresses[] = {"127.0.0.1:0", "unix:@"};

static bo_err wait_for_bytes(bo_conn *conn)
{
    return bo__conn_wait(conn);
}

TEST(conn_wait_returns_when_there_is_something_to_read)
{
    for (size_t i = 0; i < 2; i++) {
        // In the order of a connection's life: bytes before the first wait, in a wait, left over by a
        // read that filled its buffer, and the end.
        test_case("%s", addresses[i]);
        struct net_pair pair = net_pair_over(addresses[i]);
        char buf[4];
        size_t got;
        bool nothing = true;
        EXPECT_EQ(bo_conn_write(pair.dialed, "abc", 3), NULL);
        EXPECT_EQ(bo__conn_wait(pair.accepted), NULL);
        EXPECT_EQ(bo__conn_read_now(pair.accepted, buf, sizeof buf, &got, &nothing), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "abc");
        EXPECT(!nothing);

        bo_group group = {0};
        bo_group_go(&group, wait_for_bytes, pair.accepted);
        bo_yield();
        EXPECT_EQ(bo_conn_write(pair.dialed, "defghi", 6), NULL);
        EXPECT_EQ(bo_group_wait(&group), NULL);
        EXPECT_EQ(bo__conn_read_now(pair.accepted, buf, sizeof buf, &got, &nothing), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "defg");
        EXPECT_EQ(bo__conn_wait(pair.accepted), NULL);
        EXPECT_EQ(bo__conn_read_now(pair.accepted, buf, sizeof buf, &got, &nothing), NULL);
        EXPECT_EQ(bo_str_n(buf, got), "hi");
        EXPECT_EQ(bo__conn_read_now(pair.accepted, buf, sizeof buf, &got, &nothing), NULL);
        EXPECT(nothing && got == 0);

        bo_conn_free(pair.dialed);
        EXPECT_EQ(bo__conn_wait(pair.accepted), NULL);
        EXPECT_EQ(bo__conn_read_now(pair.accepted, buf, sizeof buf, &got, &nothing), NULL);
        EXPECT(!nothing && got == 0);
        bo_conn_free(pair.accepted);
    }
}

TEST(conn_wait_ends_at_its_deadline_and_at_a_close)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    bo_conn_set_read_deadline(pair.accepted, bo_mono() + BO_MILLISECOND);
    EXPECT_ERR(bo__conn_wait(pair.accepted), BO_TIMEOUT);
    bo_conn_set_read_deadline(pair.accepted, BO_NO_DEADLINE);
    bo_group group = {0};
    bo_group_go(&group, wait_for_bytes, pair.accepted);
    bo_yield();
    bo_conn_close(pair.accepted);
    EXPECT_ERR(bo_group_wait(&group), BO_CLOSED);
    bo_conn_free(pair.dialed);
    bo_conn_free(pair.accepted);
}

// In a scope of its own, sleeps until that ends.
static void sleep_in(bo__scope *scope, bo_conn *conn)
{
    bo__scope_open(scope);
    bo__scope *outer = bo__scope_enter(scope);
    bo__conn_ends_scope(conn, scope);
    EXPECT_ERR(bo_sleep(BO_HOUR), BO_CANCELED);
    bo__conn_ends_scope(conn, NULL);
    bo__scope_enter(outer);
    bo__scope_close(scope);
}

static bo_err hang_up(bo_conn *conn, bool half)
{
    if (half)
        return bo_conn_shutdown_write(conn);
    bo_conn_free(conn);
    return NULL;
}

TEST(conn_ends_a_scope_when_the_peer_hangs_up)
{
    for (int half = 0; half < 2; half++) {
        for (int before = 0; before < 2; before++) {
            test_case("half %d, before %d", half, before);
            struct net_pair pair = net_pair_over("127.0.0.1:0");
            bo__scope scope = {0};
            bo_group group = {0};
            // The poller knows a connection from its first wait on.
            EXPECT_EQ(bo_conn_write(pair.dialed, "x", 1), NULL);
            EXPECT_EQ(bo__conn_wait(pair.accepted), NULL);
            if (before) {
                EXPECT_EQ(hang_up(pair.dialed, half), NULL);
            } else {
                bo_group_go(&group, hang_up, pair.dialed, half);
            }
            sleep_in(&scope, pair.accepted);
            EXPECT_EQ(bo_group_wait(&group), NULL);
            if (half)
                bo_conn_free(pair.dialed);
            bo_conn_free(pair.accepted);
        }
    }
}

TEST(conn_gives_what_came_before_the_end_although_its_scope_ends)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    bo__scope scope = {0};
    char buf[8];
    size_t got;
    bo__scope_open(&scope);
    bo__scope *outer = bo__scope_enter(&scope);
    bo__conn_ends_scope(pair.accepted, &scope);
    EXPECT_EQ(bo_conn_write(pair.dialed, "last", 4), NULL);
    bo_conn_free(pair.dialed);
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(bo_str_n(buf, got), "last");
    EXPECT_EQ(bo_conn_read(pair.accepted, buf, sizeof buf, &got), NULL);
    EXPECT_EQ(got, 0);
    bo__conn_ends_scope(pair.accepted, NULL);
    bo__scope_enter(outer);
    bo__scope_close(&scope);
    bo_conn_free(pair.accepted);
}

TEST(conn_is_reset_when_freed_if_asked_to)
{
    struct net_pair pair = net_pair_over("127.0.0.1:0");
    char byte;
    size_t got;
    bo__conn_reset_when_freed(pair.accepted);
    bo_conn_free(pair.accepted);
    EXPECT_ERR(bo_conn_read(pair.dialed, &byte, 1, &got), bo_err_sys(ECONNRESET));
    bo_conn_free(pair.dialed);
}
