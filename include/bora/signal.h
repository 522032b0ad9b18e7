// SPDX-License-Identifier: MIT
// bora/signal.h: waiting for signals as a goroutine.
//
//     static const int stop[] = {SIGINT, SIGTERM};
//     int got;
//     BO_TRY(bo_signal_wait(stop, 2, &got));     // ctrl-C, or a service manager
//     drain();                                   // a second ctrl-C ends the program at once
//
// Signals keep their default action until someone listens for them, and get it back after the last
// one has stopped. All goroutines that listen for a signal get it. Several of the same kind that
// arrive before the listener looks count as one, as everywhere in Unix.
#ifndef BORA_SIGNAL_H
#define BORA_SIGNAL_H

#include <bora/err.h>
#include <signal.h>
#include <stddef.h>

// bo_signal_wait listens for count signals until one of them arrives, and says which. Afterwards
// they have the action again that they had before. Signals that cannot be waited for (SIGKILL,
// SIGSTOP, and the program's own faults: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT,
// SIGSYS): BO_INVALID. More than 32 listeners at once: BO_EXHAUSTED. Ends with BO_CANCELED or
// BO_TIMEOUT when the scope does. Parks.
bo_err bo_signal_wait(const int *signals, size_t count, int *got);

// A bo_signals listens from its making to its end, so that nothing that arrives between two waits
// is lost: for SIGHUP as "read the configuration again", say.
typedef struct bo_signals bo_signals;

// bo_signals_new begins to listen. Errors as above. Free with bo_signals_free. Never parks.
bo_err bo_signals_new(const int *signals, size_t count, bo_signals **out);

// bo_signals_next waits for the next signal. Those that are pending come in the order of their
// numbers. One goroutine at a time. Ends when the scope does. Parks.
bo_err bo_signals_next(bo_signals *signals, int *got);

// bo_signals_free stops listening. Nobody may be waiting on it. NULL: no effect. Never parks.
void bo_signals_free(bo_signals *signals);

#endif
