// SPDX-License-Identifier: MIT
// step.c: see step.h.
//
// What a compiler has read is known only when it is done. A header that was touched meanwhile must
// not be taken for what it read: if one is not older than the command's start, no record is
// written, and the step runs again next time. File times come from a clock that ticks every few
// milliseconds, so "older" leaves a tick of room.
#include "step.h"

#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bora/time.h>

enum { RECORD_BYTES_MAX = 16 << 20 };

// Times of files are taken from the kernel's tick: 10 ms at the slowest.
#define TICK (10 * BO_MILLISECOND)

uint64_t step_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;  // FNV-1a.
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

static int64_t file_time(const struct stat *info)
{
    return info->st_mtim.tv_sec * BO_SECOND + info->st_mtim.tv_nsec;
}

static bool read_file(bo_arena *arena, const char *path, bo_str *out)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    struct stat info;
    bool fits = fstat(fileno(file), &info) == 0 && info.st_size <= RECORD_BYTES_MAX;
    size_t size = fits ? (size_t)info.st_size : 0;
    char *text = bo_alloc_raw(arena, size + 1, 1);
    size_t n = fread(text, 1, size, file);
    text[n] = '\0';
    fclose(file);
    *out = bo_str_n(text, n);
    return fits && n == size;
}

// One line of a record: "TIME SIZE PATH".
static bool line_holds(bo_arena *arena, bo_str line)
{
    bo_str time_text, size_text, rest, path;
    int64_t time, size;
    struct stat info;
    return bo_str_cut(line, ' ', &time_text, &rest) && bo_str_cut(rest, ' ', &size_text, &path) &&
           bo_str_int(time_text, &time) && bo_str_int(size_text, &size) &&
           stat(bo_str_c(arena, path), &info) == 0 && file_time(&info) == time &&
           info.st_size == size;
}

static bool is_fresh(bo_arena *arena, const struct step *step)
{
    bo_str rest, line;
    if (access(step->output, F_OK) != 0 || !read_file(arena, step->record, &rest))
        return false;
    if (!bo_str_next(&rest, '\n', &line) ||
        !bo_str_eq(line, bo_str_of(words_join(&step->command, ' '))))
        return false;
    while (bo_str_next(&rest, '\n', &line))
        if (line.len > 0 && !line_holds(arena, line))
            return false;
    return true;
}

// A depfile is one rule of make: "target: a.c b.h \<newline> c.h", with "\ " for a space and "$$"
// for a dollar in a name.
static void add_dependencies(struct words *inputs, bo_str text)
{
    ptrdiff_t colon = bo_str_find(text, bo_s(": "));
    size_t i = colon < 0 ? text.len : (size_t)colon + 2;
    while (i < text.len) {
        char *name = bo_alloc_raw(inputs->arena, text.len - i + 1, 1), *end = name;
        for (; i < text.len && text.ptr[i] != ' ' && text.ptr[i] != '\n'; i++) {
            char c = text.ptr[i], next = i + 1 < text.len ? text.ptr[i + 1] : '\n';
            if (c == '\\' && next == '\n')
                continue;
            if ((c == '\\' && (next == ' ' || next == '#')) || (c == '$' && next == '$'))
                c = text.ptr[++i];
            *end++ = c;
        }
        *end = '\0';
        if (end > name)
            words_add(inputs, name);
        i++;
    }
}

// A record under construction.
struct record {
    char *text;
    size_t len;
    FILE *out;
    bool sure;  // Every line so far says what the command saw.
};

static void record_open(struct record *r, const struct step *step)
{
    *r = (struct record){.sure = true};
    r->out = open_memstream(&r->text, &r->len);
    if (!r->out)
        bo_panic("out of memory");
    fprintf(r->out, "%s\n", words_join(&step->command, ' '));
}

static void record_add(struct record *r, const char *path, int64_t older_than)
{
    struct stat info;
    if (stat(path, &info) != 0 || file_time(&info) >= older_than)
        r->sure = false;
    else
        fprintf(r->out, "%" PRId64 " %" PRId64 " %s\n", file_time(&info), (int64_t)info.st_size,
                path);
}

// Writes the record if keep is set and it is sure, and frees it.
static void record_close(struct record *r, bo_arena *arena, const char *path, bool keep)
{
    fclose(r->out);
    const char *fresh = format_c(arena, "%s.%d", path, (int)getpid());
    FILE *file = keep && r->sure ? fopen(fresh, "we") : NULL;
    if (file) {
        bool written = fwrite(r->text, 1, r->len, file) == r->len;
        if (fclose(file) == 0 && written)
            rename(fresh, path);
        else
            unlink(fresh);
    }
    free(r->text);
}

static struct words with_output(bo_arena *arena, const struct words *command, const char *output)
{
    struct words w = {.arena = arena};
    for (size_t i = 0; i < command->len; i++)
        words_add(&w, strcmp(command->at[i], STEP_OUTPUT) == 0 ? output : command->at[i]);
    return w;
}

static bo_err execute(bo_arena *arena, const struct step *step, const struct words *command,
                      const char *fresh, bo_str *said)
{
    bo_process_result result = {0};
    BO_TRY(bo_process_run(arena, command->at,
                          &(bo_process_options){.in = BO_PROCESS_NULL, .err = BO_PROCESS_MERGE},
                          bo_s(""), &result));
    *said = result.out;
    if (result.status != 0) {
        unlink(fresh);
        return BO_INVALID;
    }
    if (rename(fresh, step->output) != 0)
        return bo_errf(bo_err_sys(errno), "write %s", step->output);
    return NULL;
}

bo_err step_run(bo_arena *arena, const struct step *step, bool show, bo_str *said)
{
    if (is_fresh(arena, step))
        return NULL;
    unlink(step->record);
    const char *fresh = format_c(arena, "%s.%d", step->output, (int)getpid());
    struct words command = with_output(arena, &step->command, fresh);
    if (show)
        command_show(&command);

    struct record record;
    record_open(&record, step);
    for (size_t i = 0; i < step->inputs.len; i++)
        record_add(&record, step->inputs.at[i], INT64_MAX);
    int64_t started = bo_now();
    bo_err err = execute(arena, step, &command, fresh, said);

    struct words read = {.arena = arena};
    bo_str dependencies;
    if (!err && step->depfile && read_file(arena, step->depfile, &dependencies))
        add_dependencies(&read, dependencies);
    for (size_t i = 0; i < read.len; i++)
        record_add(&record, read.at[i], started - TICK);
    record_add(&record, step->output, INT64_MAX);
    // A step that warned runs again, so that the warning is seen again.
    record_close(&record, arena, step->record, !err && said->len == 0);
    return err;
}
