// SPDX-License-Identifier: MIT
// h1_conn.h: a connection that speaks HTTP/1.1.
#ifndef BORA_SRC_HTTP_H1_CONN_H
#define BORA_SRC_HTTP_H1_CONN_H

#include <bora/go.h>
#include <bora/http.h>
#include <bora/net.h>
#include <stdatomic.h>

typedef struct h1_conn h1_conn;
typedef struct h1_work h1_work;

// Who moves it from IDLE decides what becomes of the connection: its goroutine to BUSY when a
// request comes, the drain to DRAINED.
typedef enum { H1_BUSY, H1_IDLE, H1_DRAINED } h1_conn_state;

// What a connection holds while nothing is asked of it.
struct h1_conn {
    bo_conn *net;
    bo_http_server *server;
    h1_conn *next, *prev;   // The server's list.
    _Atomic uint8_t state;  // h1_conn_state
    bo__scope scope;        // Of its handlers. Ends when the client hangs up.
};

// bo__h1_accept serves a connection, which it takes over, in a goroutine of its own.
void bo__h1_accept(bo_http_server *server, bo_conn *net);

// bo__h1_drain closes a connection if it is idle. bo__h1_cut ends it whatever it does. The caller
// holds the server's lock, so that the connection stays.
void bo__h1_drain(h1_conn *conn);
void bo__h1_cut(h1_conn *conn);

// bo__h1_works_free frees the working sets of a server without connections.
void bo__h1_works_free(bo_http_server *server);

#endif
