// SPDX-License-Identifier: MIT
// log.c: one line of text or JSON, built in one pass and written in one call.
//
// Whoever reads a log, a person or a program, must be able to trust its lines: that each was
// written by the program as a whole, and that what came from a stranger is a value and nothing
// else. So text is quoted unless it is plain ASCII that cannot be mistaken for anything, and these
// are escaped wherever they stand: control characters (which end lines and steer terminals), the
// separators U+2028 and U+2029 (which end lines for some), bytes that are no UTF-8, and the
// characters that make a terminal show text in another order than it has (Unicode TR36 section 3;
// CVE-2021-42574).
//
// Lines end somewhere. While one is built, the last place at which it could be cut is remembered:
// behind a whole pair, or behind a character of a string. If it turns out too long, it goes back
// there. A number or a key is never cut.
//
// The line is built in a buffer of the thread. On the stack it would not fit where goroutines have
// the smallest one, and on the others each goroutine that ever logged would keep two pages more.
// Nothing parks from the first byte to the last, so the thread stays the same.
#include "base/digits.h"
#include "io/quiet.h"

#include <assert.h>
#include <bora/go.h>
#include <bora/log.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

int bo__log_level = BO_LOG_INFO;
static bool as_json;
static int output = 2;

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

struct line {
    char *start;
    char *at;
    char *end;       // Nothing is put beyond this; how a line ends stands behind.
    char *cut_end;   // The same for a line that is cut.
    char *cut;       // The last place at which it can be cut, ...
    bool cut_quote;  // ... which is within quotes.
    bool full;       // Something did not fit: from then on nothing is put any more.
    bool json;
};

// What a line ends in, and what stands before that if it was cut.
static bo_str line_end(bool json)
{
    return json ? bo_s("}\n") : bo_s("\n");
}

static bo_str cut_mark(bool json)
{
    return json ? bo_s(",\"cut\":true") : bo_s(" cut=true");
}

static __attribute__((noinline)) char *line_buffer(void)
{
    static _Thread_local char buffer[BO_LOG_LINE_MAX];
    return buffer;
}

static struct line begin(void)
{
    struct line line = {.start = line_buffer()};
    line.at = line.cut = line.start;
    line.json = __atomic_load_n(&as_json, __ATOMIC_RELAXED);
    line.end = line.start + BO_LOG_LINE_MAX - line_end(line.json).len;
    // The one byte is for the quote that the cut may have to close.
    line.cut_end = line.end - cut_mark(line.json).len - 1;
    return line;
}

// -- putting --------------------------------------------------------------------------------------

// put adds all of s or, if it does not fit, nothing.
static void put(struct line *line, bo_str s)
{
    line->full |= s.len > (size_t)(line->end - line->at);
    if (line->full || s.len == 0)
        return;
    memcpy(line->at, s.ptr, s.len);
    line->at += s.len;
}

static void put_byte(struct line *line, char byte)
{
    put(line, bo_str_n(&byte, 1));
}

// may_cut_here remembers that the line can be cut at its present end.
static void may_cut_here(struct line *line, bool in_quotes)
{
    if (line->full || line->at > line->cut_end)
        return;
    line->cut = line->at;
    line->cut_quote = in_quotes;
}

// put_run adds what fits of a run of bytes between any two of which the line can be cut.
static void put_run(struct line *line, bo_str run, bool in_quotes)
{
    bool begins_before_cut_end = line->at <= line->cut_end;
    size_t room = (size_t)(line->end - line->at);
    put(line, bo_str_sub(run, 0, room));
    line->full |= run.len > room;
    if (!begins_before_cut_end)
        return;
    line->cut = line->at < line->cut_end ? line->at : line->cut_end;
    line->cut_quote = in_quotes;
}

// -- strings --------------------------------------------------------------------------------------

// Printable ASCII that stands for itself within quotes.
static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

// utf8_len is the length of the well-formed character that s begins with, or 0 if there is none.
static size_t utf8_len(bo_str s)
{
    uint8_t lead = (uint8_t)s.ptr[0];
    if (lead < 0x80)
        return 1;
    size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return s.len >= len && bo_utf8_valid(bo_str_n(s.ptr, len)) ? len : 0;
}

// code_point decodes a well-formed character of up to three bytes; those of four are all harmless.
static uint32_t code_point(const char *c, size_t len)
{
    switch (len) {
    case 1:
        return (uint8_t)c[0];
    case 2:
        return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
    default:
        return (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
    }
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) ||  // Control characters, C0 and C1.
           c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) ||  // Bidirectional controls: the property Bidi_Control.
           c == 0x2028 || c == 0x2029;      // The line and the paragraph separator.
}

// put_code puts a backslash, the kind of code, and the value as hexadecimal digits.
static void put_code(struct line *line, char kind, uint32_t value, int digits)
{
    char code[8] = {'\\', kind};
    for (int i = 0; i < digits; i++)
        code[2 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
    put(line, bo_str_n(code, 2 + (size_t)digits));
}

static void put_escape(struct line *line, uint32_t c)
{
    static const char letters[0x80] = {
        ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};
    char escape[] = {'\\', c < 0x80 ? letters[c] : 0};
    if (escape[1])
        put(line, bo_str_n(escape, 2));
    else
        put_code(line, 'u', c, 4);
}

// put_invalid stands for a byte that is no UTF-8. JSON has no way to say which.
static void put_invalid(struct line *line, uint8_t byte)
{
    if (line->json)
        put_code(line, 'u', 0xfffd, 4);
    else
        put_code(line, 'x', byte, 2);
}

// put_character puts the character that s begins with, as itself or escaped, and returns how many
// bytes of s that was.
static size_t put_character(struct line *line, bo_str s)
{
    size_t len = utf8_len(s);
    if (len == 0) {
        put_invalid(line, (uint8_t)s.ptr[0]);
        return 1;
    }
    uint32_t c = len < 4 ? code_point(s.ptr, len) : UINT32_MAX;
    if (c == '"' || c == '\\' || is_dangerous(c))
        put_escape(line, c);
    else
        put(line, bo_str_n(s.ptr, len));
    return len;
}

static void put_escaped(struct line *line, bo_str s, bool in_quotes)
{
    for (size_t i = 0; i < s.len && !line->full;) {
        size_t run = i;
        while (run < s.len && is_plain(s.ptr[run]))
            run++;
        if (run > i) {
            put_run(line, bo_str_sub(s, i, run), in_quotes);
            i = run;
        } else {
            i += put_character(line, bo_str_sub(s, i, s.len));
            may_cut_here(line, in_quotes);
        }
    }
}

static void put_quoted(struct line *line, bo_str s)
{
    put_byte(line, '"');
    put_escaped(line, s, true);
    put_byte(line, '"');
}

// A key or a value needs no quotes if it is ASCII in which nothing has a meaning.
static bool is_bare_word(bo_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_plain(s.ptr[i]) || s.ptr[i] == ' ' || s.ptr[i] == '=')
            return false;
    return s.len > 0;
}

// A message ends where the first pair begins, so it needs none if it has nothing of a pair's, and
// no space at its ends. Letters of any script are bare here: it is the program's own text.
static bool is_bare_message(bo_str s)
{
    for (size_t i = 0, len; i < s.len; i += len) {
        len = utf8_len(bo_str_sub(s, i, s.len));
        bool plain = len > 1 || (len == 1 && is_plain(s.ptr[i]) && s.ptr[i] != '=');
        if (!plain || (len < 4 && is_dangerous(code_point(s.ptr + i, len))))
            return false;
    }
    return s.len > 0 && s.ptr[0] != ' ' && s.ptr[s.len - 1] != ' ';
}

// -- values ---------------------------------------------------------------------------------------

// format_double writes the fewest digits that read back as the same number, from 15 on. Whatever
// the locale has for a decimal point becomes one.
static bo_str format_double(double value, char buffer[64])
{
    char digits[64];
    int precision = 15;
    do
        snprintf(digits, sizeof digits, "%.*g", precision, value);
    while (strtod(digits, NULL) != value && ++precision <= 17);
    char *at = buffer;
    for (const char *c = digits; *c; c++) {
        if ((*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e')
            *at++ = *c;
        else if (at == buffer || at[-1] != '.')
            *at++ = '.';
    }
    return bo_str_n(buffer, (size_t)(at - buffer));
}

static bo_str format_pointer(const volatile void *pointer, char buffer[64])
{
    int len = snprintf(buffer, 64, "0x%" PRIxPTR, (uintptr_t)pointer);
    return bo_str_n(buffer, (size_t)len);
}

// put_word puts text of our own, for which JSON has no kind: in quotes there.
static void put_word(struct line *line, bo_str word)
{
    if (line->json)
        put_quoted(line, word);
    else
        put(line, word);
}

static void put_string(struct line *line, bo_str s)
{
    if (!line->json && is_bare_word(s))
        put_escaped(line, s, false);
    else
        put_quoted(line, s);
}

static void put_double(struct line *line, double value)
{
    char buffer[64];
    if (isfinite(value))
        put(line, format_double(value, buffer));
    else
        put_word(line, isnan(value) ? bo_s("NaN") : value > 0 ? bo_s("+Inf") : bo_s("-Inf"));
}

static void put_value(struct line *line, const bo__log_pair *pair)
{
    char buffer[64];
    static_assert(sizeof buffer >= BO_TIME_MAX && sizeof buffer >= BO__DIGITS_MAX, "any of them");
    switch (pair->kind) {
    case BO__LOG_BOOL:
        put(line, pair->i ? bo_s("true") : bo_s("false"));
        break;
    case BO__LOG_INT:
        put(line, bo_str_n(buffer, (size_t)(bo__put_i64(buffer, pair->i) - buffer)));
        break;
    case BO__LOG_UINT:
        put(line, bo_str_n(buffer, (size_t)(bo__put_u64(buffer, pair->u) - buffer)));
        break;
    case BO__LOG_DOUBLE:
        put_double(line, pair->d);
        break;
    case BO__LOG_STR:
        put_string(line, pair->s);
        break;
    case BO__LOG_POINTER:
        put_word(line, format_pointer(pair->p, buffer));
        break;
    case BO__LOG_DURATION:
        put_word(line, bo_duration_format(pair->i, buffer));
        break;
    }
}

// put_key puts what stands before a value. The line is not cut in it.
static void put_key(struct line *line, bo_str key)
{
    char *cut = line->cut;
    bool cut_quote = line->cut_quote;
    put_byte(line, line->json ? ',' : ' ');
    put_string(line, key);
    put_byte(line, line->json ? ':' : '=');
    line->cut = cut;
    line->cut_quote = cut_quote;
}

// -- lines ----------------------------------------------------------------------------------------

// put_head puts the time, the level and the message.
static void put_head(struct line *line, bo_log_level level, bo_str message)
{
    char time[BO_TIME_MAX];
    bo_str now = bo_time_format(bo_now(), 3, time);
    bo_str name = bo_str_of(level_names[level < BO_LOG_ERROR ? level : BO_LOG_ERROR]);
    if (line->json) {
        put(line, bo_s("{\"time\":\""));
        put(line, now);
        put(line, bo_s("\",\"level\":\""));
        put(line, name);
        put(line, bo_s("\""));
        may_cut_here(line, false);
        put(line, bo_s(",\"msg\":"));
        put_quoted(line, message);
        return;
    }
    put(line, now);
    put_byte(line, ' ');
    put(line, name);
    may_cut_here(line, false);
    put_byte(line, ' ');
    if (is_bare_message(message))
        put_escaped(line, message, false);
    else
        put_quoted(line, message);
}

// append puts what there was room left for.
static void append(struct line *line, bo_str s)
{
    memcpy(line->at, s.ptr, s.len);
    line->at += s.len;
}

static void finish(struct line *line)
{
    if (line->full) {
        line->at = line->cut;
        append(line, line->cut_quote ? bo_s("\"") : bo_s(""));
        append(line, cut_mark(line->json));
    }
    append(line, line_end(line->json));
}

// send_line is one write; but where that took only a part of the line, the rest follows, since half
// a line would spoil the next one too.
static void send_line(bo_str line)
{
    int fd = __atomic_load_n(&output, __ATOMIC_RELAXED);
    while (line.len > 0) {
        ssize_t len = bo__write_quietly(fd, line.ptr, line.len);
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            return;
        line = bo_str_sub(line, (size_t)len, line.len);
    }
}

void bo__log(bo_log_level level, const char *message, const bo__log_pair *pairs, size_t count)
{
    int saved = errno;
    struct line line = begin();
    put_head(&line, level, bo_str_of(message));
    may_cut_here(&line, false);
    for (size_t i = 0; i < count && !line.full; i++) {
        put_key(&line, bo_str_of(pairs[i].key));
        put_value(&line, &pairs[i]);
        may_cut_here(&line, false);
    }
    finish(&line);
    send_line(bo_str_n(line.start, (size_t)(line.at - line.start)));
    errno = saved;
}

// -- settings -------------------------------------------------------------------------------------

void bo_log_set_level(bo_log_level level)
{
    __atomic_store_n(&bo__log_level, (int)level, __ATOMIC_RELAXED);
}

void bo_log_set_json(bool json)
{
    __atomic_store_n(&as_json, json, __ATOMIC_RELAXED);
}

void bo_log_set_output(int fd)
{
    __atomic_store_n(&output, fd, __ATOMIC_RELAXED);
}

// choice is the place of an environment variable's value in a list of words, or -1.
static int choice(const char *name, const char *const *words, int count)
{
    const char *wish = getenv(name);
    if (!wish || !*wish)
        return -1;
    for (int i = 0; i < count; i++)
        if (bo_str_eq_fold(bo_str_of(wish), bo_str_of(words[i])))
            return i;
    bo_log_warn("unknown value of an environment variable, ignored", bo_kv("variable", name),
                bo_kv("value", wish));
    return -1;
}

// Before main, so that the first line already finds it done.
__attribute__((constructor)) static void read_environment(void)
{
    static const char *const levels[] = {"debug", "info", "warn", "error", "off"};
    static const char *const formats[] = {"text", "json"};
    int format = choice("BORA_LOG_FORMAT", formats, 2);
    bo_log_set_json(format == 1);
    int level = choice("BORA_LOG", levels, 5);
    if (level >= 0)
        bo_log_set_level((bo_log_level)level);
}
