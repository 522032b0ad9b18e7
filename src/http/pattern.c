// SPDX-License-Identifier: MIT
// pattern.c: route patterns, and which of two is more specific. See pattern.h.
//
// Two patterns relate as the sets of requests that they match. Each segment gives a relation, the
// method gives one, and the whole is their combination: it is narrower only if nothing in it is
// wider. Where sets overlap and neither holds the other, no rule could choose between the routes
// that would not surprise somebody, so such a pair is refused. This is the rule of Go 1.22.
#include "http/pattern.h"
#include "http/names.h"
#include "http/path.h"
#include "http/scan.h"

static bool is_name(bo_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || !http_is(c, HTTP_DIGIT)))
            return false;
    }
    return s.len > 0;
}

static bo_err fault(const http_pattern *p, const char *what)
{
    return bo_errf(BO_INVALID, "pattern \"%s\": %s", p->text, what);
}

static bo_err add_wildcard(http_pattern *p, http_segment_kind kind, bo_str name)
{
    if (!is_name(name))
        return fault(p, "a name in braces is letters, digits and _");
    for (size_t i = 0; i < p->count; i++) {
        if (p->segments[i].kind != HTTP_LITERAL && bo_str_eq(p->segments[i].text, name))
            return fault(p, "two wildcards have the same name");
    }
    if (++p->wildcards > HTTP_WILDCARDS_MAX)
        return fault(p, "more than 16 wildcards");
    p->segments[p->count++] = (http_segment){kind, name};
    return NULL;
}

static bo_err add_literal(http_pattern *p, bo_str raw, bo_arena *arena)
{
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '{' || c == '}')
            return fault(p, "a wildcard is a whole segment, like /{id}/");
        if (c == '?' || (!http_is(c, HTTP_TARGET) && !((uint8_t)c & 0x80)))
            return fault(p, "a path has no spaces, '?' or '#'");
    }
    bo_str slashed = bo_str_printf(arena, "/" BO_FMT, BO_ARG(raw));
    http_path decoded;
    const char *why = bo__http_path_split(slashed, arena, &decoded);
    if (why)
        return fault(p, why);
    if (decoded.unclean)
        return fault(p, "segments \".\" and \"..\" never match");
    p->segments[p->count++] = (http_segment){HTTP_LITERAL, decoded.segments[0]};
    return NULL;
}

static bo_err add_segment(http_pattern *p, bo_str raw, bool last, bo_arena *arena)
{
    if (p->count == HTTP_SEGMENTS_MAX)
        return fault(p, "too many segments");
    if (raw.len == 0) {
        if (!last)
            return fault(p, "empty segments never match");
        p->segments[p->count++] = (http_segment){HTTP_REST, bo_s("")};
        return NULL;
    }
    if (raw.ptr[0] != '{' || raw.ptr[raw.len - 1] != '}')
        return add_literal(p, raw, arena);
    bo_str name = bo_str_sub(raw, 1, raw.len - 1);
    bool end = bo_str_eq(name, bo_s("$")), rest = bo_str_ends(name, bo_s("..."));
    if ((end || rest) && !last)
        return fault(p, "{$} and {name...} are only for the end");
    if (end)
        return add_literal(p, bo_s(""), arena);
    return add_wildcard(p, rest ? HTTP_REST : HTTP_ONE,
                        rest ? bo_str_sub(name, 0, name.len - 3) : name);
}

bo_err bo__http_pattern_parse(const char *text, bo_arena *arena, http_pattern *out)
{
    http_pattern p = {.text = text};
    bo_str path = bo_str_of(text);
    ptrdiff_t space = bo_str_find_byte(path, ' ');
    if (space >= 0) {
        p.method = bo_str_sub(path, 0, (size_t)space);
        path = bo_str_trim(bo_str_sub(path, (size_t)space, path.len));
        if (!bo__http_token(p.method))
            return fault(&p, "the method is not a token");
    }
    if (!bo_str_starts(path, bo_s("/")))
        return fault(&p, "a pattern is [METHOD ]/path");
    http_segment segments[HTTP_SEGMENTS_MAX];
    p.segments = segments;
    const char *at = path.ptr, *end = path.ptr + path.len;
    while (at < end) {
        const char *slash = memchr(at + 1, '/', (size_t)(end - at - 1));
        bo_str segment = bo_str_n(at + 1, (size_t)((slash ? slash : end) - at - 1));
        BO_TRY(add_segment(&p, segment, !slash, arena));
        at = slash ? slash : end;
    }
    p.segments = bo_new_n(arena, http_segment, p.count);
    memcpy(p.segments, segments, p.count * sizeof(http_segment));
    *out = p;
    return NULL;
}

static http_relation combine(http_relation a, http_relation b)
{
    if (a == HTTP_DISJOINT || b == HTTP_DISJOINT)
        return HTTP_DISJOINT;
    if (a == HTTP_EQUAL || a == b)
        return b;
    return b == HTTP_EQUAL ? a : HTTP_OVERLAPPING;
}

static http_relation compare_methods(bo_str a, bo_str b)
{
    if (bo_str_eq(a, b))
        return HTTP_EQUAL;
    if (a.len == 0)
        return HTTP_WIDER;
    if (b.len == 0)
        return HTTP_NARROWER;
    if (bo_str_eq(a, bo_s("GET")) && bo_str_eq(b, bo_s("HEAD")))
        return HTTP_WIDER;
    if (bo_str_eq(a, bo_s("HEAD")) && bo_str_eq(b, bo_s("GET")))
        return HTTP_NARROWER;
    return HTTP_DISJOINT;
}

// compare_segments compares two of which neither is a rest.
static http_relation compare_segments(http_segment a, http_segment b)
{
    if (a.kind == HTTP_LITERAL && b.kind == HTTP_LITERAL)
        return bo_str_eq(a.text, b.text) ? HTTP_EQUAL : HTTP_DISJOINT;
    if (a.kind == HTTP_LITERAL)
        return a.text.len ? HTTP_NARROWER : HTTP_DISJOINT;
    if (b.kind == HTTP_LITERAL)
        return b.text.len ? HTTP_WIDER : HTTP_DISJOINT;
    return HTTP_EQUAL;
}

http_relation bo__http_pattern_compare(const http_pattern *a, const http_pattern *b)
{
    http_relation relation = compare_methods(a->method, b->method);
    for (size_t i = 0; relation != HTTP_DISJOINT; i++) {
        if (i == a->count || i == b->count)
            return a->count == b->count ? relation : HTTP_DISJOINT;
        bool a_rest = a->segments[i].kind == HTTP_REST, b_rest = b->segments[i].kind == HTTP_REST;
        if (a_rest || b_rest)
            return combine(relation, a_rest && b_rest ? HTTP_EQUAL
                                     : a_rest         ? HTTP_WIDER
                                                      : HTTP_NARROWER);
        relation = combine(relation, compare_segments(a->segments[i], b->segments[i]));
    }
    return relation;
}

bo_str bo__http_pattern_common(const http_pattern *a, const http_pattern *b, bo_arena *arena)
{
    bo_str path = bo_s("");
    const http_pattern *longer = a->count >= b->count ? a : b;
    for (size_t i = 0; i < longer->count; i++) {
        http_segment s = longer->segments[i];
        if (s.kind != HTTP_LITERAL && i < a->count && a->segments[i].kind == HTTP_LITERAL)
            s = a->segments[i];
        if (s.kind != HTTP_LITERAL && i < b->count && b->segments[i].kind == HTTP_LITERAL)
            s = b->segments[i];
        path = bo_str_printf(arena, BO_FMT "/" BO_FMT, BO_ARG(path), BO_ARG(s.text));
    }
    return path;
}
