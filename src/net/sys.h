// SPDX-License-Identifier: MIT
// net/sys.h: the socket calls that the outside world makes fail, each under a name of its own.
//
// They are weak functions, so that a test can put its own in their place and have a kernel that
// writes one byte at a time, is interrupted at every call, or has run out of descriptors.
// Descriptors are non-blocking and closed on exec; sending raises no SIGPIPE.
#ifndef BORA_SRC_NET_SYS_H
#define BORA_SRC_NET_SYS_H

#include "net/addr.h"

#include <sys/uio.h>

ssize_t bo__sys_recv(int fd, void *buf, size_t n);
ssize_t bo__sys_peek(int fd, void *byte);
ssize_t bo__sys_send(int fd, const void *buf, size_t n);
ssize_t bo__sys_sendv(int fd, struct iovec *pieces, size_t count);
int bo__sys_accept(int fd, union bo__sockaddr *peer, socklen_t *len);
int bo__sys_connect(int fd, const union bo__sockaddr *peer, socklen_t len);

#endif
