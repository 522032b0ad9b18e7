// SPDX-License-Identifier: MIT
// serve.c: a server for the life of the process, which ends by signal.
//
// Only the first signal is waited for: with that, the signals have their default action again, so a
// second one ends a process whose drain takes too long for somebody.
#include "http/server.h"
#include <bora/group.h>
#include <bora/log.h>
#include <bora/signal.h>

static bo_err shut_down_on_signal(bo_http_server *server, bo_signals *signals)
{
    int got;
    bo_err err = bo_signals_next(signals, &got);
    bo_signals_free(signals);
    if (!err) {
        bo_log_info("draining", bo_kv("signal", got));
        bo_http_server_shutdown(server);
    }
    // Canceled: the server has come to its end by itself.
    bo_err_free(err);
    return NULL;
}

static bo_err run(bo_http_server *server)
{
    static const int stop[] = {SIGTERM, SIGINT};
    bo_signals *signals;
    bo_group group = {0};
    BO_TRY(bo_signals_new(stop, 2, &signals));
    bo_group_go(&group, shut_down_on_signal, server, signals);
    bo_err err = bo_http_server_run(server);
    bo_group_cancel(&group);
    bo_group_wait(&group);
    return err;
}

bo_err bo__http_serve(const char *addr, bo_http_mux *mux, const bo_http_options *options)
{
    bo_http_server *server = bo__http_server_new(mux, options);
    bo_err err = bo_http_server_listen(server, addr);
    if (!err) {
        char text[BO_ADDR_TEXT_MAX];
        bo_addr at = bo_listener_addr(server->listener);
        bo_log_info("serving", bo_kv("addr", bo_addr_format(&at, text)));
        err = run(server);
    }
    bo_http_server_free(server);
    return err;
}
