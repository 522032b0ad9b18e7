// SPDX-License-Identifier: MIT
// plain answers GET /plain: the twin of bench/go/plain and of bench/epoll_loop.c.
//
//     plain PORT
#include <bora.h>
#include <stdio.h>

static bo_err plain(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    return bo_http_write(res, 200, "text/plain; charset=utf-8", bo_s("Hello, World!\n"));
}

int bo_main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: plain PORT\n", stderr);
        return 2;
    }
    char addr[64];
    snprintf(addr, sizeof addr, "127.0.0.1:%s", argv[1]);
    bo_http_mux *mux = bo_http_mux_new(NULL);
    bo_http_handle(mux, "GET /plain", plain);
    bo_err err = bo_http_serve(addr, mux);
    bo_http_mux_free(mux);
    if (err) {
        fprintf(stderr, "plain: %s\n", bo_err_message(err));
        bo_err_free(err);
        return 1;
    }
    return 0;
}
