// SPDX-License-Identifier: MIT
// stop.c: a thread is made to stand still while somebody looks at its stack.
//
// The stopped thread answers from a signal handler: it leaves its registers and sleeps there, so
// the one who looks can read its stack as if it were parked, with tables and caches of his own;
// nothing needs to be unwound inside the handler. The signal is SIGURG, whose default is to be
// ignored: a stray one, or one for a thread that has ended meanwhile, harms nobody.
#include "runtime/report.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ANSWER (200 * BO_MILLISECOND)
#define HOLD (10 * BO_SECOND)

// The state names the thread too, so that an answer which comes after its question was given up
// cannot pass for that of another thread.
enum { NOBODY, WANTED = 1, ANSWERING = 2, STOPPED = 3 };

static _Atomic uint32_t state;  // NOBODY, or 4 * tid + one of the others
static struct bo__regs answer;

static uint32_t state_of(pid_t tid, uint32_t step)
{
    return (uint32_t)tid << 2 | step;
}

static void wait_while(uint32_t value, bo_duration longest)
{
    int64_t end = bo_mono() + longest;
    for (int64_t left; atomic_load(&state) == value && (left = end - bo_mono()) > 0;) {
        struct timespec time = {left / BO_SECOND, left % BO_SECOND};
        syscall(SYS_futex, &state, FUTEX_WAIT_PRIVATE, value, &time, NULL, 0);
    }
}

static void set_state(uint32_t value)
{
    atomic_store(&state, value);
    syscall(SYS_futex, &state, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void on_stop(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    int saved = errno;
    pid_t tid = (pid_t)syscall(SYS_gettid);
    uint32_t wanted = state_of(tid, WANTED);
    if (atomic_compare_exchange_strong(&state, &wanted, state_of(tid, ANSWERING))) {
        answer = bo__regs_signal(context);
        set_state(state_of(tid, STOPPED));
        wait_while(state_of(tid, STOPPED), HOLD);
    }
    errno = saved;
}

bool bo__stop_thread(const bo__m *m, struct bo__regs *regs)
{
    pid_t tid = atomic_load(&m->tid);
    uint32_t wanted = state_of(tid, WANTED);
    atomic_store(&state, wanted);
    if (syscall(SYS_tgkill, getpid(), tid, SIGURG) == 0)
        wait_while(wanted, ANSWER);
    if (atomic_compare_exchange_strong(&state, &wanted, NOBODY))
        return false;
    wait_while(state_of(tid, ANSWERING), HOLD);
    *regs = answer;
    return true;
}

void bo__resume_thread(void)
{
    set_state(NOBODY);
}

void bo__stop_init(void)
{
    struct sigaction action = {.sa_sigaction = on_stop,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGURG, &action, NULL);
}
