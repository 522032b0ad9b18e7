// SPDX-License-Identifier: MIT
// The executable is read from /proc/self/exe, which is the right file even if another one has taken
// its name since; its place in memory is told by the kernel in the auxiliary vector. Libraries are
// looked up in /proc/self/maps, since the loader's own list is behind a lock.
#include "runtime/module.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bora/err.h>
#include <bora/go.h>

#include "runtime/scratch.h"

// Reading /proc/self/maps may be long work (guard pages by mprotect make a line each), and a broken
// stack full of odd addresses must not make a report do it for every one.
#define MAPS_READS_MAX 64

// A file whose path is longer is left out.
#define PATH_LENGTH_MAX 4096

static _Atomic pid_t reporter;  // The thread that holds the report lock, or 0.

static struct bo__module modules[BO__MODULES_MAX];  // The executable is the first.
static int module_count;
static int maps_reads_left;

bool bo__report_lock(int wait_ms)
{
    int saved = errno;
    pid_t self = (pid_t)syscall(SYS_gettid);
    for (;; wait_ms--) {
        pid_t owner = 0;
        if (atomic_compare_exchange_strong(&reporter, &owner, self)) {
            maps_reads_left = MAPS_READS_MAX;
            errno = saved;
            return true;
        }
        if (owner == self || wait_ms <= 0) {
            errno = saved;
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

void bo__report_unlock(void)
{
    bo_assert(atomic_load(&reporter) == (pid_t)syscall(SYS_gettid));
    atomic_store(&reporter, 0);
}

static bo_str map_file(const char *path)
{
    int saved = errno;
    bo_str image = {0};
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED)
            image = bo_str_n(map, (size_t)st.st_size);
    }
    if (fd >= 0)
        close(fd);
    errno = saved;
    return image;
}

static void set_name(struct bo__module *m, bo_str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    size_t len = path.len - at < sizeof(m->name) - 1 ? path.len - at : sizeof(m->name) - 1;
    memcpy(m->name, path.ptr + at, len);
    m->name[len] = 0;
}

// add_module takes a module in. The image stays mapped for good.
static struct bo__module *add_module(const struct bo__elf *elf, uintptr_t bias, bo_str path)
{
    struct bo__module *m = &modules[module_count++];
    *m = (struct bo__module){.bias = bias, .elf = *elf};
    bo__cfi_open(&m->cfi, m->elf.frames, m->elf.frames_addr);
    set_name(m, path);
    return m;
}

static void add_executable(void)
{
    char path[PATH_LENGTH_MAX];
    struct bo__elf elf;
    if (!bo__elf_open(&elf, map_file("/proc/self/exe")))
        return;
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));
    add_module(&elf, getauxval(AT_PHDR) - elf.headers_addr,
               bo_str_n(path, len > 0 ? (size_t)len : 0));
}

static bool contains(const struct bo__module *m, uintptr_t pc)
{
    return bo__elf_is_code(&m->elf, pc - m->bias);
}

// A line of /proc/self/maps: "start-end perms offset device inode   path".
struct mapping {
    uint64_t start, end, offset;
    bo_str path;
};

static bool parse_hex(bo_str s, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char ch = (unsigned char)s.ptr[i];
        unsigned digit = ch >= 'a' ? ch - 'a' + 10u : ch - '0' + 0u;
        if (digit > 15)
            return false;
        *out = *out << 4 | digit;
    }
    return s.len > 0;
}

static bool parse_mapping(bo_str line, struct mapping *m)
{
    bo_str start, end, field;
    if (!bo_str_cut(line, '-', &start, &line) || !bo_str_cut(line, ' ', &end, &line) ||
        !bo_str_cut(line, ' ', &field, &line) || !bo_str_cut(line, ' ', &field, &line))
        return false;
    if (!parse_hex(start, &m->start) || !parse_hex(end, &m->end) || !parse_hex(field, &m->offset))
        return false;
    ptrdiff_t path = bo_str_find_byte(line, '/');
    if (path < 0)
        path = bo_str_find_byte(line, '[');
    m->path = path < 0 ? (bo_str){0} : bo_str_sub(line, (size_t)path, line.len);
    return true;
}

// find_mapping reads /proc/self/maps in pieces up to the line that covers pc; its path is copied to
// the buffer, with a NUL behind it. False: none does, or one without a path.
static bool find_mapping(uintptr_t pc, struct mapping *out, char *path, size_t path_size)
{
    char buffer[8192];
    size_t have = 0;
    bool found = false;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t got;
    while (fd >= 0 && !found && (got = read(fd, buffer + have, sizeof(buffer) - have)) > 0) {
        bo_str rest = bo_str_n(buffer, have + (size_t)got), line, behind;
        while (!found && bo_str_cut(rest, '\n', &line, &behind)) {
            found = parse_mapping(line, out) && pc >= out->start && pc < out->end;
            rest = behind;
        }
        have = rest.len < sizeof(buffer) ? rest.len : 0;  // A longer line is none that we know.
        if (!found)
            memmove(buffer, rest.ptr, have);
    }
    if (fd >= 0)
        close(fd);
    if (!found || out->path.len == 0 || out->path.len >= path_size)
        return false;
    memcpy(path, out->path.ptr, out->path.len);
    path[out->path.len] = 0;
    out->path.ptr = path;
    return true;
}

// find_bias tells how far from their addresses in the file the segments of a library are that a
// mapping of code belongs to; false: none of them is.
static bool find_bias(const struct bo__elf *elf, const struct mapping *map, uintptr_t *out)
{
    for (int i = 0; i < elf->segment_count; i++) {
        const struct bo__elf_segment *s = &elf->segments[i];
        uint64_t offset = (uint64_t)(s->bytes.ptr - elf->image.ptr);
        // They need not begin at the same byte: the kernel maps whole pages and splits mappings.
        if (s->code && offset < map->offset + (map->end - map->start) &&
            map->offset < offset + s->bytes.len) {
            *out = map->start - map->offset + offset - s->addr;
            return true;
        }
    }
    return false;
}

// add_mapped adds the library, or the vdso, that a mapping belongs to.
static const struct bo__module *add_mapped(const struct mapping *map)
{
    bool file = map->path.len && map->path.ptr[0] == '/';
    bo_str image = {0};
    if (file)
        image = map_file(map->path.ptr);
    else if (bo_str_eq(map->path, bo_s("[vdso]")))
        image = bo_str_n((const char *)(uintptr_t)map->start, map->end - map->start);

    struct bo__elf elf;
    uintptr_t bias = 0;
    if (bo__elf_open(&elf, image) && find_bias(&elf, map, &bias))
        return add_module(&elf, bias, map->path);
    if (file)
        bo__scratch_free((char *)(uintptr_t)image.ptr, image.len);
    return NULL;
}

const struct bo__module *bo__module_at(uintptr_t pc)
{
    if (module_count == 0)
        add_executable();
    for (int i = 0; i < module_count; i++) {
        if (contains(&modules[i], pc))
            return &modules[i];
    }
    if (module_count == BO__MODULES_MAX || maps_reads_left == 0 || pc < 4096)
        return NULL;

    int saved = errno;
    struct mapping map = {0};
    char path[PATH_LENGTH_MAX];
    maps_reads_left--;
    const struct bo__module *m =
        find_mapping(pc, &map, path, sizeof(path)) ? add_mapped(&map) : NULL;
    errno = saved;
    return m && contains(m, pc) ? m : NULL;
}

static bool is_code(const void *elf, uint64_t addr)
{
    return bo__elf_is_code(elf, addr);
}

void bo__module_index(const struct bo__module *module)
{
    struct bo__module *m = &modules[module - modules];
    if (m->indexed)
        return;
    m->indexed = true;
    bo__elf_index(&m->elf);
    bo__lines_open(&m->lines, m->elf.line, m->elf.line_str, m->elf.str, is_code, &m->elf);
}
