// SPDX-License-Identifier: MIT
// http1.c: any bytes as what a client sends: a head, and a chunked body behind it. However the
// bytes are cut, the verdict and the body must be the same.
#include "../src/http/h1_chunked.h"
#include "../src/http/h1_head.h"

#include "fuzz.h"
#include <bora/err.h>

enum { FIELDS_MAX = 20, BYTES_MAX = 2000 };

struct outcome {
    h1_verdict verdict;
    uint16_t status;
    uint32_t head_len, field_count;
    h1_chunk_event event;
    size_t data_len, body_len;
    uint64_t data_hash;
};

static void read_chunks(bo_str bytes, size_t piece, struct outcome *out)
{
    h1_chunked chunked = {.most = piece};
    out->event = H1_CHUNK_MORE;
    for (size_t at = 0; at < bytes.len && out->event <= H1_CHUNK_DATA;) {
        size_t len = bytes.len - at < piece ? bytes.len - at : piece, taken = 0;
        bo_str data = {0};
        out->event = bo__h1_chunked_next(&chunked, bytes.ptr + at, len, &taken, &data);
        bo_assert(taken <= len && data.len <= piece);
        for (size_t i = 0; i < data.len; i++)
            out->data_hash = out->data_hash * 31 + (uint8_t)data.ptr[i];
        out->data_len += data.len;
        at += taken;
        out->body_len = at;
    }
    // Whether data or framing came last depends on the pieces.
    if (out->event == H1_CHUNK_DATA)
        out->event = H1_CHUNK_MORE;
}

// read_in reads all in pieces of so many bytes.
static struct outcome read_in(bo_str bytes, size_t piece)
{
    http_span_field fields[FIELDS_MAX];
    h1_head head = {.fields = fields, .fields_max = FIELDS_MAX, .bytes_max = BYTES_MAX};
    struct outcome out = {.verdict = H1_MORE};
    for (size_t len = 0; len < bytes.len && out.verdict == H1_MORE;) {
        len = bytes.len - len < piece ? bytes.len : len + piece;
        out.verdict = bo__h1_head_parse(&head, bytes.ptr, len);
    }
    if (out.verdict == H1_BAD)
        out.status = head.status;
    if (out.verdict == H1_DONE) {
        bo_assert(head.head_len <= bytes.len && head.field_count <= FIELDS_MAX);
        out.head_len = head.head_len;
        out.field_count = head.field_count;
    }
    read_chunks(bo_str_sub(bytes, out.head_len, bytes.len), piece, &out);
    return out;
}

FUZZ(http1, bytes)
{
    struct outcome whole = read_in(bytes, bytes.len + 1);
    for (size_t piece = 1; piece <= 7; piece += 3) {
        struct outcome cut = read_in(bytes, piece);
        bo_assert(cut.verdict == whole.verdict && cut.status == whole.status);
        bo_assert(cut.head_len == whole.head_len && cut.field_count == whole.field_count);
        bo_assert(cut.event == whole.event && cut.data_len == whole.data_len);
        bo_assert(cut.data_hash == whole.data_hash && cut.body_len == whole.body_len);
    }
}
