// SPDX-License-Identifier: MIT
// h1_wire.h: exchanges over HTTP/1.1, and the buffers that they need.
//
// A working set (h1_work) is all the memory that serving takes: a connection borrows one when bytes
// have come, and gives it back when it has to wait for the next request. What is received lies in
// in[start, end): the rest of the head that is being read, or what follows the head. While a
// handler runs, the head stays where it is, since the request is views of it; bodies go through the
// room behind it. What is to be sent is gathered in out.
#ifndef BORA_SRC_HTTP_H1_WIRE_H
#define BORA_SRC_HTTP_H1_WIRE_H

#include "http/h1_chunked.h"
#include "http/h1_conn.h"
#include "http/h1_head.h"
#include "http/message.h"

enum {
    H1_OUT_BYTES = 32 << 10,  // Holds any head of ours.
    H1_BODY_ROOM = 16 << 10,  // Behind the largest head.
    H1_SKIP_MAX = 256 << 10,  // Of a body that no handler wanted; beyond, closing is cheaper.
};

struct h1_work {
    http_exchange x;
    h1_work *next;  // in the pool
    bo_conn *net;
    const bo_http_server *server;
    h1_head head;
    h1_chunked chunked;
    size_t start, end, in_cap;
    size_t body_at;      // Where the head ends: bodies may use what is behind.
    uint64_t body_left;  // LENGTH: not read yet
    size_t out_len;
    size_t chunk_at;     // Where the data of the chunk begin that is still open in out; 0: none.
    bool body_done;      // Nothing more of the body can be read:
    bool body_lost;      // and that is not for having reached its end.
    bool owes_continue;  // The client waits for "100 Continue" before it sends the body.
    bool persistent;     // The connection goes on after this response.
    bool until_close;    // Only the end of the connection tells the end of the body.
    bool broken;         // Nothing more can be read, or written.
    int64_t date_at;     // The second of date.
    char date[32];
    char out[H1_OUT_BYTES];
    char *in;
    http_span_field fields[];  // then the bytes of in
};

// bo__h1_open readies the exchange for the request that w->head describes, at in[start].
void bo__h1_open(h1_work *w);

// bo__h1_open_refused readies it for an answer to what is no request.
void bo__h1_open_refused(h1_work *w);

// bo__h1_receive reads what has come, at least a byte, until a deadline, after sending what is
// gathered. *got is 0 at the end. Parks.
bo_err bo__h1_receive(h1_work *w, void *into, size_t size, int64_t deadline, size_t *got);

// bo__h1_send_out sends what is gathered. False: the connection is broken. Parks.
bool bo__h1_send_out(h1_work *w);

// bo__h1_skip_body takes what the handler left of the body. False: it is too much or does not come.
// Parks.
bool bo__h1_skip_body(h1_work *w);

#endif
