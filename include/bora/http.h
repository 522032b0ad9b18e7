// SPDX-License-Identifier: MIT
// bora/http.h: HTTP services.
//
// A program hands a mux its routes, each a pattern and a handler. A handler is plain blocking code:
// it reads the request, writes the response, and returns NULL or an error, which the server turns
// into a reply. A connection has a goroutine of its own while there are requests on it.
//
//     static bo_err hello(bo_http_request *req, bo_http_response *res)
//     {
//         bo_str name = bo_http_path(req, "name");
//         return bo_http_write(res, 200, "text/plain; charset=utf-8", name);
//     }
//
//     int bo_main(int argc, char **argv)
//     {
//         bo_http_mux *mux = bo_http_mux_new(NULL);
//         bo_http_handle(mux, "GET /hello/{name}", hello);
//         bo_err err = bo_http_serve(":8080", mux);   // Until SIGTERM or SIGINT, and drained.
//         ...
//     }
//
// Errors. An error that a handler returns before it has written anything becomes a reply of type
// application/problem+json (RFC 9457) with the status of bo_err_status. Below 500 its message is
// the "detail", so it is to be written for the client; from 500 on the client learns the status
// only, and the message goes to the log. The server frees the error.
//
// Memory. All that a request's accessors return lives in the request and is gone when the handler
// returns. bo_http_arena is the handler's own for that long.
//
// Strictness. What two parsers could read differently is refused with 400 and the connection
// closed: Content-Length beside Transfer-Encoding, repeated or odd lengths, a transfer coding other
// than chunked, folded lines, stray CR, LF or NUL, a space before a colon, a missing or repeated
// Host.
//
// A request and its response belong to the goroutine that runs the handler; others may use them
// only while that one waits for them. Nothing here knows how a message travels: HTTP/1.1 now.
#ifndef BORA_HTTP_H
#define BORA_HTTP_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/str.h>
#include <bora/time.h>

typedef struct bo_http_mux bo_http_mux;
typedef struct bo_http_request bo_http_request;
typedef struct bo_http_response bo_http_response;
typedef struct bo_http_server bo_http_server;
typedef struct bo_type bo_type;

// A handler answers one request. It may park. See above for what its error becomes; if it returns
// NULL without having written anything, the reply is an empty 204.
typedef bo_err (*bo_http_handler)(bo_http_request *req, bo_http_response *res);

// A name and a value, as in a header or a query.
typedef struct {
    bo_str name, value;
} bo_http_field;

// ---- routes ----

// bo_http_mux_new makes an empty mux. context is what bo_http_context gives to the handlers; it
// must outlive the serving. Free with bo_http_mux_free; a server keeps the mux until it is gone.
bo_http_mux *bo_http_mux_new(void *context);
void bo_http_mux_free(bo_http_mux *mux);

// bo_http_handle adds a route. A pattern is "[METHOD ]/path", and a segment of the path is
//
//     users      itself
//     {id}       any one segment that is not empty; bo_http_path gives it
//     {rest...}  the whole rest of the path, slashes included, maybe empty; only at the end
//     {$}        the end of a path that ends in "/"; only at the end
//
// A pattern that ends in "/" stands for all paths below it, like "{rest...}" without a name; the
// path without that slash is redirected to it. Without a method it matches all methods; GET matches
// HEAD too. Of several patterns that match, the most specific wins: /users/me before /users/{id},
// "GET /x" before "/x". The order of registration is of no importance.
//
// Two patterns that match the same request with neither more specific than the other are a mistake
// of the program, like one that does not parse: it ends with a report that names both, and a path
// that both match. The pattern must outlive the mux. Not safe while the mux is being served.
//
// Paths are compared segment by segment after percent-decoding, so an encoded slash never
// separates. A path with empty, "." or ".." segments is answered with a redirect to its clean form.
// No route: 404; the path has routes, but none for this method: 405 with Allow. At most 16 names a
// pattern, and 128 segments a path.
#define bo_http_handle(mux, pattern, handler)                                                      \
    bo__http_handle((mux), (pattern), (handler), __FILE__, __LINE__)

// ---- requests ----

// bo_http_context is the pointer that the mux was made with.
void *bo_http_context(const bo_http_request *req);

// bo_http_arena is memory that lives until the handler has returned.
bo_arena *bo_http_arena(bo_http_request *req);

// bo_http_method is "GET", "POST", or any other token, as sent: methods are case-sensitive.
bo_str bo_http_method(const bo_http_request *req);

// bo_http_target is the path and the query as sent, undecoded: "/a%20b?x=1".
bo_str bo_http_target(const bo_http_request *req);

// bo_http_host is the authority that the client asked for, with the port if it named one:
// "example.com:8080". It is well-formed, and what the client says. May be empty.
bo_str bo_http_host(const bo_http_request *req);

// bo_http_route is the pattern that matched: "GET /users/{id}". For logs and metrics.
const char *bo_http_route(const bo_http_request *req);

// bo_http_path is what a wildcard of the pattern stands for, percent-decoded: any bytes but NUL. A
// name that the pattern does not have is a mistake of the program and panics.
bo_str bo_http_path(const bo_http_request *req, const char *name);

// bo_http_path_int reads that as a decimal integer. BO_INVALID (400) with the reason if it is none.
bo_err bo_http_path_int(const bo_http_request *req, const char *name, int64_t *out);

// bo_http_query is the first value of that name in the query, decoded ("+" and %20 are spaces; what
// is no valid escape stands for itself); empty if there is none. bo_http_query_find tells the two
// apart.
bo_str bo_http_query(bo_http_request *req, const char *name);
bool bo_http_query_find(bo_http_request *req, const char *name, bo_str *out);

// bo_http_query_int reads that as a decimal integer; absent: fallback. BO_INVALID (400) otherwise.
bo_err bo_http_query_int(bo_http_request *req, const char *name, int64_t fallback, int64_t *out);

// bo_http_header is the value of the first header of that name, whatever the case of either; empty
// if there is none. bo_http_header_count and bo_http_header_at walk all, in the order of arrival.
bo_str bo_http_header(const bo_http_request *req, const char *name);
size_t bo_http_header_count(const bo_http_request *req);
bo_http_field bo_http_header_at(const bo_http_request *req, size_t index);

// bo_http_body reads the whole body, or what bo_http_body_read has left of it. Parks. It may be
// called again and gives the same. BO_TOO_LARGE (413) over the limit, before more than the limit is
// stored; BO_INVALID (400) if its framing is broken; BO_TIMEOUT if it does not arrive in time;
// BO_EOF if the client hung up.
bo_err bo_http_body(bo_http_request *req, bo_str *out);

// bo_http_body_read reads the next bytes of the body, at most size, as they arrive; *got is 0 at
// the end. Parks. Errors as bo_http_body's. What a handler leaves unread the server skips.
bo_err bo_http_body_read(bo_http_request *req, void *buffer, size_t size, size_t *got);

// bo_http_body_allow replaces the body's limits for this request: how large it may be, and by when,
// from now on, it must have arrived. Zero leaves one as it is. Before the first read.
void bo_http_body_allow(bo_http_request *req, uint64_t bytes_max, bo_duration timeout);

// bo_http_read_json(req, T, value) reads the body as JSON into *value, a T of a BO_STRUCT. Parks.
// BO_INVALID (400) with the field, the byte, and what was expected; BO_UNPROCESSABLE (422) with the
// constraints that are broken (bora/json.h); and bo_http_body's errors. The Content-Type is not
// looked at: `curl -d` calls everything a form. What *value points to lives in the request's arena.
#define bo_http_read_json(req, T, value)                                                           \
    bo__http_read_json((req), bo_type_of(T), (1 ? (value) : (T *)0))

// ---- responses ----

// bo_http_write answers with a whole body, copied or sent before it returns. content_type may be
// NULL if there is no body. May park. A response is written once: a second one is BO_INVALID. To
// HEAD and with 204 and 304 only the head goes out. A status is 200 to 599, a content type has at
// most 256 bytes. Errors: BO_CLOSED (the client is gone) and BO_TIMEOUT, which the handler may just
// return.
bo_err bo_http_write(bo_http_response *res, int status, const char *content_type, bo_str body);

// bo_http_write_json(res, status, T, value) answers with *value, a T of a BO_STRUCT, as JSON.
#define bo_http_write_json(res, status, T, value)                                                  \
    bo__http_write_json((res), (status), bo_type_of(T), (1 ? (value) : (const T *)0))

// bo_http_write_problem answers with an application/problem+json body. detail may be empty.
bo_err bo_http_write_problem(bo_http_response *res, int status, bo_str detail);

// bo_http_redirect answers with a status (301, 302, 303, 307, 308) and a Location.
bo_err bo_http_redirect(bo_http_response *res, int status, bo_str location);

// bo_http_set_header sets a header of the response in place of those of the same name;
// bo_http_add_header adds one. Name and value are copied. BO_INVALID, with nothing set: the name is
// no token or the value has a control character (so a value from outside cannot smuggle a header);
// the response has been begun; or the name is one of those that the server writes itself:
// Content-Length, Transfer-Encoding, Connection, Keep-Alive, Upgrade, Trailer and Date.
// BO_TOO_LARGE: more than 100, or 16 KB in all.
bo_err bo_http_set_header(bo_http_response *res, const char *name, bo_str value);
bo_err bo_http_add_header(bo_http_response *res, const char *name, bo_str value);

// bo_http_start begins a response whose body follows in parts: with bo_http_send, as often as
// wanted, until the handler returns. Small parts are gathered; bo_http_flush sends what was
// gathered. If the handler returns an error after the start, the connection is cut, so that the
// client sees that the body is not whole. All may park, and hold the handler back while the client
// reads slowly. BO_CLOSED: the client is gone.
bo_err bo_http_start(bo_http_response *res, int status, const char *content_type);
bo_err bo_http_send(bo_http_response *res, bo_str part);
bo_err bo_http_flush(bo_http_response *res);

// bo_http_start_sized does the same for a body of known length, which is then the Content-Length.
// Sending more is BO_INVALID; sending less cuts the connection.
bo_err bo_http_start_sized(bo_http_response *res, int status, const char *content_type,
                           uint64_t length);

// bo_http_status is the status of what has been written so far, or 0.
int bo_http_status(const bo_http_response *res);

// bo_http_status_text is the reason phrase of a status: "Not Found"; "" if it has none.
const char *bo_http_status_text(int status);

// ---- serving ----

// Limits and times, by name; what is left out or zero has the default. Each time-out is absolute: a
// byte now and then does not extend it.
typedef struct {
    size_t header_bytes_max;      // The head, request line included; 32 KB. Over it: 431, or 414.
    size_t header_count_max;      // Headers; 100. Over it: 431. (These two: 1 MB and 1000 at most.)
    uint64_t body_bytes_max;      // A body, decoded; 10 MB. Over it: 413.
    bo_duration head_timeout;     // From a request's first byte to its head's last; 10 s. 408.
    bo_duration body_timeout;     // From the head to the body's last byte; 60 s. 408.
    bo_duration handler_timeout;  // For a handler: its scope ends with BO_TIMEOUT, 503. None.
    bo_duration idle_timeout;     // From a response to the next request's first byte; 60 s.
    bo_duration write_timeout;    // For the client to take what was sent, each time; 30 s.
    bo_duration drain_timeout;    // For requests in flight to finish at the end; 25 s.
    bool access_log;              // A line for each request, at level info: see below.
} bo_http_options;

// A handler's scope (bora/group.h) ends with BO_CANCELED when its client hangs up, also when that
// only shuts down its side of the connection and would still read: the calls of Bora's that wait
// then return, while the response, if the handler writes one all the same, is sent. It ends with
// BO_TIMEOUT when handler_timeout is over, and with BO_CANCELED at the end of a drain.

// The access log has a line (bora/log.h) for each request, once it was answered:
//
//     2026-11-24T04:05:06.789Z INFO request method=GET path=/users/1 status=200 bytes=57 took=83us
//     client=127.0.0.1:50312                                             (all of it in one line)
//
// path is as it was sent, undecoded and without the query, which may hold secrets; its first 2 KB.
// bytes are those of the body, took is the handler's time. What was refused (400, 408, 431, ...)
// has the method and the path as far as they were understood. A response that did not become whole
// is "request cut off" instead; its status is 499 if nothing was written, since the client had gone
// or the drain's time was over. A client that leaves before its head is whole has asked for
// nothing.

// bo_http_serve(addr, mux, .option = value...) listens on addr (":8080", "127.0.0.1:0", "[::1]:80")
// and serves until the process gets SIGTERM or SIGINT; then it drains as bo_http_server_shutdown
// says, and returns. A second signal ends the process at once, as it would without Bora. Parks.
// Errors: those of bo_listen; BO_TIMEOUT if requests had to be cut off at the end. Handlers that
// heed no scope may still run then: what they use is not to be freed, nor to live on bo_main's
// stack, and the program is to end.
//
//     bo_http_serve(":8080", mux, .access_log = true, .body_bytes_max = 64 << 10)
#define bo_http_serve(addr, mux, ...) bo__http_serve((addr), (mux), &(bo_http_options){__VA_ARGS__})

// A server in steps, for programs that shut down on their own terms and for tests.
//
//     bo_http_server *server = bo_http_server_new(mux);
//     err = bo_http_server_listen(server, "127.0.0.1:0");
//     go(run, server);                        // bo_http_server_run(server)
//     ...bo_http_server_port(server)...
//     bo_http_server_shutdown(server);        // bo_http_server_run returns when drained
//     bo_http_server_free(server);            // after it has returned
#define bo_http_server_new(mux, ...) bo__http_server_new((mux), &(bo_http_options){__VA_ARGS__})
void bo_http_server_free(bo_http_server *server);

// bo_http_server_listen binds the address; connections wait from then on. bo_http_server_port is
// the port that the kernel chose when the address asked for 0.
bo_err bo_http_server_listen(bo_http_server *server, const char *addr);
int bo_http_server_port(const bo_http_server *server);

// bo_http_server_run serves until bo_http_server_shutdown, and returns when every connection is
// done. Parks. BO_TIMEOUT: the drain's time was over, and what still ran was canceled. It waits 2
// seconds for canceled handlers; those that heed no scope are then left behind, and the message
// says how many. Server and mux stay for them even if they are freed; the mux's context and all
// else that they use is the program's to keep. While descriptors or memory for sockets are short it
// goes on serving those it has, and accepts again as soon as it can.
bo_err bo_http_server_run(bo_http_server *server);

// bo_http_server_shutdown begins the drain: no connection is accepted any more, idle ones close at
// once, those with a request in flight after its response. After the drain's time their scopes are
// canceled. Returns at once. From any thread; a second call has no effect.
void bo_http_server_shutdown(bo_http_server *server);

// ---- what the macros above expand to; nothing below is for direct use ----

void bo__http_handle(bo_http_mux *mux, const char *pattern, bo_http_handler handler,
                     const char *file, int line);
bo_err bo__http_read_json(bo_http_request *req, const bo_type *type, void *value);
bo_err bo__http_write_json(bo_http_response *res, int status, const bo_type *type,
                           const void *value);
bo_err bo__http_serve(const char *addr, bo_http_mux *mux, const bo_http_options *options);
bo_http_server *bo__http_server_new(bo_http_mux *mux, const bo_http_options *options);

#endif
