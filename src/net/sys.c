// SPDX-License-Identifier: MIT
// sys.c: see sys.h.
#include "net/sys.h"

__attribute__((weak)) ssize_t bo__sys_recv(int fd, void *buf, size_t n)
{
    return recv(fd, buf, n, 0);
}

__attribute__((weak)) ssize_t bo__sys_peek(int fd, void *byte)
{
    return recv(fd, byte, 1, MSG_PEEK);
}

__attribute__((weak)) ssize_t bo__sys_send(int fd, const void *buf, size_t n)
{
    return send(fd, buf, n, MSG_NOSIGNAL);
}

__attribute__((weak)) ssize_t bo__sys_sendv(int fd, struct iovec *pieces, size_t count)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

__attribute__((weak)) int bo__sys_accept(int fd, union bo__sockaddr *peer, socklen_t *len)
{
    return accept4(fd, &peer->any, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

__attribute__((weak)) int bo__sys_connect(int fd, const union bo__sockaddr *peer, socklen_t len)
{
    return connect(fd, &peer->any, len);
}
