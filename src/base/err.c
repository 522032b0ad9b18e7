// SPDX-License-Identifier: MIT
// err.c: sentinels, and errors that wrap others.
//
// A wrapped error is one allocation: the struct and, behind it, the whole text down to the end of
// the chain. Copying the cause's text costs a few bytes for each level and makes the message one C
// string, so that an error can be printed anywhere, a signal handler included, without building
// anything. Errors never change once made, so any thread may read them.
//
// The errors of the system are in err_sys.c, the end of the program in panic.c.
#include "base/error.h"

#include <bora/arena.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_BYTES_MAX 4096

#define DEFINE_ERROR(NAME, name, text, http_status)                                                \
    const struct bo_error bo__err_##name = {.message = (text), .status = (http_status)};
BO_ERRORS(DEFINE_ERROR)
#undef DEFINE_ERROR

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

// new_error makes an error with room for a message of text_len bytes and what the rest adds to it.
// It fills in all but the first text_len bytes and returns where these go.
static char *new_error(size_t text_len, bo_err cause, const char *rest, struct bo_error **out)
{
    const char *colon = rest ? ": " : "";
    rest = rest ? rest : "";
    size_t full_len = text_len + strlen(colon) + strlen(rest);
    size_t len = min_size(full_len, MESSAGE_BYTES_MAX);

    struct bo_error *err = bo_malloc(sizeof(*err) + len + 1);
    char *message = (char *)(err + 1);
    *err = (struct bo_error){.message = message, .cause = cause, .heap = true};
    snprintf(message + text_len, len - text_len + 1, "%s%s", colon, rest);
    *out = err;
    return message;
}

static bo_err format_error(bo_err cause, const char *rest, const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int wanted = vsnprintf(small, sizeof(small), format, args);
    bo_assert(wanted >= 0);
    size_t len = min_size((size_t)wanted, MESSAGE_BYTES_MAX);

    struct bo_error *err;
    char *message = new_error(len, cause, rest, &err);
    if (len < sizeof(small)) {
        memcpy(message, small, len);
    } else {
        // vsnprintf ends what it writes with a NUL, where the cause's text may already begin.
        char behind = message[len];
        vsnprintf(message, len + 1, format, again);
        message[len] = behind;
    }
    va_end(again);
    return err;
}

bo_err bo_errf(bo_err cause, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bo_err err = format_error(cause, cause ? cause->message : NULL, format, args);
    va_end(args);
    return err;
}

bo_err bo_err_new(bo_err kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bo_err err = format_error(kind, NULL, format, args);
    va_end(args);
    return err;
}

int bo_err_errno(bo_err err)
{
    for (; err; err = err->cause)
        if (err->errno_value)
            return err->errno_value;
    return 0;
}

bool bo_err_is(bo_err err, bo_err target)
{
    // Every chain ends with NULL, which none of them means.
    if (!target)
        return !err;
    while (err && err != target)
        err = err->cause;
    return err == target;
}

const char *bo_err_message(bo_err err)
{
    return err ? err->message : "ok";
}

bo_err bo_err_cause(bo_err err)
{
    return err ? err->cause : NULL;
}

bo_err bo_err_kind(bo_err err)
{
    while (err && err->cause)
        err = err->cause;
    return err && err->heap ? BO_INTERNAL : err;
}

int bo_err_status(bo_err err)
{
    for (; err; err = err->cause)
        if (err->status)
            return err->status;
    return 500;
}

void bo_err_free(bo_err err)
{
    while (err && err->heap) {
        bo_err cause = err->cause;
        // The error was made writable by bo_errf; it is const for everybody in between.
        free((void *)(uintptr_t)err);
        err = cause;
    }
}
