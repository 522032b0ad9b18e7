// SPDX-License-Identifier: MIT
// file.c: whole files.
//
// Each is one blocking call, made of many system calls, on a thread that has given its core away.
//
// A file is replaced by writing a new one beside it and renaming that: a name stands for all of the
// old contents or all of the new at any moment. The new file is on the disk before it gets the
// name, or else a crash could leave the name with nothing behind it. It is made with no more
// permissions than the old one has, and gets all of them once its owner is right: nobody may read
// in between what he may not read afterwards.
//
// Rejected: writing into the old file where it cannot be renamed over (other names of it, a folder
// that is not ours to write in). Whoever needs that does not get what this function promises.
#include "io/io.h"

#include "runtime/runtime.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40, NAMES_MAX = 100 };

// ---- reading ----

// fill is for use within a blocking call.
static bo_err fill(bo_reader *reader, char *into, size_t max, size_t *got)
{
    ssize_t len;
    do
        len = read(((bo_fd_reader *)reader)->fd, into, max);
    while (len < 0 && errno == EINTR);
    if (len <= 0)
        return len == 0 ? BO_EOF : bo_err_sys(errno);
    *got = (size_t)len;
    return NULL;
}

static bo_err read_open(bo_arena *arena, int fd, size_t limit, bo_str *out)
{
    struct stat about;
    if (fstat(fd, &about))
        return bo_err_sys(errno);
    // What is no regular file says nothing about its length, and some of /proc say 0.
    size_t expected = S_ISREG(about.st_mode) ? (size_t)about.st_size : 0;
    if (expected > limit)
        return BO_TOO_LARGE;
    bo_fd_reader file = {.reader = {.fill = fill}, .fd = fd};
    return bo__read_all(arena, &file.reader, expected, limit, out);
}

static bo_err read_file(bo_arena *arena, const char *path, size_t limit, bo_str *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return bo_err_sys(errno);
    bo_err err = read_open(arena, fd, limit, out);
    close(fd);
    return err;
}

bo_err bo_file_read(bo_arena *arena, const char *path, size_t limit, bo_str *out)
{
    bo_err err = bo_scope_err();
    if (!err)
        err = bo_blocking(read_file, arena, path, limit, out);
    return err ? bo_errf(err, "read %s", path) : NULL;
}

// ---- writing ----

// folder_len is how many bytes of a path name the folder, with its slash.
static int folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

// follow_links gives the path where the file itself is, or is to be.
static bo_err follow_links(bo_arena *arena, const char **path)
{
    char target[PATH_MAX];
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t len = readlink(*path, target, sizeof target);
        if (len < 0)
            return errno == EINVAL || errno == ENOENT ? NULL : bo_err_sys(errno);
        if (len == sizeof target)
            return bo_err_sys(ENAMETOOLONG);
        int folder = target[0] == '/' ? 0 : folder_len(*path);
        *path = bo_str_printf(arena, "%.*s%.*s", folder, *path, (int)len, target).ptr;
    }
    return bo_err_sys(ELOOP);
}

// make_beside makes a file with a name of its own in the folder of another. Returns it, or -1.
static int make_beside(bo_arena *arena, const char *path, mode_t mode, const char **made)
{
    for (int i = 0; i < NAMES_MAX; i++) {
        unsigned number = bo__random(UINT32_MAX);
        *made = bo_str_printf(arena, "%.*s.bora-%08x", folder_len(path), path, number).ptr;
        int fd = open(*made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static bo_err write_all(int fd, bo_str data)
{
    while (data.len > 0) {
        ssize_t len = write(fd, data.ptr, data.len);
        if (len < 0 && errno != EINTR)
            return bo_err_sys(errno);
        if (len > 0)
            data = bo_str_n(data.ptr + len, data.len - (size_t)len);
    }
    return NULL;
}

// take_after gives a new file the owner and the permissions of the old one.
static bo_err take_after(int fd, const struct stat *old)
{
    struct stat own;
    if (fstat(fd, &own))
        return bo_err_sys(errno);
    bool other = own.st_uid != old->st_uid || own.st_gid != old->st_gid;
    if (other && fchown(fd, old->st_uid, old->st_gid))
        return bo_err_sys(errno);
    return fchmod(fd, old->st_mode & 07777) ? bo_err_sys(errno) : NULL;
}

// put_contents fills a new file, and closes it whatever happens.
static bo_err put_contents(int fd, const struct stat *old, bo_str data)
{
    bo_err err = write_all(fd, data);
    if (!err && old)
        err = take_after(fd, old);
    if (!err && fsync(fd))
        err = bo_err_sys(errno);
    if (close(fd) && !err)
        err = bo_err_sys(errno);
    return err;
}

// sync_folder brings a new name to the disk. It is in use already, and not every file system can
// do this: a failure changes nothing that could be told.
static void sync_folder(bo_arena *arena, const char *path)
{
    const char *folder = bo_str_printf(arena, "%.*s.", folder_len(path), path).ptr;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

// old_file looks at what is to be replaced: *there says whether there is anything.
static bo_err old_file(const char *path, struct stat *about, bool *there)
{
    *there = lstat(path, about) == 0;
    if (!*there)
        return errno == ENOENT ? NULL : bo_err_sys(errno);
    if (S_ISDIR(about->st_mode))
        return bo_err_sys(EISDIR);
    return S_ISREG(about->st_mode) ? NULL : bo_errf(BO_INVALID, "not a regular file");
}

static bo_err replace(bo_arena *arena, const char *path, bo_str data)
{
    struct stat old;
    bool there;
    const char *made;
    BO_TRY(follow_links(arena, &path));
    BO_TRY(old_file(path, &old, &there));
    int fd = make_beside(arena, path, there ? old.st_mode & 0777 : 0666, &made);
    if (fd < 0)
        return bo_err_sys(errno);
    bo_err err = put_contents(fd, there ? &old : NULL, data);
    if (!err && rename(made, path))
        err = bo_err_sys(errno);
    if (err)
        unlink(made);
    else
        sync_folder(arena, path);
    return err;
}

bo_err bo_file_write(const char *path, bo_str data)
{
    bo_arena arena = {0};
    bo_err err = bo_scope_err();
    if (!err)
        err = bo_blocking(replace, &arena, path, data);
    bo_arena_free(&arena);
    return err ? bo_errf(err, "write %s", path) : NULL;
}
