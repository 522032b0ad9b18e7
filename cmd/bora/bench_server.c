// SPDX-License-Identifier: MIT
// A server under load: the command that starts the load generator, which starts the server, and
// ends it by its process id. See bench/http_load.c.
#include "bench.h"

#include <bora/net.h>

enum { REQUESTS = 200000, REQUESTS_QUICK = 20000 };

// free_port asks the kernel for a port that is free now: not every server can be told 0.
static bo_err free_port(int *port)
{
    bo_listener *listener;
    BO_TRY(bo_listen("127.0.0.1:0", &listener));
    *port = bo_listener_addr(listener).port;
    bo_listener_free(listener);
    return NULL;
}

// nginx gets the settings that make it fastest here: no log, and connections that are never closed.
static bo_err write_nginx_conf(const struct bench *b, int port, int threads)
{
    const char *file = bench_path(b, "nginx.conf");
    FILE *out = fopen(file, "we");
    if (!out)
        return bo_errf(BO_INTERNAL, "cannot write %s", file);
    fprintf(out,
            "worker_processes %d;\ndaemon off;\npid %s/nginx.pid;\nerror_log stderr error;\n"
            "events { worker_connections 4096; }\n"
            "http {\n  access_log off;\n  keepalive_requests 1000000000;\n",
            threads, b->dir);
    static const char *const stores[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        fprintf(out, "  %s_temp_path %s/nginx-%s;\n", stores[i], b->dir, stores[i]);
    fprintf(out,
            "  server {\n    listen 127.0.0.1:%d;\n    location = /plain {\n"
            "      default_type \"text/plain; charset=utf-8\";\n"
            "      return 200 \"Hello, World!\\n\";\n    }\n  }\n}\n",
            port);
    return fclose(out) == 0 ? NULL : bo_errf(BO_INTERNAL, "cannot write %s", file);
}

static bo_err add_server(const struct bench *b, enum bench_peer peer, int port, int threads,
                         struct words *w)
{
    switch (peer) {
    case BENCH_NGINX:
        BO_TRY(write_nginx_conf(b, port, threads));
        words_add(w, b->nginx);
        words_add_split(w, "-e stderr -p");
        words_add(w, b->dir);
        words_add_split(w, "-c nginx.conf");
        return NULL;
    case BENCH_EPOLL:
        words_add(w, bench_path(b, "epoll_loop"));
        words_addf(w, "%d", port);
        words_addf(w, "%d", threads);
        return NULL;
    default:
        words_add(w, bench_server_program(b, peer));
        words_addf(w, "%d", port);
        return NULL;
    }
}

bo_err bench_load(const struct bench *b, enum bench_peer peer, bool one_thread, struct words *out)
{
    int port;
    BO_TRY(free_port(&port));
    struct words w = {.arena = b->arena};
    words_add(&w, bench_path(b, "http_load"));
    words_addf(&w, "-n%d", b->options->quick ? REQUESTS_QUICK : REQUESTS);
    if (one_thread && b->cpus[1] >= 0) {
        words_addf(&w, "-S%d", b->cpus[0]);
        words_addf(&w, "-C%d", b->cpus[1]);
    }
    words_addf(&w, "%d", port);
    words_add(&w, "--");
    BO_TRY(add_server(b, peer, port, one_thread ? 1 : b->procs, &w));
    *out = w;
    return NULL;
}
