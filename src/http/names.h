// SPDX-License-Identifier: MIT
// names.h: the headers that Bora knows by number.
//
// A parser gives each header it reads its number, so that whoever asks for "Content-Type" later
// finds it by one index. The table is a perfect hash over length, first and last letter; the
// compiler reports a collision when a name is added (see names.c), and the test tries every name.
#ifndef BORA_SRC_HTTP_NAMES_H
#define BORA_SRC_HTTP_NAMES_H

#include <bora/str.h>

// X(identifier, name in lower case, its first letter, its last letter)
#define HTTP_NAMES(X)                                                                              \
    X(HOST, "host", 'h', 't')                                                                      \
    X(CONTENT_LENGTH, "content-length", 'c', 'h')                                                  \
    X(TRANSFER_ENCODING, "transfer-encoding", 't', 'g')                                            \
    X(CONNECTION, "connection", 'c', 'n')                                                          \
    X(EXPECT, "expect", 'e', 't')                                                                  \
    X(UPGRADE, "upgrade", 'u', 'e')                                                                \
    X(CONTENT_TYPE, "content-type", 'c', 'e')                                                      \
    X(ACCEPT, "accept", 'a', 't')                                                                  \
    X(ACCEPT_ENCODING, "accept-encoding", 'a', 'g')                                                \
    X(ACCEPT_LANGUAGE, "accept-language", 'a', 'e')                                                \
    X(AUTHORIZATION, "authorization", 'a', 'n')                                                    \
    X(COOKIE, "cookie", 'c', 'e')                                                                  \
    X(USER_AGENT, "user-agent", 'u', 't')                                                          \
    X(IF_NONE_MATCH, "if-none-match", 'i', 'h')                                                    \
    X(IF_MODIFIED_SINCE, "if-modified-since", 'i', 'e')                                            \
    X(IF_MATCH, "if-match", 'i', 'h')                                                              \
    X(IF_RANGE, "if-range", 'i', 'e')                                                              \
    X(RANGE, "range", 'r', 'e')                                                                    \
    X(ORIGIN, "origin", 'o', 'n')                                                                  \
    X(REFERER, "referer", 'r', 'r')                                                                \
    X(X_FORWARDED_FOR, "x-forwarded-for", 'x', 'r')                                                \
    X(X_FORWARDED_PROTO, "x-forwarded-proto", 'x', 'o')                                            \
    X(X_REQUEST_ID, "x-request-id", 'x', 'd')                                                      \
    X(TRACEPARENT, "traceparent", 't', 't')                                                        \
    X(LAST_EVENT_ID, "last-event-id", 'l', 'd')

typedef enum {
    HTTP_NAME_OTHER,
#define HTTP_NAME_ENUM(id, text, first, last) HTTP_NAME_##id,
    HTTP_NAMES(HTTP_NAME_ENUM)
#undef HTTP_NAME_ENUM
        HTTP_NAME_COUNT
} http_name;

// bo__http_name_of is the number of a header's name, a token in any case; HTTP_NAME_OTHER if
// unknown.
http_name bo__http_name_of(bo_str name);

// bo__http_name_text is the name in lower case.
bo_str bo__http_name_text(http_name name);

// bo__http_token reports whether s is a token (RFC 9110 5.6.2): one character or more.
bool bo__http_token(bo_str s);

// bo__http_value_valid reports whether s may be a header's value: no control character but TAB.
bool bo__http_value_valid(bo_str s);

#endif
