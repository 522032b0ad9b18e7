// SPDX-License-Identifier: MIT
// io/io.h: what the files of this room, and the rooms above, share beside bora/io.h.
#ifndef BORA_SRC_IO_IO_H
#define BORA_SRC_IO_IO_H

#include <bora/io.h>
#include <sys/uio.h>

// bo__read_all is bo_read_all for a source that is expected to have so many bytes: memory for them
// is taken at once, though never for more than limit.
bo_err bo__read_all(bo_arena *arena, bo_reader *reader, size_t expected, size_t limit, bo_str *out);

// bo__skip_pieces takes len written bytes, and pieces that are empty, off the front.
static inline void bo__skip_pieces(struct iovec **pieces, int *count, size_t len)
{
    while (*count > 0 && len >= (*pieces)->iov_len) {
        len -= (*pieces)->iov_len;
        ++*pieces;
        --*count;
    }
    if (*count > 0) {
        (*pieces)->iov_base = (char *)(*pieces)->iov_base + len;
        (*pieces)->iov_len -= len;
    }
}

#endif
