// SPDX-License-Identifier: MIT
// crash.c: what a program says when it dies, and on SIGQUIT.
//
// Every thread that runs goroutines has a signal stack, since the stack that overflowed is no place
// to stand on. The first thread to crash reports: what happened, where, and all goroutines. Then
// the signal gets its default action and is raised again, so that the exit status and a core file
// are those of the crash itself. Threads that crash meanwhile wait for that; a crash within the
// report ends the program at once.
//
// A panic (base/panic.c) comes here through bo__panic_hook and then through SIGABRT.
#include "runtime/report.h"

#include "runtime/module.h"

#include <bora/arena.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SIGNAL_STACK (64 << 10)
#define PAGE 4096
#define STACK_GUESS (1 << 20)  // how far up a stack that we know nothing of is read

static _Atomic pid_t crashed;  // the thread that reports a crash
static _Atomic bool reported;
static _Atomic(const bo__g *) overflowed;  // found at a park, where no guard page could

static const char *name_of(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "signal";
    }
}

static const char *meaning_of(int signal, int code)
{
    if (code <= 0)
        return signal == SIGABRT ? "abort" : "sent by a process";
    switch (signal) {
    case SIGSEGV:
        return code == SEGV_ACCERR ? "memory that may not be accessed so" : "no memory there";
    case SIGBUS:
        return code == BUS_ADRALN ? "misaligned access" : "the file behind it has ended";
    case SIGFPE:
        return code == FPE_INTDIV ? "division by zero" : "arithmetic error";
    case SIGILL:
        return "invalid instruction";
    default:
        return "abort";
    }
}

static void wait_for_the_end(void)
{
    struct timespec rest = {.tv_sec = 10};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        ;
}

static void write_overflow(bo__out *out, const bo__g *g, const struct bo__regs *regs)
{
    size_t size = bo__stack_sizes[g->task.stack_class];
    bo__outf(out, "fatal error: stack overflow: ");
    bo__report_label(out, g);
    bo__outf(out, " needs more than its %zu KB", size >> 10);
    if (!atomic_load(&overflowed)) {
        bo__outf(out, ", in ");
        bo__report_place(out, regs->pc);
    }
    bo__outf(out, "\n(a recursion without end, or large local variables");
    if (g->task.stack_class + 1 < BO__STACK_CLASSES)
        bo__outf(out,
                 "? If it is right so, start it with\n"
                 "bo_go_with((fn, args...), .stack_bytes = %zu << 10)",
                 bo__stack_sizes[g->task.stack_class + 1] >> 10);
    bo__outf(out, ")\n\n");
}

static void write_cause(bo__out *out, int signal, const siginfo_t *info,
                        const struct bo__regs *regs)
{
    bool guard = atomic_load(&overflowed) != NULL;
    bool memory = (signal == SIGSEGV || signal == SIGBUS) && info->si_code > 0;
    const bo__g *g = memory ? bo__stack_find(info->si_addr, &guard) : atomic_load(&overflowed);
    if (g && guard) {
        write_overflow(out, g, regs);
        return;
    }
    bo__outf(out, "fatal error: %s: %s", name_of(signal), meaning_of(signal, info->si_code));
    if (memory)
        bo__outf(out, " (address 0x%lx)", (unsigned long)(uintptr_t)info->si_addr);
    bo__outf(out, "\n\n");
}

// A thread that is not the runtime's, or the runtime's own stack: what there is to see of it.
static void write_own_stack(bo__out *out, struct bo__regs regs)
{
    uintptr_t sp = regs.r[BO__REG_SP];
    struct bo__stack stack = {.low = sp, .high = sp + STACK_GUESS, .probe = true};
    bo__trace trace;
    bo__unwind(&trace, regs, stack, true);
    bo__outf(out, "thread %d [running]\n", (int)syscall(SYS_gettid));
    bo__report_frames(out, &trace);
    bo__outf(out, "\n");
}

static bool runs_goroutine(void)
{
    const bo__m *m = bo__m_self();
    return m && (m->g != &m->g0 || m->foreign);
}

static void report(int signal, const siginfo_t *info, const void *context)
{
    bo__out out = {.fd = STDERR_FILENO};
    struct bo__regs regs = bo__regs_signal(context);
    write_cause(&out, signal, info, &regs);
    if (!runs_goroutine())
        write_own_stack(&out, regs);
    bo__report_goroutines(&out, &regs, true);
}

static void end_with(int signal)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    // It is blocked in its own handler: the program ends when the handler returns.
    raise(signal);
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
    pid_t self = (pid_t)syscall(SYS_gettid), nobody = 0;
    if (!atomic_compare_exchange_strong(&crashed, &nobody, self) && nobody != self)
        wait_for_the_end();
    else if (nobody == 0 && !(signal == SIGABRT && atomic_load(&reported)) &&
             bo__report_lock(1000)) {
        report(signal, info, context);
        bo__report_unlock();
    }
    end_with(signal);
}

static void on_quit(int signal, siginfo_t *info, void *context)
{
    (void)info;
    bo__out out = {.fd = STDERR_FILENO};
    struct bo__regs regs = bo__regs_signal(context);
    if (bo__report_lock(5000)) {
        bo__outf(&out, "SIGQUIT: all goroutines\n\n");
        bo__report_goroutines(&out, &regs, true);
        bo__report_unlock();
    }
    (void)signal;
    _exit(2);
}

static void on_panic(void)
{
    atomic_store(&reported, true);
    (void)!write(STDERR_FILENO, "\n", 1);
    bo_dump(STDERR_FILENO);
}

void bo__crash_overflow(const bo__g *g)
{
    // There is no room here to report from: the handler has a stack of its own.
    atomic_store(&overflowed, g);
    raise(SIGABRT);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void bo__crash_init(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        handle(fatal[i], on_fatal);
    struct sigaction quit;
    if (sigaction(SIGQUIT, NULL, &quit) == 0 && quit.sa_handler == SIG_DFL)
        handle(SIGQUIT, on_quit);
    bo__panic_hook = on_panic;
    bo__stop_init();
}

void bo__crash_thread_init(bo__m *m)
{
    if (!m->signal_stack) {
        char *stack = mmap(NULL, SIGNAL_STACK + PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED)
            return;  // it crashes without a report then
        mprotect(stack, PAGE, PROT_NONE);
        m->signal_stack = stack + PAGE;
    }
    stack_t stack = {.ss_sp = m->signal_stack, .ss_size = SIGNAL_STACK};
    sigaltstack(&stack, NULL);
}

void bo__crash_thread_end(void)
{
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
}
