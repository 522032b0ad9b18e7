// SPDX-License-Identifier: MIT
// io_test.h: a source that can be told how to behave, and numbers that repeat.
#ifndef BORA_SRC_IO_IO_TEST_H
#define BORA_SRC_IO_IO_TEST_H

#include <bora/io.h>
#include <bora/test.h>
#include <stdio.h>

// A source of `data`, which gives at most `step` bytes at a time (0: as many as are asked for) and
// then ends with `end`.
struct source {
    bo_reader reader;
    bo_str data;
    size_t step;
    bo_err end;
    size_t calls;
    bool ended;
};

static inline bo_err source_fill(bo_reader *reader, char *into, size_t max, size_t *got)
{
    struct source *s = (struct source *)reader;
    s->calls++;
    REQUIRE(max > 0);
    REQUIRE(!s->ended);
    if (s->data.len == 0) {
        s->ended = true;
        return s->end;
    }
    size_t len = s->step && s->step < max ? s->step : max;
    len = len < s->data.len ? len : s->data.len;
    memcpy(into, s->data.ptr, len);
    s->data = bo_str_n(s->data.ptr + len, s->data.len - len);
    *got = len;
    return NULL;
}

static inline struct source source_of(bo_str data, size_t step, char *buf, size_t cap)
{
    return (struct source){
        .reader = {.buf = buf, .cap = cap, .fill = source_fill},
        .data = data,
        .step = step,
        .end = BO_EOF,
    };
}

// random_below is a number below n, the same sequence in every run.
static inline size_t random_below(uint64_t *state, size_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((*state >> 33) % n);
}

#endif
