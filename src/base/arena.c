// SPDX-License-Identifier: MIT
// arena.c: blocks behind the inline path of bora/arena.h, and the heap that does not fail.
//
// An arena fills one block after the other. The first has 4 KB, each next one twice as much up to
// 64 KB, so that a small request costs one malloc and a big one few. What does not fit into 64 KB
// gets a block of its own, hung in *behind* the current one, which goes on being filled; and since
// it has that block to itself it grows by realloc: a buffer that doubles its way up to 100 MB
// leaves no copies behind.
//
// Invariants: next_ and end_ lie in block_, or all three are NULL; used_ counts all blocks but
// block_.
//
// Under AddressSanitizer all that is not handed out is poisoned, and eight bytes behind every
// allocation stay so.
#include <bora/arena.h>
#include <bora/err.h>
#include <stdlib.h>

#define BLOCK_BYTES_MIN ((size_t)4 << 10)
#define BLOCK_BYTES_MAX ((size_t)64 << 10)

// Malloc aligns to this much, and the block's header keeps to it.
#define BLOCK_ALIGN _Alignof(max_align_t)

struct bo__arena_block {
    struct bo__arena_block *older;
    size_t size;  // Bytes behind this header.
};

_Static_assert(sizeof(struct bo__arena_block) % BLOCK_ALIGN == 0, "a block's memory is aligned");

#if BO__ASAN
#include <sanitizer/asan_interface.h>

static void poison(char *ptr, size_t size)
{
    __asan_poison_memory_region(ptr, size);
}

static void unpoison(char *ptr, size_t size)
{
    __asan_unpoison_memory_region(ptr, size);
}

// footprint is the room that an allocation takes: itself and a poisoned gap behind it.
static size_t footprint(size_t size)
{
    return ((size + 7) & ~(size_t)7) + 8;
}

// The shadow of AddressSanitizer has one entry for eight bytes.
static size_t effective_align(size_t align)
{
    return align < 8 ? 8 : align;
}
#else
static void poison(char *ptr, size_t size)
{
    (void)ptr, (void)size;
}

static void unpoison(char *ptr, size_t size)
{
    (void)ptr, (void)size;
}

static size_t footprint(size_t size)
{
    return size;
}

static size_t effective_align(size_t align)
{
    return align;
}
#endif

_Noreturn void bo__out_of_memory(size_t count, size_t size)
{
    if (count == 1)
        bo_panic("out of memory: %zu bytes wanted", size);
    bo_panic("out of memory: %zu times %zu bytes wanted", count, size);
}

void *bo_malloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);
    if (!ptr)
        bo__out_of_memory(1, size);
    return ptr;
}

void *bo_calloc(size_t count, size_t size)
{
    void *ptr = calloc(count ? count : 1, size ? size : 1);
    if (!ptr)
        bo__out_of_memory(count, size);
    return ptr;
}

void *bo_realloc(void *ptr, size_t size)
{
    void *moved = realloc(ptr, size ? size : 1);
    if (!moved)
        bo__out_of_memory(1, size);
    return moved;
}

static char *block_data(struct bo__arena_block *block)
{
    return (char *)(block + 1);
}

static bool is_large(const struct bo__arena_block *block)
{
    return block && block->size > BLOCK_BYTES_MAX - sizeof(*block);
}

static size_t current_used(const bo_arena *arena)
{
    return arena->block_ ? (size_t)(arena->next_ - block_data(arena->block_)) : 0;
}

static void free_block(struct bo__arena_block *block)
{
    unpoison(block_data(block), block->size);
    free(block);
}

// alloc_large gives an allocation a block of its own, behind the current one if there is one.
static char *alloc_large(bo_arena *arena, size_t need, size_t align)
{
    struct bo__arena_block *block = bo_malloc(sizeof(*block) + need);
    block->size = need;
    char *data = block_data(block);
    if (arena->block_) {
        block->older = arena->block_->older;
        arena->block_->older = block;
        arena->used_ += need;
    } else {
        block->older = NULL;
        arena->block_ = block;
        arena->next_ = arena->end_ = data + need;
    }
    return data + (-(uintptr_t)data & (align - 1));
}

// add_block makes a new current block that has room for need bytes.
static void add_block(bo_arena *arena, size_t need)
{
    size_t bytes = BLOCK_BYTES_MIN;
    if (arena->block_)
        bytes = 2 * (arena->block_->size + sizeof(*arena->block_));
    if (bytes > BLOCK_BYTES_MAX)
        bytes = BLOCK_BYTES_MAX;
    while (bytes - sizeof(struct bo__arena_block) < need)
        bytes *= 2;

    struct bo__arena_block *block = bo_malloc(bytes);
    block->older = arena->block_;
    block->size = bytes - sizeof(*block);
    arena->used_ += current_used(arena);
    arena->block_ = block;
    arena->next_ = block_data(block);
    arena->end_ = arena->next_ + block->size;
    poison(arena->next_, block->size);
}

// bo__arena_alloc is what bo_alloc_raw calls when the current block has no room, and always under
// AddressSanitizer.
void *bo__arena_alloc(bo_arena *arena, size_t size, size_t align)
{
    bo_assert(align > 0 && align <= 4096 && (align & (align - 1)) == 0);
    if (size > PTRDIFF_MAX / 2)
        bo__out_of_memory(1, size);
    align = effective_align(align);
    size_t pad = (size_t)(-(uintptr_t)arena->next_ & (align - 1));
    size_t room = (size_t)(arena->end_ - arena->next_);
    if (!arena->block_ || pad + footprint(size) > room) {
        // A block starts aligned for everything that does not ask for more than malloc gives.
        size_t need = footprint(size) + (align > BLOCK_ALIGN ? align : 0);
        if (need > BLOCK_BYTES_MAX - sizeof(struct bo__arena_block))
            return alloc_large(arena, need, align);
        add_block(arena, need);
        pad = (size_t)(-(uintptr_t)arena->next_ & (align - 1));
    }
    char *at = arena->next_ + pad;
    arena->next_ = at + footprint(size);
    unpoison(at, size);
    return at;
}

// large_of returns where the pointer to ptr's block is kept if ptr has a block of its own and that
// is the one made last; else NULL. Older ones are not searched for: what grows is nearly always
// recent.
static struct bo__arena_block **large_of(bo_arena *arena, const char *ptr)
{
    struct bo__arena_block **place = &arena->block_;
    if (*place && !is_large(*place))
        place = &(*place)->older;
    return is_large(*place) && block_data(*place) == ptr ? place : NULL;
}

static char *grow_large(bo_arena *arena, struct bo__arena_block **place, size_t new_size)
{
    struct bo__arena_block *block = *place;
    size_t need = footprint(new_size);
    size_t added = need - block->size;
    block = bo_realloc(block, sizeof(*block) + need);
    block->size = need;
    *place = block;
    if (place == &arena->block_)
        arena->next_ = arena->end_ = block_data(block) + need;
    else
        arena->used_ += added;
    return block_data(block);
}

void *bo_arena_grow(bo_arena *arena, void *ptr, size_t old_size, size_t new_size, size_t align)
{
    if (!ptr)
        return bo_alloc_raw(arena, new_size, align);
    if (new_size > PTRDIFF_MAX / 2)
        bo__out_of_memory(1, new_size);
    char *at = ptr;
    bool last = at + footprint(old_size) == arena->next_ && !is_large(arena->block_);
    if (last && footprint(new_size) <= (size_t)(arena->end_ - at)) {
        arena->next_ = at + footprint(new_size);
        poison(at, (size_t)(arena->end_ - at));
        unpoison(at, new_size);
        return at;
    }
    if (new_size <= old_size)
        return at;
    struct bo__arena_block **large = align <= BLOCK_ALIGN ? large_of(arena, at) : NULL;
    if (large)
        return footprint(new_size) <= (*large)->size ? at : grow_large(arena, large, new_size);
    char *moved = bo_alloc_raw(arena, new_size, align);
    memcpy(moved, at, old_size);
    return moved;
}

size_t bo_arena_used(const bo_arena *arena)
{
    return arena->used_ + current_used(arena);
}

void bo_arena_reset(bo_arena *arena)
{
    struct bo__arena_block *kept = NULL;
    for (struct bo__arena_block *block = arena->block_, *older; block; block = older) {
        older = block->older;
        if (is_large(block)) {
            free_block(block);
        } else {
            if (kept)
                free_block(kept);
            kept = block;
        }
    }
    *arena = (bo_arena){.block_ = kept};
    if (kept) {
        kept->older = NULL;
        arena->next_ = block_data(kept);
        arena->end_ = arena->next_ + kept->size;
        poison(arena->next_, kept->size);
    }
}

void bo_arena_free(bo_arena *arena)
{
    for (struct bo__arena_block *block = arena->block_, *older; block; block = older) {
        older = block->older;
        free_block(block);
    }
    *arena = (bo_arena){0};
}
