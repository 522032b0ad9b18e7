// SPDX-License-Identifier: MIT
// bench/epoll_loop.c: the least that answers GET /plain, to measure servers against.
//
//     epoll_loop PORT [THREADS]
//
// What every server on Linux must pay is here and nothing else: one epoll_wait for a batch of ready
// connections, one read and one write for a request. A thread has an epoll and a listening socket
// of its own (SO_REUSEPORT), so that threads share nothing. A request is whatever ends in an empty
// line; its method, path and headers are not looked at. The reply has the bytes of Bora's, with a
// Date that is rendered once a second.
//
// This is a yardstick, not a server: no limits, no timeouts, a request that arrives in two pieces
// is not recognised, and a client that does not read what it asked for is cut off.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, BUFFER = 4096 };

// loop is one thread: its listener, its epoll, its buffer, and the rendered reply.
struct loop {
    int epoll, listener;
    time_t rendered;
    size_t reply_len;
    char reply[256], in[BUFFER];
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096))
        die("listen");
    return fd;
}

static void watch(struct loop *l, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event))
        die("epoll_ctl");
}

static void accept_all(struct loop *l)
{
    int fd, on = 1;
    while ((fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(l, fd);
    }
}

static void render(struct loop *l)
{
    time_t now = time(NULL);
    if (now == l->rendered)
        return;
    l->rendered = now;
    char date[64];
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    l->reply_len = (size_t)snprintf(l->reply, sizeof l->reply,
                                    "HTTP/1.1 200 OK\r\nDate: %s\r\n"
                                    "Content-Type: text/plain; charset=utf-8\r\n"
                                    "Content-Length: 14\r\n\r\nHello, World!\n",
                                    date);
}

// serve answers each request of one read with one write.
static void serve(struct loop *l, int fd)
{
    ssize_t len = read(fd, l->in, sizeof l->in);
    if (len <= 0) {
        close(fd);
        return;
    }
    const char *end = l->in + len, *at = l->in;
    while ((at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
        if (write(fd, l->reply, l->reply_len) != (ssize_t)l->reply_len) {
            close(fd);
            return;
        }
        at += 4;
    }
}

static void *run(void *port)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l || (l->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
    l->listener = listen_on(*(int *)port);
    watch(l, l->listener);
    for (struct epoll_event ready[BATCH];;) {
        int n = epoll_wait(l->epoll, ready, BATCH, -1);
        render(l);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == l->listener)
                accept_all(l);
            else
                serve(l, ready[i].data.fd);
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 8080, threads = argc > 2 ? atoi(argv[2]) : 1;
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run, &port))
            die("pthread_create");
    }
    run(&port);
}
