// SPDX-License-Identifier: MIT
//
// users: an API whose shapes live in its types.
//
//     bora run examples/users
//
//     curl -i -d '{"name":"Ada","email":"ada@example.com"}' localhost:8080/users
//     curl -i localhost:8080/users
//     curl -i localhost:8080/users/1
//     curl -i -X PUT -d '{"name":"Ada Lovelace"}' localhost:8080/users/1
//     curl -i -X DELETE localhost:8080/users/1
//
// A handler reads from top to bottom and returns the first error that it meets: the server makes
// the reply of it, with the status that the kind of the error stands for and its message as the
// reason.
#include "store.h"

#include <stdio.h>

static bo_err list_users(bo_http_request *req, bo_http_response *res)
{
    user_list list = store_list(bo_http_context(req), bo_http_arena(req));
    return bo_http_write_json(res, 200, user_list, &list);
}

static bo_err create_user(bo_http_request *req, bo_http_response *res)
{
    bo_arena *arena = bo_http_arena(req);
    user u;
    BO_TRY(bo_http_read_json(req, user, &u));  // 400 or 422: which field, and why
    BO_TRY(store_add(bo_http_context(req), arena, &u));

    bo_str location = bo_str_printf(arena, "/users/%lld", (long long)u.id);
    BO_TRY(bo_http_set_header(res, "Location", location));
    return bo_http_write_json(res, 201, user, &u);
}

static bo_err get_user(bo_http_request *req, bo_http_response *res)
{
    int64_t id;
    user u;
    BO_TRY(bo_http_path_int(req, "id", &id));                              // 400: no number
    BO_TRY(store_find(bo_http_context(req), bo_http_arena(req), id, &u));  // 404
    return bo_http_write_json(res, 200, user, &u);
}

static bo_err update_user(bo_http_request *req, bo_http_response *res)
{
    int64_t id;
    user u;
    BO_TRY(bo_http_path_int(req, "id", &id));
    BO_TRY(bo_http_read_json(req, user, &u));
    u.id = id;
    BO_TRY(store_update(bo_http_context(req), bo_http_arena(req), &u));
    return bo_http_write_json(res, 200, user, &u);
}

static bo_err delete_user(bo_http_request *req, bo_http_response *res)
{
    (void)res;
    int64_t id;
    BO_TRY(bo_http_path_int(req, "id", &id));
    return store_remove(bo_http_context(req), id);  // Nothing written: 204.
}

int bo_main(int argc, char **argv)
{
    static store users;
    bo_http_mux *mux = bo_http_mux_new(&users);
    bo_http_handle(mux, "GET /users", list_users);
    bo_http_handle(mux, "POST /users", create_user);
    bo_http_handle(mux, "GET /users/{id}", get_user);
    bo_http_handle(mux, "PUT /users/{id}", update_user);
    bo_http_handle(mux, "DELETE /users/{id}", delete_user);

    // Until SIGTERM or ctrl-C, and then until the requests on their way are answered.
    bo_err err = bo_http_serve(argc > 1 ? argv[1] : ":8080", mux, .access_log = true,
                               .body_bytes_max = 64 << 10);
    bo_http_mux_free(mux);
    if (err) {  // A handler may have been left behind: the store stays as it is.
        fprintf(stderr, "users: %s\n", bo_err_message(err));
        bo_err_free(err);
        return 1;
    }
    store_free(&users);
    return 0;
}
