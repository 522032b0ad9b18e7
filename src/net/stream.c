// SPDX-License-Identifier: MIT
// stream.c: connections as readers and writers.
#include <bora/net.h>
#include <sys/uio.h>

static bo_err fill(bo_reader *reader, char *into, size_t max, size_t *got)
{
    bo_conn_reader *self = (bo_conn_reader *)reader;
    BO_TRY(bo_conn_read(self->conn, into, max, got));
    return *got == 0 ? BO_EOF : NULL;
}

void bo_conn_reader_init(bo_conn_reader *reader, bo_conn *conn, char *buf, size_t cap)
{
    *reader = (bo_conn_reader){.reader = {.buf = buf, .cap = cap, .fill = fill}, .conn = conn};
}

// drain sends what is buffered and what does not fit behind it in one piece, uncopied.
static bo_err drain(bo_writer *writer, const char *more, size_t more_len)
{
    bo_conn_writer *self = (bo_conn_writer *)writer;
    struct iovec pieces[] = {{writer->buf, writer->len}, {(void *)(uintptr_t)more, more_len}};
    BO_TRY(bo_conn_writev(self->conn, pieces, 2));
    writer->len = 0;
    return NULL;
}

void bo_conn_writer_init(bo_conn_writer *writer, bo_conn *conn, char *buf, size_t cap)
{
    *writer = (bo_conn_writer){.writer = {.buf = buf, .cap = cap, .drain = drain}, .conn = conn};
}
