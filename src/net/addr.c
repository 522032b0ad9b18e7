// SPDX-License-Identifier: MIT
// addr.c: addresses as text, as values, and as the kernel has them.
//
// Parsing is strict, since addresses come from configuration files and a silent guess there costs
// an evening: decimal ports, dotted quads of four parts (inet_pton, not inet_aton, for which "10.1"
// and "010.0.0.1" are addresses too), brackets around IPv6.
#include "net/addr.h"

#include <arpa/inet.h>
#include <bora/go.h>
#include <net/if.h>
#include <stdio.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void set_ipv4(bo_addr *addr, const void *ip, uint16_t port)
{
    addr->kind = BO_ADDR_IPV4;
    addr->port = port;
    memcpy(addr->ip, ip, 4);
}

static void set_ipv6(bo_addr *addr, const void *ip, uint16_t port, uint32_t zone)
{
    const uint8_t *bytes = ip;
    if (memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
        set_ipv4(addr, bytes + sizeof mapped_prefix, port);
        return;
    }
    addr->kind = BO_ADDR_IPV6;
    addr->port = port;
    addr->zone = zone;
    memcpy(addr->ip, bytes, 16);
}

// -- parsing --------------------------------------------------------------------------------------

static bo_err parse_unix(bo_str path, bo_addr *out)
{
    bo_addr addr = {.kind = BO_ADDR_UNIX, .abstract = bo_str_starts(path, bo_s("@"))};
    if (path.len == 0)
        return bo_errf(BO_INVALID, "no path");
    if (addr.abstract)
        path = bo_str_sub(path, 1, path.len);
    if (path.len > BO_ADDR_PATH_MAX)
        return bo_errf(BO_INVALID, "the path is longer than %d bytes", BO_ADDR_PATH_MAX);
    if (path.len > 0)
        memcpy(addr.path, path.ptr, path.len);
    addr.path_len = (uint8_t)path.len;
    *out = addr;
    return NULL;
}

static bool is_digits(bo_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

static bo_err parse_port(bo_str text, uint16_t *out)
{
    uint64_t port;
    if (!is_digits(text) || text.len > 5 || !bo_str_uint(text, &port) || port > UINT16_MAX)
        return bo_errf(BO_INVALID, "port \"" BO_FMT "\" is not a number from 0 to 65535",
                       BO_ARG(text));
    *out = (uint16_t)port;
    return NULL;
}

static bo_err parse_zone(bo_str text, uint32_t *out)
{
    uint64_t number;
    if (is_digits(text) && bo_str_uint(text, &number) && number > 0 && number <= UINT32_MAX) {
        *out = (uint32_t)number;
        return NULL;
    }
    char name[IF_NAMESIZE];
    unsigned index = 0;
    if (text.len > 0 && text.len < sizeof name) {
        memcpy(name, text.ptr, text.len);
        name[text.len] = 0;
        index = if_nametoindex(name);
    }
    if (index == 0)
        return bo_errf(BO_INVALID, "there is no interface \"" BO_FMT "\"", BO_ARG(text));
    *out = index;
    return NULL;
}

// parse_ip reads an address of the family with libc's strict parser, which wants a C string.
static bool parse_ip(int family, bo_str text, uint8_t ip[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return inet_pton(family, copy, ip) == 1;
}

static bo_err parse_ipv6(bo_str host, uint16_t port, bo_addr *out)
{
    bo_str ip_text, zone_text;
    uint8_t ip[16];
    uint32_t zone = 0;
    bool has_zone = bo_str_cut(host, '%', &ip_text, &zone_text);
    if (!parse_ip(AF_INET6, ip_text, ip))
        return bo_errf(BO_INVALID, "\"" BO_FMT "\" is not an IPv6 address", BO_ARG(ip_text));
    if (has_zone)
        BO_TRY(parse_zone(zone_text, &zone));
    set_ipv6(out, ip, port, zone);
    return NULL;
}

// parse_host reads what stands before the port without brackets.
static bo_err parse_host(bo_str host, uint16_t port, bo_addr *out, bool *local)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    uint8_t ip[16] = {0};
    *local = host.len == 0 || bo_str_eq_fold(host, bo_s("localhost"));
    if (host.len == 0) {
        set_ipv6(out, ip, port, 0);
        return NULL;
    }
    if (*local) {
        set_ipv4(out, loopback, port);
        return NULL;
    }
    if (parse_ip(AF_INET, host, ip)) {
        set_ipv4(out, ip, port);
        return NULL;
    }
    if (bo_str_find_byte(host, ':') >= 0)
        return bo_errf(BO_INVALID, "an IPv6 address stands in brackets, \"[::1]:80\"");
    // What ends in a digit was meant as an address (RFC 1123 section 2.1: no top-level name does).
    char last = host.ptr[host.len - 1];
    if (last >= '0' && last <= '9')
        return bo_errf(BO_INVALID, "\"" BO_FMT "\" is not an IPv4 address", BO_ARG(host));
    return bo_errf(BO_UNSUPPORTED, "\"" BO_FMT "\" is a name, not an IP address", BO_ARG(host));
}

bo_err bo__addr_parse(bo_str text, bo_addr *out, bool *local)
{
    bo_addr addr = {0};
    uint16_t port = 0;
    *local = false;
    if (bo_str_find_byte(text, 0) >= 0)
        return bo_errf(BO_INVALID, "there is a NUL in it");
    if (bo_str_starts(text, bo_s("unix:")))
        return parse_unix(bo_str_sub(text, 5, text.len), out);

    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return bo_errf(BO_INVALID, "no port");
    bo_str host = bo_str_sub(text, 0, colon - 1);
    bool bracketed = bo_str_starts(host, bo_s("["));
    if (bracketed && !bo_str_ends(host, bo_s("]")))
        return bo_errf(BO_INVALID, "no port behind the brackets");
    BO_TRY(parse_port(bo_str_sub(text, colon, text.len), &port));
    if (bracketed)
        BO_TRY(parse_ipv6(bo_str_sub(host, 1, host.len - 1), port, &addr));
    else
        BO_TRY(parse_host(host, port, &addr, local));
    *out = addr;
    return NULL;
}

bo_err bo_addr_parse(bo_str text, bo_addr *out)
{
    bool local;
    bo_err err = bo__addr_parse(text, out, &local);
    return err ? bo_errf(err, "address \"" BO_FMT "\"", BO_ARG(text)) : NULL;
}

// -- formatting -----------------------------------------------------------------------------------

bo_str bo_addr_host(const bo_addr *addr, char buffer[BO_ADDR_TEXT_MAX])
{
    buffer[0] = 0;
    if (addr->kind == BO_ADDR_IPV4)
        inet_ntop(AF_INET, addr->ip, buffer, BO_ADDR_TEXT_MAX);
    if (addr->kind == BO_ADDR_IPV6)
        inet_ntop(AF_INET6, addr->ip, buffer, BO_ADDR_TEXT_MAX);
    size_t len = strlen(buffer);
    if (addr->kind == BO_ADDR_IPV6 && addr->zone)
        len += (size_t)snprintf(buffer + len, BO_ADDR_TEXT_MAX - len, "%%%u", addr->zone);
    return bo_str_n(buffer, len);
}

static bo_str format_unix(const bo_addr *addr, char buffer[BO_ADDR_TEXT_MAX])
{
    int len = snprintf(buffer, BO_ADDR_TEXT_MAX, "unix:%s", addr->abstract ? "@" : "");
    memcpy(buffer + len, addr->path, addr->path_len);
    buffer[len + addr->path_len] = 0;
    return bo_str_n(buffer, (size_t)len + addr->path_len);
}

bo_str bo_addr_format(const bo_addr *addr, char buffer[BO_ADDR_TEXT_MAX])
{
    if (addr->kind == BO_ADDR_NONE)
        return bo_addr_host(addr, buffer);
    if (addr->kind == BO_ADDR_UNIX)
        return format_unix(addr, buffer);
    char host[BO_ADDR_TEXT_MAX];
    bool v6 = addr->kind == BO_ADDR_IPV6;
    bo_addr_host(addr, host);
    int len =
        snprintf(buffer, BO_ADDR_TEXT_MAX, v6 ? "[%.100s]:%u" : "%.100s:%u", host, addr->port);
    return bo_str_n(buffer, (size_t)len);
}

bool bo_addr_eq(const bo_addr *a, const bo_addr *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case BO_ADDR_IPV4:
        return a->port == b->port && memcmp(a->ip, b->ip, 4) == 0;
    case BO_ADDR_IPV6:
        return a->port == b->port && a->zone == b->zone && memcmp(a->ip, b->ip, 16) == 0;
    case BO_ADDR_UNIX:
        return a->abstract == b->abstract && a->path_len == b->path_len &&
               memcmp(a->path, b->path, a->path_len) == 0;
    case BO_ADDR_NONE:
        break;
    }
    return true;
}

// -- the kernel's form ----------------------------------------------------------------------------

static socklen_t unix_to_sys(const bo_addr *addr, struct sockaddr_un *un)
{
    size_t len = offsetof(struct sockaddr_un, sun_path);
    un->sun_family = AF_UNIX;
    // The family alone asks for an abstract name of the kernel's choice.
    if (addr->path_len == 0)
        return (socklen_t)len;
    memcpy(un->sun_path + addr->abstract, addr->path, addr->path_len);
    return (socklen_t)(len + addr->path_len + 1u);
}

socklen_t bo__addr_to_sys(const bo_addr *addr, union bo__sockaddr *out)
{
    memset(out, 0, sizeof *out);
    switch (addr->kind) {
    case BO_ADDR_IPV4:
        out->in.sin_family = AF_INET;
        out->in.sin_port = htons(addr->port);
        memcpy(&out->in.sin_addr, addr->ip, 4);
        return sizeof out->in;
    case BO_ADDR_IPV6:
        out->in6.sin6_family = AF_INET6;
        out->in6.sin6_port = htons(addr->port);
        out->in6.sin6_scope_id = addr->zone;
        memcpy(&out->in6.sin6_addr, addr->ip, 16);
        return sizeof out->in6;
    case BO_ADDR_UNIX:
        return unix_to_sys(addr, &out->un);
    case BO_ADDR_NONE:
        break;
    }
    return 0;
}

// A path comes with or without a NUL behind it, an abstract name without.
static void set_unix(bo_addr *addr, const struct sockaddr_un *un, socklen_t len)
{
    size_t start = offsetof(struct sockaddr_un, sun_path);
    size_t path_len = len > start ? len - start : 0;
    addr->kind = BO_ADDR_UNIX;
    addr->abstract = path_len > 0 && un->sun_path[0] == 0;
    if (!addr->abstract)
        path_len = strnlen(un->sun_path, path_len);
    path_len -= addr->abstract;
    addr->path_len = (uint8_t)(path_len < BO_ADDR_PATH_MAX ? path_len : BO_ADDR_PATH_MAX);
    memcpy(addr->path, un->sun_path + addr->abstract, addr->path_len);
}

bo_addr bo__addr_of_sys(const union bo__sockaddr *sys, socklen_t len)
{
    bo_addr addr = {0};
    if (len < sizeof sys->any.sa_family)
        return addr;
    if (sys->any.sa_family == AF_INET && len >= sizeof sys->in)
        set_ipv4(&addr, &sys->in.sin_addr, ntohs(sys->in.sin_port));
    if (sys->any.sa_family == AF_INET6 && len >= sizeof sys->in6)
        set_ipv6(&addr, &sys->in6.sin6_addr, ntohs(sys->in6.sin6_port), sys->in6.sin6_scope_id);
    if (sys->any.sa_family == AF_UNIX)
        set_unix(&addr, &sys->un, len);
    return addr;
}
