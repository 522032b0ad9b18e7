// SPDX-License-Identifier: MIT
// bora/group.h: goroutines that belong together, cancellation, deadlines.
//
// A group is never left before its goroutines are done; the first error cancels the rest.
//
//     bo_group group = {0};
//     bo_group_deadline(&group, 2 * BO_SECOND);
//     for (size_t i = 0; i < shards; i++)
//         bo_group_go(&group, query_shard, &shard[i]);    // bo_err query_shard(struct shard *s)
//     bo_err err = bo_group_wait(&group);
//
// A group is a scope, and its goroutines run in it. A group that is opened in a scope is a scope
// below it. When a scope ends (an error, a deadline, bo_group_cancel, the end of the scope around
// it), each call of Bora's that waits or has to wait in it or below it returns BO_CANCELED or
// BO_TIMEOUT, and bo_scope_err() (bora/go.h) says so to a computation that asks. Nothing is killed:
// a goroutine ends by returning. One that was started with a plain go is in no scope, since nobody
// waits for it.
//
// A scope around a piece of code, without goroutines:
//
//     {
//         BO_DEADLINE(2 * BO_SECOND);                     // Until the closing brace.
//         BO_TRY(bo_sql_query(db, "select ...", &rows));  // Fails with BO_TIMEOUT.
//     }
//
// Scopes only narrow: a deadline that is later than the one around it changes nothing.
#ifndef BORA_GROUP_H
#define BORA_GROUP_H

#include <bora/go.h>
#include <bora/time.h>
#include <stdint.h>

// A zero group is ready. It belongs to the goroutine that first uses it, which has to wait for it;
// its goroutines may start others in it. Do not copy or move one that is in use.
typedef struct {
    bo__scope scope_;
    int32_t lock_;  // Guards what follows.
    int32_t running_;
    int32_t limit_;     // 0: none.
    int32_t open_;      // Whether scope_ is open. Atomic: it is read without the lock.
    bo_err err_;        // The first error.
    int64_t deadline_;  // The earliest that was set; 0: none. The owner's.
    bo__waitq waiters_, starters_;
} bo_group;

// bo_group_go(group, fn, args...) starts fn(args...), which returns a bo_err, as a goroutine of the
// group; see go for the arguments. Parks only while the group is at its limit. In a group that has
// ended already the function runs all the same, and finds out at its first call that has to wait,
// so that what its arguments own is not lost.
#define bo_group_go(group, ...) bo__group_go((group), BO__CALL(BO__KEEP_ERR, __VA_ARGS__), NULL)

// bo_group_go_with(group, (fn, args...), .option = value...) is bo_group_go with options; see
// bo_go_with.
#define bo_group_go_with(group, call, ...)                                                         \
    bo__group_go((group), BO__CALL_OF(BO__KEEP_ERR, call), &(bo_go_options){__VA_ARGS__})

// bo_group_wait waits until all goroutines of the group have returned, and returns the first error
// that one of them returned, for the caller to free; the others are freed. NULL if none did, also
// when the group was canceled. Parks, whatever happens to the scope around it. After it the group
// is as a zero one and may be used again.
bo_err bo_group_wait(bo_group *group);

// bo_group_deadline ends the group with BO_TIMEOUT once d has passed from now. The earliest counts.
void bo_group_deadline(bo_group *group, bo_duration d);

// bo_group_cancel ends the group with BO_CANCELED now. Anyone may call it before bo_group_wait has
// returned. Never parks.
void bo_group_cancel(bo_group *group);

// bo_group_limit lets at most n goroutines (n > 0) of the group run at once: bo_group_go waits for
// one to return. Call it before the first bo_group_go.
void bo_group_limit(bo_group *group, int n);

// BO_DEADLINE(d) ends the calls that wait with BO_TIMEOUT once d has passed, from here to the end
// of the enclosing block, groups that are used in it included. It is a declaration.
#define BO_DEADLINE(d) BO__DEADLINE(BO__PASTE(bo__deadline_, __COUNTER__), (d))
#define BO__DEADLINE(name, d)                                                                      \
    __attribute__((cleanup(bo__deadline_end))) bo__deadline name;                                  \
    bo__deadline_begin(&name, (d))

typedef struct {
    bo__scope scope;
    bo__scope *outer;
} bo__deadline;

void bo__deadline_begin(bo__deadline *deadline, bo_duration d);
void bo__deadline_end(bo__deadline *deadline);
void bo__group_go(bo_group *group, bo__call call, const bo_go_options *options);

#endif
