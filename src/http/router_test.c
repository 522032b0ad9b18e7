// SPDX-License-Identifier: MIT
#include "http/router.h"
#include <bora/test.h>
#include <stdio.h>

static bo_err nothing(bo_http_request *req, bo_http_response *res)
{
    (void)req;
    (void)res;
    return NULL;
}

static http_router router_of(const char *const *patterns, size_t count)
{
    http_router router = {0};
    for (size_t i = 0; i < count; i++) {
        bo_err err = bo__http_router_add(&router, patterns[i], nothing, "f.c", (int)i);
        if (err)
            test_fail("%s", bo_err_message(err));
        bo_err_free(err);
    }
    return router;
}

// found is "pattern|value|value", or "" if there is no route.
static bo_str found(const http_router *router, const char *method, const char *raw, bo_arena *arena)
{
    http_path path;
    http_match match;
    REQUIRE(!bo__http_path_split(bo_str_of(raw), arena, &path));
    if (!bo__http_router_find(router, bo_str_of(method), &path, &match))
        return bo_s("");
    bo_str all = bo_str_of(match.route->pattern.text);
    for (size_t i = 0; i < match.route->pattern.wildcards; i++)
        all = bo_str_printf(arena, BO_FMT "|" BO_FMT, BO_ARG(all), BO_ARG(match.values[i]));
    return all;
}

static const char *const patterns[] = {
    "GET /{$}",
    "GET /users",
    "POST /users",
    "GET /users/{id}",
    "DELETE /users/{id}",
    "GET /users/me",
    "POST /users/you",
    "/users/{id}/posts/{post}",
    "GET /users/{id}/posts/new",
    "GET /files/{path...}",
    "GET /files/readme",
    "GET /docs/{$}",
    "GET /static/",
    "/a/{b}/c/{d...}",
    "PUT /a%20b/{x}",
    "HEAD /users",
    "/any",
    "GET /any",
};

TEST(router_finds_the_most_specific_route)
{
    static const struct {
        const char *method, *path, *want;
    } cases[] = {
        {"GET", "/", "GET /{$}"},
        {"HEAD", "/", "GET /{$}"},
        {"POST", "/", ""},
        {"GET", "/nothing", ""},
        {"GET", "/users", "GET /users"},
        {"HEAD", "/users", "HEAD /users"},
        {"POST", "/users", "POST /users"},
        {"PUT", "/users", ""},
        {"GET", "/users/7", "GET /users/{id}|7"},
        {"HEAD", "/users/7", "GET /users/{id}|7"},
        {"DELETE", "/users/7", "DELETE /users/{id}|7"},
        {"GET", "/users/me", "GET /users/me"},
        {"DELETE", "/users/me", "DELETE /users/{id}|me"},
        {"POST", "/users/you", "POST /users/you"},
        {"GET", "/users/you", "GET /users/{id}|you"},
        {"GET", "/users/", ""},
        {"GET", "/users/7/posts", ""},
        {"PUT", "/users/7/posts/8", "/users/{id}/posts/{post}|7|8"},
        {"GET", "/users/7/posts/new", "GET /users/{id}/posts/new|7"},
        {"PUT", "/users/7/posts/new", "/users/{id}/posts/{post}|7|new"},
        {"GET", "/users/me/posts/1", "/users/{id}/posts/{post}|me|1"},
        {"GET", "/files/", "GET /files/{path...}|"},
        {"GET", "/files", ""},
        {"GET", "/files/a", "GET /files/{path...}|a"},
        {"GET", "/files/a/b/", "GET /files/{path...}|a/b/"},
        {"GET", "/files/readme", "GET /files/readme"},
        {"GET", "/files/readme/x", "GET /files/{path...}|readme/x"},
        {"GET", "/docs/", "GET /docs/{$}"},
        {"GET", "/docs/x", ""},
        {"GET", "/static/x/y", "GET /static/"},
        {"GET", "/static/", "GET /static/"},
        {"GET", "/a/1/c/", "/a/{b}/c/{d...}|1|"},
        {"GET", "/a/1/c/2/3", "/a/{b}/c/{d...}|1|2/3"},
        {"PUT", "/a%20b/c%2Fd", "PUT /a%20b/{x}|c/d"},
        {"PUT", "/%61%20b/%25", "PUT /a%20b/{x}|%"},
        {"GET", "/%75sers", "GET /users"},
        {"GET", "/users%2F7", ""},
        {"GET", "/any", "GET /any"},
        {"HEAD", "/any", "GET /any"},
        {"BREW", "/any", "/any"},
        {"get", "/users", ""},
    };
    bo_arena arena = {0};
    http_router router = router_of(patterns, sizeof patterns / sizeof patterns[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s %s", cases[i].method, cases[i].path);
        EXPECT_EQ(found(&router, cases[i].method, cases[i].path, &arena), cases[i].want);
    }
    bo__http_router_free(&router);
    bo_arena_free(&arena);
}

TEST(router_finds_the_same_whatever_the_order_of_registration)
{
    enum { COUNT = sizeof patterns / sizeof patterns[0] };
    const char *reversed[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        reversed[i] = patterns[COUNT - 1 - i];
    bo_arena arena = {0};
    http_router a = router_of(patterns, COUNT), b = router_of(reversed, COUNT);
    static const char *const paths[] = {
        "/users/me", "/users/7", "/users/7/posts/new", "/files/readme", "/any",
        "/users",    "/x",       "/users/you"};
    static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "PUT"};
    for (size_t i = 0; i < 8; i++) {
        for (size_t m = 0; m < 5; m++) {
            test_case("%s %s", methods[m], paths[i]);
            EXPECT_EQ(found(&a, methods[m], paths[i], &arena),
                      found(&b, methods[m], paths[i], &arena));
        }
    }
    bo__http_router_free(&a);
    bo__http_router_free(&b);
    bo_arena_free(&arena);
}

TEST(router_lists_the_allowed_methods)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"/users", "GET, HEAD, POST"},
        {"/users/7", "DELETE, GET, HEAD"},
        {"/users/you", "DELETE, GET, HEAD, POST"},
        {"/a%20b/1", "PUT"},
        {"/nothing", ""},
        {"/", "GET, HEAD"},
    };
    bo_arena arena = {0};
    http_router router = router_of(patterns, sizeof patterns / sizeof patterns[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].path);
        http_path path;
        REQUIRE(!bo__http_path_split(bo_str_of(cases[i].path), &arena, &path));
        EXPECT_EQ(bo__http_router_allowed(&router, &path, &arena), cases[i].want);
    }
    bo__http_router_free(&router);
    bo_arena_free(&arena);
}

TEST(router_knows_when_a_slash_is_missing)
{
    static const char *const some[] = {"GET /dir/", "GET /dir/sub/{$}", "GET /x/{rest...}",
                                       "GET /y",    "GET /y/",          "POST /z/"};
    static const struct {
        const char *path;
        bool want;
    } cases[] = {
        {"/dir", true},       {"/dir/", false},      {"/dir/sub", true},
        {"/dir/sub/", false}, {"/dir/other", false}, {"/x", true},
        {"/y", false},        {"/z", false},         {"/w", false},
    };
    bo_arena arena = {0};
    http_router router = router_of(some, sizeof some / sizeof some[0]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i].path);
        http_path path;
        http_match match;
        REQUIRE(!bo__http_path_split(bo_str_of(cases[i].path), &arena, &path));
        bo__http_router_find(&router, bo_s("GET"), &path, &match);
        EXPECT_EQ(bo__http_router_wants_slash(&router, bo_s("GET"), &path, match.route),
                  cases[i].want);
    }
    bo__http_router_free(&router);
    bo_arena_free(&arena);
}

TEST(router_explains_conflicts)
{
    static const struct {
        const char *a, *b, *why;  // why NULL: they go together
    } cases[] = {
        {"GET /a", "GET /a", "matches the same requests"},
        {"GET /{x}", "GET /{y}", "matches the same requests"},
        {"/a/", "/a/{rest...}", "matches the same requests"},
        {"/a%62", "/ab", "matches the same requests"},
        {"/a/{x}", "/{y}/b", "both match the path /a/b,"},
        {"/a/{x...}", "/{y}/b", "both match the path /a/b,"},
        {"GET /{x}", "/b", "both match the path /b,"},
        {"GET /b", "HEAD /{x}", "both match the path /b,"},
        {"GET /a/{x}/c", "/a/b/{y...}", "both match the path /a/b/c,"},
        {"/{x}/{$}", "/a/{rest...}", "both match the path /a/,"},
        {"GET /a", "POST /a", NULL},
        {"GET /a", "/a", NULL},
        {"GET /a", "HEAD /a", NULL},
        {"/a", "/a/", NULL},
        {"/a/{$}", "/a/", NULL},
        {"/a/{x}", "/a/", NULL},
        {"/a/{x}", "/a/{$}", NULL},
        {"/a/{x}", "/a/b", NULL},
        {"/{x}/b", "/{x}/c", NULL},
        {"/a/{x}", "/a/{x}/{y}", NULL},
        {"/{x...}", "/a/{y...}", NULL},
        {"GET /{x}", "POST /b", NULL},
        {"GET /a%2Fb", "GET /a/b", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int swap = 0; swap < 2; swap++) {
            const char *first = swap ? cases[i].b : cases[i].a,
                       *second = swap ? cases[i].a : cases[i].b;
            test_case("%s and %s", first, second);
            http_router router = router_of(&first, 1);
            bo_err err = bo__http_router_add(&router, second, nothing, "g.c", 7);
            if (!cases[i].why) {
                EXPECT_EQ(err, NULL);
            } else if (EXPECT(bo_err_is(err, BO_CONFLICT))) {
                bo_str text = bo_str_of(bo_err_message(err));
                EXPECT(bo_str_find(text, bo_str_of(cases[i].why)) >= 0);
                EXPECT(bo_str_find(text, bo_s("g.c:7")) >= 0);
                EXPECT(bo_str_find(text, bo_s("f.c:0")) >= 0);
            }
            bo_err_free(err);
            bo__http_router_free(&router);
        }
    }
}

TEST(router_refuses_patterns_that_do_not_parse)
{
    static const char *const cases[] = {
        "",
        "users",
        "GET",
        "GET users",
        "GET example.com/a",
        "G@T /a",
        "/a b",
        "/a?b",
        "/a#b",
        "//",
        "/a//b",
        "/./a",
        "/a/..",
        "/%2e%2e/a",
        "/%zz",
        "/%00",
        "/{",
        "/}",
        "/{}",
        "/{a",
        "/a}",
        "/a{b}",
        "/{a}b",
        "/{a}{b}",
        "/{1a}",
        "/{a-b}",
        "/{a...}/b",
        "/{$}/b",
        "/{...}",
        "/{a}/{a}",
        "/{a}/{a...}",
        "/{a b}",
        "/{$a}",
        "GET  ",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case("%s", cases[i]);
        http_router router = {0};
        bo_err err = bo__http_router_add(&router, cases[i], nothing, "f.c", 1);
        EXPECT(bo_err_is(err, BO_INVALID));
        bo_err_free(err);
        bo__http_router_free(&router);
    }
}

TEST(router_limits_wildcards)
{
    for (int count = HTTP_WILDCARDS_MAX - 1; count <= HTTP_WILDCARDS_MAX + 1; count++) {
        test_case("%d wildcards", count);
        char text[256];
        int len = 0;
        for (int i = 0; i < count; i++)
            len += snprintf(text + len, sizeof text - (size_t)len, "/{w%d}", i);
        http_router router = {0};
        bo_err err = bo__http_router_add(&router, text, nothing, "f.c", 1);
        EXPECT_EQ(err == NULL, count <= HTTP_WILDCARDS_MAX);
        bo_err_free(err);
        bo__http_router_free(&router);
    }
}

TEST(router_keeps_a_thousand_routes_apart)
{
    static char texts[1000][32];
    http_router router = {0};
    bo_arena arena = {0};
    for (int i = 0; i < 1000; i++) {
        snprintf(texts[i], sizeof texts[i], "GET /r%d/{id}", i);
        EXPECT_EQ(bo__http_router_add(&router, texts[i], nothing, "f.c", i), NULL);
    }
    for (int i = 0; i < 1000; i++) {
        char path[32];
        snprintf(path, sizeof path, "/r%d/x", i);
        bo_str want = bo_str_printf(&arena, "%s|x", texts[i]);
        EXPECT_EQ(found(&router, "GET", path, &arena), want);
    }
    EXPECT_EQ(found(&router, "GET", "/r1000/x", &arena), "");
    bo__http_router_free(&router);
    bo_arena_free(&arena);
}
