// SPDX-License-Identifier: MIT
#include "net/addr.h"
#include "net/net_test.h"

#include <net/if.h>
#include <stdio.h>

static const struct {
    const char *text, *formatted, *host;
    bo_addr_kind kind;
    int port;
} good[] = {
    {"127.0.0.1:80", "127.0.0.1:80", "127.0.0.1", BO_ADDR_IPV4, 80},
    {"0.0.0.0:0", "0.0.0.0:0", "0.0.0.0", BO_ADDR_IPV4, 0},
    {"255.255.255.255:65535", "255.255.255.255:65535", "255.255.255.255", BO_ADDR_IPV4, 65535},
    {"1.2.3.4:00080", "1.2.3.4:80", "1.2.3.4", BO_ADDR_IPV4, 80},
    {"localhost:8080", "127.0.0.1:8080", "127.0.0.1", BO_ADDR_IPV4, 8080},
    {"LocalHost:8080", "127.0.0.1:8080", "127.0.0.1", BO_ADDR_IPV4, 8080},
    {":8080", "[::]:8080", "::", BO_ADDR_IPV6, 8080},
    {"[::1]:80", "[::1]:80", "::1", BO_ADDR_IPV6, 80},
    {"[2001:DB8:0:0::1]:443", "[2001:db8::1]:443", "2001:db8::1", BO_ADDR_IPV6, 443},
    {"[::ffff:192.0.2.1]:80", "192.0.2.1:80", "192.0.2.1", BO_ADDR_IPV4, 80},
    {"[fe80::1%4294967295]:80", "[fe80::1%4294967295]:80", "fe80::1%4294967295", BO_ADDR_IPV6, 80},
    {"[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
     "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
     "1111:2222:3333:4444:5555:6666:7777:8888%4294967295", BO_ADDR_IPV6, 65535},
    {"unix:/run/app.sock", "unix:/run/app.sock", "", BO_ADDR_UNIX, 0},
    {"unix:relative", "unix:relative", "", BO_ADDR_UNIX, 0},
    {"unix:@app", "unix:@app", "", BO_ADDR_UNIX, 0},
    {"unix:@", "unix:@", "", BO_ADDR_UNIX, 0},
};

TEST(addr_parse_reads_what_addr_format_writes)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[BO_ADDR_TEXT_MAX];
        bo_addr addr = {0}, again = {0};
        test_case("%s", good[i].text);
        REQUIRE_EQ(bo_addr_parse(bo_str_of(good[i].text), &addr), NULL);
        EXPECT_EQ(addr.kind, good[i].kind);
        EXPECT_EQ(addr.port, good[i].port);
        EXPECT_EQ(bo_addr_host(&addr, text), good[i].host);
        bo_str formatted = bo_addr_format(&addr, text);
        EXPECT_EQ(formatted, good[i].formatted);
        REQUIRE_EQ(bo_addr_parse(formatted, &again), NULL);
        EXPECT(bo_addr_eq(&addr, &again));
    }
}

TEST(addr_survives_the_way_through_the_kernels_form)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bo_addr addr = {0};
        union bo__sockaddr sys;
        test_case("%s", good[i].text);
        REQUIRE_EQ(bo_addr_parse(bo_str_of(good[i].text), &addr), NULL);
        socklen_t len = bo__addr_to_sys(&addr, &sys);
        bo_addr back = bo__addr_of_sys(&sys, len);
        // A Unix address without a name is that of a socket without one, abstract or not.
        if (addr.kind == BO_ADDR_UNIX && addr.path_len == 0)
            addr.abstract = false;
        EXPECT(bo_addr_eq(&addr, &back));
    }
}

TEST(addr_parse_refuses_what_is_no_address)
{
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "no port"},
        {"80", "no port"},
        {"127.0.0.1", "no port"},
        {"[::1]", "no port behind the brackets"},
        {"[::1]80", "no port behind the brackets"},
        {"[::1:80", "no port behind the brackets"},
        {"127.0.0.1:", "port \"\" is not a number from 0 to 65535"},
        {"127.0.0.1:http", "port \"http\" is not a number from 0 to 65535"},
        {"127.0.0.1:65536", "port \"65536\" is not a number from 0 to 65535"},
        {"127.0.0.1:-1", "port \"-1\" is not a number from 0 to 65535"},
        {"127.0.0.1:+1", "port \"+1\" is not a number from 0 to 65535"},
        {"127.0.0.1: 1", "port \" 1\" is not a number from 0 to 65535"},
        {"127.0.0.1:000080", "port \"000080\" is not a number from 0 to 65535"},
        {"127.0.0:80", "\"127.0.0\" is not an IPv4 address"},
        {"127.0.0.256:80", "\"127.0.0.256\" is not an IPv4 address"},
        {"010.0.0.1:80", "\"010.0.0.1\" is not an IPv4 address"},
        {"0x7f000001:80", "\"0x7f000001\" is not an IPv4 address"},
        {"1:80", "\"1\" is not an IPv4 address"},
        {"::1:80", "an IPv6 address stands in brackets, \"[::1]:80\""},
        {"[]:80", "\"\" is not an IPv6 address"},
        {"[1.2.3.4]:80", "\"1.2.3.4\" is not an IPv6 address"},
        {"[::1::]:80", "\"::1::\" is not an IPv6 address"},
        {"[fe80::1%]:80", "there is no interface \"\""},
        {"[fe80::1%0]:80", "there is no interface \"0\""},
        {"[fe80::1%4294967296]:80", "there is no interface \"4294967296\""},
        {"[fe80::1%no-such-if]:80", "there is no interface \"no-such-if\""},
        {"[fe80::1%far-too-long-a-name]:80", "there is no interface \"far-too-long-a-name\""},
        {"unix:", "no path"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[200];
        bo_addr addr = {.port = 7};
        snprintf(expected, sizeof expected, "address \"%s\": %s: invalid", bad[i].text,
                 bad[i].reason);
        test_case("%s", bad[i].text);
        EXPECT_ERR_TEXT(bo_addr_parse(bo_str_of(bad[i].text), &addr), expected);
        EXPECT_EQ(addr.port, 7);
    }
}

TEST(addr_parse_refuses_names_as_unsupported)
{
    bo_addr addr;
    bo_err err = bo_addr_parse(bo_s("example.com:80"), &addr);
    EXPECT_EQ(bo_err_message(err),
              "address \"example.com:80\": \"example.com\" is a name, not an IP "
              "address: not supported");
    EXPECT_ERR(err, BO_UNSUPPORTED);
}

TEST(addr_parse_refuses_a_nul)
{
    bo_addr addr;
    EXPECT_ERR(bo_addr_parse(bo_s("unix:/tmp/a\0b"), &addr), BO_INVALID);
    EXPECT_ERR(bo_addr_parse(bo_s("127.0.0.1\0:80"), &addr), BO_INVALID);
}

TEST(addr_parse_takes_unix_paths_up_to_the_limit)
{
    for (int abstract = 0; abstract < 2; abstract++) {
        char path[200], text[BO_ADDR_TEXT_MAX];
        memset(path, 'x', sizeof path);
        int prefix = snprintf(path, sizeof path, "unix:%s", abstract ? "@" : "/");
        path[prefix] = 'x';
        size_t start = 5 + (size_t)abstract;
        for (size_t len = BO_ADDR_PATH_MAX - 1; len <= BO_ADDR_PATH_MAX + 1; len++) {
            bo_addr addr = {0};
            test_case("%s of %zu", abstract ? "abstract name" : "path", len);
            bo_err err = bo_addr_parse(bo_str_n(path, start + len), &addr);
            EXPECT_EQ(err == NULL, len <= BO_ADDR_PATH_MAX);
            if (!err)
                EXPECT_EQ(bo_addr_format(&addr, text), bo_str_n(path, start + len));
            bo_err_free(err);
        }
    }
}

TEST(addr_parse_knows_interfaces_by_name)
{
    bo_addr addr;
    char text[BO_ADDR_TEXT_MAX];
    unsigned index = if_nametoindex("lo");
    if (index == 0)
        test_skip("there is no interface lo");
    REQUIRE_EQ(bo_addr_parse(bo_s("[fe80::1%lo]:80"), &addr), NULL);
    EXPECT_EQ(addr.zone, index);
    snprintf(text, sizeof text, "[fe80::1%%%u]:80", index);
    char formatted[BO_ADDR_TEXT_MAX];
    EXPECT_EQ(bo_addr_format(&addr, formatted), text);
}

TEST(addr_eq_tells_addresses_apart)
{
    static const char *const texts[] = {
        "127.0.0.1:80", "127.0.0.1:81", "127.0.0.2:80",  "[::1]:80",      "[::1]:81",
        "[::2]:80",     "[::1%3]:80",   "unix:/tmp/one", "unix:/tmp/two", "unix:@/tmp/one",
    };
    enum { COUNT = sizeof texts / sizeof *texts };
    bo_addr addrs[COUNT + 1] = {0};  // The last one stays BO_ADDR_NONE.
    for (size_t i = 0; i < COUNT; i++)
        REQUIRE_EQ(bo_addr_parse(bo_str_of(texts[i]), &addrs[i]), NULL);
    for (size_t i = 0; i <= COUNT; i++)
        for (size_t k = 0; k <= COUNT; k++)
            EXPECT_EQ(bo_addr_eq(&addrs[i], &addrs[k]), i == k);
}

TEST(addr_of_another_family_is_none)
{
    char text[BO_ADDR_TEXT_MAX];
    union bo__sockaddr sys = {.any = {.sa_family = AF_UNSPEC}};
    bo_addr none = bo__addr_of_sys(&sys, sizeof sys), shorter = bo__addr_of_sys(&sys, 0);
    EXPECT_EQ(none.kind, BO_ADDR_NONE);
    EXPECT_EQ(shorter.kind, BO_ADDR_NONE);
    EXPECT_EQ(bo_addr_format(&none, text), "");
}
