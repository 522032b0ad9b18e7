// SPDX-License-Identifier: MIT
// signal.c: waiting for signals as a goroutine.
//
// A handler notes the signal in each listener that wants it and writes to that listener's eventfd,
// for which a goroutine waits in the poller. The handler runs on whatever thread the kernel picks,
// so a listener must be valid at every moment: there is a fixed number of them, their eventfds are
// made at first use and stay, and one that was freed only wants no signals any more. A handler that
// is late wakes somebody once too often, and no more: only wanted signals are handed out.
//
// Rejected: signalfd. It works only if every thread blocks the signal, those of other libraries and
// those that were there before included.
#include <bora/signal.h>

#include "runtime/runtime.h"

#include <sys/eventfd.h>
#include <unistd.h>

enum { LISTENERS_MAX = 32, SIGNALS_MAX = 64 };

struct bo_signals {
    _Atomic uint64_t wanted;  // Bit n - 1 is signal n. 0: nobody listens here.
    _Atomic uint64_t pending;
    int fd;            // Written before wanted is first set, then constant.
    bo__pollfd *poll;  // NULL: never used.
};

// What a signal did before anyone listened, and how many listen now.
struct action {
    int listeners;
    struct sigaction before;
};

static int32_t lock;  // Guards who has which listener, and the actions.
static bo_signals listeners[LISTENERS_MAX];
static struct action actions[SIGNALS_MAX + 1];

static uint64_t bit_of(int number)
{
    return (uint64_t)1 << (number - 1);
}

static void on_signal(int number)
{
    int saved = errno;
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        bo_signals *s = &listeners[i];
        if (!(atomic_load(&s->wanted) & bit_of(number)))
            continue;
        atomic_fetch_or(&s->pending, bit_of(number));
        eventfd_write(s->fd, 1);
    }
    errno = saved;
}

static bool can_be_waited_for(int number)
{
    static const int never[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                                SIGILL,  SIGTRAP, SIGABRT, SIGSYS};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (number == never[i])
            return false;
    // Between the classic signals and SIGRTMIN lie those that libc keeps for itself.
    return number > 0 && number <= SIGNALS_MAX && (number < 32 || number >= SIGRTMIN);
}

static bo_err wanted_of(const int *signals, size_t count, uint64_t *out)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        if (!can_be_waited_for(signals[i]))
            return bo_errf(BO_INVALID, "signal %d cannot be waited for", signals[i]);
        wanted |= bit_of(signals[i]);
    }
    if (!wanted)
        return bo_errf(BO_INVALID, "no signals to wait for");
    *out = wanted;
    return NULL;
}

// prepare gives a listener its eventfd, once for ever.
static bo_err prepare(bo_signals *s)
{
    if (s->poll)
        return NULL;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return bo_errf(bo_err_sys(errno), "listen for signals");
    s->fd = fd;
    s->poll = bo__poll_open(fd);
    return NULL;
}

static void install_locked(uint64_t wanted)
{
    // SA_ONSTACK: goroutines' stacks may be small. SA_RESTART: nobody's system call is to fail.
    struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
    for (int n = 1; n <= SIGNALS_MAX; n++)
        if ((wanted & bit_of(n)) && actions[n].listeners++ == 0)
            sigaction(n, &ours, &actions[n].before);
}

static void restore_locked(uint64_t wanted)
{
    for (int n = 1; n <= SIGNALS_MAX; n++)
        if ((wanted & bit_of(n)) && --actions[n].listeners == 0)
            sigaction(n, &actions[n].before, NULL);
}

static bo_err listen_locked(uint64_t wanted, bo_signals **out)
{
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        bo_signals *s = &listeners[i];
        if (s->wanted)
            continue;
        BO_TRY(prepare(s));
        atomic_store(&s->pending, 0);
        atomic_store(&s->wanted, wanted);
        install_locked(wanted);
        *out = s;
        return NULL;
    }
    return bo_errf(BO_EXHAUSTED, "more than %d listeners for signals", LISTENERS_MAX);
}

bo_err bo_signals_new(const int *signals, size_t count, bo_signals **out)
{
    uint64_t wanted = 0;
    BO_TRY(wanted_of(signals, count, &wanted));
    bo__lock(&lock);
    bo_err err = listen_locked(wanted, out);
    bo__unlock(&lock);
    return err;
}

bo_err bo_signals_next(bo_signals *s, int *got)
{
    for (;;) {
        // What a late handler noted for the one who had this listener before is not for us.
        uint64_t pending = atomic_load(&s->pending) & atomic_load(&s->wanted);
        if (pending) {
            *got = __builtin_ctzll(pending) + 1;
            atomic_fetch_and(&s->pending, ~bit_of(*got));
            return NULL;
        }
        // Emptied before looking again: what comes after the look raises it anew.
        eventfd_t count;
        if (eventfd_read(s->fd, &count) == 0)
            continue;
        bo_err err = bo__poll_wait(s->poll, false, BO__NO_DEADLINE);
        if (err)
            return bo_errf(err, "wait for a signal");
    }
}

void bo_signals_free(bo_signals *s)
{
    if (!s)
        return;
    bo__lock(&lock);
    restore_locked(atomic_exchange(&s->wanted, 0));
    bo__unlock(&lock);
}

bo_err bo_signal_wait(const int *signals, size_t count, int *got)
{
    bo_signals *s;
    BO_TRY(bo_signals_new(signals, count, &s));
    bo_err err = bo_signals_next(s, got);
    bo_signals_free(s);
    return err;
}
