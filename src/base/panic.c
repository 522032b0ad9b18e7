// SPDX-License-Identifier: MIT
// panic.c: the end of a program whose invariants do not hold.
//
// The state of everything is in doubt here, so the message is formatted on the stack and written
// with write(2): no heap, no stdio, no lock. Then the hook of the runtime prints the goroutines,
// and the program aborts.
//
// The first thread to panic goes through all of that. If it panics again on its way it aborts at
// once. Other threads that panic meanwhile print their message and wait for the first one to end
// the program; should it hang, they end it.
#include <bora/err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FIRST_THREAD_SECONDS_MAX 10

void (*bo__panic_hook)(void);

// The thread that ends the program, 0 before there is one.
static atomic_long panicking_thread;

static void write_all(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static _Noreturn void end_program(const char *text, size_t len)
{
    long self = syscall(SYS_gettid);
    long first = 0;
    if (atomic_compare_exchange_strong(&panicking_thread, &first, self)) {
        write_all(text, len);
        if (bo__panic_hook)
            bo__panic_hook();
    } else {
        write_all(text, len);
        struct timespec rest = {.tv_sec = first == self ? 0 : FIRST_THREAD_SECONDS_MAX};
        while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
            ;
    }
    abort();
}

void bo__assert_failed(const char *file, int line, const char *condition)
{
    bo__panic(file, line, "assertion failed: %s", condition);
}

void bo__panic(const char *file, int line, const char *format, ...)
{
    char text[1024];
    int len = snprintf(text, sizeof(text) - 1, "panic: %s:%d: ", file, line);
    size_t used = len < 0 ? 0 : (size_t)len;
    if (used < sizeof(text) - 1) {
        va_list args;
        va_start(args, format);
        len = vsnprintf(text + used, sizeof(text) - 1 - used, format, args);
        va_end(args);
        used += len < 0 ? 0 : (size_t)len;
    }
    // Both calls say how much they would have written.
    if (used > sizeof(text) - 2)
        used = sizeof(text) - 2;
    text[used++] = '\n';
    end_program(text, used);
}
