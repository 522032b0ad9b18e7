// SPDX-License-Identifier: MIT
// json_error.c: what was wrong, where, and what was there instead.
//
// All of this is off the way of good input. Whatever a stranger wrote is shown cut short and with
// anything but visible ASCII as '?', so that a message is one line of text wherever it ends up.
#include "encoding/json.h"
#include <stdarg.h>
#include <stdio.h>

#define SHOWN_MAX 32          // Bytes of the text that a message shows.
#define BROKEN_LISTED_MAX 16  // Broken constraints that are listed; the others are counted.
#define BROKEN_BYTES 4000     // Of their list: an error cuts its message at 4096.
#define BROKEN_ONE_BYTES 400

// show copies the beginning of a stranger's text.
static void show(char out[SHOWN_MAX + 4], bo_str text)
{
    size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;
    for (size_t i = 0; i < len; i++)
        out[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
    strcpy(out + len, len < text.len ? "..." : "");
}

// prepend puts text in front of what a buffer holds from *at on, if there is room for it.
static bool prepend(const char *buffer, char **at, const char *text, size_t len)
{
    if ((size_t)(*at - buffer) < len)
        return false;
    *at -= len;
    memcpy(*at, text, len);
    return true;
}

// part is what a place adds to the path: ".name" or "[3]".
static size_t part(const json_place *place, char out[BO_JSON_DEPTH_MAX])
{
    if (place->is_slice)
        return (size_t)sprintf(out, "[%zu]", place->index);
    bo_str name = place->name;
    if (place->field)
        name = bo_field_name(place->field);
    if (name.len == 0)
        return 0;
    if (place->field)
        return (size_t)sprintf(out, "." BO_FMT, BO_ARG(name));
    char shown[SHOWN_MAX + 4];
    show(shown, name);
    return (size_t)sprintf(out, ".%s", shown);
}

bo_str bo__json_path(const json_place *place, char buffer[JSON_PATH_MAX + 8])
{
    char *front = buffer + 4;
    char *at = front + JSON_PATH_MAX, *end = at;
    char text[BO_JSON_DEPTH_MAX];
    bool whole = true;
    for (; place && whole; place = place->outer)
        whole = prepend(front, &at, text, part(place, text));
    if (!whole)
        prepend(buffer, &at, "...", 3);
    else if (at < end && *at == '.')
        at++;
    if (at == end)
        return bo_str_n(at, 0);
    memcpy(end, ": ", 3);
    return bo_str_n(at, (size_t)(end - at) + 2);
}

const char *bo__json_fail(json_decoder *d, bo_err kind, const char *at, const char *format, ...)
{
    char text[256], path[JSON_PATH_MAX + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bo_str where = bo__json_path(d->place, path);
    d->err =
        bo_err_new(kind, BO_FMT "%s at byte %zu", BO_ARG(where), text, (size_t)(at - d->begin));
    return NULL;
}

static bool is_token_byte(char c)
{
    return json_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.' || c == '_';
}

// found names what stands at a byte: a kind of value, the number itself, or the character.
static void found(const json_decoder *d, const char *at, char out[SHOWN_MAX + 16])
{
    static const struct {
        char first;
        const char *name;
    } values[] = {{'"', "string"}, {'{', "object"}, {'[', "array"}};
    if (at >= d->end) {
        strcpy(out, "end of text");
        return;
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (*at == values[i].first) {
            strcpy(out, values[i].name);
            return;
        }
    size_t len = 0;
    while (at + len < d->end && is_token_byte(at[len]))
        len++;
    if (len > 0)
        show(out, bo_str_n(at, len));
    else if (*at > ' ' && *at <= '~')
        sprintf(out, "'%c'", *at);
    else
        sprintf(out, "byte 0x%02x", (uint8_t)*at);
}

const char *bo__json_expected(json_decoder *d, const char *at, const char *expected)
{
    char got[SHOWN_MAX + 16];
    found(d, at, got);
    return bo__json_fail(d, BO_INVALID, at, "expected %s, got %s", expected, got);
}

void bo__json_add_broken(json_decoder *d, const char *at, const char *format, ...)
{
    if (++d->broken_count > BROKEN_LISTED_MAX)
        return;
    if (!d->broken)
        d->broken = bo_alloc_raw(d->arena, BROKEN_BYTES, 1);
    char text[256], path[JSON_PATH_MAX + 8], line[BROKEN_ONE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bo_str where = bo__json_path(d->place, path);
    int wrote =
        snprintf(line, sizeof line, "%s" BO_FMT "%s at byte %zu", d->broken_count > 1 ? "; " : "",
                 BO_ARG(where), text, (size_t)(at - d->begin));
    size_t len = (size_t)wrote < sizeof line ? (size_t)wrote : sizeof line - 1;
    if (len > BROKEN_BYTES - d->broken_len)
        len = BROKEN_BYTES - d->broken_len;
    memcpy(d->broken + d->broken_len, line, len);
    d->broken_len += len;
}

bo_err bo__json_broken(const json_decoder *d)
{
    if (d->broken_count == 0)
        return NULL;
    if (d->broken_count <= BROKEN_LISTED_MAX)
        return bo_err_new(BO_UNPROCESSABLE, "%.*s", (int)d->broken_len, d->broken);
    return bo_err_new(BO_UNPROCESSABLE, "%.*s; and %zu more", (int)d->broken_len, d->broken,
                      d->broken_count - BROKEN_LISTED_MAX);
}
