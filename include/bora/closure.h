// SPDX-License-Identifier: MIT
// bora/closure.h: a call to be made later. Internal to go, bo_group_go and bo_run.
//
// BO__CALL(keep, fn, args...) evaluates the arguments now and yields a bo__call: a copy of them and
// a thunk that makes the call from that copy. The thunk is code that the compiler writes in place,
// so arguments are converted to the parameters' types exactly as in a direct call: a nested
// function with gcc, a block without captures with clang (-fblocks). Neither captures anything, so
// neither needs a trampoline or an executable stack.
//
// The direct call is also compiled, and never made, so that a wrong argument is reported in the
// words of a direct call: "passing argument 2 of 'fetch' from incompatible pointer type".
//
// Rejected: passing the arguments raw in the registers of the ABI. It cannot see that a parameter
// is a double when the argument is an int, and nothing in C can tell it.
#ifndef BORA_CLOSURE_H
#define BORA_CLOSURE_H

#include <stddef.h>
#include <stdint.h>

// The function's address and at most 48 bytes of arguments: six scalars.
typedef struct {
    void *(*thunk)(void *block, void *frame);
    uint64_t frame[7];
} bo__call;

void *(*bo__thunk_code(void *trampoline))(void *, void *);

// The thunk is written once and used as an expression. The error pragmas make a wrong argument an
// error also where the program's own flags would only warn.
#if defined(__clang__)
#if !__has_feature(blocks)
#error "bora: clang needs -fblocks for go(fn, args...)"
#endif
struct bo__block {
    void *isa;
    int flags, reserved;
    void *(*invoke)(void *, void *);
};
#define BO__THUNK(body) ((struct bo__block *)(void *)(^void *(void *at_)body))->invoke
#define BO__STRICT                                                                                 \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic error \"-Wincompatible-pointer-types\"")                         \
            _Pragma("clang diagnostic error \"-Wint-conversion\"")
#define BO__LENIENT                                                                                \
    _Pragma("clang diagnostic ignored \"-Wincompatible-pointer-types\"")                           \
        _Pragma("clang diagnostic ignored \"-Wint-conversion\"")
#define BO__END_STRICT _Pragma("clang diagnostic pop")
#else
// Without optimisation gcc gives every nested function a trampoline on the stack, used or not, and
// the goroutine outlives that stack frame: take the function's own address out of the trampoline.
#ifdef __OPTIMIZE__
#define BO__THUNK_CODE(thunk) (thunk)
#else
#define BO__THUNK_CODE(thunk) bo__thunk_code((void *)(thunk))
#endif
#define BO__THUNK(body)                                                                            \
    __extension__({                                                                                \
        void *thunk_(void *block_ __attribute__((unused)), void *at_) body;                        \
        BO__THUNK_CODE(thunk_);                                                                    \
    })
#define BO__STRICT                                                                                 \
    _Pragma("GCC diagnostic push")                                                                 \
        _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")                           \
            _Pragma("GCC diagnostic error \"-Wint-conversion\"")
#define BO__LENIENT                                                                                \
    _Pragma("GCC diagnostic ignored \"-Wincompatible-pointer-types\"")                             \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"")
#define BO__END_STRICT _Pragma("GCC diagnostic pop")
#endif

// What becomes of the call's value: it is dropped, or kept in the pointer that the thunk returns.
#define BO__DROP(call)                                                                             \
    ({                                                                                             \
        (void)(call);                                                                              \
        (void *)0;                                                                                 \
    })
#define BO__KEEP_INT(call) ((void *)(intptr_t)(int){call})
#define BO__KEEP_ERR(call) ((void *)(uintptr_t)(bo_err){call})

// The type of an argument as it is passed: arrays and functions decay, qualifiers go.
#define BO__PASSED(arg) __typeof__(0 ? (arg) : (arg))

#define BO__CALL_N(keep, fields, now, later, ...)                                                  \
    __extension__({                                                                                \
        struct __attribute__((may_alias)) bo__frame fields;                                        \
        _Static_assert(sizeof(struct bo__frame) <= sizeof(((bo__call *)0)->frame),                 \
                       "at most 48 bytes of arguments: six scalars");                              \
        BO__STRICT                                                                                 \
        if (0)                                                                                     \
            (void)(keep(now));                                                                     \
        BO__LENIENT                                                                                \
        bo__call call_ = {BO__THUNK({                                                              \
                              struct bo__frame *f_ = (struct bo__frame *)at_;                      \
                              return keep(later);                                                  \
                          }),                                                                      \
                          {0}};                                                                    \
        BO__END_STRICT                                                                             \
        *(struct bo__frame *)(void *)call_.frame = (struct bo__frame){__VA_ARGS__};                \
        call_;                                                                                     \
    })

#define BO__CALL_0(keep, fn)                                                                       \
    BO__CALL_N(                                                                                    \
        keep, { __typeof__(&*(fn)) fn_; }, (fn)(), f_->fn_(), (fn))
#define BO__CALL_1(keep, fn, a)                                                                    \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
        },                                                                                         \
        (fn)(a), f_->fn_(f_->a_), (fn), (a))
#define BO__CALL_2(keep, fn, a, b)                                                                 \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
            BO__PASSED(b) b_;                                                                      \
        },                                                                                         \
        (fn)(a, b), f_->fn_(f_->a_, f_->b_), (fn), (a), (b))
#define BO__CALL_3(keep, fn, a, b, c)                                                              \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
            BO__PASSED(b) b_;                                                                      \
            BO__PASSED(c) c_;                                                                      \
        },                                                                                         \
        (fn)(a, b, c), f_->fn_(f_->a_, f_->b_, f_->c_), (fn), (a), (b), (c))
#define BO__CALL_4(keep, fn, a, b, c, d)                                                           \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
            BO__PASSED(b) b_;                                                                      \
            BO__PASSED(c) c_;                                                                      \
            BO__PASSED(d) d_;                                                                      \
        },                                                                                         \
        (fn)(a, b, c, d), f_->fn_(f_->a_, f_->b_, f_->c_, f_->d_), (fn), (a), (b), (c), (d))
#define BO__CALL_5(keep, fn, a, b, c, d, e)                                                        \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
            BO__PASSED(b) b_;                                                                      \
            BO__PASSED(c) c_;                                                                      \
            BO__PASSED(d) d_;                                                                      \
            BO__PASSED(e) e_;                                                                      \
        },                                                                                         \
        (fn)(a, b, c, d, e), f_->fn_(f_->a_, f_->b_, f_->c_, f_->d_, f_->e_), (fn), (a), (b), (c), \
        (d), (e))
#define BO__CALL_6(keep, fn, a, b, c, d, e, f)                                                     \
    BO__CALL_N(                                                                                    \
        keep,                                                                                      \
        {                                                                                          \
            __typeof__(&*(fn)) fn_;                                                                \
            BO__PASSED(a) a_;                                                                      \
            BO__PASSED(b) b_;                                                                      \
            BO__PASSED(c) c_;                                                                      \
            BO__PASSED(d) d_;                                                                      \
            BO__PASSED(e) e_;                                                                      \
            BO__PASSED(f) f_;                                                                      \
        },                                                                                         \
        (fn)(a, b, c, d, e, f), f_->fn_(f_->a_, f_->b_, f_->c_, f_->d_, f_->e_, f_->f_), (fn),     \
        (a), (b), (c), (d), (e), (f))
#define BO__CALL_TOO_MANY(...)                                                                     \
    __extension__({                                                                                \
        _Static_assert(0, "a goroutine takes at most six arguments");                              \
        (bo__call){0};                                                                             \
    })

#define BO__PASTE_(a, b) a##b
#define BO__PASTE(a, b) BO__PASTE_(a, b)
#define BO__NTH(fn, a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, n, ...) n
#define BO__ARGUMENTS(...)                                                                         \
    BO__NTH(__VA_ARGS__, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY,     \
            TOO_MANY, TOO_MANY, TOO_MANY, 6, 5, 4, 3, 2, 1, 0, )

// BO__CALL(keep, fn, args...)
#define BO__CALL(keep, ...) BO__PASTE(BO__CALL_, BO__ARGUMENTS(__VA_ARGS__))(keep, __VA_ARGS__)

// BO__CALL_OF(keep, (fn, args...))
#define BO__CALL_OF(keep, call) BO__CALL_OF_(keep, BO__UNWRAP call)
#define BO__CALL_OF_(keep, ...) BO__CALL(keep, __VA_ARGS__)
#define BO__UNWRAP(...) __VA_ARGS__

#endif
