// SPDX-License-Identifier: MIT
// dial.c: connecting to an address.
#include "net/conn.h"
#include "net/sys.h"
#include "runtime/runtime.h"

#include <unistd.h>

// A Unix socket whose queue is full says EAGAIN, and no poller tells when there is room again.
static bo_err connect_unix(int fd, const union bo__sockaddr *sys, socklen_t len)
{
    for (bo_duration pause = BO_MILLISECOND; bo__sys_connect(fd, sys, len);) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return bo_err_sys(errno);
        BO_TRY(bo_sleep(pause));
        pause = pause < 20 * BO_MILLISECOND ? 2 * pause : pause;
    }
    return NULL;
}

// connect_tcp begins to connect. An interrupted connect goes on by itself like one in progress.
static bo_err connect_tcp(bo_conn *conn, int fd, const union bo__sockaddr *sys, socklen_t len)
{
    if (bo__sys_connect(fd, sys, len) && errno != EINPROGRESS && errno != EINTR)
        return bo_err_sys(errno);
    BO_TRY(bo__conn_finish_dial(conn));
    // The kernel may give out, for our end, the very port of this machine that nobody listens on,
    // and the socket then connects to itself.
    bo_addr here = bo_conn_local_addr(conn), there = bo_conn_remote_addr(conn);
    return bo_addr_eq(&here, &there) ? bo_err_sys(ECONNREFUSED) : NULL;
}

static bo_err dial_addr(const bo_addr *addr, bo_conn **out)
{
    union bo__sockaddr sys;
    socklen_t len = bo__addr_to_sys(addr, &sys);
    int fd = socket(sys.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return bo_err_sys(errno);
    bo_conn *conn = bo__conn_new(fd, addr);
    bo_err err;
    if (addr->kind == BO_ADDR_UNIX) {
        err = connect_unix(fd, &sys, len);
    } else {
        bo__tcp_options(fd);
        err = connect_tcp(conn, fd, &sys, len);
    }
    if (err)
        bo_conn_free(conn);
    else
        *out = conn;
    return err;
}

// dial_local tries this machine over IPv4, then, if nobody listens there, over IPv6.
static bo_err dial_local(uint16_t port, bo_conn **out)
{
    bo_addr v4 = {.kind = BO_ADDR_IPV4, .port = port, .ip = {127, 0, 0, 1}};
    bo_addr v6 = {.kind = BO_ADDR_IPV6, .port = port, .ip = {[15] = 1}};
    bo_err err = dial_addr(&v4, out);
    if (bo_err_errno(err) != ECONNREFUSED)
        return err;
    bo_err second = dial_addr(&v6, out);
    if (!second) {
        bo_err_free(err);
        return NULL;
    }
    // "refused" says more than that there is no IPv6 here.
    bo_err_free(second);
    return err;
}

bo_err bo_dial(const char *text, bo_conn **out)
{
    bo_addr addr;
    bool local;
    bo_err err = bo__addr_parse(bo_str_of(text), &addr, &local);
    if (!err)
        err = local ? dial_local(addr.port, out) : dial_addr(&addr, out);
    return err ? bo_errf(err, "dial %s", text) : NULL;
}
