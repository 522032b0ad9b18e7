// SPDX-License-Identifier: MIT
// sanitize.h: what the sanitizers and Valgrind must be told of our stacks.
//
// ASan wants to hear of each switch before and after it, TSan wants a fiber for each goroutine, and
// Valgrind a registration for each stack. Without them every line here is empty.
#ifndef BORA_SRC_SANITIZE_H
#define BORA_SRC_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define BO__ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BO__ADDRESS_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define BO__THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BO__THREAD_SANITIZER 1
#endif
#endif

#ifdef BO__ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef BO__THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif
#ifdef BORA_VALGRIND
#include <valgrind/valgrind.h>
#endif

#define BO__SANITIZER_FIELDS                                                                       \
    void *fake_stack; /* ASan's, while off the processor */                                        \
    void *fiber;      /* TSan's */

// What goes through the kernel and comes back on another thread happened in that order, which TSan
// cannot see in a system call that it does not know.
#ifdef BO__THREAD_SANITIZER
#define BO__NO_TSAN __attribute__((no_sanitize("thread"), noinline))
#define BO__GIVEN_TO_KERNEL(ptr) __tsan_release(ptr)
#define BO__BACK_FROM_KERNEL(ptr) __tsan_acquire(ptr)
#else
#define BO__NO_TSAN __attribute__((noinline))
#define BO__GIVEN_TO_KERNEL(ptr) ((void)(ptr))
#define BO__BACK_FROM_KERNEL(ptr) ((void)(ptr))
#endif

#endif
