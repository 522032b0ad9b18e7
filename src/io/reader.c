// SPDX-License-Identifier: MIT
// reader.c: reading from any source through the buffer in front of it.
//
// Two functions are all that touches the source: fill calls it and keeps why it ended, more has it
// fill the buffer behind what is there already. The rest takes bytes out of the buffer, or lets
// large reads go straight to where they are wanted.
//
// Invariants: pos <= end <= cap. A reader with an error never calls its source again, but still
// hands out what the buffer holds. The memory behind a reader without a source is not ours to
// change: nothing moves in it.
#include "io/io.h"

#include "base/error.h"

// SCRATCH is what bytes pass through where there is no buffer: little, since it lies on the stack.
enum { SCRATCH = 512, FIRST = 512 };

// A source that ends in the middle of something. It is static because strangers choose how often
// that happens.
static const struct bo_error ended_early = {.message = "unexpected end of file", .cause = BO_EOF};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

// ---- the source ----

// has_ended returns why nothing more comes, or NULL.
static bo_err has_ended(bo_reader *reader)
{
    if (!reader->err && !reader->fill)
        reader->err = BO_EOF;
    return reader->err;
}

// what_sticks is the kind of an error. What was cut short must not look as if it had ended, though:
// it wraps an end of file and goes on doing so.
static bo_err what_sticks(bo_err err)
{
    bo_err kind = bo_err_kind(err);
    return kind == BO_EOF && err != BO_EOF ? &ended_early : kind;
}

static bo_err fill(bo_reader *reader, char *into, size_t max, size_t *got)
{
    BO_TRY(has_ended(reader));
    size_t len = 0;
    bo_err err = reader->fill(reader, into, max, &len);
    if (err) {
        reader->err = what_sticks(err);
        return err;
    }
    bo_assert(len > 0);
    bo_assert(len <= max);
    *got = len;
    return NULL;
}

// more fills the buffer behind what it holds, which moves to the front. A byte moves but once,
// since it stays at the front until it is taken.
static bo_err more(bo_reader *reader)
{
    BO_TRY(has_ended(reader));
    size_t held = reader->end - reader->pos;
    if (held > 0 && reader->pos > 0)
        memmove(reader->buf, reader->buf + reader->pos, held);
    reader->pos = 0;
    reader->end = held;
    size_t got = 0;
    BO_TRY(fill(reader, reader->buf + held, reader->cap - held, &got));
    reader->end += got;
    return NULL;
}

// cut_short is the error of a source that ended with `had` bytes of what was wanted.
static bo_err cut_short(bo_err err, uint64_t had)
{
    return err == BO_EOF && had > 0 ? &ended_early : err;
}

// view shows the next len bytes of the buffer.
static bo_str view(const bo_reader *reader, size_t len)
{
    return bo_str_n(reader->buf ? reader->buf + reader->pos : NULL, len);
}

// ---- bytes ----

bo_err bo_read(bo_reader *reader, void *into, size_t max, size_t *got)
{
    if (reader->pos == reader->end && max > 0) {
        if (max >= reader->cap)
            return fill(reader, into, max, got);
        BO_TRY(more(reader));
    }
    size_t len = min_size(max, reader->end - reader->pos);
    if (len > 0)
        memcpy(into, reader->buf + reader->pos, len);
    reader->pos += len;
    *got = len;
    return NULL;
}

bo_err bo_read_full(bo_reader *reader, void *into, size_t len)
{
    for (size_t had = 0, got = 0; had < len; had += got) {
        bo_err err = bo_read(reader, (char *)into + had, len - had, &got);
        if (err)
            return cut_short(err, had);
    }
    return NULL;
}

// ---- views ----

// find looks for a byte and says how many stand before it. After an error all that was looked
// through is still in the buffer.
static bo_err find(bo_reader *reader, char byte, size_t limit, size_t *before)
{
    bo_assert(reader->cap > 0 || !reader->fill);
    size_t fits = reader->fill ? reader->cap - 1 : SIZE_MAX - 1;
    size_t max = limit > 0 ? min_size(limit, fits) : fits;
    for (size_t seen = 0;;) {
        size_t there = reader->end - reader->pos;
        size_t upto = min_size(there, max + 1);
        const char *from = view(reader, 0).ptr;
        const char *found = seen < upto ? memchr(from + seen, byte, upto - seen) : NULL;
        if (found) {
            *before = (size_t)(found - from);
            return NULL;
        }
        if (there > max)
            return BO_TOO_LARGE;
        seen = there;
        BO_TRY(more(reader));
    }
}

bo_err bo_read_until(bo_reader *reader, char end, size_t limit, bo_str *out)
{
    size_t len = 0;
    bo_err err = find(reader, end, limit, &len);
    if (err)
        return cut_short(err, reader->end - reader->pos);
    *out = view(reader, len);
    reader->pos += len + 1;
    return NULL;
}

bo_err bo_read_line(bo_reader *reader, size_t limit, bo_str *out)
{
    size_t len = 0, rest;
    bo_err err = find(reader, '\n', limit, &len);
    rest = reader->end - reader->pos;
    if (err && (err != BO_EOF || rest == 0))
        return err;
    bo_str line = view(reader, err ? rest : len);
    reader->pos += err ? rest : len + 1;
    if (!err && bo_str_ends(line, bo_s("\r")))
        line.len--;
    *out = line;
    return NULL;
}

bo_err bo_peek(bo_reader *reader, size_t len, bo_str *out)
{
    if (reader->fill && len > reader->cap)
        return BO_TOO_LARGE;
    while (reader->end - reader->pos < len) {
        bo_err err = more(reader);
        if (err)
            return cut_short(err, reader->end - reader->pos);
    }
    *out = view(reader, len);
    return NULL;
}

// ---- to the end ----

// take_part takes what comes next, at most max bytes (never 0): from the buffer, or through scratch
// where there is none.
static bo_err take_part(bo_reader *reader, char scratch[SCRATCH], uint64_t max, bo_str *out)
{
    if (reader->cap == 0) {
        size_t got = 0;
        BO_TRY(fill(reader, scratch, max < SCRATCH ? (size_t)max : SCRATCH, &got));
        *out = bo_str_n(scratch, got);
        return NULL;
    }
    if (reader->pos == reader->end)
        BO_TRY(more(reader));
    size_t there = reader->end - reader->pos;
    *out = view(reader, max < there ? (size_t)max : there);
    reader->pos += out->len;
    return NULL;
}

bo_err bo_skip(bo_reader *reader, uint64_t len)
{
    char scratch[SCRATCH];
    for (uint64_t had = 0; had < len;) {
        bo_str part;
        bo_err err = take_part(reader, scratch, len - had, &part);
        if (err)
            return cut_short(err, had);
        had += part.len;
    }
    return NULL;
}

bo_err bo__read_all(bo_arena *arena, bo_reader *reader, size_t expected, size_t limit, bo_str *out)
{
    limit = min_size(limit, SIZE_MAX / 4);
    size_t len = 0, got = 0, cap = min_size(expected > FIRST ? expected : FIRST, limit);
    // One more for the NUL; as long as it is not there, it shows whether there are too many.
    char *text = bo_alloc_raw(arena, cap + 1, 1);
    bo_err err;
    while (!(err = bo_read(reader, text + len, cap + 1 - len, &got))) {
        len += got;
        if (len <= cap)
            continue;
        if (cap == limit) {
            err = BO_TOO_LARGE;
            break;
        }
        size_t larger = cap > limit / 2 ? limit : 2 * cap;
        text = bo_arena_grow(arena, text, cap + 1, larger + 1, 1);
        cap = larger;
    }
    text = bo_arena_grow(arena, text, cap + 1, err == BO_EOF ? len + 1 : 0, 1);
    if (err != BO_EOF)
        return err;
    text[len] = '\0';
    *out = bo_str_n(text, len);
    return NULL;
}

bo_err bo_read_all(bo_arena *arena, bo_reader *reader, size_t limit, bo_str *out)
{
    return bo__read_all(arena, reader, 0, limit, out);
}

// expect_end returns BO_EOF at the end, BO_TOO_LARGE if more follows.
static bo_err expect_end(bo_reader *reader)
{
    char byte;
    size_t got;
    bo_str next;
    BO_TRY(reader->cap > 0 ? bo_peek(reader, 1, &next) : bo_read(reader, &byte, 1, &got));
    return BO_TOO_LARGE;
}

bo_err bo_copy(bo_writer *to, bo_reader *from, uint64_t limit, uint64_t *copied)
{
    char scratch[SCRATCH];
    uint64_t done = 0;
    bo_err err;
    for (bo_str part;; done += part.len) {
        err = done < limit ? take_part(from, scratch, limit - done, &part) : expect_end(from);
        if (err) {
            err = err == BO_EOF ? NULL : err;
            break;
        }
        err = bo_write(to, part);
        if (err)
            break;
    }
    if (copied)
        *copied = done;
    return err;
}

// ---- readers ----

bo_reader bo_mem_reader(bo_str data)
{
    // Without a source nothing is ever written there.
    return (bo_reader){.buf = (char *)(uintptr_t)data.ptr, .end = data.len, .cap = data.len};
}

static bo_err fill_within_limit(bo_reader *reader, char *into, size_t max, size_t *got)
{
    bo_limit_reader *self = (bo_limit_reader *)reader;
    if (self->left == 0)
        return BO_EOF;
    BO_TRY(bo_read(self->from, into, self->left < max ? (size_t)self->left : max, got));
    self->left -= *got;
    return NULL;
}

void bo_limit_reader_init(bo_limit_reader *reader, bo_reader *from, uint64_t limit, char *buf,
                          size_t cap)
{
    *reader = (bo_limit_reader){
        .reader = {.buf = buf, .cap = cap, .fill = fill_within_limit},
        .from = from,
        .left = limit,
    };
}
