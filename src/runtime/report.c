// SPDX-License-Identifier: MIT
// report.c: text and names for dumps and crash reports. See report.h.
#include "runtime/report.h"

#include "runtime/cfi.h"
#include "runtime/symbol.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define NAME_MAX_SHOWN 64

void bo__out_flush(bo__out *out)
{
    const char *at = out->buf;
    while (out->len > 0) {
        ssize_t n = write(out->fd, at, out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += n;
        out->len -= (size_t)n;
    }
    out->len = 0;
}

void bo__out_str(bo__out *out, bo_str text)
{
    while (text.len > 0) {
        size_t room = sizeof out->buf - out->len;
        size_t n = text.len < room ? text.len : room;
        memcpy(out->buf + out->len, text.ptr, n);
        out->len += n;
        text = bo_str_sub(text, n, text.len);
        if (out->len == sizeof out->buf)
            bo__out_flush(out);
    }
}

void bo__outf(bo__out *out, const char *format, ...)
{
    // Integers and strings alone: glibc then neither allocates nor locks.
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n;
    bo__out_str(out, bo_str_n(text, len < sizeof text ? len : sizeof text - 1));
}

void bo__report_place(bo__out *out, uintptr_t pc)
{
    bo__symbol s;
    if (!bo__symbolize(pc, &s)) {
        bo__outf(out, "0x%lx", (unsigned long)pc);
        return;
    }
    if (s.function.len > 0)
        bo__out_str(out, s.function);
    else
        bo__outf(out, BO_FMT "+0x%lx", BO_ARG(s.module), (unsigned long)s.offset);
    if (s.line == 0)
        return;
    bo__outf(out, " (" BO_FMT "%s" BO_FMT ":%u)", BO_ARG(s.dir), s.dir.len > 0 ? "/" : "",
             BO_ARG(s.file), s.line);
}

// Page by page, each asked about just before.
static bo_str copy_name(const char *name, char buffer[NAME_MAX_SHOWN])
{
    size_t n = 0;
    for (; n < NAME_MAX_SHOWN; n++) {
        uintptr_t at = (uintptr_t)name + n;
        if ((n == 0 || at % 4096 == 0) && !bo__is_readable(at & ~(uintptr_t)7))
            break;
        buffer[n] = name[n];
        if (name[n] == '\0')
            break;
    }
    return bo_str_n(buffer, n);
}

// A name may have gone with its goroutine a moment ago: the kernel reads it for us, and fails where
// we would crash. Some sandboxes, and QEMU's user mode, refuse that call.
static bo_str read_name(const char *name, char buffer[NAME_MAX_SHOWN])
{
    struct iovec to = {buffer, NAME_MAX_SHOWN};
    struct iovec from = {(void *)(uintptr_t)name, NAME_MAX_SHOWN};
    int saved = errno;
    ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    if (n < 0) {
        // The text may end just before a page that cannot be read.
        from.iov_len = 4096 - (uintptr_t)name % 4096;
        from.iov_len = from.iov_len < NAME_MAX_SHOWN ? from.iov_len : NAME_MAX_SHOWN;
        n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    }
    bool refused = n < 0 && errno != EFAULT;
    errno = saved;
    if (refused)
        return copy_name(name, buffer);
    return bo_str_n(buffer, n > 0 ? strnlen(buffer, (size_t)n) : 0);
}

void bo__report_label(bo__out *out, const bo__g *g)
{
    if (g->id == 0) {
        bo__outf(out, "thread %d", (int)g->m->tid);
        return;
    }
    bo__outf(out, "goroutine %llu", (unsigned long long)g->id);
    char buffer[NAME_MAX_SHOWN];
    bo_str name = g->name ? read_name(g->name, buffer) : (bo_str){0};
    if (name.len > 0)
        bo__outf(out, " \"" BO_FMT "\"", BO_ARG(name));
}
