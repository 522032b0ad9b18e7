// SPDX-License-Identifier: MIT
// h1_chunked.h: the decoder of chunked bodies (RFC 9112 7.1).
//
// Pure and resumable like the head's parser, but without a buffer to look back into: it takes bytes
// as they come, byte by byte for the framing and in spans for the data.
//
//     while ((event = bo__h1_chunked_next(&chunked, in, len, &taken, &data)) == H1_CHUNK_DATA)
//         use(data), in += taken, len -= taken;
//
// Extensions and trailers are checked and dropped. All that is not data has limits, since nothing
// else bounds it: a size has at most 16 digits, the extensions of a body take at most 4 KB
// together, its trailers at most 8 KB.
#ifndef BORA_SRC_HTTP_H1_CHUNKED_H
#define BORA_SRC_HTTP_H1_CHUNKED_H

#include <bora/str.h>

enum {
    H1_CHUNK_DIGITS_MAX = 16,
    H1_CHUNK_EXTENSIONS_MAX = 4096,
    H1_CHUNK_TRAILERS_MAX = 8192,
};

typedef enum {
    H1_CHUNK_MORE,  // all was taken: call again with what comes next
    H1_CHUNK_DATA,  // *data is the next part of the body, a view of the bytes taken
    H1_CHUNK_END,   // the body is complete; what was not taken is the next message
    H1_CHUNK_BAD,   // refused: reason says why
} h1_chunk_event;

// A zero h1_chunked is ready.
typedef struct {
    size_t most;    // Set by the caller: so much data at once and no more. 0: all there are.
    uint64_t left;  // Bytes of the current chunk's data that have not come yet.
    uint8_t state, digits;
    uint16_t extension_bytes, trailer_bytes;
    const char *reason;
} h1_chunked;

// bo__h1_chunked_next takes from the len bytes at in until there is something to say. *taken is
// always written. Not to be called after H1_CHUNK_END or H1_CHUNK_BAD.
h1_chunk_event bo__h1_chunked_next(h1_chunked *chunked, const char *in, size_t len, size_t *taken,
                                   bo_str *data);

#endif
