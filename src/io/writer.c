// SPDX-License-Identifier: MIT
// writer.c: writing to any sink through the buffer in front of it.
//
// The inline functions of bora/io.h copy into the buffer and come here only when something does not
// fit. A writer that has failed has its cap brought down to len: then nothing fits, so that the
// inline way need not look at the error.
#include "base/digits.h"

#include <bora/io.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// The first memory of a writer to an arena.
enum { FIRST = 256 };

// fail keeps the kind of an error for ever.
static bo_err fail(bo_writer *writer, bo_err err)
{
    writer->err = bo_err_kind(err);
    writer->cap = writer->len;
    bo_err_free(err);
    return writer->err;
}

static bo_err drain(bo_writer *writer, const char *more, size_t more_len)
{
    bo_err err = writer->drain(writer, more, more_len);
    return err ? fail(writer, err) : NULL;
}

bo_err bo__write_slow(bo_writer *writer, bo_str s)
{
    if (writer->err || s.len == 0)
        return writer->err;
    if (writer->drain)
        return drain(writer, s.ptr, s.len);
    size_t room = writer->cap - writer->len;
    if (room > 0)
        memcpy(writer->buf + writer->len, s.ptr, room);
    writer->len = writer->cap;
    return fail(writer, BO_TOO_LARGE);
}

bo_err bo_flush(bo_writer *writer)
{
    if (writer->err || !writer->drain || writer->len == 0)
        return writer->err;
    return drain(writer, NULL, 0);
}

// ---- numbers and formats ----

bo_err bo_write_int(bo_writer *writer, int64_t value)
{
    char digits[BO__DIGITS_MAX];
    return bo_write(writer, bo_str_n(digits, (size_t)(bo__put_i64(digits, value) - digits)));
}

bo_err bo_write_uint(bo_writer *writer, uint64_t value)
{
    char digits[BO__DIGITS_MAX];
    return bo_write(writer, bo_str_n(digits, (size_t)(bo__put_u64(digits, value) - digits)));
}

// write_long formats what did not fit into the buffer once more, into memory of its own.
static bo_err write_long(bo_writer *writer, size_t len, const char *format, va_list args)
{
    char *text = bo_malloc(len + 1);
    vsnprintf(text, len + 1, format, args);
    bo_err err = bo_write(writer, bo_str_n(text, len));
    free(text);
    return err;
}

bo_err bo_writef(bo_writer *writer, const char *format, ...)
{
    if (writer->err)
        return writer->err;
    // Formatted in place: what a text that is too long leaves behind len is not there for anybody.
    size_t room = writer->cap - writer->len;
    char *at = room > 0 ? writer->buf + writer->len : NULL;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int wanted = vsnprintf(at, room, format, args);
    bo_err err = NULL;
    if (wanted < 0)
        err = fail(writer, BO_INVALID);
    else if ((size_t)wanted < room)
        writer->len += (size_t)wanted;
    else
        err = write_long(writer, (size_t)wanted, format, again);
    va_end(again);
    va_end(args);
    return err;
}

// ---- writers ----

bo_writer bo_mem_writer(char *buf, size_t cap)
{
    return (bo_writer){.buf = buf, .cap = cap};
}

// collect makes room for more, and takes of it what is within the limit.
static bo_err collect(bo_writer *writer, const char *more, size_t more_len)
{
    bo_arena_writer *self = (bo_arena_writer *)writer;
    size_t limit = self->limit ? self->limit : SIZE_MAX;
    size_t taken = more_len < limit - writer->len ? more_len : limit - writer->len;
    size_t need = writer->len + taken;
    if (need > writer->cap) {
        size_t cap = writer->cap ? 2 * writer->cap : FIRST;
        cap = cap < need ? need : cap;
        cap = cap < limit ? cap : limit;
        writer->buf = bo_arena_grow(self->arena, writer->buf, writer->cap, cap, 1);
        writer->cap = cap;
    }
    if (taken > 0)
        memcpy(writer->buf + writer->len, more, taken);
    writer->len = need;
    return taken < more_len ? BO_TOO_LARGE : NULL;
}

void bo_arena_writer_init(bo_arena_writer *writer, bo_arena *arena, size_t limit)
{
    *writer = (bo_arena_writer){.writer = {.drain = collect}, .arena = arena, .limit = limit};
}
