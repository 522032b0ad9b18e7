// SPDX-License-Identifier: MIT
// map.c: the untyped core of maps.
//
// The entries lie one behind the other in the order of insertion, and beside them lies an index: a
// table of twice the size, open addressing with linear probing, whose slots hold 32 bits of the
// hash and the number of the entry. A look-up reads one line of the index and one entry; iteration
// reads entries as an array; growth never hashes a key again. Up to eight entries there is no index
// and no hashing: comparing the keys themselves is faster.
//
// Deleting marks the entry dead and closes the gap in the index by moving slots back, so that the
// index has no tombstones. Dead entries are squeezed out when room is needed: a map that is always
// changed and never grows stays as large as it is, each squeeze being paid for by the quarter of
// the capacity that it frees at least.
//
// Invariants: first_ <= used_ <= capacity_, and index_ is NULL or has 2 * capacity_ slots, of which
// live_ are in use. Every live entry is found from the home of its hash on without passing an empty
// slot. Entries before first_ and the last one before used_ are dead and live.
//
// Rejected: groups of slots compared by SIMD. It wins on tables that outgrow the caches, and costs
// a second implementation for each machine and the order of iteration.
#include "base/hash.h"

#include <bora/err.h>
#include <bora/map.h>
#include <stdlib.h>

#define CAPACITY_MIN 8u  // Also the most that does without an index.
#define CAPACITY_MAX ((uint32_t)1 << 31)

typedef struct {
    uint32_t hash;  // Set once there is an index.
    uint32_t live;
} entry_head;

// A key of either type. Every function that takes one is inlined into a version for each type.
typedef struct {
    enum { KEY_STR, KEY_INT } type;
    bo_str str;
    int64_t num;
} any_key;

#define SPECIALISED static inline __attribute__((always_inline))

// Where a key was found.
typedef struct {
    entry_head *entry;  // NULL if it was not.
    uint32_t slot;      // Of the index, if there is one.
} place;

static entry_head *entry_at(const bo__map *map, uint32_t number)
{
    return (void *)(map->entries_ + (size_t)number * map->stride_);
}

SPECIALISED uint32_t hash_key(any_key key)
{
    return (uint32_t)(key.type == KEY_STR ? bo_str_hash(key.str) : bo__hash_u64((uint64_t)key.num));
}

SPECIALISED any_key key_of(entry_head *entry, int type)
{
    if (type == KEY_STR)
        return (any_key){.type = KEY_STR, .str = *(bo_str *)bo__map_key(entry)};
    return (any_key){.type = KEY_INT, .num = *(int64_t *)bo__map_key(entry)};
}

SPECIALISED bool has_key(entry_head *entry, any_key key)
{
    any_key own = key_of(entry, key.type);
    return key.type == KEY_STR ? bo_str_eq(own.str, key.str) : own.num == key.num;
}

SPECIALISED place find_among_few(const bo__map *map, any_key key)
{
    for (uint32_t i = map->first_; i < map->used_; i++) {
        entry_head *entry = entry_at(map, i);
        if (entry->live && has_key(entry, key))
            return (place){.entry = entry};
    }
    return (place){0};
}

// A slot is 0 if it is empty, else the hash in its upper half and the entry's number plus 1.
static uint64_t make_slot(uint32_t hash, uint32_t number)
{
    return (uint64_t)hash << 32 | (number + 1);
}

static uint32_t slot_hash(uint64_t slot)
{
    return (uint32_t)(slot >> 32);
}

SPECIALISED place find_hashed(const bo__map *map, any_key key, uint32_t hash)
{
    uint32_t mask = map->index_mask_;
    for (uint32_t i = hash & mask; map->index_[i]; i = (i + 1) & mask) {
        if (slot_hash(map->index_[i]) != hash)
            continue;
        entry_head *entry = entry_at(map, (uint32_t)map->index_[i] - 1);
        if (has_key(entry, key))
            return (place){.entry = entry, .slot = i};
    }
    return (place){0};
}

SPECIALISED place find(const bo__map *map, any_key key)
{
    if (map->index_)
        return find_hashed(map, key, hash_key(key));
    return find_among_few(map, key);
}

SPECIALISED void *get(const bo__map *map, any_key key)
{
    entry_head *entry = map->live_ ? find(map, key).entry : NULL;
    return entry ? bo__map_value(map, entry) : NULL;
}

// ---- growing ----

static void index_add(bo__map *map, uint32_t hash, uint32_t number)
{
    uint32_t i = hash & map->index_mask_;
    while (map->index_[i])
        i = (i + 1) & map->index_mask_;
    map->index_[i] = make_slot(hash, number);
}

// squeeze moves the live entries together.
static void squeeze(bo__map *map)
{
    uint32_t to = 0;
    for (uint32_t from = map->first_; from < map->used_; from++) {
        entry_head *entry = entry_at(map, from);
        if (!entry->live)
            continue;
        if (to != from)
            memcpy(entry_at(map, to), entry, map->stride_);
        to++;
    }
    map->used_ = map->live_;
    map->first_ = 0;
}

static void resize_entries(bo__map *map, bo_arena *arena, uint32_t capacity, size_t align)
{
    size_t old_bytes = (size_t)map->capacity_ * map->stride_;
    size_t bytes = (size_t)capacity * map->stride_;
    if (arena)
        map->entries_ = bo_arena_grow(arena, map->entries_, old_bytes, bytes, align);
    else
        map->entries_ = bo_realloc(map->entries_, bytes);
    map->capacity_ = capacity;
}

static void resize_index(bo__map *map, bo_arena *arena)
{
    if (!arena)
        free(map->index_);
    map->index_ = NULL;
    map->index_mask_ = 0;
    if (map->capacity_ > CAPACITY_MIN) {
        size_t slots = 2 * (size_t)map->capacity_;
        map->index_ = arena ? bo_new_n(arena, uint64_t, slots) : bo_calloc(slots, sizeof(uint64_t));
        map->index_mask_ = (uint32_t)(slots - 1);
    }
}

// make_room brings the map to a capacity of which at least a quarter is free, and indexes it anew.
SPECIALISED void make_room(bo__map *map, bo_arena *arena, int type, size_t align)
{
    uint32_t capacity = CAPACITY_MIN;
    while (map->live_ > capacity / 4 * 3) {
        bo_assert(capacity < CAPACITY_MAX);
        capacity *= 2;
    }
    bool hashed = map->index_ != NULL;
    squeeze(map);
    if (capacity != map->capacity_) {
        resize_entries(map, arena, capacity, align);
        resize_index(map, arena);
    } else if (map->index_) {
        memset(map->index_, 0, 2 * (size_t)capacity * sizeof(uint64_t));
    }
    if (!map->index_)
        return;
    for (uint32_t i = 0; i < map->used_; i++) {
        entry_head *entry = entry_at(map, i);
        if (!hashed)
            entry->hash = hash_key(key_of(entry, type));
        index_add(map, entry->hash, i);
    }
}

static size_t round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static void set_layout(bo__map *map, size_t key_size, bo__map_elem value)
{
    size_t align = value.align > 8 ? value.align : 8;
    size_t offset = round_up(sizeof(entry_head) + key_size, align);
    size_t stride = round_up(offset + value.size, align);
    bo_assert(align <= _Alignof(max_align_t));
    bo_assert(stride <= INT32_MAX);
    map->value_offset_ = (uint32_t)offset;
    map->stride_ = (uint32_t)stride;
}

static bo_str own_str(bo_arena *arena, bo_str key)
{
    if (arena)
        return bo_str_clone(arena, key);
    char *copy = bo_malloc(key.len + 1);
    if (key.len > 0)
        memcpy(copy, key.ptr, key.len);
    copy[key.len] = '\0';
    return bo_str_n(copy, key.len);
}

SPECIALISED void *slot(bo__map *map, bo_arena *arena, any_key key, bo__map_elem value)
{
    entry_head *entry = map->live_ ? find(map, key).entry : NULL;
    if (entry)
        return bo__map_value(map, entry);

    // Before anything moves: the key may lie in one of the map's own values.
    if (key.type == KEY_STR)
        key.str = own_str(arena, key.str);
    if (map->used_ == map->capacity_) {
        if (!map->entries_)
            set_layout(map, key.type == KEY_STR ? sizeof(bo_str) : sizeof(int64_t), value);
        make_room(map, arena, key.type, value.align > 8 ? value.align : 8);
    }
    uint32_t number = map->used_++;
    map->live_++;
    entry = entry_at(map, number);
    entry->live = 1;
    if (key.type == KEY_STR)
        *(bo_str *)bo__map_key(entry) = key.str;
    else
        *(int64_t *)bo__map_key(entry) = key.num;
    if (map->index_) {
        entry->hash = hash_key(key);
        index_add(map, entry->hash, number);
    }
    return memset(bo__map_value(map, entry), 0, value.size);
}

// ---- deleting ----

// index_remove empties a slot. Each slot behind it that was pushed on over the gap is moved back
// into it and leaves the next gap, until the chain ends.
static void index_remove(bo__map *map, uint32_t gap)
{
    uint32_t mask = map->index_mask_;
    for (uint32_t i = (gap + 1) & mask; map->index_[i]; i = (i + 1) & mask) {
        uint32_t home = slot_hash(map->index_[i]) & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        map->index_[gap] = map->index_[i];
        gap = i;
    }
    map->index_[gap] = 0;
}

static void free_str(bo_arena *arena, entry_head *entry)
{
    if (!arena)
        free((void *)(uintptr_t)((bo_str *)bo__map_key(entry))->ptr);
}

SPECIALISED bool delete (bo__map *map, bo_arena *arena, any_key key)
{
    place found = map->live_ ? find(map, key) : (place){0};
    if (!found.entry)
        return false;
    if (map->index_)
        index_remove(map, found.slot);
    if (key.type == KEY_STR)
        free_str(arena, found.entry);
    found.entry->live = 0;
    map->live_--;

    // Dead entries at either end are passed over once and for all.
    if (map->live_ == 0)
        map->first_ = map->used_ = 0;
    while (map->first_ < map->used_ && !entry_at(map, map->first_)->live)
        map->first_++;
    while (map->first_ < map->used_ && !entry_at(map, map->used_ - 1)->live)
        map->used_--;
    return true;
}

SPECIALISED void reset(bo__map *map, bo_arena *arena, int type)
{
    for (uint32_t i = map->first_; type == KEY_STR && i < map->used_; i++)
        if (entry_at(map, i)->live)
            free_str(arena, entry_at(map, i));
    if (map->index_)
        memset(map->index_, 0, 2 * (size_t)map->capacity_ * sizeof(uint64_t));
    map->live_ = map->first_ = map->used_ = 0;
}

static void free_empty(bo__map *map, bo_arena *arena)
{
    if (!arena) {
        free(map->entries_);
        free(map->index_);
    }
    *map = (bo__map){0};
}

// ---- for each type of key ----

void *bo__map_get_str(const bo__map *map, bo_str key)
{
    return get(map, (any_key){.type = KEY_STR, .str = key});
}

void *bo__map_get_int(const bo__map *map, int64_t key)
{
    return get(map, (any_key){.type = KEY_INT, .num = key});
}

void *bo__map_slot_str(bo__map *map, bo_arena *arena, bo_str key, bo__map_elem value)
{
    return slot(map, arena, (any_key){.type = KEY_STR, .str = key}, value);
}

void *bo__map_slot_int(bo__map *map, bo_arena *arena, int64_t key, bo__map_elem value)
{
    return slot(map, arena, (any_key){.type = KEY_INT, .num = key}, value);
}

bool bo__map_delete_str(bo__map *map, bo_arena *arena, bo_str key)
{
    return delete (map, arena, (any_key){.type = KEY_STR, .str = key});
}

bool bo__map_delete_int(bo__map *map, bo_arena *arena, int64_t key)
{
    return delete (map, arena, (any_key){.type = KEY_INT, .num = key});
}

void bo__map_reset_str(bo__map *map, bo_arena *arena)
{
    reset(map, arena, KEY_STR);
}

void bo__map_reset_int(bo__map *map, bo_arena *arena)
{
    reset(map, arena, KEY_INT);
}

void bo__map_free_str(bo__map *map, bo_arena *arena)
{
    reset(map, arena, KEY_STR);
    free_empty(map, arena);
}

void bo__map_free_int(bo__map *map, bo_arena *arena)
{
    reset(map, arena, KEY_INT);
    free_empty(map, arena);
}

void *bo__map_next(const bo__map *map, size_t *cursor)
{
    size_t at = *cursor > map->first_ ? *cursor : map->first_;
    for (; at < map->used_; at++) {
        entry_head *entry = entry_at(map, (uint32_t)at);
        if (entry->live) {
            *cursor = at + 1;
            return entry;
        }
    }
    *cursor = at;
    return NULL;
}
