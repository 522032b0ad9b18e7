// SPDX-License-Identifier: MIT
// err_sys.c: the errors of the system, a static one for every errno value of Linux.
//
// The table is constant, so bo_err_sys neither allocates nor fails nor asks the locale, and may be
// called where all else has gone wrong. The texts are ours because they stand in the middle of a
// message ("connect: connection refused"); those of strerror begin with a capital.
//
// Linux has the same values on x86-64 and aarch64; the highest is 133. Two numbers (41 and 58) were
// never given.
#include "base/error.h"

#include <errno.h>

#define SYSTEM_ERRORS(X)                                                                           \
    X(EPERM, "operation not permitted")                                                            \
    X(ENOENT, "no such file or directory")                                                         \
    X(ESRCH, "no such process")                                                                    \
    X(EINTR, "interrupted system call")                                                            \
    X(EIO, "input/output error")                                                                   \
    X(ENXIO, "no such device or address")                                                          \
    X(E2BIG, "argument list too long")                                                             \
    X(ENOEXEC, "exec format error")                                                                \
    X(EBADF, "bad file descriptor")                                                                \
    X(ECHILD, "no child processes")                                                                \
    X(EAGAIN, "resource temporarily unavailable")                                                  \
    X(ENOMEM, "cannot allocate memory")                                                            \
    X(EACCES, "permission denied")                                                                 \
    X(EFAULT, "bad address")                                                                       \
    X(ENOTBLK, "block device required")                                                            \
    X(EBUSY, "device or resource busy")                                                            \
    X(EEXIST, "file exists")                                                                       \
    X(EXDEV, "invalid cross-device link")                                                          \
    X(ENODEV, "no such device")                                                                    \
    X(ENOTDIR, "not a directory")                                                                  \
    X(EISDIR, "is a directory")                                                                    \
    X(EINVAL, "invalid argument")                                                                  \
    X(ENFILE, "too many open files in the system")                                                 \
    X(EMFILE, "too many open files")                                                               \
    X(ENOTTY, "inappropriate ioctl for device")                                                    \
    X(ETXTBSY, "text file busy")                                                                   \
    X(EFBIG, "file too large")                                                                     \
    X(ENOSPC, "no space left on device")                                                           \
    X(ESPIPE, "illegal seek")                                                                      \
    X(EROFS, "read-only file system")                                                              \
    X(EMLINK, "too many links")                                                                    \
    X(EPIPE, "broken pipe")                                                                        \
    X(EDOM, "argument out of domain")                                                              \
    X(ERANGE, "result out of range")                                                               \
    X(EDEADLK, "resource deadlock avoided")                                                        \
    X(ENAMETOOLONG, "file name too long")                                                          \
    X(ENOLCK, "no locks available")                                                                \
    X(ENOSYS, "function not implemented")                                                          \
    X(ENOTEMPTY, "directory not empty")                                                            \
    X(ELOOP, "too many levels of symbolic links")                                                  \
    X(ENOMSG, "no message of desired type")                                                        \
    X(EIDRM, "identifier removed")                                                                 \
    X(ECHRNG, "channel number out of range")                                                       \
    X(EL2NSYNC, "level 2 not synchronized")                                                        \
    X(EL3HLT, "level 3 halted")                                                                    \
    X(EL3RST, "level 3 reset")                                                                     \
    X(ELNRNG, "link number out of range")                                                          \
    X(EUNATCH, "protocol driver not attached")                                                     \
    X(ENOCSI, "no CSI structure available")                                                        \
    X(EL2HLT, "level 2 halted")                                                                    \
    X(EBADE, "invalid exchange")                                                                   \
    X(EBADR, "invalid request descriptor")                                                         \
    X(EXFULL, "exchange full")                                                                     \
    X(ENOANO, "no anode")                                                                          \
    X(EBADRQC, "invalid request code")                                                             \
    X(EBADSLT, "invalid slot")                                                                     \
    X(EBFONT, "bad font file format")                                                              \
    X(ENOSTR, "device not a stream")                                                               \
    X(ENODATA, "no data available")                                                                \
    X(ETIME, "timer expired")                                                                      \
    X(ENOSR, "out of streams resources")                                                           \
    X(ENONET, "machine is not on the network")                                                     \
    X(ENOPKG, "package not installed")                                                             \
    X(EREMOTE, "object is remote")                                                                 \
    X(ENOLINK, "link has been severed")                                                            \
    X(EADV, "advertise error")                                                                     \
    X(ESRMNT, "remote mount error")                                                                \
    X(ECOMM, "communication error on send")                                                        \
    X(EPROTO, "protocol error")                                                                    \
    X(EMULTIHOP, "multihop attempted")                                                             \
    X(EDOTDOT, "remote file sharing error")                                                        \
    X(EBADMSG, "bad message")                                                                      \
    X(EOVERFLOW, "value too large")                                                                \
    X(ENOTUNIQ, "name not unique on network")                                                      \
    X(EBADFD, "file descriptor in bad state")                                                      \
    X(EREMCHG, "remote address changed")                                                           \
    X(ELIBACC, "cannot access a needed shared library")                                            \
    X(ELIBBAD, "corrupted shared library")                                                         \
    X(ELIBSCN, "corrupted section in a shared library")                                            \
    X(ELIBMAX, "too many shared libraries")                                                        \
    X(ELIBEXEC, "cannot exec a shared library directly")                                           \
    X(EILSEQ, "invalid byte sequence")                                                             \
    X(ERESTART, "interrupted call should be restarted")                                            \
    X(ESTRPIPE, "streams pipe error")                                                              \
    X(EUSERS, "too many users")                                                                    \
    X(ENOTSOCK, "socket operation on non-socket")                                                  \
    X(EDESTADDRREQ, "destination address required")                                                \
    X(EMSGSIZE, "message too long")                                                                \
    X(EPROTOTYPE, "wrong protocol type for socket")                                                \
    X(ENOPROTOOPT, "protocol not available")                                                       \
    X(EPROTONOSUPPORT, "protocol not supported")                                                   \
    X(ESOCKTNOSUPPORT, "socket type not supported")                                                \
    X(EOPNOTSUPP, "operation not supported")                                                       \
    X(EPFNOSUPPORT, "protocol family not supported")                                               \
    X(EAFNOSUPPORT, "address family not supported")                                                \
    X(EADDRINUSE, "address already in use")                                                        \
    X(EADDRNOTAVAIL, "cannot assign requested address")                                            \
    X(ENETDOWN, "network is down")                                                                 \
    X(ENETUNREACH, "network is unreachable")                                                       \
    X(ENETRESET, "network dropped connection")                                                     \
    X(ECONNABORTED, "connection aborted")                                                          \
    X(ECONNRESET, "connection reset by peer")                                                      \
    X(ENOBUFS, "no buffer space available")                                                        \
    X(EISCONN, "already connected")                                                                \
    X(ENOTCONN, "not connected")                                                                   \
    X(ESHUTDOWN, "send after shutdown")                                                            \
    X(ETOOMANYREFS, "too many references")                                                         \
    X(ETIMEDOUT, "connection timed out")                                                           \
    X(ECONNREFUSED, "connection refused")                                                          \
    X(EHOSTDOWN, "host is down")                                                                   \
    X(EHOSTUNREACH, "no route to host")                                                            \
    X(EALREADY, "operation already in progress")                                                   \
    X(EINPROGRESS, "operation now in progress")                                                    \
    X(ESTALE, "stale file handle")                                                                 \
    X(EUCLEAN, "structure needs cleaning")                                                         \
    X(ENOTNAM, "not a XENIX named file")                                                           \
    X(ENAVAIL, "no XENIX semaphores available")                                                    \
    X(EISNAM, "is a named type file")                                                              \
    X(EREMOTEIO, "remote I/O error")                                                               \
    X(EDQUOT, "disk quota exceeded")                                                               \
    X(ENOMEDIUM, "no medium found")                                                                \
    X(EMEDIUMTYPE, "wrong medium type")                                                            \
    X(ECANCELED, "operation canceled")                                                             \
    X(ENOKEY, "required key not available")                                                        \
    X(EKEYEXPIRED, "key has expired")                                                              \
    X(EKEYREVOKED, "key has been revoked")                                                         \
    X(EKEYREJECTED, "key was rejected by service")                                                 \
    X(EOWNERDEAD, "owner died")                                                                    \
    X(ENOTRECOVERABLE, "state not recoverable")                                                    \
    X(ERFKILL, "switched off by RF-kill")                                                          \
    X(EHWPOISON, "memory page has a hardware error")

#define DEFINE_ERROR(NAME, text) [NAME] = {.message = (text), .errno_value = (NAME)},
static const struct bo_error system_errors[] = {SYSTEM_ERRORS(DEFINE_ERROR)};
#undef DEFINE_ERROR

static const struct bo_error unknown_error = {.message = "unknown system error"};

bo_err bo_err_sys(int errno_value)
{
    size_t index = (size_t)(unsigned)errno_value;
    if (index >= sizeof(system_errors) / sizeof(system_errors[0]) || !system_errors[index].message)
        return &unknown_error;
    return &system_errors[index];
}
