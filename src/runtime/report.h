// SPDX-License-Identifier: MIT
// report.h: how dumps and crash reports are written.
//
// A report may come from a signal handler of a thread that holds any lock, so nothing here
// allocates or locks; text goes to write(2) through a buffer on the stack.
#ifndef BORA_SRC_RUNTIME_REPORT_H
#define BORA_SRC_RUNTIME_REPORT_H

#include "runtime/sched.h"
#include "runtime/unwind.h"

typedef struct {
    int fd;
    size_t len;
    char buf[2048];
} bo__out;

void bo__out_str(bo__out *out, bo_str text);
void bo__out_flush(bo__out *out);

// bo__outf takes integers, pointers and strings. What does not fit into 512 bytes is cut.
void bo__outf(bo__out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

// bo__report_goroutines writes all goroutines; first the running one, whose context regs is, if
// there is one. interrupted: a signal struck there. The report lock (module.h) is held.
void bo__report_goroutines(bo__out *out, const struct bo__regs *regs, bool interrupted);

// bo__report_place writes "function (file:line)" of an address within a call.
void bo__report_place(bo__out *out, uintptr_t pc);

// bo__report_frames writes a line for each call of a trace.
void bo__report_frames(bo__out *out, const bo__trace *trace);

// bo__report_label writes `goroutine 7 "name"` or `thread 1234`.
void bo__report_label(bo__out *out, const bo__g *g);

// bo__stop_thread makes a thread stand still wherever it is, and tells its context; false: it does
// not answer. bo__resume_thread lets it go on. One at a time: the report lock is held. The thread
// holds still for 10 s at most.
bool bo__stop_thread(const bo__m *m, struct bo__regs *regs);
void bo__resume_thread(void);
void bo__stop_init(void);

#endif
