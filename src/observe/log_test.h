// SPDX-License-Identifier: MIT
// log_test.h: what the tests of logs share: catching lines and judging them.
#ifndef BORA_SRC_OBSERVE_LOG_TEST_H
#define BORA_SRC_OBSERVE_LOG_TEST_H

#include <bora/go.h>
#include <bora/log.h>
#include <bora/test.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HEAD = sizeof "2026-11-24T04:05:06.789Z " - 1 };

static char logged_bytes[1 << 20];

// capture sends lines to a file in memory.
static inline int capture(bool json)
{
    int fd = memfd_create("log", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    bo_log_set_output(fd);
    bo_log_set_json(json);
    bo_log_set_level(BO_LOG_DEBUG);
    return fd;
}

// logged is what has come since the last call.
static inline bo_str logged(int fd)
{
    ssize_t len = pread(fd, logged_bytes, sizeof logged_bytes, 0);
    REQUIRE(len >= 0);
    REQUIRE_EQ(ftruncate(fd, 0), 0);
    REQUIRE_EQ(lseek(fd, 0, SEEK_SET), 0);
    return bo_str_n(logged_bytes, (size_t)len);
}

// logged_text is one line of text without its time and its line end.
static inline bo_str logged_text(int fd)
{
    bo_str line = logged(fd);
    REQUIRE(line.len > HEAD);
    REQUIRE_EQ(line.ptr[line.len - 1], '\n');
    return bo_str_sub(line, HEAD, line.len - 1);
}

// logged_json is one line of JSON from behind its time to before its line end.
static inline bo_str logged_json(int fd)
{
    bo_str line = logged(fd), start = bo_s("{\"time\":\"2026-11-24T04:05:06.789Z\",");
    REQUIRE(line.len > start.len);
    REQUIRE(bo_str_starts(line, bo_s("{\"time\":\"")));
    REQUIRE_EQ(line.ptr[line.len - 1], '\n');
    return bo_str_sub(line, start.len, line.len - 1);
}

// A strict parser of JSON (RFC 8259) that only says whether it is some. Returns the place behind a
// value, or NULL. Texts end in a NUL, so that looking one byte ahead is always safe.
static inline const char *json_value(const char *at);

static inline bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline const char *json_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if ((uint8_t)*at < ' ')
            return NULL;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u') {
            for (int i = 0; i < 4; i++)
                if (!is_hex(*++at))
                    return NULL;
        } else if (!*at || !strchr("\"\\/bfnrt", *at)) {
            return NULL;
        }
    }
    return at + 1;
}

static inline const char *json_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");
    return count > 0 ? at + count : NULL;
}

static inline const char *json_number(const char *at)
{
    at += *at == '-';
    at = *at == '0' ? at + 1 : json_digits(at);
    if (at && *at == '.')
        at = json_digits(at + 1);
    if (at && (*at == 'e' || *at == 'E'))
        at = json_digits(at + 1 + (at[1] == '-' || at[1] == '+'));
    return at;
}

static inline const char *json_object(const char *at)
{
    if (*at++ != '{')
        return NULL;
    for (;;) {
        at = json_string(at);
        if (!at || *at++ != ':')
            return NULL;
        at = json_value(at);
        if (!at)
            return NULL;
        if (*at == '}')
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static inline const char *json_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    if (*at == '"')
        return json_string(at);
    if (*at == '{')
        return json_object(at);
    for (int i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return json_number(at);
}

// is_json_line: one object, valid UTF-8, a line end, nothing else.
static inline bool is_json_line(bo_str line)
{
    char *copy = strndup(line.ptr, line.len);
    const char *end = json_object(copy);
    bool ok = strlen(copy) == line.len && end && strcmp(end, "\n") == 0 && bo_utf8_valid(line);
    free(copy);
    return ok;
}

// unquote reads a quoted text value back, and returns what follows it; NULL ptr if there is none.
static inline bo_str unquote(bo_str text, char *into, size_t *len)
{
    *len = 0;
    for (size_t i = 1; i < text.len; i++) {
        unsigned code;
        char c = text.ptr[i];
        if (c == '"')
            return bo_str_sub(text, i + 1, text.len);
        if (c == '\\') {
            c = text.ptr[++i];
            const char *letters = "nrt\"\\", *known = strchr(letters, c);
            if (known) {
                c = "\n\r\t\"\\"[known - letters];
            } else if (c == 'x' && sscanf(text.ptr + i + 1, "%2x", &code) == 1) {
                c = (char)code;
                i += 2;
            } else if (c == 'u' && sscanf(text.ptr + i + 1, "%4x", &code) == 1) {
                i += 4;
                if (code >= 0x800) {
                    into[(*len)++] = (char)(0xe0 | code >> 12);
                    into[(*len)++] = (char)(0x80 | (code >> 6 & 0x3f));
                    code = 0x80 | (code & 0x3f);
                } else if (code >= 0x80) {
                    into[(*len)++] = (char)(0xc0 | code >> 6);
                    code = 0x80 | (code & 0x3f);
                }
                c = (char)code;
            } else {
                break;
            }
        }
        into[(*len)++] = c;
    }
    return (bo_str){0};
}

static inline bool is_clean(bo_str line)
{
    if (!bo_utf8_valid(line) || bo_str_find_byte(line, '\n') != (ptrdiff_t)line.len - 1)
        return false;
    for (size_t i = 0; i + 1 < line.len; i++)
        if ((uint8_t)line.ptr[i] < ' ' || line.ptr[i] == 0x7f)
            return false;
    static const char *const escaped[] = {"\xc2\x85", "\xc2\x9b", "\u061c", "\u200e", "\u202e",
                                          "\u2028",   "\u2029",   "\u2066", "\u2069"};
    for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
        if (bo_str_find(line, bo_str_of(escaped[i])) >= 0)
            return false;
    return true;
}

static char filler[3 * BO_LOG_LINE_MAX];

// fill is a value of len bytes.
static inline bo_str fill(char with, size_t len)
{
    memset(filler, with, sizeof filler);
    return bo_str_n(filler, len);
}

#endif
