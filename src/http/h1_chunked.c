// SPDX-License-Identifier: MIT
// h1_chunked.c: the decoder of chunked bodies. See h1_chunked.h.
//
// One state a byte, named after what it waits for. A line ends in CR LF and nowhere else: a bare LF
// in a chunk's line is how one message was made to look like two (CVE-2025-22871).
#include "http/h1_chunked.h"
#include "http/scan.h"
#include <bora/err.h>

typedef enum {
    SIZE,       // a size's first digit
    MORE_SIZE,  // a further digit, or what ends the size
    SPACE,      // more of it, or the semicolon of an extension
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,       // a trailer's first byte, or the CR of the empty line
    TRAILER_NAME,  // a further one of its name
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END,
    BAD,
} state;

static state bad(h1_chunked *c, const char *reason)
{
    c->reason = reason;
    return BAD;
}

static unsigned hex_value(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)((digit | 0x20) - 'a' + 10);
}

static state take_size(h1_chunked *c, char byte)
{
    if (http_is(byte, HTTP_HEX)) {
        if (c->digits == H1_CHUNK_DIGITS_MAX)
            return bad(c, "a chunk's size has too many digits");
        c->digits++;
        c->left = c->left << 4 | hex_value(byte);
        return MORE_SIZE;
    }
    if (c->digits == 0)
        return bad(c, "a chunk's size is missing");
    if (byte == '\r')
        return SIZE_LF;
    if (byte == ';')
        return EXTENSION;
    if (byte == ' ' || byte == '\t')
        return SPACE;
    return bad(c, "a chunk's size is not hexadecimal");
}

static state take_extension(h1_chunked *c, state at, char byte)
{
    if (at == EXTENSION && byte == '\r')
        return SIZE_LF;
    //= RFC 9112 7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name [ ... ] ): nothing else follows a
    //= space.
    if (at == SPACE && byte != ';' && byte != ' ' && byte != '\t')
        return bad(c, "a space behind a chunk's size");
    if (http_is_control(byte))
        return bad(c, "a control character in a chunk's extension");
    if (c->extension_bytes++ == H1_CHUNK_EXTENSIONS_MAX)
        return bad(c, "the chunks' extensions are too long");
    return at == SPACE && byte != ';' ? SPACE : EXTENSION;
}

static state take_trailer(h1_chunked *c, state at, char byte)
{
    if (at == TRAILER && byte == '\r')
        return END_LF;
    if (at == TRAILER_VALUE && byte == '\r')
        return TRAILER_LF;
    if (c->trailer_bytes++ == H1_CHUNK_TRAILERS_MAX)
        return bad(c, "the trailers are too long");
    if (at == TRAILER_VALUE)
        return http_is_control(byte) ? bad(c, "a control character in a trailer") : TRAILER_VALUE;
    if (at == TRAILER_NAME && byte == ':')
        return TRAILER_VALUE;
    return http_is(byte, HTTP_TOKEN) ? TRAILER_NAME : bad(c, "a trailer's name is not a token");
}

static state take_lf(h1_chunked *c, char byte, state next)
{
    return byte == '\n' ? next : bad(c, "a CR without LF in the chunks");
}

// take_byte is the framing: the state after one more byte. DATA is left by bo__h1_chunked_next.
static state take_byte(h1_chunked *c, char byte)
{
    switch ((state)c->state) {
    case SIZE:
    case MORE_SIZE:
        return take_size(c, byte);
    case SPACE:
    case EXTENSION:
        return take_extension(c, (state)c->state, byte);
    case SIZE_LF:
        c->digits = 0;
        return take_lf(c, byte, c->left ? DATA : TRAILER);
    case DATA_CR:
        return byte == '\r' ? DATA_LF : bad(c, "a chunk is longer than its size");
    case DATA_LF:
        return take_lf(c, byte, SIZE);
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return take_trailer(c, (state)c->state, byte);
    case TRAILER_LF:
        return take_lf(c, byte, TRAILER);
    case END_LF:
        return take_lf(c, byte, END);
    case DATA:
    case END:
    case BAD:
        break;
    }
    bo_panic("chunked decoder in state %d", c->state);
}

h1_chunk_event bo__h1_chunked_next(h1_chunked *chunked, const char *in, size_t len, size_t *taken,
                                   bo_str *data)
{
    size_t i = 0;
    while (i < len && chunked->state != DATA && chunked->state < END)
        chunked->state = (uint8_t)take_byte(chunked, in[i++]);
    if (chunked->state == DATA && i < len) {
        size_t part = len - i < chunked->left ? len - i : (size_t)chunked->left;
        if (chunked->most && part > chunked->most)
            part = chunked->most;
        *data = bo_str_n(in + i, part);
        *taken = i + part;
        chunked->left -= part;
        if (chunked->left == 0)
            chunked->state = DATA_CR;
        return H1_CHUNK_DATA;
    }
    *taken = i;
    if (chunked->state == END)
        return H1_CHUNK_END;
    return chunked->state == BAD ? H1_CHUNK_BAD : H1_CHUNK_MORE;
}
