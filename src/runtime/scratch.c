// SPDX-License-Identifier: MIT
// Mappings instead of a heap: a report makes a handful of them and they live as long as the
// program. Errors are told by NULL; errno is kept, since the caller may be a signal handler.
#include "runtime/scratch.h"

#include <string.h>
#include <sys/mman.h>

#include <bora/err.h>
#include <bora/go.h>

#define ELEMENT_MAX 64

void *bo__scratch_new(size_t size)
{
    int saved = errno;
    void *ptr = size == 0 ? MAP_FAILED
                          : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    return ptr == MAP_FAILED ? NULL : ptr;
}

void bo__scratch_free(void *ptr, size_t size)
{
    int saved = errno;
    if (ptr)
        munmap(ptr, size);
    errno = saved;
}

void *bo__scratch_grow(void *ptr, size_t old_size, size_t new_size)
{
    if (!ptr)
        return bo__scratch_new(new_size);

    int saved = errno;
    void *grown = mremap(ptr, old_size, new_size, MREMAP_MAYMOVE);
    errno = saved;
    return grown == MAP_FAILED ? NULL : grown;
}

struct heap {
    char *base;
    size_t size;
    bool (*less)(const void *, const void *, const void *);
    const void *context;
};

static void swap(struct heap *h, size_t a, size_t b)
{
    char kept[ELEMENT_MAX];
    memcpy(kept, h->base + a * h->size, h->size);
    memcpy(h->base + a * h->size, h->base + b * h->size, h->size);
    memcpy(h->base + b * h->size, kept, h->size);
}

// sift_down lets the element at `at` sink until it is no less than its children.
static void sift_down(struct heap *h, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        const char *left = h->base + child * h->size;
        if (child + 1 < count && h->less(left, left + h->size, h->context))
            child++;
        if (!h->less(h->base + at * h->size, h->base + child * h->size, h->context))
            return;
        swap(h, at, child);
    }
}

void bo__scratch_sort(void *base, size_t count, size_t size,
                      bool (*less)(const void *a, const void *b, const void *context),
                      const void *context)
{
    bo_assert(size <= ELEMENT_MAX);
    struct heap h = {base, size, less, context};
    for (size_t i = count / 2; i-- > 0;)
        sift_down(&h, i, count);
    for (size_t end = count; end-- > 1;) {
        swap(&h, 0, end);
        sift_down(&h, 0, end);
    }
}
