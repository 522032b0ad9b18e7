// SPDX-License-Identifier: MIT
// words.h: growing lists of words, as command lines and file lists are.
#ifndef BORA_CMD_WORDS_H
#define BORA_CMD_WORDS_H

#include <bora/arena.h>
#include <bora/str.h>

// A list of C strings with a NULL behind the last. The strings are not owned; the list lives in the
// arena. `(struct words){.arena = &arena}` is empty and ready, with at == NULL until the first
// word.
struct words {
    bo_arena *arena;
    const char **at;
    size_t len, cap;
};

void words_add(struct words *w, const char *word);
void words_add_all(struct words *w, const struct words *more);

// words_add_split adds the words of a text that are separated by spaces, copied. NULL adds nothing.
// There is no quoting: flags and environment variables such as CFLAGS, as make reads them.
void words_add_split(struct words *w, const char *text);

// words_addf adds one formatted word.
void words_addf(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool words_has(const struct words *w, const char *word);

// words_sort orders by bytes.
void words_sort(struct words *w);

// words_join is all of them with the separator between each two.
const char *words_join(const struct words *w, char separator);

// format_c formats into the arena.
const char *format_c(bo_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
