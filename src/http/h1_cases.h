// SPDX-License-Identifier: MIT
// h1_cases.h: raw requests, and what becomes of each.
//
// One table for two tests: the parser alone (h1_head_test.c), and a server on a connection
// (server_test.c), which must answer with the same status and then close, or not. Each request is
// also tried cut in two at every byte, and byte by byte.
#ifndef BORA_SRC_HTTP_H1_CASES_H
#define BORA_SRC_HTTP_H1_CASES_H

#include <bora/str.h>

enum { ACCEPT = 200 };

struct h1_case {
    const char *name;
    bo_str raw;
    int status;       // ACCEPT, or what refuses it; all refusals close the connection.
    bool persistent;  // Accepted, and the connection goes on.
    bo_str seen;      // Accepted: "METHOD path?query host" as the handler sees them.
};

#define H "Host: a\r\n"

#define KEEP(name, raw, seen)                                                                      \
    {                                                                                              \
        name, bo_s(raw), ACCEPT, true, bo_s(seen)                                                  \
    }
#define CLOSE(name, raw, seen)                                                                     \
    {                                                                                              \
        name, bo_s(raw), ACCEPT, false, bo_s(seen)                                                 \
    }
#define REFUSE(name, raw, status)                                                                  \
    {                                                                                              \
        name, bo_s(raw), status, false, bo_s("")                                                   \
    }

static const struct h1_case h1_cases[] = {
    // Request lines.
    KEEP("plain", "GET / HTTP/1.1\r\n" H "\r\n", "GET / a"),
    KEEP("query", "GET /a/b?c=d&e HTTP/1.1\r\n" H "\r\n", "GET /a/b?c=d&e a"),
    KEEP("empty query", "GET /a? HTTP/1.1\r\n" H "\r\n", "GET /a? a"),
    KEEP("unusual method", "M-SEARCH / HTTP/1.1\r\n" H "\r\n", "M-SEARCH / a"),
    KEEP("lower-case method", "get / HTTP/1.1\r\n" H "\r\n", "get / a"),
    CLOSE("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / "),
    CLOSE("HTTP/1.0 with Host", "GET / HTTP/1.0\r\n" H "\r\n", "GET / a"),
    KEEP("visible characters", "GET /!$&'()*+,;=:@|^`{}\"<>[]~?\\ HTTP/1.1\r\n" H "\r\n",
         "GET /!$&'()*+,;=:@|^`{}\"<>[]~?\\ a"),
    KEEP("one empty line before", "\r\nGET / HTTP/1.1\r\n" H "\r\n", "GET / a"),
    REFUSE("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("space before", " GET / HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("two spaces before the version", "GET /  HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("tab", "GET\t/ HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("space at the end", "GET / HTTP/1.1 \r\n" H "\r\n", 400),
    REFUSE("space in the target", "GET /a b HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("no version", "GET /\r\n" H "\r\n", 400),
    REFUSE("no target", "GET HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("only a method", "GET\r\n" H "\r\n", 400),
    REFUSE("method with a colon", "GE:T / HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("byte above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("NUL in the target", "GET /\0 HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("DEL in the target", "GET /\x7f HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("relative target", "GET a HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("HTTP/0.9", "GET / HTTP/0.9\r\n" H "\r\n", 505),
    REFUSE("HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 505),
    REFUSE("HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    REFUSE("HTTP/1.10", "GET / HTTP/1.10\r\n" H "\r\n", 400),
    REFUSE("HTTP/1", "GET / HTTP/1\r\n" H "\r\n", 400),
    REFUSE("lower-case version", "GET / http/1.1\r\n" H "\r\n", 400),
    REFUSE("another protocol", "GET / HTCPCP/1.1\r\n" H "\r\n", 400),
    REFUSE("a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),

    // Target forms.
    KEEP("absolute form", "GET http://b:80/x?y HTTP/1.1\r\n" H "\r\n", "GET /x?y b:80"),
    KEEP("absolute form without a path", "GET http://b HTTP/1.1\r\n" H "\r\n", "GET / b"),
    KEEP("absolute form, query alone", "GET http://b?q HTTP/1.1\r\n" H "\r\n", "GET /?q b"),
    KEEP("https, odd case", "GET HTTPS://b/ HTTP/1.1\r\n" H "\r\n", "GET / b"),
    REFUSE("absolute form without Host", "GET http://b/ HTTP/1.1\r\n\r\n", 400),
    REFUSE("absolute form with a user", "GET http://u:p@b/ HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("absolute form, empty host", "GET http:/// HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("absolute form, port alone", "GET http://:80/ HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("another scheme", "GET ftp://b/ HTTP/1.1\r\n" H "\r\n", 400),
    KEEP("asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * a"),
    REFUSE("asterisk with GET", "GET * HTTP/1.1\r\n" H "\r\n", 400),
    REFUSE("CONNECT", "CONNECT b:443 HTTP/1.1\r\n" H "\r\n", 501),

    // Line ends and illegal bytes.
    REFUSE("bare LF in the request line", "GET / HTTP/1.1\n" H "\r\n", 400),
    REFUSE("bare LF in a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    REFUSE("bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", 400),
    REFUSE("bare CR in a value", "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", 400),
    REFUSE("bare CR in a name", "GET / HTTP/1.1\r\n" H "X\r: a\r\n\r\n", 400),
    REFUSE("CR CR LF", "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", 400),
    REFUSE("LF CR", "GET / HTTP/1.1\n\r" H "\n\r", 400),
    REFUSE("NUL in a value", "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", 400),
    REFUSE("NUL in a name", "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n", 400),
    REFUSE("control character in a value", "GET / HTTP/1.1\r\n" H "X: \x01\r\n\r\n", 400),
    REFUSE("escape in a value", "GET / HTTP/1.1\r\n" H "X: \x1b[0m\r\n\r\n", 400),
    REFUSE("DEL in a value", "GET / HTTP/1.1\r\n" H "X: \x7f\r\n\r\n", 400),
    KEEP("tab in a value", "GET / HTTP/1.1\r\n" H "X: a\tb\r\n\r\n", "GET / a"),
    KEEP("bytes above ASCII in a value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa9\xff\r\n\r\n",
         "GET / a"),

    // Names.
    REFUSE("space before the colon", "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n", 400),
    REFUSE("tab before the colon", "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n", 400),
    REFUSE("space in a name", "GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n", 400),
    REFUSE("no colon", "GET / HTTP/1.1\r\n" H "X\r\n\r\n", 400),
    REFUSE("no name", "GET / HTTP/1.1\r\n" H ": a\r\n\r\n", 400),
    REFUSE("name with a bracket", "GET / HTTP/1.1\r\n" H "X(Y): a\r\n\r\n", 400),
    REFUSE("name above ASCII", "GET / HTTP/1.1\r\n" H "X\xc3\xa9: a\r\n\r\n", 400),
    KEEP("name of odd characters", "GET / HTTP/1.1\r\n" H "!#$%&'*+-.^_`|~9aZ: a\r\n\r\n",
         "GET / a"),
    REFUSE("folded line", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400),
    REFUSE("folded with a tab", "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n", 400),
    REFUSE("space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    KEEP("empty value", "GET / HTTP/1.1\r\n" H "X:\r\n\r\n", "GET / a"),
    KEEP("value without a space", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "GET / a"),
    KEEP("spaces around a value", "GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", "GET / a"),

    // Host.
    REFUSE("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    REFUSE("two Hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 400),
    REFUSE("two Hosts, odd case", "GET / HTTP/1.1\r\n" H "hOST: a\r\n\r\n", 400),
    REFUSE("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" H H "\r\n", 400),
    KEEP("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / "),
    KEEP("Host with a port", "GET / HTTP/1.1\r\nHost: a.b-c:8080\r\n\r\n", "GET / a.b-c:8080"),
    KEEP("IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / [::1]:80"),
    REFUSE("IPv6 Host, not closed", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    REFUSE("IPv6 Host, empty", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400),
    REFUSE("IPv6 Host, and more", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400),
    REFUSE("Host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    REFUSE("Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    REFUSE("Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    REFUSE("Host with a letter in the port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400),
    REFUSE("Host above ASCII", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", 400),

    // Content-Length.
    KEEP("body", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "POST / a"),
    KEEP("length zero", "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "POST / a"),
    KEEP("length with zeros before", "POST / HTTP/1.1\r\n" H "Content-Length: 003\r\n\r\nabc",
         "POST / a"),
    KEEP("body in GET", "GET / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx", "GET / a"),
    REFUSE("two lengths",
           "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
    REFUSE("two equal lengths",
           "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    REFUSE("list of lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc", 400),
    REFUSE("empty length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nabc", 400),
    REFUSE("length with a plus", "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", 400),
    REFUSE("negative length", "POST / HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\nabc", 400),
    REFUSE("hexadecimal length", "POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc", 400),
    REFUSE("length with a dot", "POST / HTTP/1.1\r\n" H "Content-Length: 3.0\r\n\r\nabc", 400),
    REFUSE("length with a space", "POST / HTTP/1.1\r\n" H "Content-Length: 1 0\r\n\r\nabc", 400),
    REFUSE("length over 64 bits",
           "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551619\r\n\r\nabc", 400),
    REFUSE("length of 19 digits",
           "POST / HTTP/1.1\r\n" H "Content-Length: 1000000000000000000\r\n\r\nabc", 400),

    // Transfer-Encoding.
    KEEP("chunked",
         "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "POST / a"),
    KEEP("chunked, odd case",
         "POST / HTTP/1.1\r\n" H "transfer-ENCODING:\tChunked \r\n\r\n0\r\n\r\n", "POST / a"),
    REFUSE("both framings",
           "POST / HTTP/1.1\r\n" H
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           400),
    REFUSE("both framings, other order",
           "POST / HTTP/1.1\r\n" H
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
           400),
    REFUSE("chunked in HTTP/1.0",
           "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSE("gzip, chunked",
           "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSE("chunked, chunked",
           "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    REFUSE("chunked twice",
           "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
           "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           400),
    REFUSE("identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 400),
    REFUSE("empty coding", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", 400),
    REFUSE("chunked with a comma", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked,\r\n\r\n",
           400),
    REFUSE("chunked in quotes", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n",
           400),
    REFUSE("chunked with a parameter",
           "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n", 400),
    REFUSE("misspelt chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 400),

    // Connection and Expect.
    CLOSE("close", "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", "GET / a"),
    CLOSE("close in a list", "GET / HTTP/1.1\r\n" H "Connection: x, Close ,y\r\n\r\n", "GET / a"),
    CLOSE("close in a second line",
          "GET / HTTP/1.1\r\n" H "Connection: x\r\nConnection: close\r\n\r\n", "GET / a"),
    CLOSE("close and keep-alive", "GET / HTTP/1.1\r\n" H "Connection: keep-alive, close\r\n\r\n",
          "GET / a"),
    KEEP("not close", "GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", "GET / a"),
    KEEP("keep-alive in HTTP/1.0", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET / "),
    REFUSE("unknown expectation", "POST / HTTP/1.1\r\n" H "Expect: x\r\nContent-Length: 1\r\n\r\na",
           417),
    KEEP("expectation without a body", "GET / HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n",
         "GET / a"),
};

enum { H1_CASE_COUNT = sizeof h1_cases / sizeof h1_cases[0] };

#undef H
#undef KEEP
#undef CLOSE
#undef REFUSE

#endif
