// SPDX-License-Identifier: MIT
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void words_add(struct words *w, const char *word)
{
    if (w->len + 2 > w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 16;
        w->at = bo_arena_grow(w->arena, w->at, w->cap * sizeof *w->at, cap * sizeof *w->at,
                              _Alignof(const char *));
        w->cap = cap;
    }
    w->at[w->len++] = word;
    w->at[w->len] = NULL;
}

void words_add_all(struct words *w, const struct words *more)
{
    for (size_t i = 0; i < more->len; i++)
        words_add(w, more->at[i]);
}

void words_add_split(struct words *w, const char *text)
{
    bo_str rest = bo_str_of(text), word;
    while (bo_str_next(&rest, ' ', &word))
        if (word.len > 0)
            words_add(w, bo_str_c(w->arena, word));
}

static const char *vformat_c(bo_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = bo_alloc_raw(arena, (size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

const char *format_c(bo_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = vformat_c(arena, format, args);
    va_end(args);
    return text;
}

void words_addf(struct words *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    words_add(w, vformat_c(w->arena, format, args));
    va_end(args);
}

bool words_has(const struct words *w, const char *word)
{
    for (size_t i = 0; i < w->len; i++)
        if (strcmp(w->at[i], word) == 0)
            return true;
    return false;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void words_sort(struct words *w)
{
    if (w->len > 1)
        qsort(w->at, w->len, sizeof *w->at, compare_words);
}

const char *words_join(const struct words *w, char separator)
{
    size_t bytes = 1;
    for (size_t i = 0; i < w->len; i++)
        bytes += strlen(w->at[i]) + 1;
    char *text = bo_alloc_raw(w->arena, bytes, 1), *end = text;
    for (size_t i = 0; i < w->len; i++) {
        if (i > 0)
            *end++ = separator;
        end = stpcpy(end, w->at[i]);
    }
    *end = '\0';
    return text;
}
