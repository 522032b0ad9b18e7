// SPDX-License-Identifier: MIT
#include "io/io_test.h"

#include <bora/arena.h>
#include <bora/go.h>
#include <bora/group.h>
#include <bora/sync.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
    char text[4200];
} path;

// in_dir is the path of a name in the folder of the test.
static path in_dir(const char *name)
{
    path p;
    snprintf(p.text, sizeof p.text, "%s/%s", test_dir(), name);
    return p;
}

static void put(const char *at, const char *text)
{
    FILE *file = fopen(at, "we");
    REQUIRE(file != NULL);
    fputs(text, file);
    fclose(file);
}

static void expect_contents(const char *at, const char *want)
{
    bo_arena arena = {0};
    bo_str got;
    if (EXPECT_EQ(bo_file_read(&arena, at, 1 << 20, &got), NULL))
        EXPECT_EQ(got, want);
    bo_arena_free(&arena);
}

static mode_t mode_of(const char *at)
{
    struct stat about;
    REQUIRE_EQ(lstat(at, &about), 0);
    return about.st_mode;
}

// entries counts what is in the folder of the test.
static int entries(void)
{
    int count = 0;
    DIR *dir = opendir(test_dir());
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2;
}

// ---- reading ----

TEST(file_read_keeps_to_its_limit)
{
    path p = in_dir("file");
    put(p.text, "0123456789");
    for (size_t limit = 9; limit <= 11; limit++) {
        bo_arena arena = {0};
        bo_str out = {0};
        test_case("limit %zu", limit);
        bo_err err = bo_file_read(&arena, p.text, limit, &out);
        if (limit < 10) {
            EXPECT_ERR(err, BO_TOO_LARGE);
        } else if (EXPECT_EQ(err, NULL)) {
            EXPECT_EQ(out, "0123456789");
            EXPECT_EQ(out.ptr[10], 0);
        }
        bo_arena_free(&arena);
    }
    put(p.text, "");
    bo_arena arena = {0};
    bo_str out = {0};
    EXPECT_EQ(bo_file_read(&arena, p.text, 0, &out), NULL);
    EXPECT_EQ(out, "");
    bo_arena_free(&arena);
}

TEST(file_read_refuses_a_huge_file_before_it_takes_memory)
{
    path p = in_dir("sparse");
    bo_arena arena = {0};
    bo_str out;
    put(p.text, "");
    if (truncate(p.text, (off_t)1 << 40))
        test_skip("no sparse files here");
    EXPECT_ERR(bo_file_read(&arena, p.text, 1 << 20, &out), BO_TOO_LARGE);
    EXPECT_EQ(bo_arena_used(&arena), 0);
}

TEST(file_read_reads_what_does_not_know_its_length)
{
    bo_arena arena = {0};
    bo_str out = {0};
    REQUIRE_EQ(bo_file_read(&arena, "/proc/self/status", 1 << 20, &out), NULL);
    EXPECT(bo_str_starts(out, bo_s("Name:")));
    REQUIRE_EQ(bo_file_read(&arena, "/dev/null", 0, &out), NULL);
    EXPECT_EQ(out, "");
    EXPECT_ERR(bo_file_read(&arena, "/dev/zero", 5000, &out), BO_TOO_LARGE);
    bo_arena_free(&arena);
}

static void write_fifo(const char *at)
{
    int fd = bo_blocking(open, at, O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(write(fd, "through", 7), 7);
    close(fd);
}

TEST(file_read_waits_for_the_writer_of_a_fifo)
{
    path p = in_dir("fifo");
    REQUIRE_EQ(mkfifo(p.text, 0600), 0);
    go(write_fifo, p.text);
    expect_contents(p.text, "through");
}

TEST(errors_of_whole_files_name_the_path)
{
    bo_arena arena = {0};
    bo_str out;
    path p = in_dir("folder");
    char want[4500];
    REQUIRE_EQ(mkdir(p.text, 0700), 0);
    EXPECT_ERR_TEXT(bo_file_read(&arena, "/no/such", 10, &out),
                    "read /no/such: no such file or directory");
    snprintf(want, sizeof want, "read %s: is a directory", p.text);
    EXPECT_ERR_TEXT(bo_file_read(&arena, p.text, 10, &out), want);
    EXPECT_ERR(bo_file_read(&arena, "", 10, &out), bo_err_sys(ENOENT));
    EXPECT_ERR_TEXT(bo_file_write("/no/such", bo_s("x")),
                    "write /no/such: no such file or directory");
    snprintf(want, sizeof want, "write %s: is a directory", p.text);
    EXPECT_ERR_TEXT(bo_file_write(p.text, bo_s("x")), want);
    EXPECT_ERR(bo_file_write("", bo_s("x")), bo_err_sys(ENOENT));
    EXPECT_ERR_TEXT(bo_file_write("/dev/null", bo_s("x")),
                    "write /dev/null: not a regular file: invalid");
    EXPECT(S_ISCHR(mode_of("/dev/null")));
    bo_arena_free(&arena);
}

TEST(a_scope_that_has_ended_touches_no_file)
{
    bo_arena arena = {0};
    bo_str out;
    path p = in_dir("file");
    BO_DEADLINE(0);
    EXPECT_ERR(bo_file_write(p.text, bo_s("x")), BO_TIMEOUT);
    EXPECT_ERR(bo_file_read(&arena, "/dev/null", 1, &out), BO_TIMEOUT);
    EXPECT_EQ(entries(), 0);
}

// ---- writing ----

TEST(file_write_makes_a_file_as_the_umask_says)
{
    path p = in_dir("new");
    umask(027);
    REQUIRE_EQ(bo_file_write(p.text, bo_s("first")), NULL);
    expect_contents(p.text, "first");
    EXPECT_EQ(mode_of(p.text), S_IFREG | 0640);
    EXPECT_EQ(entries(), 1);
}

TEST(file_write_keeps_the_permissions_of_the_old_file)
{
    static const mode_t modes[] = {0600, 0644, 0666, 0755, 0400, 06755};
    path p = in_dir("old");
    umask(077);
    put(p.text, "old");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        test_case("%03o", (unsigned)modes[i]);
        REQUIRE_EQ(chmod(p.text, modes[i]), 0);
        REQUIRE_EQ(bo_file_write(p.text, bo_s("new")), NULL);
        EXPECT_EQ(mode_of(p.text), S_IFREG | modes[i]);
    }
    expect_contents(p.text, "new");
    EXPECT_EQ(entries(), 1);
}

static int folder;
static mode_t seen;

// note_mode runs in the middle of a write, which is the place to look at the file that is made. It
// reads the folder as a handler may: opendir takes memory.
static void note_mode(int number)
{
    static _Alignas(8) char entries[4096];
    struct stat about;
    int saved = errno;
    (void)number;
    long len = syscall(SYS_getdents64, folder, entries, sizeof entries);
    for (long at = 0; at < len;) {
        const struct dirent64 *entry = (const void *)(entries + at);
        if (strncmp(entry->d_name, ".bora-", 6) == 0 &&
            fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) == 0)
            seen = about.st_mode;
        at += entry->d_reclen;
    }
    errno = saved;
}

TEST(a_file_in_the_making_is_no_more_open_than_the_old_one)
{
    path p = in_dir("secret");
    struct rlimit before, limit;
    put(p.text, "old");
    REQUIRE_EQ(chmod(p.text, 0600), 0);
    umask(0);
    folder = open(test_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    signal(SIGXFSZ, note_mode);
    REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 5;
    REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_ERR(bo_file_write(p.text, bo_s("longer than that")), bo_err_sys(EFBIG));
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(seen, S_IFREG | 0600);
    close(folder);
}

TEST(file_write_keeps_the_owner_of_the_old_file)
{
    path p = in_dir("old");
    struct stat about;
    put(p.text, "old");
    if (chown(p.text, 1234, 4321))
        test_skip("only root may give files away");
    REQUIRE_EQ(bo_file_write(p.text, bo_s("new")), NULL);
    REQUIRE_EQ(stat(p.text, &about), 0);
    EXPECT_EQ(about.st_uid, 1234);
    EXPECT_EQ(about.st_gid, 4321);
}

TEST(file_write_follows_symbolic_links)
{
    path folder = in_dir("folder"), file = in_dir("folder/file"), link = in_dir("link");
    REQUIRE_EQ(mkdir(folder.text, 0700), 0);
    put(file.text, "old");
    const struct {
        const char *name, *target;
    } links[] = {{"link", "folder/file"},
                 {"absolute", file.text},
                 {"chain", "link"},
                 {"folder/up", "../chain"},
                 {"dangling", "folder/new"}};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        link = in_dir(links[i].name);
        test_case("%s", links[i].name);
        REQUIRE_EQ(symlink(links[i].target, link.text), 0);
        REQUIRE_EQ(bo_file_write(link.text, bo_str_of(links[i].name)), NULL);
        EXPECT(S_ISLNK(mode_of(link.text)));
        expect_contents(link.text, links[i].name);
    }
    expect_contents(file.text, "folder/up");
    expect_contents(in_dir("folder/new").text, "dangling");
}

TEST(file_write_refuses_links_in_a_circle)
{
    path a = in_dir("a"), b = in_dir("b");
    REQUIRE_EQ(symlink("b", a.text), 0);
    REQUIRE_EQ(symlink("a", b.text), 0);
    EXPECT_ERR(bo_file_write(a.text, bo_s("x")), bo_err_sys(ELOOP));
    EXPECT_EQ(entries(), 2);
}

TEST(file_write_takes_names_and_paths_of_any_legal_length)
{
    char name[300];
    for (int len = 254; len <= 256; len++) {
        test_case("name of %d bytes", len);
        memset(name, 'n', sizeof name);
        name[len] = '\0';
        path p = in_dir(name);
        bo_err err = bo_file_write(p.text, bo_s("x"));
        EXPECT_ERR(err, len > 255 ? bo_err_sys(ENAMETOOLONG) : NULL);
    }
    EXPECT_EQ(entries(), 2);
    REQUIRE_EQ(chdir(test_dir()), 0);
    EXPECT_EQ(bo_file_write("bare", bo_s("name")), NULL);
    expect_contents("bare", "name");
}

TEST(a_file_that_cannot_be_written_stays_as_it_was)
{
    if (test_runs_under("valgrind"))
        test_skip("Valgrind keeps the limits of resources to itself");
    path p = in_dir("old");
    static char large[100000];
    put(p.text, "old");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limit;
    REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 50000;
    REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_ERR(bo_file_write(p.text, bo_str_n(large, sizeof large)), bo_err_sys(EFBIG));
    setrlimit(RLIMIT_FSIZE, &before);
    expect_contents(p.text, "old");

    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 0;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    bo_err err = bo_file_write(p.text, bo_s("new"));
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_ERR(err, bo_err_sys(EMFILE));
    expect_contents(p.text, "old");
    EXPECT_EQ(entries(), 1);
}

TEST(other_names_of_a_file_keep_the_old_contents)
{
    path p = in_dir("file"), other = in_dir("other");
    put(p.text, "old");
    REQUIRE_EQ(link(p.text, other.text), 0);
    REQUIRE_EQ(bo_file_write(p.text, bo_s("new")), NULL);
    expect_contents(other.text, "old");
    expect_contents(p.text, "new");
}

// Two sizes, each of one letter: a mixture shows.
static void write_often(const char *at, char letter, size_t len, bo_wg *wg)
{
    char *text = malloc(len);
    memset(text, letter, len);
    for (int i = 0; i < 15; i++)
        EXPECT_EQ(bo_file_write(at, bo_str_n(text, len)), NULL);
    free(text);
    bo_wg_done(wg);
}

static void read_often(const char *at, bool *stop, bo_wg *wg)
{
    bo_arena arena = {0};
    while (!__atomic_load_n(stop, __ATOMIC_ACQUIRE)) {
        bo_str got = {0};
        REQUIRE_EQ(bo_file_read(&arena, at, 1 << 20, &got), NULL);
        size_t same = 0;
        while (same < got.len && got.ptr[same] == got.ptr[0])
            same++;
        EXPECT_EQ(same, got.len);
        EXPECT_EQ(got.len, got.ptr[0] == 'a' ? 70000 : 50000);
        bo_arena_reset(&arena);
    }
    bo_arena_free(&arena);
    bo_wg_done(wg);
}

TEST(readers_find_all_of_the_old_or_all_of_the_new)
{
    path p = in_dir("file");
    bool stop = false;
    bo_wg writers = {0}, readers = {0};
    char *first = malloc(70000);
    memset(first, 'a', 70000);
    REQUIRE_EQ(bo_file_write(p.text, bo_str_n(first, 70000)), NULL);
    free(first);
    bo_wg_add(&writers, 2);
    bo_wg_add(&readers, 2);
    for (int i = 0; i < 2; i++) {
        go(write_often, p.text, "ab"[i], i ? 50000 : 70000, &writers);
        go(read_often, p.text, &stop, &readers);
    }
    bo_wg_wait(&writers);
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    bo_wg_wait(&readers);
    EXPECT_EQ(entries(), 1);
}
