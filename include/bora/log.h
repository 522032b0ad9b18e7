// SPDX-License-Identifier: MIT
// bora/log.h: one line for each thing worth knowing.
//
//     bo_log_warn("fetch failed", bo_kv("url", url), bo_kv("err", err));
//
// writes to standard error
//
//     2026-11-24T04:05:06.789Z WARN fetch failed url=http://x err="connect: connection refused"
//
// or, with BORA_LOG_FORMAT=json in the environment (default: text),
//
//     {"time":"2026-11-24T04:05:06.789Z","level":"WARN","msg":"fetch failed","url":"http://x",...}
//
// BORA_LOG=debug, info (the default), warn, error or off says from which level on lines are
// written; those below cost one load and a branch, and their arguments are not evaluated.
//
// The message says what happened, in words that are always the same; what differs goes into pairs.
// A value is quoted when it needs to be, and control characters, invalid UTF-8 and characters that
// reorder text are escaped as in JSON (bytes that are no UTF-8: \xff in text, U+FFFD in JSON), so
// that no input can forge a line. A line has at most BO_LOG_LINE_MAX bytes, its line end included:
// one that would be longer is cut, within a string or before a pair, and ends in cut=true. Each
// goes out in one write, so lines do not mix (but the kernel promises that for pipes only up to
// 4096 bytes). A line that the output refuses is lost: a log never ends a program.
//
// Nothing here allocates or parks (though the thread waits while a pipe is full), and errno stays
// as it is; all of it is safe from any thread, but not from a signal handler.
#ifndef BORA_LOG_H
#define BORA_LOG_H

#include <bora/err.h>
#include <bora/str.h>
#include <bora/time.h>

#define BO_LOG_LINE_MAX 8192
#define BO_LOG_PAIRS_MAX 16

typedef enum {
    BO_LOG_DEBUG,
    BO_LOG_INFO,
    BO_LOG_WARN,
    BO_LOG_ERROR,
    BO_LOG_OFF,  // For bo_log_set_level: nothing is written.
} bo_log_level;

// bo_log_debug and the others take a message, a `const char *`, and up to 16 pairs.
#define bo_log_debug(...) bo_log(BO_LOG_DEBUG, __VA_ARGS__)
#define bo_log_info(...) bo_log(BO_LOG_INFO, __VA_ARGS__)
#define bo_log_warn(...) bo_log(BO_LOG_WARN, __VA_ARGS__)
#define bo_log_error(...) bo_log(BO_LOG_ERROR, __VA_ARGS__)

// bo_log is the same with the level as an argument.
#define bo_log(level, ...)                                                                         \
    (bo_log_enabled(level) ? bo__log((level), BO__LOG_MESSAGE(__VA_ARGS__, ),                      \
                                     BO__LOG_PAIRS(__VA_ARGS__), BO__LOG_COUNT(__VA_ARGS__))       \
                           : (void)0)

// bo_kv makes a pair of a key, a `const char *`, and a value: any integer, double, bool, C string
// (NULL: "null"), bo_str, bo_err (its message; NULL: "ok") or other pointer (its address). A bool
// is a variable or a call's value: the words true and false are integers before C23, and bare
// comparisons are integers always.
#define bo_kv(key, value)                                                                          \
    _Generic((value),                                                                              \
        bool: bo__kv_bool,                                                                         \
        char: bo__kv_int,                                                                          \
        signed char: bo__kv_int,                                                                   \
        short: bo__kv_int,                                                                         \
        int: bo__kv_int,                                                                           \
        long: bo__kv_int,                                                                          \
        long long: bo__kv_int,                                                                     \
        unsigned char: bo__kv_uint,                                                                \
        unsigned short: bo__kv_uint,                                                               \
        unsigned int: bo__kv_uint,                                                                 \
        unsigned long: bo__kv_uint,                                                                \
        unsigned long long: bo__kv_uint,                                                           \
        float: bo__kv_double,                                                                      \
        double: bo__kv_double,                                                                     \
        char *: bo__kv_text,                                                                       \
        const char *: bo__kv_text,                                                                 \
        bo_str: bo__kv_str,                                                                        \
        bo_err: bo__kv_err,                                                                        \
        default: bo__kv_pointer)((key), (value))

// bo_kv_duration makes a pair of a key and a bo_duration, written as bo_duration_format
// does: 1.5ms.
#define bo_kv_duration(key, duration) bo__kv_duration((key), (duration))

// bo_log_set_level changes from which level on lines are written.
void bo_log_set_level(bo_log_level level);

// bo_log_set_json changes between JSON and text.
void bo_log_set_json(bool json);

// bo_log_set_output sends lines to another file descriptor, which stays the caller's and open.
void bo_log_set_output(int fd);

// bo_log_enabled reports whether lines of a level are written.
#define bo_log_enabled(level) ((int)(level) >= __atomic_load_n(&bo__log_level, __ATOMIC_RELAXED))

// What follows is not for callers.
extern int bo__log_level;

typedef struct {
    const char *key;
    enum {
        BO__LOG_BOOL,
        BO__LOG_INT,
        BO__LOG_UINT,
        BO__LOG_DOUBLE,
        BO__LOG_STR,
        BO__LOG_POINTER,
        BO__LOG_DURATION,
    } kind;
    union {
        int64_t i;
        uint64_t u;
        double d;
        bo_str s;
        const volatile void *p;
    };
} bo__log_pair;

void bo__log(bo_log_level level, const char *message, const bo__log_pair *pairs, size_t count);

// The first of the pairs is a place holder where the message stood, so that a list without pairs is
// not empty.
#define BO__LOG_MESSAGE(message, ...) (message)
#define BO__LOG_REST(message, ...) {0}, ##__VA_ARGS__
#define BO__LOG_PAIRS(...) ((const bo__log_pair[]){BO__LOG_REST(__VA_ARGS__)} + 1)
#define BO__LOG_SIZE(...)                                                                          \
    (sizeof((const bo__log_pair[]){BO__LOG_REST(__VA_ARGS__)}) / sizeof(bo__log_pair) - 1)
// With too many pairs this is the size of an array of -1 bytes, which does not compile.
#define BO__LOG_COUNT(...)                                                                         \
    (BO__LOG_SIZE(__VA_ARGS__) +                                                                   \
     0 * sizeof(char[BO__LOG_SIZE(__VA_ARGS__) <= BO_LOG_PAIRS_MAX ? 1 : -1]))

static inline bo__log_pair bo__kv_bool(const char *key, bool value)
{
    return (bo__log_pair){key, BO__LOG_BOOL, {.i = value}};
}

static inline bo__log_pair bo__kv_int(const char *key, int64_t value)
{
    return (bo__log_pair){key, BO__LOG_INT, {.i = value}};
}

static inline bo__log_pair bo__kv_uint(const char *key, uint64_t value)
{
    return (bo__log_pair){key, BO__LOG_UINT, {.u = value}};
}

static inline bo__log_pair bo__kv_double(const char *key, double value)
{
    return (bo__log_pair){key, BO__LOG_DOUBLE, {.d = value}};
}

static inline bo__log_pair bo__kv_str(const char *key, bo_str value)
{
    return (bo__log_pair){key, BO__LOG_STR, {.s = value}};
}

static inline bo__log_pair bo__kv_text(const char *key, const char *value)
{
    return bo__kv_str(key, value ? bo_str_of(value) : bo_s("null"));
}

static inline bo__log_pair bo__kv_err(const char *key, bo_err value)
{
    return bo__kv_text(key, bo_err_message(value));
}

static inline bo__log_pair bo__kv_pointer(const char *key, const volatile void *value)
{
    return (bo__log_pair){key, BO__LOG_POINTER, {.p = value}};
}

static inline bo__log_pair bo__kv_duration(const char *key, bo_duration value)
{
    return (bo__log_pair){key, BO__LOG_DURATION, {.i = value}};
}

#endif
