// SPDX-License-Identifier: MIT
// bench/http_load.c: what a request costs a server, in CPU time.
//
//     http_load [-c CONNECTIONS] [-n REQUESTS] [-w WARM_UP] [-d DEPTH] [-u PATH]
//               [-S SERVER_CPUS] [-C CLIENT_CPUS] PORT -- SERVER [ARGUMENT...]
//
// It starts the server (on the CPUs of the list -S, "0" or "0,1"), waits until 127.0.0.1:PORT
// accepts, opens the connections (64), sends the warm-up requests (a tenth of -n), notes the CPU
// time of the server, sends the measured ones (200,000), notes it again, and ends the server with
// SIGTERM. It prints one line a result, "name value unit":
//
//     server_cpu 6.012 us        CPU time of the server's processes, user and system, a request
//     client_cpu 4.871 us        the same of this program: how far it is from being the bottleneck
//     rate 151234 req/s          requests a second
//
// The loop is closed: each connection has DEPTH (1) requests on the way, and sends the next when an
// answer is complete. Every answer is checked: status 200, a Content-Length, and the body the first
// answer had. Any other answer, or a connection that ends, is an error, and an error fails the run:
// a server that answers wrongly is not fast.
//
// CPU time and not requests a second, because client and server share one small machine: the rate
// says which of the two is slower, CPU time says what the server needs. It is read from the
// processes' CPU clocks, which count nanoseconds and also threads that have ended, not from
// /proc/PID/stat, which counts in hundredths of a second.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 10000, DEPTH_MAX = 64, BATCH = 256, BUFFER = 65536 };

// conn is one keep-alive connection. in holds the part of an answer that has arrived so far.
struct conn {
    int fd;
    size_t in_len;
    char *in;
};

static struct {
    int connections, depth, port;
    int64_t requests, warm_up;
    const char *path, *server_cpus, *client_cpus;
} opt = {.connections = 64, .depth = 1, .requests = 200000, .warm_up = -1, .path = "/plain"};

static struct {
    pid_t server;
    int epoll;
    struct conn *conns;
    int64_t sent, done, limit;  // Requests: written, answered, and after how many to stop.
    char request[512];          // opt.depth requests would be written as one.
    size_t request_len;
    char body[4096];  // The body of the first answer: every other must be equal.
    size_t body_len;
    bool body_known;
} load;

static void end_server(void)
{
    if (load.server <= 0)
        return;
    kill(load.server, SIGTERM);
    for (int i = 0; i < 200; i++) {
        if (waitpid(load.server, NULL, WNOHANG) == load.server)
            return;
        usleep(10000);
    }
    kill(load.server, SIGKILL);
    waitpid(load.server, NULL, 0);
}

static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("http_load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    end_server();
    exit(1);
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t))
        return 0;
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

// pin confines this process to the CPUs of a list like "0,1"; NULL is all of them.
static void pin(const char *list)
{
    if (!list)
        return;
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        CPU_SET(atoi(at), &set);
    if (sched_setaffinity(0, sizeof set, &set))
        fail("cannot run on CPUs %s: %s", list, strerror(errno));
}

// start_server runs the command with its output thrown away; it dies when this process does.
static void start_server(char **argv)
{
    load.server = fork();
    if (load.server < 0)
        fail("fork: %s", strerror(errno));
    if (load.server > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pin(opt.server_cpus);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    execvp(argv[0], argv);
    fprintf(stderr, "http_load: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

// parent_of reads the parent of a process; 0 if it is gone.
static pid_t parent_of(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    text[len > 0 ? len : 0] = 0;
    // pid (name) state parent: the name may hold anything, so start behind its last bracket.
    const char *behind = strrchr(text, ')');
    return behind && strlen(behind) > 4 ? atoi(behind + 4) : 0;
}

// server_cpu_ns is the CPU time so far of the server's process and of its children.
static int64_t server_cpu_ns(void)
{
    clockid_t clock;
    if (clock_getcpuclockid(load.server, &clock))
        fail("the server has ended");
    int64_t total = now_ns(clock);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && parent_of(pid) == load.server && !clock_getcpuclockid(pid, &clock))
            total += now_ns(clock);
    }
    if (proc)
        closedir(proc);
    return total;
}

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        fail("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void wait_until_it_accepts(void)
{
    for (int i = 0; i < 1000; i++) {
        if (waitpid(load.server, NULL, WNOHANG) == load.server) {
            load.server = 0;
            fail("the server ended before it accepted");
        }
        int fd = dial();
        if (fd >= 0) {
            close(fd);
            return;
        }
        usleep(10000);
    }
    fail("no server on port %d within ten seconds", opt.port);
}

static void open_connections(void)
{
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.conns = calloc((size_t)opt.connections, sizeof *load.conns);
    for (int i = 0; i < opt.connections; i++) {
        struct conn *c = &load.conns[i];
        c->fd = dial();
        c->in = malloc(BUFFER);
        if (c->fd < 0 || !c->in)
            fail("connection %d: %s", i, strerror(errno));
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(load.epoll, EPOLL_CTL_ADD, c->fd, &event);
    }
    load.request_len = (size_t)snprintf(load.request, sizeof load.request,
                                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                        "User-Agent: http_load\r\nAccept: */*\r\n\r\n",
                                        opt.path, opt.port);
    if (load.request_len >= sizeof load.request)
        fail("the path is too long");
}

// send_requests writes up to count requests at once, no more than are still to be sent.
static void send_requests(struct conn *c, int count)
{
    static char batch[DEPTH_MAX * sizeof load.request];
    static int filled;
    if (count > load.limit - load.sent)
        count = (int)(load.limit - load.sent);
    for (; filled < count; filled++)
        memcpy(batch + (size_t)filled * load.request_len, load.request, load.request_len);
    size_t len = (size_t)count * load.request_len;
    if (count && write(c->fd, batch, len) != (ssize_t)len)
        fail("write: %s", strerror(errno));
    load.sent += count;
}

// content_length finds the header in a head that ends at end, by its usual spellings.
static ssize_t content_length(const char *head, const char *end)
{
    for (const char *line = head; line && line < end;
         line = memchr(line, '\n', (size_t)(end - line))) {
        line += *line == '\n';
        if (end - line > 16 && strncasecmp(line, "content-length: ", 16) == 0)
            return atol(line + 16);
    }
    return -1;
}

// take_answer checks the answer at the start of text and returns its length, 0 if there is more to
// come.
static size_t take_answer(const char *text, size_t len)
{
    const char *head_end = memmem(text, len, "\r\n\r\n", 4);
    if (!head_end)
        return 0;
    const char *body = head_end + 4;
    ssize_t body_len = content_length(text, head_end);
    if (memcmp(text, "HTTP/1.1 200 ", 13) != 0 || body_len < 0 || body_len > 4096)
        fail("unexpected answer: %.*s", (int)(head_end - text), text);
    if ((size_t)(text + len - body) < (size_t)body_len)
        return 0;
    if (!load.body_known) {
        load.body_known = true;
        load.body_len = (size_t)body_len;
        memcpy(load.body, body, load.body_len);
    }
    if ((size_t)body_len != load.body_len || memcmp(body, load.body, load.body_len) != 0)
        fail("an answer differs from the first: %.*s", (int)body_len, body);
    return (size_t)(body + body_len - text);
}

static void on_readable(struct conn *c)
{
    ssize_t len = read(c->fd, c->in + c->in_len, BUFFER - c->in_len);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0)
        fail("the server ended a connection");
    c->in_len += (size_t)len;

    size_t at = 0;
    int answers = 0;
    for (size_t taken; (taken = take_answer(c->in + at, c->in_len - at)); at += taken)
        answers++;
    if (at == 0 && c->in_len == BUFFER)
        fail("an answer is longer than %d bytes", BUFFER);
    memmove(c->in, c->in + at, c->in_len - at);
    c->in_len -= at;
    load.done += answers;
    send_requests(c, answers);
}

// run sends count requests and returns when all are answered.
static void run(int64_t count)
{
    load.sent = load.done = 0;
    load.limit = count;
    for (int i = 0; i < opt.connections; i++)
        send_requests(&load.conns[i], opt.depth);
    while (load.done < count) {
        struct epoll_event ready[BATCH];
        int n = epoll_wait(load.epoll, ready, BATCH, 10000);
        if (n == 0)
            fail("no answer for ten seconds");
        for (int i = 0; i < n; i++)
            on_readable(ready[i].data.ptr);
    }
}

static void usage(void)
{
    fputs("usage: http_load [-c CONNECTIONS] [-n REQUESTS] [-w WARM_UP] [-d DEPTH] [-u PATH]\n"
          "                 [-S SERVER_CPUS] [-C CLIENT_CPUS] PORT -- SERVER [ARGUMENT...]\n",
          stderr);
    exit(2);
}

static char **parse(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "+c:n:w:d:u:S:C:")) != -1;) {
        switch (c) {
        case 'c':
            opt.connections = atoi(optarg);
            break;
        case 'n':
            opt.requests = atoll(optarg);
            break;
        case 'w':
            opt.warm_up = atoll(optarg);
            break;
        case 'd':
            opt.depth = atoi(optarg);
            break;
        case 'u':
            opt.path = optarg;
            break;
        case 'S':
            opt.server_cpus = optarg;
            break;
        case 'C':
            opt.client_cpus = optarg;
            break;
        default:
            usage();
        }
    }
    if (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0)
        usage();
    opt.port = atoi(argv[optind]);
    if (opt.warm_up < 0)
        opt.warm_up = opt.requests / 10;
    if (opt.port < 1 || opt.connections < 1 || opt.connections > CONNECTIONS_MAX || opt.depth < 1 ||
        opt.depth > DEPTH_MAX || opt.requests < 1)
        usage();
    return argv + optind + 2;
}

int main(int argc, char **argv)
{
    char **server = parse(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    start_server(server);
    wait_until_it_accepts();
    pin(opt.client_cpus);
    open_connections();
    run(opt.warm_up);

    int64_t server_cpu = server_cpu_ns(), client_cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t wall = now_ns(CLOCK_MONOTONIC);
    run(opt.requests);
    wall = now_ns(CLOCK_MONOTONIC) - wall;
    client_cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - client_cpu;
    server_cpu = server_cpu_ns() - server_cpu;

    double requests = (double)opt.requests;
    printf("server_cpu %.3f us\n", (double)server_cpu / requests / 1e3);
    printf("client_cpu %.3f us\n", (double)client_cpu / requests / 1e3);
    printf("rate %.0f req/s\n", requests / ((double)wall / 1e9));
    end_server();
}
