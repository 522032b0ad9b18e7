// SPDX-License-Identifier: MIT
// quiet.c: see quiet.h.
//
// Sockets can be told to spare us the signal, pipes cannot. The runtime ignores it from its start,
// which is looked up once; but a program that has not started it yet, or has its own mind about
// SIGPIPE, may write too. Then the signal is blocked for the time of the call, and taken if it
// came.
#include "io/quiet.h"

#include <bora/go.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

// is_ignored remembers a yes: who makes SIGPIPE deadly again after that has asked for it.
static bool is_ignored(void)
{
    static bool ignored;
    struct sigaction action;
    if (__atomic_load_n(&ignored, __ATOMIC_RELAXED))
        return true;
    if (sigaction(SIGPIPE, NULL, &action) || action.sa_handler != SIG_IGN)
        return false;
    __atomic_store_n(&ignored, true, __ATOMIC_RELAXED);
    return true;
}

ssize_t bo__write_quietly(int fd, const void *buf, size_t n)
{
    static const struct timespec at_once;
    sigset_t sigpipe, before, pending;
    if (is_ignored())
        return write(fd, buf, n);
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    sigpending(&pending);
    ssize_t len = write(fd, buf, n);
    int error = errno;
    // A SIGPIPE of ours is pending for this thread now; one that was before is not ours to take.
    if (len < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        sigtimedwait(&sigpipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return len;
}
