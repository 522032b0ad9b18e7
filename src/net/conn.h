// SPDX-License-Identifier: MIT
// net/conn.h: how the room makes connections.
#ifndef BORA_SRC_NET_CONN_H
#define BORA_SRC_NET_CONN_H

#include "runtime/runtime.h"

#include <bora/net.h>

// bo__conn_new makes a connection of a non-blocking stream socket, which it takes over.
bo_conn *bo__conn_new(int fd, const bo_addr *peer);

// bo__conn_finish_dial waits until a connect in progress has succeeded or failed.
bo_err bo__conn_finish_dial(bo_conn *conn);

// bo__conn_watch sees to it that watch's goroutine runs once a read will find something: bytes, the
// end, an error. For who wants to hold neither a buffer nor a goroutine meanwhile. If that is so
// already, *watching is false and it is the caller's to read; else the connection is that
// goroutine's from now on, whose first call on it is bo__conn_watched: BO_TIMEOUT if the read
// deadline came first. It is also how to go on if *watching is false. Never parks.
bo_err bo__conn_watch(bo_conn *conn, const bo__watch *watch, bool *watching);
bo_err bo__conn_watched(bo_conn *conn);

// bo__conn_read_now is bo_conn_read for after that: it never parks. If there is nothing after
// all, *got is 0 and *nothing is true.
bo_err bo__conn_read_now(bo_conn *conn, void *buf, size_t n, size_t *got, bool *nothing);

// bo__conn_ends_scope has the scope end (BO_CANCELED) when the peer hangs up, until it is called
// with NULL. The scope must stay valid until then.
void bo__conn_ends_scope(bo_conn *conn, bo__scope *scope);

// bo__conn_reset_when_freed has bo_conn_free reset the connection, so that the peer does not take
// what it got for all.
void bo__conn_reset_when_freed(bo_conn *conn);

// bo__tcp_options sets what every TCP socket of ours has; connections inherit it from a listener.
void bo__tcp_options(int fd);

// bo__local_addr asks the kernel for a socket's own address.
bo_addr bo__local_addr(int fd);

#endif
