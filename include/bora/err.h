// SPDX-License-Identifier: MIT
// bora/err.h: errors are values.
//
// A bo_err is NULL for success, else it points to an error that is never changed again. Sentinels
// (BO_NOT_FOUND, BO_TIMEOUT, ...) are static and say of what kind an error is; wrapping one adds
// what was being done and takes it over. The one who handles an error frees it; freeing a sentinel
// or NULL has no effect, so nobody needs to know which it is.
//
//     bo_err err = open_port(port);
//     if (err)
//         return bo_errf(err, "start %s", name);   // "start api: port 99x: invalid"
//     ...
//     if (bo_err_is(err, BO_NOT_FOUND)) ...
//     bo_err_free(err);
//
// No function here parks; all are safe from any thread.
#ifndef BORA_ERR_H
#define BORA_ERR_H

#include <bora/str.h>

typedef const struct bo_error *bo_err;

// The sentinels: the kind of an error. In brackets the HTTP status that a server answers with when
// a handler returns such an error.
#define BO_ERRORS(X)                                                                               \
    X(CANCELED, canceled, "canceled", 499) /* the scope of the goroutine ended */                  \
    X(TIMEOUT, timeout, "timed out", 503)  /* a deadline passed */                                 \
    X(CLOSED, closed, "closed", 500)       /* the object was closed meanwhile */                   \
    X(EOF, eof, "end of file", 400)        /* nothing follows */                                   \
    X(INVALID, invalid, "invalid", 400)    /* input breaks a rule */                               \
    X(UNAUTHENTICATED, unauthenticated, "not authenticated", 401)                                  \
    X(FORBIDDEN, forbidden, "not allowed", 403)                                                    \
    X(NOT_FOUND, not_found, "not found", 404)                                                      \
    X(CONFLICT, conflict, "conflict", 409)                /* exists, or changed meanwhile */       \
    X(TOO_LARGE, too_large, "too large", 413)             /* over a documented limit */            \
    X(UNPROCESSABLE, unprocessable, "unprocessable", 422) /* well formed, but wrong */             \
    X(EXHAUSTED, exhausted, "exhausted", 429)             /* too many, too often */                \
    X(UNSUPPORTED, unsupported, "not supported", 501)                                              \
    X(UNAVAILABLE, unavailable, "unavailable", 503) /* may work later */                           \
    X(INTERNAL, internal, "internal error", 500)

#define BO__DECLARE_ERROR(NAME, name, text, status) extern const struct bo_error bo__err_##name;
BO_ERRORS(BO__DECLARE_ERROR)
#undef BO__DECLARE_ERROR

#define BO_CANCELED (&bo__err_canceled)
#define BO_TIMEOUT (&bo__err_timeout)
#define BO_CLOSED (&bo__err_closed)
#define BO_EOF (&bo__err_eof)
#define BO_INVALID (&bo__err_invalid)
#define BO_UNAUTHENTICATED (&bo__err_unauthenticated)
#define BO_FORBIDDEN (&bo__err_forbidden)
#define BO_NOT_FOUND (&bo__err_not_found)
#define BO_CONFLICT (&bo__err_conflict)
#define BO_TOO_LARGE (&bo__err_too_large)
#define BO_UNPROCESSABLE (&bo__err_unprocessable)
#define BO_EXHAUSTED (&bo__err_exhausted)
#define BO_UNSUPPORTED (&bo__err_unsupported)
#define BO_UNAVAILABLE (&bo__err_unavailable)
#define BO_INTERNAL (&bo__err_internal)

// bo_errf makes an error: the formatted text and, if cause is not NULL, ": " and the cause's
// message. It takes over the cause. The message is cut at 4096 bytes. Free with bo_err_free.
bo_err bo_errf(bo_err cause, const char *format, ...) __attribute__((format(printf, 2, 3)));

// bo_err_new makes an error of a kind in words of its own: the formatted text alone is the message.
// The kind is a sentinel, as in bo_err_new(BO_INVALID, "age: expected integer, got string").
bo_err bo_err_new(bo_err kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

// bo_err_sys is the static error of an errno value: "connection refused". bo_err_errno gives the
// value back, from anywhere in the chain, or 0. A value that Linux does not define (0 among them)
// is "unknown system error", whose value is 0.
bo_err bo_err_sys(int errno_value);
int bo_err_errno(bo_err err);

// bo_err_is reports whether err is target or wraps it. NULL is only NULL.
bool bo_err_is(bo_err err, bo_err target);

// bo_err_message is the whole text, outermost first; "ok" for NULL. It lives as long as the error.
const char *bo_err_message(bo_err err);

// bo_err_cause is what err wraps, or NULL. It stays owned by err.
bo_err bo_err_cause(bo_err err);

// bo_err_kind is the static error at the end of the chain, a sentinel or a system error: what
// remains of err once it is freed. BO_INTERNAL if there is none there; NULL for NULL.
bo_err bo_err_kind(bo_err err);

// bo_err_status is the HTTP status of the nearest sentinel in the chain; 500 if there is none
// or if the error came from the system (errno).
int bo_err_status(bo_err err);

// bo_err_free frees an error and what it wraps. NULL and sentinels: no effect.
void bo_err_free(bo_err err);

// BO_TRY returns from the function when the expression yields an error: the only macro of Bora that
// hides control flow.
#define BO_TRY(expression)                                                                         \
    do {                                                                                           \
        bo_err bo__try = (expression);                                                             \
        if (bo__try)                                                                               \
            return bo__try;                                                                        \
    } while (0)

// bo_assert is always on: a broken invariant prints what and where, dumps the goroutines, and
// aborts the program. It is for mistakes of the program, never for input.
#define bo_assert(condition)                                                                       \
    (__builtin_expect(!!(condition), 1) ? (void)0                                                  \
                                        : bo__assert_failed(__FILE__, __LINE__, #condition))

// bo_panic reports a broken invariant in words, dumps the goroutines and aborts.
#define bo_panic(...) bo__panic(__FILE__, __LINE__, __VA_ARGS__)

_Noreturn void bo__assert_failed(const char *file, int line, const char *condition);
_Noreturn void bo__panic(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// bo__panic_hook, if set, is called once with a panic's message written to standard error and
// before abort(): the runtime prints the goroutines there.
extern void (*bo__panic_hook)(void);

#endif
