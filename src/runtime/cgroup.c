// SPDX-License-Identifier: MIT
// cgroup.c: how many cores the process's cgroups leave it.
//
// A container with "1.5 CPUs" has a quota of time in each period, on all of the machine's cores; as
// many Ps as cores would use it up early in each period and then stand still. The tightest quota on
// the way from our own group up to the root counts. Version 2 has one tree and says "quota period"
// or "max period" in cpu.max; version 1 has a tree for the cpu controller and two files.
#include "runtime/sched.h"

#include <stdio.h>
#include <string.h>

#define FOLDER_MAX 4096

static long long read_number(const char *folder, const char *name)
{
    char path[FOLDER_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    long long value = -1;
    if (file && fscanf(file, "%lld", &value) != 1)
        value = -1;
    if (file)
        fclose(file);
    return value;
}

static void read_quota(const char *folder, long long *quota, long long *period)
{
    char path[FOLDER_MAX + 64];
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    FILE *file = fopen(path, "re");
    if (!file) {
        *quota = read_number(folder, "cpu.cfs_quota_us");
        *period = read_number(folder, "cpu.cfs_period_us");
        return;
    }
    // "max" is no number: no quota.
    if (fscanf(file, "%lld %lld", quota, period) != 2)
        *quota = -1;
    fclose(file);
}

// In cores, rounded up.
static int quota_of(const char *folder)
{
    long long quota = -1, period = -1;
    read_quota(folder, &quota, &period);
    if (quota <= 0 || period <= 0 || quota > period * BO__PROCS_MAX)
        return BO__PROCS_MAX;
    return (int)((quota + period - 1) / period);
}

// The tightest on the way from root/group up to root itself.
static int tightest(const char *root, const char *group)
{
    char folder[FOLDER_MAX];
    int limit = BO__PROCS_MAX;
    snprintf(folder, sizeof folder, "%s%s", root, strcmp(group, "/") == 0 ? "" : group);
    for (;;) {
        int cores = quota_of(folder);
        limit = cores < limit ? cores : limit;
        char *slash = strrchr(folder, '/');
        if (strlen(folder) <= strlen(root) || !slash)
            return limit;
        *slash = '\0';
    }
}

// Whether a comma-separated list of controllers has cpu in it.
static bool has_cpu(char *controllers)
{
    for (char *name; (name = strsep(&controllers, ",")) != NULL;)
        if (strcmp(name, "cpu") == 0)
            return true;
    return false;
}

int bo__cgroup_cores(void)
{
    // Lines of "id:controllers:group"; the one of version 2 has no controllers.
    char line[FOLDER_MAX];
    int limit = BO__PROCS_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *group = line;
        strsep(&group, ":");
        char *controllers = strsep(&group, ":");
        if (!group)
            continue;
        int cores = *controllers == '\0'   ? tightest("/sys/fs/cgroup", group)
                    : has_cpu(controllers) ? tightest("/sys/fs/cgroup/cpu", group)
                                           : BO__PROCS_MAX;
        limit = cores < limit ? cores : limit;
    }
    if (file)
        fclose(file);
    return limit;
}
