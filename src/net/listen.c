// SPDX-License-Identifier: MIT
// listen.c: sockets that take connections.
//
// When descriptors run out, bo_accept says so and leaves the connection in the kernel's queue,
// where it is served once others have ended. Rejected: a descriptor in reserve, given up to accept
// the connection and drop it; it turns a short shortage into errors for the clients.
#include "net/conn.h"
#include "net/sys.h"
#include "runtime/runtime.h"

#include <bora/arena.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 65535 };  // The kernel cuts it to net.core.somaxconn.

struct bo_listener {
    bo__pollfd *poll;
    int fd;
    _Atomic bool closed;
    bo_addr addr;
    // Unix, in the file system: the socket file that is ours to remove; inode 0 if there is none.
    dev_t device;
    ino_t inode;
};

// -- opening --------------------------------------------------------------------------------------

// socket_file reports whether there is a socket at a Unix address's path.
static bool socket_file(const bo_addr *addr, struct stat *out)
{
    char path[BO_ADDR_PATH_MAX + 1] = {0};
    memcpy(path, addr->path, addr->path_len);
    return lstat(path, out) == 0 && S_ISSOCK(out->st_mode);
}

static void remove_file(const bo_addr *addr)
{
    char path[BO_ADDR_PATH_MAX + 1] = {0};
    memcpy(path, addr->path, addr->path_len);
    unlink(path);
}

static bool in_file_system(const bo_addr *addr)
{
    return addr->kind == BO_ADDR_UNIX && !addr->abstract;
}

// is_stale reports whether the file at a Unix address is what a listener left that is gone.
static bool is_stale(const bo_addr *addr, const union bo__sockaddr *sys, socklen_t len)
{
    struct stat file;
    if (!in_file_system(addr) || !socket_file(addr, &file))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, &sys->any, len) && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

// bind_to returns 0 or the errno of what failed.
static int bind_to(int fd, const bo_addr *addr)
{
    union bo__sockaddr sys;
    socklen_t len = bo__addr_to_sys(addr, &sys);
    int error = bind(fd, &sys.any, len) ? errno : 0;
    if (error == EADDRINUSE && is_stale(addr, &sys, len)) {
        remove_file(addr);
        error = bind(fd, &sys.any, len) ? errno : 0;
    }
    return error;
}

// open_socket returns a listening descriptor, or -1 with the reason in *error.
static int open_socket(const bo_addr *addr, int *error)
{
    int family = addr->kind == BO_ADDR_UNIX   ? AF_UNIX
                 : addr->kind == BO_ADDR_IPV6 ? AF_INET6
                                              : AF_INET;
    int on = 1, off = 0;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    if (family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bo__tcp_options(fd);
    }
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    *error = bind_to(fd, addr);
    if (*error == 0 && listen(fd, BACKLOG))
        *error = errno;
    if (*error == 0)
        return fd;
    close(fd);
    return -1;
}

bo_err bo_listen(const char *text, bo_listener **out)
{
    static const uint8_t any[16];
    bo_addr addr;
    bool local;
    int error = 0;
    bo_err err = bo__addr_parse(bo_str_of(text), &addr, &local);
    if (err)
        return bo_errf(err, "listen %s", text);
    int fd = open_socket(&addr, &error);
    bool no_ipv6 = fd < 0 && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
    if (no_ipv6 && addr.kind == BO_ADDR_IPV6 && memcmp(addr.ip, any, sizeof any) == 0) {
        addr.kind = BO_ADDR_IPV4;
        fd = open_socket(&addr, &error);
    }
    if (fd < 0)
        return bo_errf(bo_err_sys(error), "listen %s", text);

    bo_listener *listener = bo_calloc(1, sizeof *listener);
    listener->fd = fd;
    listener->poll = bo__poll_open(fd);
    listener->addr = bo__local_addr(fd);
    struct stat file;
    if (in_file_system(&addr) && socket_file(&addr, &file)) {
        listener->device = file.st_dev;
        listener->inode = file.st_ino;
    }
    *out = listener;
    return NULL;
}

// -- accepting ------------------------------------------------------------------------------------

// accept_failed makes the error of bo_accept; cause is NULL if the listener was closed.
static bo_err accept_failed(const bo_listener *listener, bo_err cause)
{
    char text[BO_ADDR_TEXT_MAX];
    bo_addr_format(&listener->addr, text);
    if (listener->closed) {
        bo_err_free(cause);
        cause = BO_CLOSED;
    }
    return bo_errf(cause, "accept %s", text);
}

// Errors that are the connection's, not the listener's: Linux hands on what befell it in the queue
// (accept(2), "Error handling"). Not EPERM, although the manual has a firewall's verdict there:
// what gives it today is a sandbox, which gives it for ever.
static bool is_connections_own(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bo_err bo_accept(bo_listener *listener, bo_conn **out)
{
    while (!listener->closed) {
        union bo__sockaddr sys;
        socklen_t len = sizeof sys;
        int fd = bo__sys_accept(listener->fd, &sys, &len);
        if (fd >= 0) {
            bo_addr peer = bo__addr_of_sys(&sys, len);
            *out = bo__conn_new(fd, &peer);
            return NULL;
        }
        int error = errno;
        if (is_connections_own(error))
            continue;
        if (is_shortage(error)) {
            bo_err reason = bo_err_sys(error);
            return accept_failed(listener, bo_errf(BO_EXHAUSTED, "%s", bo_err_message(reason)));
        }
        if (error != EAGAIN)
            return accept_failed(listener, bo_err_sys(error));
        bo_err err = bo__poll_wait(listener->poll, false, BO_NO_DEADLINE);
        if (err)
            return accept_failed(listener, err);
    }
    return accept_failed(listener, NULL);
}

bo_addr bo_listener_addr(const bo_listener *listener)
{
    return listener->addr;
}

// -- closing --------------------------------------------------------------------------------------

void bo_listener_close(bo_listener *listener)
{
    struct stat file;
    if (atomic_exchange(&listener->closed, true))
        return;
    // Somebody may have put another socket into the file's place.
    if (listener->inode && socket_file(&listener->addr, &file) && file.st_dev == listener->device &&
        file.st_ino == listener->inode)
        remove_file(&listener->addr);
    shutdown(listener->fd, SHUT_RDWR);
}

void bo_listener_free(bo_listener *listener)
{
    if (!listener)
        return;
    bo_listener_close(listener);
    bo__poll_close(listener->poll);
    close(listener->fd);
    free(listener);
}
