// SPDX-License-Identifier: MIT
// net/conn.h: how the room makes connections.
#ifndef BORA_SRC_NET_CONN_H
#define BORA_SRC_NET_CONN_H

#include <bora/net.h>

// bo__conn_new makes a connection of a non-blocking stream socket, which it takes over.
bo_conn *bo__conn_new(int fd, const bo_addr *peer);

// bo__conn_finish_dial waits until a connect in progress has succeeded or failed.
bo_err bo__conn_finish_dial(bo_conn *conn);

// bo__tcp_options sets what every TCP socket of ours has; connections inherit it from a listener.
void bo__tcp_options(int fd);

// bo__local_addr asks the kernel for a socket's own address.
bo_addr bo__local_addr(int fd);

#endif
