// SPDX-License-Identifier: MIT
// net/addr.h: between addresses as text, as values, and as the kernel has them.
#ifndef BORA_SRC_NET_ADDR_H
#define BORA_SRC_NET_ADDR_H

#include <bora/net.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

union bo__sockaddr {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

// bo__addr_parse is bo_addr_parse without the address in the error's text. *local: the host was
// "localhost" or empty, so that a dial means this machine, over IPv4 or IPv6.
bo_err bo__addr_parse(bo_str text, bo_addr *out, bool *local);

// bo__addr_to_sys fills in the kernel's form and returns its length.
socklen_t bo__addr_to_sys(const bo_addr *addr, union bo__sockaddr *out);

// bo__addr_of_sys reads the kernel's form. What is neither IP nor Unix is BO_ADDR_NONE.
bo_addr bo__addr_of_sys(const union bo__sockaddr *sys, socklen_t len);

#endif
