// SPDX-License-Identifier: MIT
// bora/net.h: addresses, and streams of bytes over TCP and Unix sockets.
//
//     static void echo(bo_conn *conn)
//     {
//         char buf[4096];
//         size_t got;
//         while (!bo_conn_read(conn, buf, sizeof buf, &got) && got > 0)
//             if (bo_conn_write(conn, buf, got))
//                 break;                              // (A server frees these errors.)
//         bo_conn_free(conn);
//     }
//     ...
//     bo_listener *listener;
//     BO_TRY(bo_listen(":7000", &listener));
//     for (bo_conn *conn; !(err = bo_accept(listener, &conn));)
//         go(echo, conn);
//
// Addresses are text:
//
//     "192.0.2.1:80"  "[2001:db8::1]:80"  "[fe80::1%eth0]:80"     TCP
//     ":80"                   TCP: listens on every interface; dials this machine
//     "localhost:80"          TCP: 127.0.0.1; a dial that is refused there tries [::1]
//     "unix:/run/app.sock"    a Unix socket in the file system
//     "unix:@app"             a Unix socket in Linux's abstract name space
//     "127.0.0.1:0", "unix:@" listens where the kernel finds room: see bo_listener_addr
//
// Other host names are refused with BO_UNSUPPORTED.
//
// Calls that wait park the goroutine, and end with BO_CANCELED or BO_TIMEOUT when its scope does.
// One goroutine may read and another write on a connection at the same time, but not two read or
// two write, and one goroutine at a time accepts on a listener. Errors say what was being done and
// with whom: "dial 127.0.0.1:80: connection refused", "read 127.0.0.1:5123: timed out".
// Everything works from foreign threads too; there the thread waits.
#ifndef BORA_NET_H
#define BORA_NET_H

#include <bora/err.h>
#include <bora/io.h>
#include <bora/str.h>
#include <bora/time.h>

struct iovec;

// -- addresses ------------------------------------------------------------------------------------

typedef enum {
    BO_ADDR_NONE,  // What a zero bo_addr is: no address, "".
    BO_ADDR_IPV4,
    BO_ADDR_IPV6,
    BO_ADDR_UNIX,
} bo_addr_kind;

#define BO_ADDR_PATH_MAX 107  // The longest path or abstract name of a Unix socket (Linux).

// A socket address as a value. An IPv4 address that an IPv6 socket reports (::ffff:192.0.2.1) is an
// IPv4 address here.
typedef struct {
    bo_addr_kind kind;
    uint16_t port;     // IPv4, IPv6.
    uint32_t zone;     // IPv6: the interface of a link-local address, 0 if none.
    uint8_t ip[16];    // IPv4: the first four; network order.
    uint8_t path_len;  // Unix: 0 is a socket without a name.
    bool abstract;     // Unix: the path is an abstract name (without the leading NUL or @).
    char path[BO_ADDR_PATH_MAX];
} bo_addr;

// bo_addr_parse reads the text forms above. BO_INVALID: it is none; BO_UNSUPPORTED: a host name.
// "localhost" is 127.0.0.1 and an empty host is ::, the address of all interfaces. Never parks.
bo_err bo_addr_parse(bo_str text, bo_addr *out);

// BO_ADDR_TEXT_MAX bytes hold any address as text, with its NUL.
#define BO_ADDR_TEXT_MAX 128

// bo_addr_format writes an address such that bo_addr_parse reads it back (a zone as a number), and
// returns a view of buffer. bo_addr_host writes its host alone: "192.0.2.1", "fe80::1%2"; for
// a Unix socket it is empty.
bo_str bo_addr_format(const bo_addr *addr, char buffer[BO_ADDR_TEXT_MAX]);
bo_str bo_addr_host(const bo_addr *addr, char buffer[BO_ADDR_TEXT_MAX]);

// bo_addr_eq reports whether two addresses are the same place: kind, host and port.
bool bo_addr_eq(const bo_addr *a, const bo_addr *b);

// -- listening ------------------------------------------------------------------------------------

typedef struct bo_listener bo_listener;
typedef struct bo_conn bo_conn;

// bo_listen begins to listen. TCP: with SO_REUSEADDR; an all-interfaces IPv6 address takes IPv4
// too, and is IPv4 alone on a machine without IPv6. Unix: a socket file that nobody listens on any
// more is replaced; the file is removed again by bo_listener_close. The queue for connections not
// accepted yet is as long as the kernel allows (net.core.somaxconn).
// Free with bo_listener_free. Never parks.
bo_err bo_listen(const char *addr, bo_listener **out);

// bo_accept waits for the next connection; free it with bo_conn_free. BO_CLOSED once the listener
// is closed. BO_EXHAUSTED if the process or the machine is out of descriptors or of socket memory:
// the connection waits in the kernel's queue, so pause (10 ms, say) and call again. Connections
// that were given up before they could be accepted are skipped. Parks.
bo_err bo_accept(bo_listener *listener, bo_conn **out);

// bo_listener_addr is where it listens, with the port that the kernel chose.
bo_addr bo_listener_addr(const bo_listener *listener);

// bo_listener_close ends it: the one that waits in bo_accept, and later calls, get BO_CLOSED; new
// dials are refused. From any goroutine or thread; again: no effect. Never parks.
void bo_listener_close(bo_listener *listener);

// bo_listener_free closes it and frees it. Nobody may be in a call on it. NULL: no effect.
void bo_listener_free(bo_listener *listener);

// -- connections ----------------------------------------------------------------------------------

// No deadline, for bo_conn_set_..._deadline: what a connection begins with.
#define BO_NO_DEADLINE INT64_MAX

// bo_dial connects to an address. Free with bo_conn_free. It gives up when the scope ends, else
// when the kernel does (about two minutes if nobody answers). Parks.
bo_err bo_dial(const char *addr, bo_conn **out);

// bo_conn_of_fd makes a connection of a connected stream socket that came from elsewhere
// (socketpair, an inherited one), and takes the descriptor over if it succeeds. BO_INVALID: it is
// not a stream socket. Never parks.
bo_err bo_conn_of_fd(int fd, bo_conn **out);

// bo_conn_read waits until there is something to read, and reads at most n bytes (n > 0). *got is 0
// when the peer has ended its side. An error is final unless it is BO_TIMEOUT. Parks.
bo_err bo_conn_read(bo_conn *conn, void *buf, size_t n, size_t *got);

// bo_conn_write writes all n bytes. After an error it is unknown how many of them went. Parks while
// the peer is slow to read. It raises no SIGPIPE.
bo_err bo_conn_write(bo_conn *conn, const void *buf, size_t n);

// bo_conn_writev writes all of count pieces, in as few system calls as it can (up to 1024 pieces in
// each). It changes the array as it proceeds. Parks as bo_conn_write.
bo_err bo_conn_writev(bo_conn *conn, struct iovec *pieces, int count);

// A deadline is a moment of bo_mono's clock; from then on, calls that would have to wait fail with
// BO_TIMEOUT. What need not wait may succeed also later. One that waits already keeps the deadline
// that it began with. Never parks.
void bo_conn_set_read_deadline(bo_conn *conn, int64_t mono);
void bo_conn_set_write_deadline(bo_conn *conn, int64_t mono);

// bo_conn_shutdown_write ends our side: the peer reads to the end, and may go on to write. Never
// parks.
bo_err bo_conn_shutdown_write(bo_conn *conn);

// bo_conn_close ends both sides at once: goroutines that wait in a read or write of it, and later
// calls, get BO_CLOSED. From any goroutine or thread; again: no effect. The descriptor is held
// until bo_conn_free, so that nobody comes to use a newer one of the same number. Never parks.
void bo_conn_close(bo_conn *conn);

// bo_conn_free closes it and frees it. What was written still goes to the peer, unless data of the
// peer's was left unread. Nobody may be in a call on it. NULL: no effect. Never parks.
void bo_conn_free(bo_conn *conn);

// The addresses of the two ends. The kernel is asked for the local one, so the connection must be
// open for that. They do not park.
bo_addr bo_conn_local_addr(const bo_conn *conn);
bo_addr bo_conn_remote_addr(const bo_conn *conn);

// A connection as a reader and as a writer (bora/io.h), through the caller's buffers of cap bytes.
// They do not close it. Since the first error sticks, a time-out is the end for them.
typedef struct {
    bo_reader reader;
    bo_conn *conn;
} bo_conn_reader;

typedef struct {
    bo_writer writer;
    bo_conn *conn;
} bo_conn_writer;

void bo_conn_reader_init(bo_conn_reader *reader, bo_conn *conn, char *buf, size_t cap);
void bo_conn_writer_init(bo_conn_writer *writer, bo_conn *conn, char *buf, size_t cap);

#endif
