// SPDX-License-Identifier: MIT
// conn.c: reading and writing a connected socket.
//
// Every call first tries, and waits only when the kernel says so. Reading does one better: after a
// read that filled less than its buffer, a TCP socket is known to be empty, so the next read waits
// without asking first. For a server of small requests that is one system call in four saved.
//
// That must miss nothing. The kernel's side: whatever befalls the socket is followed by a report,
// which tells all that is so when it is taken, and both it and recv see the socket in the same
// order of events. So anything that comes after the short read brings a report after it, and the
// wait returns. What had come before it and is still there may have been told by a report that came
// before too, and then none will follow. On TCP, data never stay behind a short read by themselves;
// what can is
// - the end, or an error: recv takes the data first. Their report has EPOLLRDHUP, EPOLLHUP or
//   EPOLLERR.
// - what follows urgent data: recv stops at the mark. Their report has EPOLLPRI.
// Any of these makes bo__poll_ask_first true, for ever, and then each read asks again. Either that
// is seen before the wait, or the report is delivered later, and ends the wait.
//
// Other sockets always ask: a Unix socket's reads also stop short where descriptors were sent
// along, those of others at the end of a message.
//
// Closing is shutdown(2): it wakes who waits in the poller, makes system calls already on their way
// harmless, and leaves the descriptor's number taken until bo_conn_free, when nobody can use it any
// more. Rejected: counting the users of the descriptor, two atomic operations for each read.
#include "net/conn.h"

#include "io/io.h"
#include "net/sys.h"

#include <assert.h>
#include <bora/arena.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECES_MAX = 1024 };  // UIO_MAXIOV of the kernel

// 64 bytes with malloc's own: there may be a million of them.
struct bo_conn {
    bo__pollfd *poll;
    int fd;
    _Atomic bool closed;
    bool tcp;
    bool empty;    // The reader's: the last read was short, so wait before the next.
    bool fresh;    // The reader's: nothing was read or waited for yet.
    uint8_t kind;  // bo_addr_kind of the peer
    uint16_t port;
    uint32_t zone;
    _Atomic int64_t read_deadline, write_deadline;
    union {
        uint8_t ip[16];
        bo_addr *named;  // Unix: the peer's address if it has a name, else NULL.
    } peer;
};
static_assert(sizeof(bo_conn) <= 56, "with malloc's header it is one cache line");

void bo__tcp_options(int fd)
{
    // Small replies leave at once. A peer that has vanished is noticed after two and a half minutes
    // of silence, also by a goroutine that only reads.
    int on = 1, idle = 60, interval = 15, count = 6;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

bo_conn *bo__conn_new(int fd, const bo_addr *peer)
{
    bo_conn *conn = bo_calloc(1, sizeof *conn);
    conn->fd = fd;
    conn->poll = bo__poll_open(fd);
    conn->tcp = peer->kind != BO_ADDR_UNIX;
    conn->fresh = true;
    conn->kind = (uint8_t)peer->kind;
    conn->port = peer->port;
    conn->zone = peer->zone;
    conn->read_deadline = conn->write_deadline = BO_NO_DEADLINE;
    if (peer->kind != BO_ADDR_UNIX) {
        memcpy(conn->peer.ip, peer->ip, sizeof conn->peer.ip);
    } else if (peer->path_len > 0) {
        conn->peer.named = bo_malloc(sizeof *peer);
        *conn->peer.named = *peer;
    }
    return conn;
}

bo_err bo_conn_of_fd(int fd, bo_conn **out)
{
    int type = 0, protocol = 0;
    socklen_t type_len = sizeof type, protocol_len = sizeof protocol;
    union bo__sockaddr sys;
    socklen_t sys_len = sizeof sys;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) ||
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_len))
        return bo_errf(bo_err_sys(errno), "descriptor %d", fd);
    if (type != SOCK_STREAM)
        return bo_errf(BO_INVALID, "descriptor %d is not a stream socket", fd);
    if (getpeername(fd, &sys.any, &sys_len) || fcntl(fd, F_SETFD, FD_CLOEXEC) ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK))
        return bo_errf(bo_err_sys(errno), "descriptor %d", fd);
    bo_addr peer = bo__addr_of_sys(&sys, sys_len);
    *out = bo__conn_new(fd, &peer);
    (*out)->tcp = protocol == IPPROTO_TCP;
    if ((*out)->tcp)
        bo__tcp_options(fd);
    return NULL;
}

// -- addresses and errors -------------------------------------------------------------------------

bo_addr bo__local_addr(int fd)
{
    union bo__sockaddr sys;
    socklen_t len = sizeof sys;
    return getsockname(fd, &sys.any, &len) ? (bo_addr){0} : bo__addr_of_sys(&sys, len);
}

bo_addr bo_conn_local_addr(const bo_conn *conn)
{
    return bo__local_addr(conn->fd);
}

bo_addr bo_conn_remote_addr(const bo_conn *conn)
{
    bo_addr addr = {.kind = conn->kind, .port = conn->port, .zone = conn->zone};
    if (conn->kind != BO_ADDR_UNIX)
        memcpy(addr.ip, conn->peer.ip, sizeof addr.ip);
    else if (conn->peer.named)
        addr = *conn->peer.named;
    return addr;
}

// failed wraps the cause of a failure, unless it is only that somebody has closed the connection.
static bo_err failed(const bo_conn *conn, const char *what, bo_err cause)
{
    char text[BO_ADDR_TEXT_MAX];
    bo_addr addr = bo_conn_remote_addr(conn);
    // Who dials a Unix socket has no name as a rule: what was dialed says more.
    if (addr.kind == BO_ADDR_UNIX && addr.path_len == 0)
        addr = bo_conn_local_addr(conn);
    bo_addr_format(&addr, text);
    if (conn->closed) {
        bo_err_free(cause);
        cause = BO_CLOSED;
    }
    return bo_errf(cause, "%s %s", what, text);
}

// -- reading --------------------------------------------------------------------------------------

static bo_err wait_readable(bo_conn *conn)
{
    int64_t deadline = atomic_load_explicit(&conn->read_deadline, memory_order_relaxed);
    bo_err err = bo__poll_wait(conn->poll, false, deadline);
    return err || conn->closed ? failed(conn, "read", err) : NULL;
}

// seems_empty: the socket has been read to its end for now, and the poller tells when that changes.
static bool seems_empty(const bo_conn *conn)
{
    return conn->empty && !bo__poll_ask_first(conn->poll);
}

bo_err bo__conn_read_now(bo_conn *conn, void *buf, size_t n, size_t *got, bool *nothing)
{
    bo_assert(n > 0);
    conn->fresh = false;
    for (;;) {
        if (conn->closed)
            return failed(conn, "read", NULL);
        ssize_t len = bo__sys_recv(conn->fd, buf, n);
        if (len < 0 && errno == EINTR)
            continue;
        *nothing = len < 0 && errno == EAGAIN;
        if (len < 0 && !*nothing)
            return failed(conn, "read", bo_err_sys(errno));
        // A close meanwhile makes a read find the end that the peer has not sent.
        if (len == 0 && conn->closed)
            return failed(conn, "read", NULL);
        conn->empty = *nothing || (conn->tcp && (size_t)len < n);
        *got = *nothing ? 0 : (size_t)len;
        return NULL;
    }
}

bo_err bo_conn_read(bo_conn *conn, void *buf, size_t n, size_t *got)
{
    bool wait = seems_empty(conn);
    size_t len;
    do {
        if (wait)
            BO_TRY(wait_readable(conn));
        BO_TRY(bo__conn_read_now(conn, buf, n, &len, &wait));
    } while (wait);
    *got = len;
    return NULL;
}

bo_err bo__conn_watch(bo_conn *conn, const bo__watch *watch, bool *watching)
{
    char byte;
    // What is not known to be empty is asked with a look at one byte; a new connection need not be,
    // since the poller begins with its state.
    bool ask = !conn->fresh && !seems_empty(conn);
    *watching = false;
    if (ask && (bo__sys_peek(conn->fd, &byte) >= 0 || errno != EAGAIN))
        return NULL;
    conn->fresh = false;
    if (conn->closed)
        return NULL;
    int64_t deadline = atomic_load_explicit(&conn->read_deadline, memory_order_relaxed);
    bo_err err = bo__poll_watch(conn->poll, watch, deadline, watching);
    return err ? failed(conn, "read", err) : NULL;
}

bo_err bo__conn_watched(bo_conn *conn)
{
    bo_err err = bo__poll_watched(conn->poll);
    return err ? failed(conn, "read", err) : NULL;
}

void bo__conn_ends_scope(bo_conn *conn, bo__scope *scope)
{
    bo__poll_ends_scope(conn->poll, scope);
}

// -- writing --------------------------------------------------------------------------------------

// write_stalled deals with a send that failed: NULL if it is to be tried again.
static bo_err write_stalled(bo_conn *conn, int error)
{
    if (error == EINTR)
        return NULL;
    if (error != EAGAIN)
        return failed(conn, "write", bo_err_sys(error));
    int64_t deadline = atomic_load_explicit(&conn->write_deadline, memory_order_relaxed);
    bo_err err = bo__poll_wait(conn->poll, true, deadline);
    return err ? failed(conn, "write", err) : NULL;
}

bo_err bo_conn_write(bo_conn *conn, const void *buf, size_t n)
{
    for (const char *at = buf; n > 0;) {
        if (conn->closed)
            return failed(conn, "write", NULL);
        ssize_t len = bo__sys_send(conn->fd, at, n);
        if (len < 0) {
            BO_TRY(write_stalled(conn, errno));
            continue;
        }
        at += len;
        n -= (size_t)len;
    }
    return NULL;
}

bo_err bo_conn_writev(bo_conn *conn, struct iovec *pieces, int count)
{
    for (bo__skip_pieces(&pieces, &count, 0); count > 0;) {
        if (conn->closed)
            return failed(conn, "write", NULL);
        size_t now = count < PIECES_MAX ? (size_t)count : PIECES_MAX;
        ssize_t len = bo__sys_sendv(conn->fd, pieces, now);
        if (len < 0)
            BO_TRY(write_stalled(conn, errno));
        else
            bo__skip_pieces(&pieces, &count, (size_t)len);
    }
    return NULL;
}

// -- dialing --------------------------------------------------------------------------------------

bo_err bo__conn_finish_dial(bo_conn *conn)
{
    for (;;) {
        union bo__sockaddr sys;
        socklen_t sys_len = sizeof sys;
        int error = 0;
        socklen_t error_len = sizeof error;
        BO_TRY(bo__poll_wait(conn->poll, true, BO_NO_DEADLINE));
        if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &error_len))
            error = errno;
        if (error)
            return bo_err_sys(error);
        // No error is not yet success: the poller may have reported the socket before its time.
        if (!getpeername(conn->fd, &sys.any, &sys_len))
            return NULL;
    }
}

// -- the rest -------------------------------------------------------------------------------------

void bo_conn_set_read_deadline(bo_conn *conn, int64_t mono)
{
    atomic_store_explicit(&conn->read_deadline, mono, memory_order_relaxed);
}

void bo_conn_set_write_deadline(bo_conn *conn, int64_t mono)
{
    atomic_store_explicit(&conn->write_deadline, mono, memory_order_relaxed);
}

void bo__conn_reset_when_freed(bo_conn *conn)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

bo_err bo_conn_shutdown_write(bo_conn *conn)
{
    if (conn->closed)
        return failed(conn, "shut down", NULL);
    return shutdown(conn->fd, SHUT_WR) ? failed(conn, "shut down", bo_err_sys(errno)) : NULL;
}

void bo_conn_close(bo_conn *conn)
{
    if (!atomic_exchange(&conn->closed, true))
        shutdown(conn->fd, SHUT_RDWR);
}

void bo_conn_free(bo_conn *conn)
{
    if (!conn)
        return;
    bo__poll_close(conn->poll);
    close(conn->fd);
    if (conn->kind == BO_ADDR_UNIX)
        free(conn->peer.named);
    free(conn);
}
