// SPDX-License-Identifier: MIT
// faults_test.c: a kernel that misbehaves within its rights (see net/sys.h), and what becomes of it.
#include "net/net_test.h"
#include "net/sys.h"

#include <stdatomic.h>

struct net_faults net_faults;

static _Atomic int calls;

static bool interrupted(void)
{
    int every = net_faults.interrupt_every;
    if (every == 0 || atomic_fetch_add(&calls, 1) % every != 0)
        return false;
    errno = EINTR;
    return true;
}

static size_t cut(size_t n)
{
    return net_faults.bytes_max && n > net_faults.bytes_max ? net_faults.bytes_max : n;
}

static bool fails(const int **errors)
{
    if (!*errors || !**errors)
        return false;
    errno = *(*errors)++;
    return true;
}

ssize_t bo__sys_recv(int fd, void *buf, size_t n)
{
    if (interrupted())
        return -1;
    ssize_t len = recv(fd, buf, n, 0);
    int error = errno;
    if (net_faults.after_recv)
        net_faults.after_recv(fd, len);
    errno = error;
    return len;
}

ssize_t bo__sys_peek(int fd, void *byte)
{
    return interrupted() ? -1 : recv(fd, byte, 1, MSG_PEEK);
}

ssize_t bo__sys_send(int fd, const void *buf, size_t n)
{
    return interrupted() ? -1 : send(fd, buf, cut(n), MSG_NOSIGNAL);
}

ssize_t bo__sys_sendv(int fd, struct iovec *pieces, size_t count)
{
    struct iovec first = {pieces->iov_base, cut(pieces->iov_len)};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    if (net_faults.bytes_max)
        message = (struct msghdr){.msg_iov = &first, .msg_iovlen = 1};
    return interrupted() ? -1 : sendmsg(fd, &message, MSG_NOSIGNAL);
}

int bo__sys_accept(int fd, union bo__sockaddr *peer, socklen_t *len)
{
    if (interrupted() || fails(&net_faults.accept_errors))
        return -1;
    return accept4(fd, &peer->any, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int bo__sys_connect(int fd, const union bo__sockaddr *peer, socklen_t len)
{
    if (net_faults.before_connect)
        net_faults.before_connect(fd);
    if (fails(&net_faults.connect_errors))
        return -1;
    return connect(fd, &peer->any, len);
}
