// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// kilobytes reads one line of a file like /proc/self/status: "VmRSS:    1234 kB".
func kilobytes(file, key string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			var kb int64
			fmt.Sscan(rest, &kb)
			return kb
		}
	}
	return 0
}

// own is what the process holds, with its page tables; machine is what the kernel has to give.
func own() int64 {
	return kilobytes("/proc/self/status", "VmRSS") + kilobytes("/proc/self/status", "VmPTE")
}

func machine() int64 {
	return kilobytes("/proc/meminfo", "MemAvailable")
}

// parked starts n goroutines that wait on one channel. The time is that until the last is about to
// wait; the memory, once at rest, is the process's growth per goroutine, the same as the machine sees it, and what the
// whole process then takes.
func parked(n int) {
	release := make(chan struct{})
	var arrived, gone sync.WaitGroup
	ownBefore, machineBefore := own(), machine()

	start := time.Now()
	arrived.Add(n)
	gone.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			arrived.Done()
			<-release
			gone.Done()
		}()
	}
	arrived.Wait()
	report("parked_time", time.Since(start).Seconds(), "s")
	time.Sleep(3 * time.Second) // to come to rest: both runtimes give memory back in the background
	report("parked_memory", float64(own()-ownBefore)*1024/float64(n), "B")
	report("parked_total", float64(own())*1024/1e9, "GB")
	report("parked_machine", float64(machineBefore-machine())*1024/float64(n), "B")

	start = time.Now()
	close(release)
	gone.Wait()
	report("parked_release", time.Since(start).Seconds(), "s")
}
