// SPDX-License-Identifier: MIT
// bora/io.h: readers and writers.
//
// A reader is a buffer and a function that fills it; a writer is a buffer and a function that
// drains it. The buffer sits here, in front, so that bytes, lines and numbers go through without a
// call, and only whole buffers pass the function behind it: a socket's, a file's, a decoder's.
//
//     char in[4096], out[4096];
//     bo_fd_reader reader;
//     bo_fd_writer writer;
//     bo_fd_reader_init(&reader, 0, in, sizeof(in));
//     bo_fd_writer_init(&writer, 1, out, sizeof(out));
//     for (bo_str line; !bo_read_line(&reader.reader, 0, &line);)
//         bo_writef(&writer.writer, "%zu " BO_FMT "\n", line.len, BO_ARG(line));
//     bo_err err = bo_flush(&writer.writer);
//
// The first error sticks. Once a reader or writer has failed, it fails at once for ever after, so a
// loop of writes may go unchecked and bo_flush tells how it went. What sticks is the kind of the
// error (bo_err_kind), which is static; of an end of file that came too early there sticks one that
// wraps BO_EOF, so that it is not taken for the end. A reader hands out the full error once, to the
// call that met it: its caller frees it, as always. A writer's functions only return kinds: nobody
// needs to free them.
//
// Readers and writers belong to one goroutine at a time. All functions park where the source or the
// sink behind them does; those in memory never do.
#ifndef BORA_IO_H
#define BORA_IO_H

#include <bora/arena.h>
#include <bora/err.h>
#include <bora/str.h>

// ---- reading ----

typedef struct bo_reader bo_reader;

// To make a reader of your own, put one first in your struct and set buf, cap and fill.
struct bo_reader {
    char *buf;   // The buffer; NULL if cap is 0. It may be exchanged while pos is end.
    size_t pos;  // The bytes from pos up to end have come in and are not taken yet.
    size_t end;
    size_t cap;
    bo_err err;  // Why nothing more comes, BO_EOF mostly; NULL as long as something may. Static.

    // fill reads at least one and at most max (never 0) bytes from the source to `into`, says how
    // many in *got, and may park for them; or it returns BO_EOF, or an error that the caller takes
    // over. It is not called again after that. NULL: the buffer holds all there is.
    bo_err (*fill)(bo_reader *reader, char *into, size_t max, size_t *got);
};

// bo_mem_reader reads from memory, which must outlive it. Never parks.
bo_reader bo_mem_reader(bo_str data);

// A reader of a file descriptor, through the caller's buffer of cap bytes. It does not close it,
// and leaves its flags as they are. Pipes, terminals and sockets park until there is something to
// read, or until the scope ends: BO_CANCELED or BO_TIMEOUT. A read from a disk is not cancelled; it
// blocks a thread, not the core (bo_blocking). Errors name the descriptor.
typedef struct {
    bo_reader reader;
    int fd;
} bo_fd_reader;

void bo_fd_reader_init(bo_fd_reader *reader, int fd, char *buf, size_t cap);

// A reader that ends after `limit` bytes of another, which it reads through, or where the other
// ends; `left` then tells. Its buffer may be NULL and 0 if no function is used on it that gives out
// a view. What it has buffered is taken from the other.
typedef struct {
    bo_reader reader;
    bo_reader *from;
    uint64_t left;  // Bytes that it may still take from the other.
} bo_limit_reader;

void bo_limit_reader_init(bo_limit_reader *reader, bo_reader *from, uint64_t limit, char *buf,
                          size_t cap);

// bo_read reads at least one and at most max bytes, as many as are there without waiting longer,
// and says how many in *got. BO_EOF at the end. A max of 0 gives 0.
bo_err bo_read(bo_reader *reader, void *into, size_t max, size_t *got);

// bo_read_full reads exactly len bytes. BO_EOF itself if there is not one; if the source ends
// further on, an error that wraps BO_EOF.
bo_err bo_read_full(bo_reader *reader, void *into, size_t len);

// bo_read_byte reads one byte.
static inline bo_err bo_read_byte(bo_reader *reader, char *out)
{
    if (reader->pos == reader->end)
        return bo_read_full(reader, out, 1);
    *out = reader->buf[reader->pos++];
    return NULL;
}

// bo_read_until reads up to a byte and drops it: *out views what stood before it in the buffer, and
// holds until the next call on the reader. At most `limit` bytes may stand before it (0: as many as
// fit into the buffer with it); BO_TOO_LARGE if there are more. BO_EOF if nothing follows, an error
// that wraps it if the source ends without that byte. After an error nothing is taken and nothing
// lost; too large does not stick.
bo_err bo_read_until(bo_reader *reader, char end, size_t limit, bo_str *out);

// bo_read_line is bo_read_until '\n'; it drops a '\r' before it, which counts towards the limit.
// What follows the last line end is a line too.
bo_err bo_read_line(bo_reader *reader, size_t limit, bo_str *out);

// bo_peek views the next len bytes without taking them. BO_TOO_LARGE if they do not fit into the
// buffer; the end as in bo_read_full, but what is there stays there.
bo_err bo_peek(bo_reader *reader, size_t len, bo_str *out);

// bo_skip drops len bytes. The end as in bo_read_full.
bo_err bo_skip(bo_reader *reader, uint64_t len);

// bo_read_all reads to the end, into the arena, with a NUL behind it. BO_TOO_LARGE if there are
// more than `limit` bytes, before memory is taken for them.
bo_err bo_read_all(bo_arena *arena, bo_reader *reader, size_t limit, bo_str *out);

// ---- writing ----

typedef struct bo_writer bo_writer;

// To make a writer of your own, put one first in your struct and set buf, cap and drain.
struct bo_writer {
    char *buf;   // The buffer; NULL if cap is 0.
    size_t len;  // Bytes in it that the sink has not seen yet.
    size_t cap;  // Its size; len once the writer has failed, so that nothing fits.
    bo_err err;  // Why nothing more goes out; NULL as long as it does. Static.

    // drain writes the len bytes of buf and then the `more_len` bytes at `more` (which may be NULL
    // with 0) to the sink, all of them, and sets len to 0; or it returns an error, which the caller
    // takes over and reduces to its kind. It may park. It is not called again after an error. A
    // sink in memory may take `more` into a larger buf instead. NULL: what does not fit is
    // BO_TOO_LARGE.
    bo_err (*drain)(bo_writer *writer, const char *more, size_t more_len);
};

// bo_mem_writer fills a buffer of the caller's and no more: BO_TOO_LARGE then, with what fits
// written. Never parks.
bo_writer bo_mem_writer(char *buf, size_t cap);

// A writer that collects in an arena, up to limit bytes (0: no limit): BO_TOO_LARGE beyond, with
// what is within written. Never parks.
typedef struct {
    bo_writer writer;
    bo_arena *arena;
    size_t limit;
} bo_arena_writer;

void bo_arena_writer_init(bo_arena_writer *writer, bo_arena *arena, size_t limit);

// bo_written views what a writer in memory has collected, until the next write.
static inline bo_str bo_written(const bo_writer *writer)
{
    return (bo_str){writer->buf, writer->len};
}

// A writer to a file descriptor, through the caller's buffer of cap bytes (0: each write goes
// straight out). It does not close it. It waits as bo_fd_reader does. Where nobody reads any more
// the error is EPIPE; the runtime has SIGPIPE ignored.
typedef struct {
    bo_writer writer;
    int fd;
} bo_fd_writer;

void bo_fd_writer_init(bo_fd_writer *writer, int fd, char *buf, size_t cap);

// bo_write writes all of s. What does not fit into the buffer goes out together with it, uncopied.
static inline bo_err bo_write(bo_writer *writer, bo_str s);

// bo_write_byte writes one byte.
static inline bo_err bo_write_byte(bo_writer *writer, char byte);

// bo_write_int and bo_write_uint write a decimal number.
bo_err bo_write_int(bo_writer *writer, int64_t value);
bo_err bo_write_uint(bo_writer *writer, uint64_t value);

// bo_writef writes formatted text, as printf does. BO_INVALID: it cannot be formatted (a wide
// character that is none, more than 2 GB).
bo_err bo_writef(bo_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

// bo_flush sends what is in the buffer on its way and returns the kind of the first error that the
// writer met, now or before.
bo_err bo_flush(bo_writer *writer);

// bo_copy writes all that `from` still has to `to`, and says how much in *copied, errors or not (it
// may be NULL). BO_TOO_LARGE if there are more than `limit` bytes; those within are written then.
// It does not flush. Which side an error came from is seen at to->err.
bo_err bo_copy(bo_writer *to, bo_reader *from, uint64_t limit, uint64_t *copied);

// ---- whole files ----

// Both block a thread, not the core (bo_blocking), and are not cancelled once begun: in a scope
// that has ended they do nothing. Errors name the path.

// bo_file_read reads a file into the arena, with a NUL behind it. BO_TOO_LARGE if it has more than
// `limit` bytes, before memory is taken for them. Parks.
bo_err bo_file_read(bo_arena *arena, const char *path, size_t limit, bo_str *out);

// bo_file_write replaces the contents of a file, or makes it (mode 0666 less the umask). Who reads
// it meanwhile, or after a crash, finds all of the old or all of the new: the data go to a new file
// beside it, to the disk, and then take over the name, with the owner and the permissions of the
// old one (EPERM if the owner cannot be kept; access control lists are not). A symbolic link is
// followed; other names of the old file keep the old contents. What is no regular file is refused:
// BO_INVALID, a folder EISDIR. After an error the old file is as it was. Parks.
bo_err bo_file_write(const char *path, bo_str data);

// What follows is not for callers.
bo_err bo__write_slow(bo_writer *writer, bo_str s);

static inline bo_err bo_write(bo_writer *writer, bo_str s)
{
    // Nothing to write wraps around here, and finds out the other way whether the writer has
    // failed.
    if (s.len - 1 >= writer->cap - writer->len)
        return bo__write_slow(writer, s);
    memcpy(writer->buf + writer->len, s.ptr, s.len);
    writer->len += s.len;
    return NULL;
}

static inline bo_err bo_write_byte(bo_writer *writer, char byte)
{
    if (writer->len == writer->cap)
        return bo__write_slow(writer, bo_str_n(&byte, 1));
    writer->buf[writer->len++] = byte;
    return NULL;
}

#endif
