// SPDX-License-Identifier: MIT
// store.h: users in memory.
#ifndef USERS_STORE_H
#define USERS_STORE_H

#include <bora.h>

// A user, in C and in JSON: one list of fields makes the struct and says how it is read and
// written.
#define USER_FIELDS(FIELD)                                                                         \
    FIELD(int64_t, id, "id")                                                                       \
    FIELD(bo_str, name, "name", .min_len = 1, .max_len = 100)                                      \
    FIELD(bo_str, email, "email,omitempty", .format = BO_FORMAT_EMAIL)                             \
    FIELD(bo_str, created_at, "created_at")
BO_STRUCT(user, USER_FIELDS);

#define USER_LIST_FIELDS(FIELD) FIELD(BO_SLICE(user), users, "users")
BO_STRUCT(user_list, USER_LIST_FIELDS);

enum { USERS_MAX = 10000 };

typedef BO_MAP(int64_t, user *) user_map;

// A zero store is ready. All of it may be used by any number of goroutines at once. What it gives
// is copied to the arena, since another request may change or delete the user a moment later.
typedef struct {
    bo_rwmutex lock;  // Guards the rest.
    user_map by_id;
    int64_t last_id;
} store;

// store_add keeps a copy of *u, after giving it an id and a time. BO_EXHAUSTED: there are too many.
bo_err store_add(store *s, bo_arena *arena, user *u);

// store_find, store_update and store_remove: BO_NOT_FOUND. An update keeps the time of creation,
// and fills it in.
bo_err store_find(store *s, bo_arena *arena, int64_t id, user *out);
bo_err store_update(store *s, bo_arena *arena, user *u);
bo_err store_remove(store *s, int64_t id);

// store_list gives all, in the order in which they were added.
user_list store_list(store *s, bo_arena *arena);

void store_free(store *s);

#endif
