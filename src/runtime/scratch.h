// SPDX-License-Identifier: MIT
// runtime/scratch.h: memory and sorting for code that may run inside a signal handler, where malloc
// and everything that calls it is out of bounds.
#ifndef BORA_SRC_RUNTIME_SCRATCH_H
#define BORA_SRC_RUNTIME_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

// bo__scratch_new returns size zeroed bytes of their own mapping, or NULL. Free with the same size.
void *bo__scratch_new(size_t size);
void bo__scratch_free(void *ptr, size_t size);

// bo__scratch_grow makes a mapping larger, moving it if it must; NULL leaves the old one alone.
// A NULL ptr with size 0 makes a new one. The added bytes are zero.
void *bo__scratch_grow(void *ptr, size_t old_size, size_t new_size);

// bo__scratch_sort sorts in place: no memory, no recursion, n log n also in the worst case (which
// is why it is a heap sort). less is called with two elements; the size of one is at most 64.
void bo__scratch_sort(void *base, size_t count, size_t size,
                      bool (*less)(const void *a, const void *b, const void *context),
                      const void *context);

#endif
